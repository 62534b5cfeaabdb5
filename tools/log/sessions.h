/* SPDX-License-Identifier: MIT */
/*
 * The sessions of a log and their counters, by which a reader tells "nothing found" from "forksan
 * was not active".
 */
#ifndef FORKSAN_TOOLS_SESSIONS_H
#define FORKSAN_TOOLS_SESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forksan/finding.h"
#include "log/record.h"
#include "log/unwatched.h"

#define SESSION_MAX 4096 /* sessions told apart; findings are counted for all */

struct sessions;

struct sessions *sessions_new(void);
void sessions_free(struct sessions *sessions);

/* Notes the session of any record, counts findings, and takes over a summary's counters. */
void sessions_add(struct sessions *sessions, const struct log_record *record);

size_t sessions_count(const struct sessions *sessions);
size_t sessions_without_summary(const struct sessions *sessions);

/* Returns how many have no session record: the beginning of their log is missing. */
size_t sessions_without_start(const struct sessions *sessions);

/* Returns how many findings the summaries count that were not added. */
uint64_t sessions_missing_findings(const struct sessions *sessions);

/* True when sessions beyond SESSION_MAX were left out. */
bool sessions_were_too_many(const struct sessions *sessions);

/* Sets each of `counters` to the sum over all sessions. */
void sessions_sum(const struct sessions *sessions, uint64_t counters[COUNTER_COUNT]);

/* Returns how many are of forksan attach.  With one or more *from is set to when the first of them
 * began to watch, and *until to when the last ended; empty, where one of them does not know. */
size_t sessions_attached(const struct sessions *sessions, char from[LOG_TIME_BYTES],
			 char until[LOG_TIME_BYTES]);

/* Sets *unwatched to the peers that were seen and not watched in all sessions. */
void sessions_sum_unwatched(const struct sessions *sessions, struct unwatched *unwatched);

#endif
