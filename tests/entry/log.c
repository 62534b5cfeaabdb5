/* SPDX-License-Identifier: MIT */
/*
 * Reads a log.  See log.h, and harness.h for the questions that checks ask.
 */
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "harness.h"

#define MAX_RECORDS 4096

struct log {
	const char *output;
	size_t count;
	json_t *records[MAX_RECORDS];
};

static const char *member(const json_t *record, const char *key)
{
	const char *value = json_string_value(json_object_get(record, key));

	return value != NULL ? value : "";
}

/* Whole stacks for the few frames that a finding shows; a stack's record comes before. */
static void complete_stacks(json_t *known, json_t *record)
{
	const char *name;
	json_t *id;

	if (strcmp(member(record, "record"), "stack") == 0)
		json_object_set(known, member(record, "id"), json_object_get(record, "frames"));
	json_object_foreach(json_object_get(record, "stack_ids"), name, id) {
		json_t *frames =
			json_object_get(known, json_is_string(id) ? json_string_value(id) : "");

		if (frames != NULL)
			json_object_set(json_object_get(record, "stacks"), name, frames);
	}
}

struct log *log_read(const char *path, const char *output)
{
	struct log *log = calloc(1, sizeof(*log));
	json_t *known = json_object();
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	log->output = output;
	if (file == NULL) {
		json_decref(known);
		return log;
	}
	while ((len = getline(&line, &size, file)) > 0 && log->count < MAX_RECORDS) {
		json_t *record;

		if (strcmp(line, "\n") == 0)
			continue;
		record = json_loadb(line, (size_t)len, 0, NULL);
		if (record == NULL) {
			printf("no record: %s", line);
			log_free(log);
			log = NULL;
			break;
		}
		complete_stacks(known, record);
		log->records[log->count++] = record;
	}
	json_decref(known);
	free(line);
	fclose(file);
	return log;
}

void log_free(struct log *log)
{
	for (size_t i = 0; i < log->count; i++)
		json_decref(log->records[i]);
	free(log);
}

const char *log_output(const struct log *log)
{
	return log->output;
}

static bool is_finding(const json_t *record, const char *kind)
{
	return strcmp(member(record, "record"), "finding") == 0 &&
	       (kind == NULL || strcmp(member(record, "kind"), kind) == 0);
}

unsigned log_count(const struct log *log, const char *kind)
{
	unsigned count = 0;

	for (size_t i = 0; i < log->count; i++)
		count += is_finding(log->records[i], kind);
	return count;
}

unsigned log_heartbeats(const struct log *log)
{
	unsigned count = 0;

	for (size_t i = 0; i < log->count; i++)
		count += json_is_false(json_object_get(log->records[i], "final"));
	return count;
}

long long log_counter(const struct log *log, const char *counter)
{
	for (size_t i = log->count; i-- > 0;) {
		const json_t *counters = json_object_get(log->records[i], "counters");
		const json_t *value = json_object_get(counters, counter);

		if (value != NULL)
			return json_integer_value(value);
	}
	return -1;
}

/* The member of the n-th finding of that kind; the path's parts are separated by dots; a
 * number is a place in an array. */
static const json_t *find(const struct log *log, const char *kind, unsigned n, const char *path)
{
	const json_t *value = NULL;
	char key[64];

	for (size_t i = 0; i < log->count && value == NULL; i++)
		if (is_finding(log->records[i], kind) && n-- == 0)
			value = log->records[i];
	while (value != NULL && *path != '\0') {
		size_t len = strcspn(path, ".");

		snprintf(key, sizeof(key), "%.*s", (int)len, path);
		value = json_is_array(value) ? json_array_get(value, strtoul(key, NULL, 10))
					     : json_object_get(value, key);
		path += len + (path[len] == '.');
	}
	return value;
}

const char *log_string(const struct log *log, const char *kind, unsigned n, const char *path)
{
	return json_string_value(find(log, kind, n, path));
}

long long log_integer(const struct log *log, const char *kind, unsigned n, const char *path)
{
	const json_t *value = find(log, kind, n, path);

	return json_is_integer(value) ? json_integer_value(value) : -1;
}

bool log_has_frame(const struct log *log, const char *kind, unsigned n, const char *stack,
		   const char *function)
{
	const json_t *frames = json_object_get(find(log, kind, n, "stacks"), stack);

	for (size_t i = 0; i < json_array_size(frames); i++)
		if (strcmp(member(json_array_get(frames, i), "function"), function) == 0)
			return true;
	return false;
}

void log_print(const struct log *log)
{
	for (size_t i = 0; i < log->count; i++) {
		char *line;

		json_object_del(log->records[i], "stacks");
		line = json_dumps(log->records[i], JSON_COMPACT);
		printf("    %s\n", line);
		free(line);
	}
}
