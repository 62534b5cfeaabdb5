/* SPDX-License-Identifier: MIT */
/*
 * The history of a connection as the array `history` of a finding (docs/log.md).
 */
#ifndef FORKSAN_SHIM_REPORT_HISTORY_H
#define FORKSAN_SHIM_REPORT_HISTORY_H

#include <stdint.h>

#include "forksan/registry.h"
#include "json.h"

/* Puts the array, empty when nothing is kept of the connection.  Oldest operation first. */
void report_history_put(struct json *json, const struct registry *registry, uint32_t slot);

#endif
