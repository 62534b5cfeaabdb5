/* SPDX-License-Identifier: MIT */
/*
 * See stacks.h.
 */
#include "log/stacks.h"

#include "base/cli.h"

#define STACKS_KEPT 384 /* some 50 KiB each; a program has few */

void stacks_keep(json_t *stacks, const struct log_record *record)
{
	const char *id = json_string_value(json_object_get(record->json, "id"));

	if (json_object_size(stacks) >= STACKS_KEPT && json_object_get(stacks, id) == NULL)
		json_object_clear(stacks);
	if (json_object_set(stacks, id, record->frames) != 0)
		cli_no_memory();
}

void stacks_complete(const json_t *stacks, struct log_record *finding)
{
	const json_t *ids = json_object_get(finding->json, "stack_ids");

	for (int i = 0; ids != NULL && i < LOG_STACK_COUNT; i++) {
		const char *id = json_string_value(json_object_get(ids, log_stack_names[i]));
		json_t *frames = id != NULL ? json_object_get(stacks, id) : NULL;

		if (frames != NULL)
			finding->stacks[i] = frames;
	}
}

void stacks_put(json_t *whole, const struct log_record *finding)
{
	json_t *stacks = json_object_get(whole, "stacks");

	for (int i = 0; i < LOG_STACK_COUNT; i++)
		if (json_object_set(stacks, log_stack_names[i], finding->stacks[i]) != 0)
			cli_no_memory();
}
