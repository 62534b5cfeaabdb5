/* SPDX-License-Identifier: MIT */
/*
 * The first `process` records of the logs: which processes did something that forksan cannot see.
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
	uint64_t more; /* records that were not kept */
};

void blind_spots_add(struct blind_spots *spots, const struct log_record *record);
void blind_spots_clear(struct blind_spots *spots);

/* Prints a line for each record kept, with `indent` before each line. */
void blind_spots_print(const struct blind_spots *spots, const char *indent, FILE *out);

/* Returns an array of objects, which the caller owns.  NULL: no memory. */
json_t *blind_spots_json(const struct blind_spots *spots);

#endif
