/* SPDX-License-Identifier: MIT */
/*
 * The stacks of each bug as a flame graph, in the file format of speedscope
 * (https://www.speedscope.app/file-format-schema.json): a profile for each bug, a sample for each
 * stack, with the outermost frame first and below that frame one that names the stack's event.
 */
#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "base/cli.h"
#include "common/names.h"
#include "log/field.h"
#include "log/record.h"
#include "report/collect.h"
#include "report/example.h"
#include "report/render.h"

struct shared {
	json_t *frames;	 /* array of {name, file, line} */
	json_t *indices; /* name -> index */
};

static json_t *checked(json_t *value)
{
	if (value == NULL)
		cli_no_memory();
	return value;
}

/* Returns the number of the frame, which is new the first time.  `place` NULL: no source file. */
static json_int_t index_of(struct shared *shared, const char *name, const char *file,
			   long long line)
{
	json_int_t count = (json_int_t)json_array_size(shared->frames);
	char key[1024];
	json_t *frame, *known;

	snprintf(key, sizeof key, "%s\n%s\n%lld", name, file != NULL ? file : "", line);
	known = json_object_get(shared->indices, key);
	if (known != NULL)
		return json_integer_value(known);
	frame = checked(json_pack("{s:s}", "name", name));
	if (file != NULL)
		json_object_set_new(frame, "file", json_string(file));
	if (line > 0)
		json_object_set_new(frame, "line", json_integer(line));
	json_array_append_new(shared->frames, frame);
	/* A name that was cut within a character cannot be a key: that frame is then new each time.
	 */
	json_object_set_new(shared->indices, key, json_integer(count));
	return count;
}

static json_int_t index_of_frame(struct shared *shared, const json_t *frame)
{
	const char *name = field_string(frame, "demangled"), *file = field_string(frame, "file");

	if (name == NULL)
		name = field_string(frame, "function");
	if (name == NULL)
		name = field_string(frame, "module");
	return index_of(shared, name != NULL ? name : "?", file, field_integer(frame, "line"));
}

static void add_stack(struct shared *shared, const json_t *stack, const char *root, uint64_t weight,
		      json_t *samples, json_t *weights)
{
	json_t *sample = checked(json_array());

	json_array_append_new(sample, json_integer(index_of(shared, root, NULL, 0)));
	for (size_t i = json_array_size(stack); i-- > 0;)
		json_array_append_new(
			sample, json_integer(index_of_frame(shared, json_array_get(stack, i))));
	json_array_append_new(samples, sample);
	json_array_append_new(weights, json_integer((json_int_t)weight));
}

/* Adds the stacks of the example of one kind. */
static void add_kind(struct shared *shared, const struct report *report, const struct bug *bug,
		     enum kind kind, json_t *samples, json_t *weights, uint64_t *total)
{
	static const char *const acts[LOG_STACK_COUNT] = {
		[LOG_STACK_OPENED] = "opened",
		[LOG_STACK_FORKED] = "forked",
		[LOG_STACK_OTHER_USE] = "used by the other process",
		[LOG_STACK_THIS_USE] = "used",
	};
	json_t *example = example_load(report, bug, kind);

	for (int i = 0; i < LOG_STACK_COUNT; i++) {
		const json_t *stack =
			json_object_get(json_object_get(example, "stacks"), log_stack_names[i]);
		char root[128];

		if (json_array_size(stack) == 0)
			continue;
		snprintf(root, sizeof root, "%s: %s", kind_name(kind), acts[i]);
		add_stack(shared, stack, root, bug->kinds[kind].times, samples, weights);
		*total += bug->kinds[kind].times;
	}
	json_decref(example);
}

static json_t *profile_of(struct shared *shared, const struct report *report, const struct bug *bug)
{
	json_t *samples = checked(json_array()), *weights = checked(json_array());
	char name[256];
	uint64_t total = 0;

	for (int kind = KIND_COUNT - 1; kind >= 0; kind--)
		if (bug->kinds[kind].findings > 0)
			add_kind(shared, report, bug, (enum kind)kind, samples, weights, &total);
	snprintf(name, sizeof name, "%08" PRIx64 " %s", bug->fingerprint >> 32,
		 bug_consequence(bug));
	return checked(json_pack("{s:s, s:s, s:s, s:i, s:I, s:o, s:o}", "type", "sampled", "name",
				 name, "unit", "none", "startValue", 0, "endValue",
				 (json_int_t)total, "samples", samples, "weights", weights));
}

void render_speedscope(const struct report *report, const struct render_options *options, FILE *out)
{
	struct shared shared = {checked(json_array()), checked(json_object())};
	json_t *profiles = checked(json_array()), *file;

	for (size_t i = 0; i < bugs_count(report->bugs); i++)
		if (render_wants(options, i))
			json_array_append_new(
				profiles, profile_of(&shared, report, bugs_at(report->bugs, i)));
	file = checked(json_pack("{s:s, s:s, s:s, s:{s:o}, s:o}", "$schema",
				 "https://www.speedscope.app/file-format-schema.json", "exporter",
				 "forksan " FORKSAN_VERSION, "name", "forksan report", "shared",
				 "frames", shared.frames, "profiles", profiles));
	json_dumpf(file, out, JSON_INDENT(2));
	fputc('\n', out);
	json_decref(file);
	json_decref(shared.indices);
}
