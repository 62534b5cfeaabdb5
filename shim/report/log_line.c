/* SPDX-License-Identifier: MIT */
/*
 * Records as lines of the log.  docs/log.schema.json is the authority for every name here.
 *
 * The order of members is the order of importance: the last ones are left out first where there is
 * no room.  A finding shows a few frames of each stack; a stack's own record has all frames that
 * fit.
 */
#include "report/render.h"

#include <string.h>

#include "base/address.h"
#include "stack/culprit.h"
#include "base/json.h"
#include "base/text.h"
#include "options/options.h"
#include "registry/registry.h"
#include "report/history_text.h"
#include "report/origin.h"
#include "report/site.h"
#include "report/stack_text.h"
#include "report/suppress.h"
#include "common/names.h"
#include "wire/wire.h"

#define LOG_VERSION 2

/* Bytes of a line that are kept free for the members after the frames. */
#define FINDING_END_BYTES 600

/* Room for "file:line"; a longer file name loses its beginning. */
#define SITE_BYTES 512
#define SYMBOL_BYTES 256

static const char *const stack_names[FINDING_STACK_COUNT] = {
	[FINDING_STACK_OPENED] = "opened",
	[FINDING_STACK_FORKED] = "forked",
	[FINDING_STACK_OTHER_USE] = "other_use",
	[FINDING_STACK_THIS_USE] = "this_use",
};

static const enum site_event stack_events[FINDING_STACK_COUNT] = {
	[FINDING_STACK_OPENED] = SITE_OF_OPENING,
	[FINDING_STACK_FORKED] = SITE_OF_FORK,
	[FINDING_STACK_OTHER_USE] = SITE_OF_USE,
	[FINDING_STACK_THIS_USE] = SITE_OF_USE,
};

/* --- small values ------------------------------------------------------------------------ */

static void put_time(struct json *json, const char *key, uint64_t time_ns)
{
	char bytes[40];
	struct text text;

	text_init(&text, bytes, sizeof(bytes));
	text_put_time(&text, time_ns);
	json_put_bytes(json, key, bytes, text.len);
}

static void put_hex_fixed(struct json *json, const char *key, uint64_t value)
{
	char bytes[20];
	struct text text;

	text_init(&text, bytes, sizeof(bytes));
	text_put_hex_fixed(&text, value);
	json_put_bytes(json, key, bytes, text.len);
}

static void put_hex(struct json *json, const char *key, uint64_t value)
{
	char bytes[20];
	struct text text;

	text_init(&text, bytes, sizeof(bytes));
	text_put_hex(&text, value);
	json_put_bytes(json, key, bytes, text.len);
}

/* `nameless`: the text for an address without a name; NULL gives null. */
static void put_address(struct json *json, const char *key, const void *address, socklen_t len,
			const char *nameless)
{
	char bytes[ADDRESS_TEXT_BYTES];
	struct text text;

	text_init(&text, bytes, sizeof(bytes));
	if (address_put(&text, address, len))
		json_put_bytes(json, key, bytes, text.len);
	else
		json_put_string(json, key, nameless);
}

static void put_comm(struct json *json, const char comm[16])
{
	json_put_bytes(json, "comm", comm, strnlen(comm, 15));
}

/* --- parts of a finding ------------------------------------------------------------------ */

static void put_connection(struct json *json, const struct finding *finding)
{
	json_begin_object(json, "connection");
	put_hex(json, "id", finding->cookie);
	json_put_string(json, "protocol", wire_protocol_name(finding->protocol));
	json_put_string(json, "class", wire_class_name(wire_class(finding->protocol)));
	put_address(json, "peer", &finding->peer, finding->peer_len, "unknown");
	put_address(json, "local", &finding->local, finding->local_len, NULL);
	if (finding->server_name[0] != '\0')
		json_put_string(json, "server_name", finding->server_name);
	if (finding->isolated > 0)
		json_put_uint(json, "isolated", finding->isolated);
	if (finding->label[0] != '\0')
		json_put_string(json, "label", finding->label);
	json_put_int(json, "fd", finding->fd);
	json_put_int(json, "opened_by", finding->opened_by);
	put_time(json, "opened_at", finding->opened_at_ns);
	if (finding->open_before)
		json_put_bool(json, "open_before", true);
	json_end_object(json);
}

