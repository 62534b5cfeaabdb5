/* SPDX-License-Identifier: MIT */
/*
 * Goodbyes: a process ends the session that others still hold.
 *
 * Judged by one rule alone, not as a use: foreign while another live process holds the connection,
 * and the sender inherited it or another holder has used it since.  The last holder is clean,
 * whoever used the connection before.  The opener that ends its own session under an idle child is
 * clean too, until that child needs the session: then the goodbye is reported by the child, which
 * meets the end.
 *
 * Where the conversation cannot be read (TLS), the last holder's final writes, with no read after
 * them, are taken for a goodbye: such a write is held back until the same process reads, if only
 * the end of the stream, and so shows that the write was a use.  What a process reads after a
 * goodbye that was recognised is the answer to it.
 */
#ifndef FORKSAN_SHIM_TRACK_GOODBYE_H
#define FORKSAN_SHIM_TRACK_GOODBYE_H

#include <stdbool.h>
#include <stdint.h>

#include "judge/lineage.h"
#include "track/call.h"

/* Judges this process's goodbye; true when it is foreign, and reported.  `last`: the latest use.
 * facts: of the write that says it (recognised by its size alone: likely); NULL for shutdown(),
 * which after the same process's message belongs to that goodbye. */
bool goodbye_judge(const struct track_call *call, struct lineage_use last, int64_t moved,
		   const struct evidence_facts *facts);

/* This process needs the session: it used it, or a call of it met the end (goodbye_is_end()).  True
 * when a relative had ended the session since this process's memory was copied; reported here,
 * unless that process's goodbye was reported already. */
bool goodbye_met(const struct track_call *call, int64_t moved);

/* True when a call that moved nothing has met the end of the session: the end of the stream, a
 * reset, a write that nobody takes.  `asked`: the call wanted bytes. */
bool goodbye_is_end(const struct track_call *call, bool asked, ssize_t moved, int error);

/* True when this process has said goodbye and written nothing since: what it reads is the answer to
 * it (+OK, CloseOk, close_notify), and no use. */
bool goodbye_was_said(const struct registry_socket *socket);

/* This process writes on: what was taken for its goodbye (by the size) was none. */
void goodbye_take_back(struct registry_socket *socket);

/* Holds a violating write of the last holder back.  False when there is no room: report it. */
bool goodbye_defer(const struct track_call *call, struct lineage_use last, int64_t moved);

/* True when a write of this process is held back for the connection. */
bool goodbye_is_deferred(const struct registry_socket *socket);

/* Takes out one write that goodbye_defer() held back on this connection.  Call it when the same
 * process reads: the read shows that the session went on, so the write was an ordinary use and must
 * be reported now.  False: none is held back. */
bool goodbye_recall(const struct track_call *read, struct track_call *call,
		    struct lineage_use *last, int64_t *moved);

/* Reports the writes that goodbye_defer() held back on the connection of `read`: the same process
 * has read since, so they were uses. */
void goodbye_judge_deferred(const struct track_call *read);

#endif
