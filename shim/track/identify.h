/* SPDX-License-Identifier: MIT */
/*
 * Identifying a connection's protocol by its first bytes.
 */
#ifndef FORKSAN_SHIM_TRACK_IDENTIFY_H
#define FORKSAN_SHIM_TRACK_IDENTIFY_H

#include "track/call.h"

/* Adds the bytes that `call` moved to the heads of a connection whose protocol is not identified
 * yet, and begins to parse the conversation once the heads identify the protocol.  use_judge()
 * calls this function first.  False: the connection is watched no more (watch= leaves its class
 * out, or ignore= names the connection). */
bool identify_protocol(const struct track_call *call, const struct iovec *iov, int count,
		       size_t moved);

#endif