static void put_other(struct json *json, const struct finding_process *other)
{
	if (other->pid <= 0) {
		json_put_null(json, "other");
		return;
	}
	json_begin_object(json, "other");
	json_put_int(json, "pid", other->pid);
	put_comm(json, other->comm);
	json_put_string(json, "relation", relation_name(other->relation));
	json_put_bool(json, "alive", other->alive);
	json_end_object(json);
}

/* Puts the culprit's "file:line"; without a culprit what text reports show; null without a stack.
 */
static void put_site(struct json *json, const char *key, const struct registry *registry,
		     struct stack_id stack, enum site_event event)
{
	char site[SITE_BYTES];
	struct text text;

	text_init(&text, site, sizeof(site));
	if (culprit_find(registry, stack, site, sizeof(site)) ||
	    report_put_site(&text, registry, stack, event))
		json_put_string(json, key, site);
	else
		json_put_null(json, key);
}

static void put_culprit(struct json *json, const struct registry *registry,
			const struct finding *finding)
{
	json_begin_object(json, "culprit");
	put_site(json, "opened", registry, finding->stacks[FINDING_STACK_OPENED], SITE_OF_OPENING);
	put_site(json, "use", registry, finding->stacks[FINDING_STACK_THIS_USE], SITE_OF_USE);
	json_end_object(json);
}

static void put_operation(struct json *json, const struct finding *finding)
{
	if (finding->operation == NULL) {
		json_put_null(json, "operation");
		return;
	}
	json_begin_object(json, "operation");
	json_put_string(json, "call", finding->operation);
	json_put_int(json, "bytes", finding->operation_bytes > 0 ? finding->operation_bytes : 0);
	json_put_string(json, "message", finding->message);
	json_end_object(json);
}

/* --- stacks ------------------------------------------------------------------------------ */

/* Puts a string of a frame; null when the string is not known or empty, as the vdso's. */
static void put_name(struct json *json, const char *key, const char *bytes, size_t len)
{
	if (bytes != NULL && len > 0)
		json_put_bytes(json, key, bytes, len);
	else
		json_put_null(json, key);
}

static void put_native(struct json *json, const struct stack_frame *frame)
{
	char symbol[SYMBOL_BYTES];
	char bytes[2 * FORKSAN_BUILD_ID_BYTES + 1];
	struct text build_id;

	if (stack_frame_symbol(frame, symbol, sizeof(symbol)) > 0)
		json_put_string(json, "function", symbol);
	else
		json_put_null(json, "function");
	put_name(json, "module", frame->module, frame->module_len);
	json_put_uint(json, "offset", frame->offset);
	if (frame->build_id == NULL || frame->build_id_len == 0) {
		json_put_null(json, "build_id");
		return;
	}
	text_init(&build_id, bytes, sizeof(bytes));
	text_put_hex_bytes(&build_id, frame->build_id, frame->build_id_len);
	json_put_bytes(json, "build_id", bytes, build_id.len);
}

static void put_frame(struct json *json, const struct stack_frame *frame)
{
	json_begin_object(json, NULL);
	json_put_string(json, "language", language_name(frame->language));
	if (frame->language == LANGUAGE_NATIVE) {
		put_native(json, frame);
	} else {
		put_name(json, "function", frame->function, frame->function_len);
		put_name(json, "file", frame->file, frame->file_len);
		json_put_uint(json, "line", frame->line);
	}
	json_end_object(json);
}

/* Puts the frames that a reader needs without the stack's record: the site, and the application's
 * own frame farthest out.  A frame for which there is no room is left out. */
static void put_shown_frames(struct json *json, const char *key, const struct registry *registry,
			     struct stack_id stack, enum site_event event)
{
	struct site site = site_find(registry, stack, event);
	unsigned shown[] = {site.frame, site.own_outer};
	struct stack_frame frame;

