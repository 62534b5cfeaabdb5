/* SPDX-License-Identifier: MIT */
/*
 * A line's JSON into a checked record.  See record.h.
 *
 * Each check is one call that either yields the value or fills the fault; the first fault
 * stands.
 */
#include "log/record.h"
#include "common/names.h"
#include "log/line_parser.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const log_stack_names[LOG_STACK_COUNT] = {"opened", "forked", "other_use", "this_use"};

static const char *const record_names[] = {"finding", "session", "process", "summary", "stack"};

static const char *type_name(const json_t *value)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array",
		[JSON_STRING] = "a string",  [JSON_INTEGER] = "an integer",
		[JSON_REAL] = "a real",	     [JSON_TRUE] = "true",
		[JSON_FALSE] = "false",	     [JSON_NULL] = "null",
	};

	return value == NULL ? "nothing" : names[json_typeof(value)];
}

static bool refuse(struct log_fault *fault, const char *name, const char *expected,
		   const json_t *found)
{
	snprintf(fault->expected, sizeof fault->expected, "%s to be %s", name, expected);
	if (json_is_string(found))
		snprintf(fault->found, sizeof fault->found, "\"%.60s\"", json_string_value(found));
	else if (json_is_integer(found))
		snprintf(fault->found, sizeof fault->found, "%" JSON_INTEGER_FORMAT,
			 json_integer_value(found));
	else
		snprintf(fault->found, sizeof fault->found, "%s", type_name(found));
	return false;
}

/* --- values of one type ------------------------------------------------------------------- */

static bool get_string(const json_t *object, const char *name, const char **out,
		       struct log_fault *fault)
{
	const json_t *value = json_object_get(object, name);

	*out = json_string_value(value);
	return *out != NULL || refuse(fault, name, "a string", value);
}

static bool get_string_or_null(const json_t *object, const char *name, const char **out,
			       struct log_fault *fault)
{
	const json_t *value = json_object_get(object, name);

	*out = json_string_value(value);
	return *out != NULL || json_is_null(value) ||
	       refuse(fault, name, "a string or null", value);
}

static bool get_integer(const json_t *object, const char *name, json_int_t least, int64_t *out,
			struct log_fault *fault)
{
	const json_t *value = json_object_get(object, name);

	*out = json_integer_value(value);
	if (json_is_integer(value) && *out >= least)
		return true;
	return refuse(fault, name, least > 0 ? "an integer above 0" : "an integer from 0", value);
}

static bool get_object(const json_t *object, const char *name, bool or_null, json_t **out,
		       struct log_fault *fault)
{
	*out = json_object_get(object, name);
	if (json_is_object(*out) || (or_null && json_is_null(*out)))
		return true;
	return refuse(fault, name, or_null ? "an object or null" : "an object", *out);
}

static bool get_hex16(const json_t *object, const char *name, uint64_t *out,
		      struct log_fault *fault)
{
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);

	if (text == NULL || strlen(text) != 16 || strspn(text, "0123456789abcdef") != 16)
		return refuse(fault, name, "16 hexadecimal digits", value);
	*out = 0;
	for (; *text != '\0'; text++)
		*out = *out << 4 | (uint64_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
	return true;
}

/* Checks the shape alone: a time is compared and shown, never computed with. */
static bool get_time(const json_t *object, const char *name, const char **out,
		     struct log_fault *fault)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddddddddZ";
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);
	size_t i = 0;

	for (; text != NULL && text[i] != '\0' && shape[i] != '\0'; i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (shape[i] == 'd' ? !digit : text[i] != shape[i])
			break;
	}
	if (text == NULL || shape[i] != '\0' || text[i] != '\0')
		return refuse(fault, name, "a UTC time with nanoseconds", value);
	*out = text;
	return true;
}

/* --- a finding ---------------------------------------------------------------------------- */

