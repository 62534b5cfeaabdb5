/* SPDX-License-Identifier: MIT */
/*
 * Sessions as text for Prometheus (exposition format 0.0.4).
 */
#ifndef FORKSAN_TOOLS_METRICS_TEXT_H
#define FORKSAN_TOOLS_METRICS_TEXT_H

#include <stdio.h>

#include "metrics/gather.h"

/* Each series has the label `session`, because counters belong to a session and end with it; sum
 * over the label.  A finding's kind and a loss are there with 0 from the session's beginning: the
 * first value of a counter is no increase to Prometheus. */
void metrics_print(const struct metric_sessions *sessions, FILE *out);

#endif