	json_begin_array(json, key);
	for (size_t i = 0; i < 2; i++) {
		struct json_mark mark = json_mark(json);

		if (shown[i] == SITE_NONE || (i > 0 && shown[i] == shown[0]) ||
		    !stack_frame_at(registry, stack, shown[i], &frame))
			continue;
		put_frame(json, &frame);
		json_complete_or_rewind(json, mark);
	}
	json_end_array(json);
}

/* Gives each stack an equal share of the remaining room; an unused part goes to the next. */
static void put_stacks(struct json *json, const struct registry *registry,
		       const struct finding *finding)
{
	size_t room = json_room(json);
	size_t kept = room > FORKSAN_FINDING_FRAMES_BYTES + FINDING_END_BYTES
			      ? room - FORKSAN_FINDING_FRAMES_BYTES
			      : FINDING_END_BYTES;

	json_begin_object(json, "stacks");
	for (size_t i = 0; i < FINDING_STACK_COUNT; i++) {
		size_t left = FINDING_STACK_COUNT - i;

		json_reserve(json, kept);
		json_reserve(json, kept + json_room(json) / left * (left - 1));
		put_shown_frames(json, stack_names[i], registry, finding->stacks[i],
				 stack_events[i]);
	}
	json_reserve(json, 0);
	json_end_object(json);
}

static void put_stack_ids(struct json *json, const struct registry *registry,
			  const struct finding *finding)
{
	json_begin_object(json, "stack_ids");
	for (size_t i = 0; i < FINDING_STACK_COUNT; i++) {
		uint64_t id = site_stack_id(registry, finding->stacks[i]);

		if (id != 0)
			put_hex_fixed(json, stack_names[i], id);
		else
			json_put_null(json, stack_names[i]);
	}
	json_end_object(json);
}

typedef bool stack_test(const struct registry *registry, struct stack_id id);

static bool has_stack_that(stack_test *is, const struct registry *registry,
			   const struct finding *finding)
{
	for (size_t i = 0; i < FINDING_STACK_COUNT; i++)
		if (is(registry, finding->stacks[i]))
			return true;
	return false;
}

static void put_stacks_that(stack_test *is, struct json *json, const char *name,
			    const struct registry *registry, const struct finding *finding)
{
	json_begin_array(json, name);
	for (size_t i = 0; i < FINDING_STACK_COUNT; i++)
		if (is(registry, finding->stacks[i]))
			json_put_string(json, NULL, stack_names[i]);
	json_end_array(json);
}

/* NULL: the finding stands for itself alone. */
static const char *merge_name(enum finding_merge merge)
{
	switch (merge) {
	case FINDING_MERGED_PLACES:
		return "places";
	case FINDING_MERGED_PROCESSES:
		return "processes";
	case FINDING_MERGED_CONNECTIONS:
		return "connections";
	case FINDING_MERGED_SITES:
		return "sites";
	case FINDING_NOT_MERGED:
		break;
	}
	return NULL;
}

/* --- records ----------------------------------------------------------------------------- */

static void begin_record(struct json *json, char *bytes, size_t size, const char *record,
			 uint64_t seq)
{
	json_init(json, bytes, size - 1); /* the newline */
	json_begin_object(json, NULL);
	json_put_string(json, "record", record);
	json_put_uint(json, "version", LOG_VERSION);
	json_put_uint(json, "seq", seq);
}

static size_t end_record(struct json *json)
{
	json_end_object(json);
	json->bytes[json->len] = '\n';
	return json->len + 1;
}

