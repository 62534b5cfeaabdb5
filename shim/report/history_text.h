/* SPDX-License-Identifier: MIT */
/*
 * The history of a connection: the array `history` of a finding (docs/log.md), and lines of a text.
 */
#ifndef FORKSAN_SHIM_REPORT_HISTORY_H
#define FORKSAN_SHIM_REPORT_HISTORY_H

#include <stdint.h>

#include "forksan/registry.h"
#include "base/json.h"
#include "report/block.h"

/* Puts the array, empty when nothing is kept of the connection: the latest FORKSAN_FINDING_HISTORY
 * operations that moved bytes and the latest that moved none, oldest first. */
void report_history_put(struct json *json, const struct registry *registry,
			struct socket_slot slot);

/* Puts the latest operations that moved bytes, at most `lines`, one a line under a headline;
 * nothing when none are kept. */
void report_history_put_text(struct block *block, const struct registry *registry,
			     struct socket_slot slot, unsigned lines);

#endif
