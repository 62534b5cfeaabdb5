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

/* Puts the array: the latest FORKSAN_FINDING_HISTORY operations that moved bytes and the latest
 * that moved no byte, oldest first.  Empty when the registry keeps no operation of the connection.
 */
void report_history_put(struct json *json, const struct registry *registry,
			struct socket_slot slot);

/* Puts the latest operations that moved bytes, at most `lines`, one a line under a headline;
 * nothing when the registry keeps no such operation. */
void report_history_put_text(struct block *block, const struct registry *registry,
			     struct socket_slot slot, unsigned lines);

#endif
