/* SPDX-License-Identifier: MIT */
/*
 * What the metrics are made of: the sessions that run now, each with its counters and findings.
 */
#ifndef FORKSAN_TOOLS_METRICS_GATHER_H
#define FORKSAN_TOOLS_METRICS_GATHER_H

#include <stddef.h>
#include <stdint.h>

#include "forksan/finding.h"
#include "session/findings.h"

/* A label's value, escaped for Prometheus. */
#define METRIC_LABEL_BYTES 256

struct metric_session {
	char name[24];
	char service[METRIC_LABEL_BYTES]; /* empty: the session has no such label */
	char version[METRIC_LABEL_BYTES];
	uint64_t counters[COUNTER_COUNT];
	uint64_t records;
	uint64_t processes;
	uint64_t held_by_several; /* connections that several processes hold now */
	struct session_finding *findings;
	size_t finding_count;
};

struct metric_sessions {
	struct metric_session *list;
	size_t count;
};

/* Gathers the sessions that have live processes: those of this user, or as root of everybody. */
void metrics_gather(struct metric_sessions *sessions);
void metrics_free(struct metric_sessions *sessions);

#endif
