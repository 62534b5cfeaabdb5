/* SPDX-License-Identifier: MIT */
/*
 * forksan metrics: the sessions of this host as text for Prometheus.
 */
#ifndef FORKSAN_TOOLS_METRICS_CMD_METRICS_H
#define FORKSAN_TOOLS_METRICS_CMD_METRICS_H

#include "base/verb.h"

extern const struct verb verb_metrics;

#endif
