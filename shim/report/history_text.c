/* SPDX-License-Identifier: MIT */
/*
 * See history_text.h.  Both forms hold names of calls and messages, numbers and times; bytes of the
 * conversation only with payload=1.
 */
#include "report/history_text.h"

#include <stdbool.h>

#include "base/entries.h"
#include "registry/history.h"
#include "registry/registry.h"
#include "wire/parse.h"

/* Behind "  -12345.678 ms". */
#define DISTANCE_COLUMN 17

/* An operation, for both forms. */
struct shown {
	struct history_entry entry;
	int32_t pid;
	const char *call;
	const char *message; /* NULL: not known */
};

/* Steps to the next operation that can be shown.  A process of long ago, whose entry was
 * overwritten, has no pid any more: its operations are passed over.  False: no further operation.
 */
static bool next_shown(const struct registry *registry, struct socket_slot slot,
		       struct history_cursor *cursor, struct shown *out)
{
	const struct registry_operation *operation = &out->entry.operation;

	if (slot.n >= FORKSAN_MAX_SOCKETS)
		return false;
	while (history_next(registry, slot, cursor, &out->entry)) {
		const struct registry_process *process = registry_find_process(operation->serial);

		out->pid = process ? load_relaxed(&process->pid) : 0;
		out->call = operation_name((enum operation)operation->operation);
		out->message = wire_message_name((enum protocol)operation->protocol,
						 operation->writes ? WIRE_CLIENT : WIRE_SERVER,
						 operation->message);
		if (out->pid > 0 && out->call)
			return true;
	}
	return false;
}

/* --- the log --------------------------------------------------------------------------------- */

static void put_payload(struct json *json, const struct history_entry *entry)
{
	char text[HISTORY_PAYLOAD_TEXT_BYTES];

	if (entry->operation.payload_len_bytes > 0)
		json_put_bytes(json, "payload", text, history_payload_text(entry, text));
}

static void put_operation(struct json *json, const struct shown *shown)
{
	const struct registry_operation *operation = &shown->entry.operation;
	struct json_mark mark = json_mark(json);

	json_begin_object(json, NULL);
	json_put_int(json, "pid", shown->pid);
	if (operation->tid != shown->pid)
		json_put_int(json, "tid", operation->tid);
	json_put_string(json, "call", shown->call);
	json_put_int(json, "bytes", operation->result > 0 ? operation->result : 0);
	json_put_string(json, "message", shown->message);
	json_put_uint(json, "monotonic_ns", load_relaxed(&operation->time_ns));
	put_payload(json, &shown->entry);
	json_end_object(json);
	json_complete_or_rewind(json, mark);
}

/* True when bytes moved, or one direction ended; false for a change of the connection, such as
 * setsockopt(). */
static bool moves(const struct shown *shown)
{
	return shown->entry.operation.result > 0 ||
	       shown->entry.operation.operation == OPERATION_shutdown;
}

/* Operations may come and go between the two rounds: the second puts at most as many as the first
 * counted. */
void report_history_put(struct json *json, const struct registry *registry, struct socket_slot slot)
{
	struct shown shown;
	struct history_cursor cursor = {0};
	unsigned count = 0;
	unsigned moving = 0;
	unsigned change = 0; /* the latest operation without bytes; counted from 1 */
	unsigned at = 0;

	while (next_shown(registry, slot, &cursor, &shown)) {
		count++;
		if (moves(&shown))
			moving++;
		else
			change = count;
	}
	cursor = (struct history_cursor){0};
	json_begin_array(json, "history");
	for (unsigned i = 1; i <= count && next_shown(registry, slot, &cursor, &shown); i++) {
		bool late = moves(&shown) && ++at + FORKSAN_FINDING_HISTORY > moving;

		if (late || i == change)
			put_operation(json, &shown);
	}
	json_end_array(json);
}

/* --- text ------------------------------------------------------------------------------------ */

/* Puts "-12.345 ms", the time before the last operation. */
static void put_distance(struct text *text, uint64_t ns)
{
	uint64_t us = ns / 1000;

	text_put_string(text, us > 0 ? "-" : " ");
	text_put_uint(text, us / 1000);
	text_put_char(text, '.');
	for (uint64_t digit = 100; digit > 0; digit /= 10)
		text_put_uint(text, us / digit % 10);
	text_put_string(text, " ms");
}

/* Puts "  -12.345 ms  812 send of 38 bytes, COM_QUERY: \x03select 1". */
static void put_line(struct block *block, const struct shown *shown, uint64_t last_ns)
{
	const struct registry_operation *operation = &shown->entry.operation;
	uint64_t time_ns = load_relaxed(&operation->time_ns);
	struct text *text = &block->text;
	char payload[HISTORY_PAYLOAD_TEXT_BYTES];

	size_t start;

	block_begin_line(block);
	start = text->len;
	text_put_string(text, "  ");
	put_distance(text, time_ns < last_ns ? last_ns - time_ns : 0);
	text_pad_to(text, start, DISTANCE_COLUMN);
	text_put_int(text, shown->pid);
	text_put_char(text, ' ');
	text_put_string(text, shown->call);
	if (operation->result > 0) {
		text_put_string(text, " of ");
		text_put_int(text, operation->result);
		text_put_string(text, operation->result == 1 ? " byte" : " bytes");
	}
	if (shown->message) {
		text_put_string(text, ", ");
		text_put_string(text, shown->message);
	}
	if (operation->payload_len_bytes > 0) {
		text_put_string(text, ": ");
		text_put_bytes(text, payload, history_payload_text(&shown->entry, payload));
	}
	block_end_line(block);
}

void report_history_put_text(struct block *block, const struct registry *registry,
			     struct socket_slot slot, unsigned lines)
{
	struct shown shown;
	uint64_t last_ns = 0;
	struct history_cursor cursor = {0};
	unsigned count = 0;
	unsigned at = 0;

	while (next_shown(registry, slot, &cursor, &shown)) {
		if (!moves(&shown))
			continue;
		count++;
		last_ns = load_relaxed(&shown.entry.operation.time_ns);
	}
	if (count == 0)
		return;
	block_begin_line(block);
	text_put_string(&block->text, "Last operations on the connection (");
	text_put_uint(&block->text, count < lines ? count : lines);
	text_put_string(&block->text, " of ");
	text_put_uint(&block->text, count);
	text_put_string(&block->text, "):\n");
	cursor = (struct history_cursor){0};
	while (at < count && next_shown(registry, slot, &cursor, &shown))
		if (moves(&shown) && ++at + lines > count)
			put_line(block, &shown, last_ns);
}
