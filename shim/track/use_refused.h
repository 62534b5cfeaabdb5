/* SPDX-License-Identifier: MIT */
/*
 * A use that is refused: in strict mode by use_claim.c, and in `forksan attach` by the kernel.
 */
#ifndef FORKSAN_SHIM_TRACK_USE_REFUSED_H
#define FORKSAN_SHIM_TRACK_USE_REFUSED_H

#include "track/call.h"

/* Reports the call as what it would have been, a use over `last` that breaks the rule, or a foreign
 * goodbye.  iov[0..count): the bytes of a write where they have not been looked at; else NULL. */
void use_refused(struct track_call *call, struct lineage_use last, const struct iovec *iov,
		 int count);

#endif