static bool check_frame(const json_t *frame, struct log_fault *fault)
{
	const char *language, *ignored;
	const json_t *line;
	int64_t number;

	if (!json_is_object(frame))
		return refuse(fault, "a frame", "an object", frame);
	if (!get_string(frame, "language", &language, fault) ||
	    !get_string_or_null(frame, "function", &ignored, fault))
		return false;
	if (strcmp(language, "native") == 0)
		return get_string_or_null(frame, "module", &ignored, fault) &&
		       get_integer(frame, "offset", 0, &number, fault) &&
		       get_string_or_null(frame, "build_id", &ignored, fault);
	line = json_object_get(frame, "line");
	if (!json_is_integer(line))
		return refuse(fault, "line", "an integer", line);
	return get_string_or_null(frame, "file", &ignored, fault);
}

static bool check_frames(const char *name, const json_t *frames, struct log_fault *fault)
{
	if (!json_is_array(frames))
		return refuse(fault, name, "an array", frames);
	for (size_t i = 0; i < json_array_size(frames); i++)
		if (!check_frame(json_array_get(frames, i), fault))
			return false;
	return true;
}

/* Takes the fingerprint, and checks the ids of the whole stacks (`stacks` shows a few frames of
 * each).  Version 1 has neither. */
static bool check_stack_ids(struct log_record *record, struct log_fault *fault)
{
	uint64_t id;
	json_t *ids;

	if (record->version < 2)
		return true;
	if (!get_hex16(record->json, "fingerprint", &record->fingerprint, fault) ||
	    !get_object(record->json, "stack_ids", false, &ids, fault))
		return false;
	for (int i = 0; i < LOG_STACK_COUNT; i++) {
		const json_t *value = json_object_get(ids, log_stack_names[i]);

		if (!json_is_null(value) && !get_hex16(ids, log_stack_names[i], &id, fault))
			return false;
	}
	return true;
}

static bool get_stacks(struct log_record *record, struct log_fault *fault)
{
	bool are_checked = record->stacks_checked != NULL && *record->stacks_checked;
	json_t *stacks;

	if (!get_object(record->json, "stacks", false, &stacks, fault))
		return false;
	for (int i = 0; i < LOG_STACK_COUNT; i++) {
		json_t *stack = json_object_get(stacks, log_stack_names[i]);

		if (!are_checked && !check_frames(log_stack_names[i], stack, fault))
			return false;
		record->stacks[i] = stack;
	}
	if (record->stacks_checked != NULL)
		*record->stacks_checked = true;
	return check_stack_ids(record, fault);
}

static bool check_connection(const json_t *connection, struct log_fault *fault)
{
	const char *ignored;
	int64_t number;

	return get_string(connection, "id", &ignored, fault) &&
	       get_string(connection, "protocol", &ignored, fault) &&
	       get_string(connection, "class", &ignored, fault) &&
	       get_string(connection, "peer", &ignored, fault) &&
	       get_string_or_null(connection, "local", &ignored, fault) &&
	       (json_object_get(connection, "server_name") == NULL ||
		get_string(connection, "server_name", &ignored, fault)) &&
	       get_integer(connection, "fd", 0, &number, fault) &&
	       get_integer(connection, "opened_by", 1, &number, fault) &&
	       get_time(connection, "opened_at", &ignored, fault);
}

static bool check_other(const json_t *other, struct log_fault *fault)
{
	const char *ignored;
	const json_t *alive;
	int64_t pid;

	if (json_is_null(other))
		return true;
	alive = json_object_get(other, "alive");
	if (!json_is_boolean(alive))
		return refuse(fault, "alive", "true or false", alive);
	return get_integer(other, "pid", 1, &pid, fault) &&
	       get_string(other, "comm", &ignored, fault) &&
	       get_string(other, "relation", &ignored, fault);
}

static bool check_operation(const json_t *operation, struct log_fault *fault)
{
	const char *ignored;
	int64_t number;

	if (json_is_null(operation))
		return true;
	return get_string(operation, "call", &ignored, fault) &&
	       get_integer(operation, "bytes", 0, &number, fault) &&
	       get_string_or_null(operation, "message", &ignored, fault);
}