size_t report_json_finding(char *bytes, size_t size, const struct registry *registry,
			   const struct finding *finding, uint64_t seq)
{
	struct json json;

	begin_record(&json, bytes, size, "finding", seq);
	put_hex_fixed(&json, "id", finding->id);
	put_hex_fixed(&json, "fingerprint", site_fingerprint(registry, finding));
	json_put_string(&json, "kind", kind_name(finding->kind));
	json_put_string(&json, "level", level_name(kind_level(finding->kind)));
	put_time(&json, "time", finding->time_ns);
	json_put_string(&json, "session", finding->session);
	json_put_int(&json, "pid", finding->reporter.pid);
	json_put_int(&json, "ppid", finding->reporter.ppid);
	put_comm(&json, finding->reporter.comm);
	json_put_uint(&json, "repeat", finding->repeat);
	json_put_string(&json, "merged", merge_name(finding->merge));
	json_put_string(&json, "text", finding->text);
	put_connection(&json, finding);
	put_other(&json, &finding->other);
	put_culprit(&json, registry, finding);
	put_operation(&json, finding);
	json_put_string(&json, "certainty", finding->likely ? "likely" : "proven");
	if (finding->threads > 1)
		json_put_uint(&json, "threads_at_fork", finding->threads);
	if (finding->needed)
		json_put_bool(&json, "needed", true);
	if (finding->basis)
		json_put_string(&json, "basis", finding->basis);
	else
		json_put_null(&json, "basis");
	if (action_name(finding->action))
		json_put_string(&json, "action", action_name(finding->action));
	put_stack_ids(&json, registry, finding);
	put_stacks_that(stack_is_truncated, &json, "truncated", registry, finding);
	if (has_stack_that(stack_is_late, registry, finding))
		put_stacks_that(stack_is_late, &json, "late", registry, finding);
	origin_put(&json, finding->host);
	put_stacks(&json, registry, finding);
	report_history_put(&json, registry, finding->slot);
	return end_record(&json);
}

size_t report_json_stack(char *bytes, size_t size, const struct registry *registry,
			 const struct finding *finding, struct stack_id stack, uint64_t seq)
{
	unsigned count = stack_frame_count(registry, stack);
	bool complete = !stack_is_truncated(registry, stack);
	struct stack_frame frame;
	struct json json;

	begin_record(&json, bytes, size, "stack", seq);
	put_hex_fixed(&json, "id", site_stack_id(registry, stack));
	put_time(&json, "time", finding->time_ns);
	json_put_string(&json, "session", finding->session);
	json_put_int(&json, "pid", finding->reporter.pid);
	origin_put(&json, finding->host);
	json_reserve(&json, sizeof("\"truncated\":false,"));
	json_begin_array(&json, "frames");
	for (unsigned i = 0; i < count && stack_frame_at(registry, stack, i, &frame); i++) {
		struct json_mark mark = json_mark(&json);

		put_frame(&json, &frame);
		if (!json_complete_or_rewind(&json, mark)) {
			complete = false;
			break;
		}
	}
	json_end_array(&json);
	json_reserve(&json, 0);
	json_put_bool(&json, "truncated", !complete);
	return end_record(&json);
}

static void put_writer(struct json *json, const struct report_writer *writer)
{
	put_time(json, "time", writer->time_ns);
	json_put_string(json, "session", writer->session);
	json_put_int(json, "pid", writer->pid);
	origin_put(json, writer->host);
}

static void put_writing_process(struct json *json, const struct report_writer *writer)
{
	put_writer(json, writer);
	json_put_int(json, "ppid", writer->ppid);
	put_comm(json, writer->comm);
}

size_t report_json_session(char *bytes, size_t size, const struct registry *registry,
			   const struct report_writer *writer)
{
	struct json json;

	(void)registry;
	begin_record(&json, bytes, size, "session", writer->seq);
	put_writing_process(&json, writer);
	json_put_string(&json, "forksan", FORKSAN_VERSION);
	json_put_string(&json, "mode", options_mode_name());
	json_put_string(&json, "options", options.text);
	return end_record(&json);
}

/* The name of a process record's event, by the counter that counts such events. */
static const char *event_name(enum registry_counter counter)
{
	if (counter == COUNT_RECONNECTED)
		return "reconnected";
	return counter == COUNT_CONNECTIONS ? "check" : "blind";
}

