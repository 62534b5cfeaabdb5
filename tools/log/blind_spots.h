/* SPDX-License-Identifier: MIT */
/*
 * Which processes did what forksan cannot see: the `process` records of logs, the first of them.
 */
#ifndef FORKSAN_TOOLS_BLIND_SPOTS_H
#define FORKSAN_TOOLS_BLIND_SPOTS_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "log/record.h"

#define BLIND_SPOTS_KEPT 16

struct blind_spots {
	json_t *kept[BLIND_SPOTS_KEPT]; /* owned */
	size_t count;
	uint64_t more; /* that were not kept */
};

void blind_spots_add(struct blind_spots *spots, const struct log_record *record);
void blind_spots_clear(struct blind_spots *spots);

/* A line for each, with `indent` before it. */
void blind_spots_print(const struct blind_spots *spots, const char *indent, FILE *out);

/* An array of objects; the caller owns it.  NULL: no memory. */
json_t *blind_spots_json(const struct blind_spots *spots);

#endif