static bool get_kind(struct log_record *record, struct log_fault *fault)
{
	const json_t *value = json_object_get(record->json, "kind");
	const char *name = json_string_value(value);
	const char *level;

	for (int i = 0; name != NULL && i < KIND_COUNT; i++) {
		if (strcmp(name, kind_name(i)) != 0)
			continue;
		record->kind = (enum kind)i;
		if (!get_string(record->json, "level", &level, fault))
			return false;
		if (strcmp(level, level_name(kind_level(i))) != 0)
			return refuse(fault, "level", level_name(kind_level(i)),
				      json_object_get(record->json, "level"));
		return true;
	}
	return refuse(fault, "kind", "a kind that this version knows", value);
}

static bool get_history(struct log_record *record, const struct line_facts *facts,
			struct log_fault *fault)
{
	const json_t *history = json_object_get(record->json, "history");

	record->history_len = facts->has_history ? facts->history_len : json_array_size(history);
	return facts->has_history || json_is_array(history) ||
	       refuse(fault, "history", "an array", history);
}

static bool get_finding(struct log_record *record, const struct line_facts *facts,
			struct log_fault *fault)
{
	json_t *culprit;
	int64_t ppid, repeat;

	if (!get_kind(record, fault) || !get_hex16(record->json, "id", &record->id, fault) ||
	    !get_integer(record->json, "ppid", 0, &ppid, fault) ||
	    !get_string(record->json, "comm", &record->comm, fault) ||
	    !get_integer(record->json, "repeat", 1, &repeat, fault) ||
	    !get_string(record->json, "text", &record->text, fault) ||
	    !get_object(record->json, "connection", false, &record->connection, fault) ||
	    !get_object(record->json, "other", true, &record->other, fault) ||
	    !get_object(record->json, "operation", true, &record->operation, fault) ||
	    !get_object(record->json, "culprit", false, &culprit, fault))
		return false;
	record->repeat = (uint64_t)repeat;
	return get_history(record, facts, fault) && check_connection(record->connection, fault) &&
	       check_other(record->other, fault) && check_operation(record->operation, fault) &&
	       get_string_or_null(culprit, "opened", &record->culprit_opened, fault) &&
	       get_string_or_null(culprit, "use", &record->culprit_use, fault) &&
	       get_stacks(record, fault);
}

/* --- the others --------------------------------------------------------------------------- */

/* Logs of before have no such fields. */
static bool get_unwatched(struct log_record *record, struct log_fault *fault)
{
	const char *text;
	int64_t number;
	json_t *peer;
	size_t i;

	record->unwatched = json_object_get(record->json, "unwatched");
	if (record->unwatched == NULL)
		return true;
	if (!json_is_array(record->unwatched))
		return refuse(fault, "unwatched", "an array", record->unwatched);
	json_array_foreach(record->unwatched, i, peer)
		if (!json_is_object(peer) || !get_string(peer, "peer", &text, fault) ||
		    !get_string(peer, "protocol", &text, fault) ||
		    !get_string(peer, "class", &text, fault) ||
		    !get_integer(peer, "connections", 1, &number, fault))
			return refuse(fault, "unwatched", "a list of peers", peer);
	if (!get_integer(record->json, "unwatched_more", 0, &number, fault))
		return false;
	record->unwatched_more = (uint64_t)number;
	return true;
}

static bool get_watched(struct log_record *record, struct log_fault *fault)
{
	json_t *watched = json_object_get(record->json, "watched");

	if (watched == NULL)
		return true;
	if (!json_is_object(watched))
		return refuse(fault, "watched", "an object", watched);
	return get_time(watched, "from", &record->watched_from, fault) &&
	       (json_object_get(watched, "until") == NULL ||
		get_time(watched, "until", &record->watched_until, fault));
}

static bool get_summary(struct log_record *record, struct log_fault *fault)
{
	const char *name;
	json_t *value;

	if (!get_object(record->json, "counters", false, &record->counters, fault))
		return false;
	json_object_foreach(record->counters, name, value)
		if (!json_is_integer(value) || json_integer_value(value) < 0)
			return refuse(fault, "a counter", "an integer from 0", value);
	return get_watched(record, fault) && get_unwatched(record, fault);
}

