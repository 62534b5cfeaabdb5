/* SPDX-License-Identifier: MIT */
/*
 * Goodbyes: a process ends the session that others still hold.
 *
 * A goodbye is judged by one rule alone, not as a use: the goodbye is foreign while another live
 * process holds the connection, and the sender inherited the connection or another holder has used
 * the connection since.  A goodbye of the last holder is clean, whichever process used the
 * connection before.  The opener that ends its own session under an idle child is clean too, until
 * that child needs the session: then the child, which meets the end, reports the goodbye.
 *
 * Where the conversation cannot be read (TLS), final writes of the last holder, with no read after
 * them, are taken for a goodbye: such a write is held back until the same process reads, if only
 * the end of the stream, and so shows that the write was a use.  Bytes that a process reads after
 * its recognised goodbye are the answer to that goodbye.
 */
#ifndef FORKSAN_SHIM_TRACK_GOODBYE_H
#define FORKSAN_SHIM_TRACK_GOODBYE_H

#include <stdbool.h>
#include <stdint.h>

#include "judge/lineage.h"
#include "track/call.h"

/* Judges this process's goodbye; true when the goodbye is foreign, and reported.  `last`: the
 * latest use.  `moved`: the bytes of the write, 0 before the real call.  `facts`: of the write that
 * says the goodbye (recognised by its size alone: the finding is likely, not proven); NULL for
 * shutdown(), which belongs to the goodbye that the same process has said before, if there is one.
 *
 * Isolate mode holds a foreign goodbye back: call->action is ACTION_HELD_BACK then, the process is
 * isolated, and the caller has the wrapper report success. */
bool goodbye_judge(struct track_call *call, struct lineage_use last, int64_t moved,
		   const struct evidence_facts *facts);

/* Notes in the slot which process ended the session, for the processes that meet the end.
 * `facts`: as above. */
void goodbye_note_end(struct registry_socket *socket, struct lineage_use ender,
		      const struct evidence_facts *facts);

/* Call it when this process needs the session: a call used the connection, or met the end
 * (goodbye_is_end()).  True when a relative had ended the session since this process's memory was
 * copied: the goodbye is reported here.  False also when the relative's goodbye was reported
 * already. */
bool goodbye_met(const struct track_call *call, int64_t moved);

/* True when a call that moved nothing has met the end of the session: the end of the stream, a
 * reset, a write that nobody takes.  `asked`: the call wanted bytes; `error`: the errno of the call
 * when `moved` is negative. */
bool goodbye_is_end(const struct track_call *call, bool asked, ssize_t moved, int error);

/* True when this process has said goodbye and written nothing since: bytes that this process reads
 * are the answer to its goodbye (+OK, CloseOk, close_notify), and no use. */
bool goodbye_was_said(const struct registry_socket *socket);

/* Forgets this process's goodbye.  Call it when the process writes on: the write that was taken for
 * a goodbye, by its size, was an ordinary one. */
void goodbye_take_back(struct registry_socket *socket);

/* Holds back the report of a violating write of the last holder.  False when there is no room: the
 * caller reports the write at once. */
bool goodbye_defer(const struct track_call *call, struct lineage_use last, int64_t moved);

/* True when a write of this process is held back for the connection. */
bool goodbye_is_deferred(const struct registry_socket *socket);

/* Takes out one write that goodbye_defer() held back on this connection.  Call it when the same
 * process reads: the read shows that the session went on, so the write was an ordinary use and must
 * be reported now.  False: no write is held back. */
bool goodbye_recall(const struct track_call *read, struct track_call *call,
		    struct lineage_use *last, int64_t *moved);

/* Reports the writes that goodbye_defer() held back on the connection of `read`.  Call it when this
 * process has read: the read shows that the writes were uses.  False: there were none. */
bool goodbye_judge_deferred(const struct track_call *read);

#endif