size_t report_json_blind(char *bytes, size_t size, const struct registry *registry,
			 const struct report_writer *writer)
{
	char sentence[512];
	struct text text;
	struct json json;

	(void)registry;
	begin_record(&json, bytes, size, "process", writer->seq);
	put_writing_process(&json, writer);
	json_put_string(&json, "event", event_name(writer->blind));
	json_put_string(&json, "counter", counter_name(writer->blind));
	json_put_uint(&json, "times", writer->times);
	text_init(&text, sentence, sizeof sentence);
	text_put_string(&text, counter_sentence(writer->blind));
	if (writer->detail) {
		text_put_string(&text, ": ");
		text_put_string(&text, writer->detail);
	}
	json_put_string(&json, "text", sentence);
	if (writer->blind == COUNT_RECONNECTED)
		json_put_string(&json, "peer", writer->detail);
	return end_record(&json);
}

/* Puts the blind spots, by the counters' names; not_watched: there was no connection to watch. */
static void put_completeness(struct json *json, const struct registry *registry)
{
	const _Atomic uint64_t *counters = registry->header.counters;
	bool complete = load_relaxed(&counters[COUNT_CONNECTIONS]) > 0;

	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		if (counter_voids_silence(i) && load_relaxed(&counters[i]) > 0)
			complete = false;
	json_put_bool(json, "complete", complete);
	json_begin_array(json, "incomplete_because");
	if (load_relaxed(&counters[COUNT_CONNECTIONS]) == 0)
		json_put_string(json, NULL, "not_watched");
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		if (counter_voids_silence(i) && load_relaxed(&counters[i]) > 0)
			json_put_string(json, NULL, counter_name(i));
	json_end_array(json);
}

/* Puts the peers of the connections that were seen and not watched. */
static void put_unwatched(struct json *json, const struct registry *registry)
{
	char peer[FORKSAN_PEER_TEXT_BYTES];
	uint64_t all = load_relaxed(&registry->header.counters[COUNT_CONNECTIONS_OTHER]);
	uint64_t named = 0;

	json_begin_array(json, "unwatched");
	for (size_t i = 0; i < FORKSAN_UNWATCHED_PEERS; i++) {
		enum protocol protocol;
		uint64_t connections = registry_unwatched(registry, i, &protocol, peer);

		if (connections == 0)
			continue;
		json_begin_object(json, NULL);
		json_put_string(json, "peer", peer);
		json_put_string(json, "protocol", wire_protocol_name(protocol));
		json_put_string(json, "class", wire_class_name(wire_class(protocol)));
		json_put_uint(json, "connections", connections);
		json_end_object(json);
		named += connections;
	}
	json_end_array(json);
	json_put_uint(json, "unwatched_more", all > named ? all - named : 0);
}

/* Puts the lines of suppressions= whose entries have fitted nothing, where there are entries. */
static void put_unused(struct json *json)
{
	unsigned at = 0, line;

	if (!suppress_has_entries())
		return;
	json_begin_array(json, "suppressions_unused");
	while (suppress_unused(&at, &line)) {
		struct json_mark mark = json_mark(json);

		json_put_uint(json, NULL, line);
		if (!json_complete_or_rewind(json, mark))
			break;
	}
	json_end_array(json);
}

/* Puts from when to when `forksan attach` has watched: up to now, while it still does. */
static void put_watched(struct json *json, const struct registry_header *header, uint64_t now_ns)
{
	uint64_t from_ns = load_relaxed(&header->watched_from_ns);
	uint64_t until_ns = load_relaxed(&header->watched_until_ns);

	if (from_ns == 0)
		return;
	json_begin_object(json, "watched");
	put_time(json, "from", from_ns);
	put_time(json, "until", until_ns != 0 ? until_ns : now_ns);
	json_end_object(json);
}

size_t report_json_summary(char *bytes, size_t size, const struct registry *registry,
			   const struct report_writer *writer)
{
	struct json json;

	begin_record(&json, bytes, size, "summary", writer->seq);
	put_writer(&json, writer);
	json_put_bool(&json, "final", writer->final);
	put_watched(&json, &registry->header, writer->time_ns);
	put_completeness(&json, registry);
	put_unwatched(&json, registry);
	json_begin_object(&json, "counters");
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		json_put_uint(&json, counter_name((enum registry_counter)i),
			      load_relaxed(&registry->header.counters[i]));
	json_end_object(&json);
	put_unused(&json);
	return end_record(&json);
}
