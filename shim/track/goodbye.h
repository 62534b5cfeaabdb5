/* SPDX-License-Identifier: MIT */
/*
 * Goodbyes: a process ends the session that others still hold.
 *
 * Judged by one rule alone, not as a use: foreign while another live process holds the connection,
 * and the sender inherited it or another holder has used it since.  The opener that closes its own
 * connection under an idle child is clean, and so is the last holder, whoever used it before.
 *
 * Where the conversation cannot be read (TLS), the last holder's final writes, with no read after
 * them, are taken for a goodbye: such a write is kept back until the same process reads, if only
 * the end of the stream, and so shows that it was a use.  What it reads after a goodbye that can be
 * told is the answer to that.
 */
#ifndef FORKSAN_SHIM_GOODBYE_H
#define FORKSAN_SHIM_GOODBYE_H

#include <stdbool.h>
#include <stdint.h>

#include "judge/lineage.h"
#include "track/call.h"

/* Reports the goodbye when it is foreign; true then.  `last`: the latest use.  `message`: its name
 * in the protocol, NULL for shutdown(), which after the same process's message is reported with it.
 * `likely`: told by its size only. */
bool goodbye_judge(const struct track_call *call, struct lineage_use last, int64_t moved,
		   const char *message, bool likely);

/* This process has said goodbye and nothing since: what it reads is the answer to it (+OK, CloseOk,
 * close_notify), and no use. */
bool goodbye_was_said(const struct registry_socket *socket);

/* It writes on: what was taken for a goodbye (by its size) was none. */
void goodbye_take_back(struct registry_socket *socket);

/* Keeps a violating write of the last holder back.  False when there is no room: report it. */
bool goodbye_defer(const struct track_call *call, struct lineage_use last, int64_t moved);

/* What was kept back for this connection, since it was no goodbye after all; false when nothing
 * was. */
bool goodbye_recall(const struct track_call *read, struct track_call *call,
		    struct lineage_use *last, int64_t *moved);

#endif
