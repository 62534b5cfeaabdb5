/* SPDX-License-Identifier: MIT */
/*
 * How often a session saw each bug, by kind, as its registry has it now; and the session's labels.
 */
#ifndef FORKSAN_TOOLS_SESSION_FINDINGS_H
#define FORKSAN_TOOLS_SESSION_FINDINGS_H

#include <stddef.h>
#include <stdint.h>

#include "common/labels.h"
#include "forksan/finding.h"

struct session_finding {
	uint64_t fingerprint; /* of the bug */
	enum kind kind;
	uint64_t times; /* repeats included */
};

/* Reads the findings of the registry `session` of the user `uid`, a bug's kind once.  Returns their
 * number, 0 also where the registry cannot be read; the caller frees *findings. */
size_t session_findings(uint32_t uid, const char *session, struct session_finding **findings);

/* Reads the labels that the session's records have; none where the registry cannot be read. */
void session_labels(uint32_t uid, const char *session, struct labels *labels);

#endif
