/* SPDX-License-Identifier: MIT */
/*
 * Descriptors of connections that have ended, to be put in place of live ones (isolate.h).
 */
#ifndef FORKSAN_SHIM_TRACK_DEAD_H
#define FORKSAN_SHIM_TRACK_DEAD_H

/* A new descriptor, close-on-exec, of a connection of the same kind as `fd`, whose peer has closed;
 * O_NONBLOCK is as of `fd`.  The caller closes the descriptor.  Else -errno: no descriptor is free,
 * or the machine gives no such connection.
 *
 *   TCP    The peer has reset the connection.  The first write, or the first read, fails with
 *          ECONNRESET and sends no SIGPIPE; from then on reads find the end of the stream, and
 *          writes fail with EPIPE.  dead_forget_reset() takes the ECONNRESET away.
 *   unix   The peer has closed: reads find the end of the stream, writes fail with EPIPE.
 *
 * Any thread, signal handlers; the caller has blocked signals.  Waits some milliseconds at most. */
long dead_make(int fd);

/* Takes the pending ECONNRESET away, so that the next read finds the end of the stream.  `fd`: a
 * descriptor of a dead connection. */
void dead_forget_reset(int fd);

#endif
