/* SPDX-License-Identifier: MIT */
/*
 * The session of a verb that has something watched (`forksan run`, `forksan attach`): name and log
 * at the start, findings, verdict and exit status at the end.
 */
#ifndef FORKSAN_TOOLS_RUN_SESSION_H
#define FORKSAN_TOOLS_RUN_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "forksan/finding.h"
#include "forksan/registry.h"
#include "log/complete.h"
#include "run/demands.h"
#include "run/log.h"

#define OPTIONS_VARIABLE "FORKSAN_OPTIONS"

struct run_session {
	char name[REGISTRY_SESSION_BYTES];
	uint64_t number;
	bool logged; /* `log` is open */
	struct run_log log;
	struct run_log_view view;
	struct report *baseline;
};

/* The result of the session. */
struct run_outcome {
	uint64_t found[LEVEL_COUNT];
	struct completeness complete;
};

/* Names a session and opens its files.  False, with a message: one cannot be opened. */
bool run_session_begin(struct run_session *run, const struct run_demands *demands);

/* Closes the log of a session that did not begin after all. */
void run_session_abandon(struct run_session *run);

/* Prints the result and closes the files.  Call it when the session is over. */
void run_session_end(struct run_session *run, const struct run_demands *demands,
		     struct run_outcome *outcome);

/* Returns the exit status that replaces CMD's; 0: CMD's stays. */
int run_session_status(const struct run_outcome *outcome, const struct run_demands *demands,
		       int wait_status);

#endif