static bool get_process(struct log_record *record, struct log_fault *fault)
{
	const char *event;
	int64_t ppid, times;

	if (!get_integer(record->json, "ppid", 0, &ppid, fault) ||
	    !get_string(record->json, "comm", &record->comm, fault) ||
	    !get_string(record->json, "event", &event, fault) ||
	    !get_string(record->json, "counter", &record->counter, fault) ||
	    !get_integer(record->json, "times", 1, &times, fault) ||
	    !get_string(record->json, "text", &record->text, fault))
		return false;
	record->times = (uint64_t)times;
	return true;
}

static bool get_stack(struct log_record *record, struct log_fault *fault)
{
	record->frames = json_object_get(record->json, "frames");
	if (!get_hex16(record->json, "id", &record->id, fault))
		return false;
	if (record->stacks_checked != NULL && *record->stacks_checked &&
	    json_is_array(record->frames))
		return true;
	if (!check_frames("frames", record->frames, fault))
		return false;
	if (record->stacks_checked != NULL)
		*record->stacks_checked = true;
	return true;
}

static bool get_type(struct log_record *record, struct log_fault *fault)
{
	const char *name;

	if (!get_string(record->json, "record", &name, fault))
		return false;
	record->type = RECORD_UNKNOWN;
	for (int i = 0; i < RECORD_UNKNOWN; i++)
		if (strcmp(name, record_names[i]) == 0)
			record->type = (enum log_record_type)i;
	return true;
}

/* Checks the fields that version 2 adds to every record. */
static bool check_origin(const struct log_record *record, struct log_fault *fault)
{
	const char *host;
	json_t *labels;
	int64_t seq;

	return record->version < 2 || (get_integer(record->json, "seq", 1, &seq, fault) &&
				       get_string(record->json, "host", &host, fault) &&
				       get_object(record->json, "labels", false, &labels, fault));
}

static bool get_record(struct log_record *record, const struct line_facts *facts,
		       struct log_fault *fault)
{
	const json_t *version = json_object_get(record->json, "version");

	if (!json_is_object(record->json))
		return refuse(fault, "a line", "an object", record->json);
	if (!json_is_integer(version) || json_integer_value(version) < 1 ||
	    json_integer_value(version) > 2)
		return refuse(fault, "version", "1 or 2", version);
	record->version = (int)json_integer_value(version);
	if (!get_type(record, fault))
		return false;
	if (record->type == RECORD_UNKNOWN)
		return true;
	if (!get_time(record->json, "time", &record->time, fault) ||
	    !get_hex16(record->json, "session", &record->session, fault) ||
	    !get_integer(record->json, "pid", 1, &record->pid, fault) ||
	    !check_origin(record, fault))
		return false;
	switch (record->type) {
	case RECORD_FINDING:
		return get_finding(record, facts, fault);
	case RECORD_SUMMARY:
		return get_summary(record, fault);
	case RECORD_PROCESS:
		return get_process(record, fault);
	case RECORD_STACK:
		return get_stack(record, fault);
	case RECORD_SESSION:
	case RECORD_UNKNOWN:
		break;
	}
	return true;
}

bool log_record_parse(const char *text, size_t len_bytes, struct line_parser *parser,
		      struct log_record *record, struct log_fault *fault)
{
	struct line_facts facts = {0};
	json_error_t error;

	memset(record, 0, sizeof *record);
	if (parser != NULL)
		record->json = line_parse(parser, text, len_bytes, &facts);
	if (record->json == NULL)
		facts = (struct line_facts){0};
	record->stacks_checked = facts.checked;
	if (record->json == NULL)
		record->json = json_loadb(text, len_bytes, JSON_DECODE_ANY, &error);
	if (record->json == NULL) {
		snprintf(fault->expected, sizeof fault->expected, "JSON");
		snprintf(fault->found, sizeof fault->found, "at byte %d: %.70s", error.position,
			 error.text);
		return false;
	}
	if (get_record(record, &facts, fault))
		return true;
	log_record_free(record);
	return false;
}

void log_record_free(struct log_record *record)
{
	json_decref(record->json);
	record->json = NULL;
}
