/* SPDX-License-Identifier: MIT */
/*
 * See stacks.h.
 */
#include "log/stacks.h"

#include "base/cli.h"

void stacks_keep(json_t *stacks, const struct log_record *record)
{
	const char *id = json_string_value(json_object_get(record->json, "id"));

	if (json_object_set(stacks, id, record->frames) != 0)
		cli_no_memory();
}

bool stacks_complete(const json_t *stacks, struct log_record *finding)
{
	const json_t *ids = json_object_get(finding->json, "stack_ids");
	json_t *shown = json_object_get(finding->json, "stacks");
	bool changed = false;

	for (int i = 0; i < LOG_STACK_COUNT; i++) {
		const char *name = log_stack_names[i];
		const char *id = json_string_value(json_object_get(ids, name));
		json_t *frames = id != NULL ? json_object_get(stacks, id) : NULL;

		if (frames == NULL)
			continue;
		if (json_object_set(shown, name, frames) != 0)
			cli_no_memory();
		finding->stacks[i] = frames;
		changed = true;
	}
	return changed;
}
