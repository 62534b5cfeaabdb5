/* SPDX-License-Identifier: MIT */
/*
 * shim/registry/history.c, report/history_text.c: what is kept of operations, and how it is shown.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "own_registry.h"
#include "registry/history.h"
#include "options/options.h"
#include "report/history_text.h"

static const struct socket_slot slot = {5};
static const struct socket_slot other_slot = {9};
#define SERIAL 3

static char bytes[FORKSAN_RECORD_BYTES + 1];

static void complain(const char *line)
{
	fail_msg("%s", line);
}

static int begin(void **state)
{
	struct registry_process *process_;

	(void)state;
	options_parse("", complain);
	if (!own_registry_map())
		return -1;
	process_ = &registry_mapping->processes[SERIAL];
	store_relaxed(&process_->pid, 812);
	store_release(&process_->serial, SERIAL);
	for (uint32_t n = slot.n; n <= other_slot.n; n++)
		store_release(&registry_mapping->socket_state[n], 1 << 8 | SOCKET_LIVE);
	store_relaxed(&registry_mapping->sockets[slot.n].protocol, PROTOCOL_REDIS);
	return 0;
}

static int end(void **state)
{
	(void)state;
	own_registry_unmap();
	return 0;
}

static void add_act(enum operation operation, bool writes, const struct iovec *iov, int count,
		    size_t moved)
{
	struct history_act act = {.by = {SERIAL}, .operation = operation, .writes = writes};

	history_add(slot, &act, iov, count, moved);
}

static void add(const char *text, size_t len)
{
	struct iovec iov = {(void *)(uintptr_t)text, len};

	add_act(OPERATION_send, true, &iov, 1, len);
}

static void add_string(const char *text)
{
	add(text, strlen(text));
}

static void render_json(void)
{
	struct json json;

	json_init(&json, bytes, sizeof(bytes) - 1);
	json_begin_object(&json, NULL);
	report_history_put(&json, registry_mapping, slot);
	json_end_object(&json);
	bytes[json.len] = '\0';
}

static void render_text(void)
{
	struct block block;

	block_init(&block, bytes, sizeof(bytes), 812);
	report_history_put_text(&block, registry_mapping, slot, 8);
}

static void assert_shown(const char *part)
{
	if (!strstr(bytes, part))
		fail_msg("\"%s\" is missing in:\n%s", part, bytes);
}

static unsigned count_entries(void)
{
	struct history_entry entry;
	struct history_cursor from = {0};
	unsigned count = 0;

	while (history_next(registry_mapping, slot, &from, &entry))
		count++;
	return count;
}

/* --- what is kept ---------------------------------------------------------------------------- */

static bool is_in_registry(const char *secret)
{
	const struct registry_history *history = registry_mapping->histories;

	return memmem(history, sizeof(*history), secret, strlen(secret)) ||
	       memmem(registry_mapping->payloads[0], sizeof(registry_mapping->payloads[0]), secret,
		      strlen(secret));
}

/* Of an encrypted connection of another protocol the types of TLS records are known, no more. */
static void a_message_inside_tls_has_tls_name(void **state)
{
	const struct history_act act = {.by = {SERIAL},
					.operation = OPERATION_write,
					.writes = true,
					.message = 23,
					.protocol = PROTOCOL_TLS};

	(void)state;
	store_relaxed(&registry_mapping->sockets[slot.n].protocol, PROTOCOL_MYSQL);
	history_start(slot);
	history_add(slot, &act, NULL, 0, 27);
	render_json();
	assert_shown("\"message\":\"application_data\"");
}

static void no_byte_is_kept_by_default(void **state)
{
	(void)state;
	history_start(slot);
	add_string("AUTH hunter2");
	assert_int_equal(count_entries(), 1);
	assert_false(is_in_registry("hunter2"));
	render_json();
	assert_null(strstr(bytes, "payload"));
}

/* Its history was begun by a process without the option: there is no page to write to. */
static void no_byte_is_kept_where_there_is_no_room_for_it(void **state)
{
	(void)state;
	history_start(slot);
	options.payload = true;
	add_string("AUTH hunter2");
	assert_int_equal(count_entries(), 1);
	assert_false(is_in_registry("hunter2"));
}

static void payload_keeps_the_first_bytes(void **state)
{
	char many[200];

	(void)state;
	options.payload = true;
	history_start(slot);
	memset(many, 'm', sizeof(many));
	add(many, FORKSAN_PAYLOAD_BYTES - 1);
	add(many, sizeof(many));
	assert_true(registry_mapping->payloads[0][1][FORKSAN_PAYLOAD_BYTES - 1] == 'm');
	assert_int_equal(registry_mapping->payloads[0][2][0], 0);
	assert_int_equal(registry_mapping->payloads[0][0][FORKSAN_PAYLOAD_BYTES - 1], 0);
}

static void payload_is_gathered_up_to_what_was_moved(void **state)
{
	struct iovec iov[] = {{(void *)(uintptr_t) "ab", 2},
			      {(void *)(uintptr_t) "", 0},
			      {(void *)(uintptr_t) "cdef", 4},
			      {NULL, 7}};

	(void)state;
	options.payload = true;
	history_start(slot);
	add_act(OPERATION_writev, true, iov, 3, 5);  /* a short write */
	add_act(OPERATION_writev, true, iov, 4, 13); /* bytes that cannot be seen */
	add_act(OPERATION_recv, false, iov, 1, 500); /* MSG_TRUNC: the real length */
	render_json();
	assert_shown("\"bytes\":5,\"message\":null");
	assert_shown("\"payload\":\"abcde\"}");
	assert_shown("\"payload\":\"abcdef\"}");
	assert_shown("\"payload\":\"ab\"}");
}

/* Who made the connection non-blocking may be why a read failed. */
static void the_latest_change_is_shown(void **state)
{
	(void)state;
	history_start(slot);
	add_act(OPERATION_ioctl, true, NULL, 0, 0);
	add_act(OPERATION_fcntl, true, NULL, 0, 0);
	for (int i = 0; i < 5; i++)
		add_string("x");
	add_act(OPERATION_shutdown, true, NULL, 0, 0);
	render_json();
	assert_null(strstr(bytes, "ioctl"));
	assert_shown("{\"history\":[{\"pid\":812,\"tid\":");
	assert_shown("\"call\":\"fcntl\",\"bytes\":0,\"message\":null,\"monotonic_ns\":");
	assert_shown("\"call\":\"shutdown\",\"bytes\":0,");
}

/* A connection that takes over the room of one that is gone shows nothing of it. */
static void nothing_is_shown_of_the_connection_before(void **state)
{
	(void)state;
	options.payload = true;
	history_start(slot);
	add_string("old secret");
	store_release(&registry_mapping->socket_state[slot.n], 2 << 8 | SOCKET_LIVE);
	store_relaxed(&registry_mapping->sockets[slot.n].history, 0);
	history_start(slot);
	assert_int_equal(load_relaxed(&registry_mapping->sockets[slot.n].history), 1);
	assert_int_equal(count_entries(), 0);
	options.payload = false;
	add_string("new");
	render_json();
	assert_null(strstr(bytes, "payload"));
}

static void the_latest_are_kept(void **state)
{
	char text[16];

	(void)state;
	options.payload = true;
	history_start(slot);
	for (int i = 0; i < FORKSAN_HISTORY_OPERATIONS + 10; i++) {
		snprintf(text, sizeof(text), "<%d>", i);
		add_string(text);
	}
	assert_int_equal(count_entries(), FORKSAN_HISTORY_OPERATIONS);
	render_json();
	/* A line of the log has the last of them. */
	assert_null(strstr(bytes, "<70>"));
	assert_shown("<71>");
	assert_shown("<73>");
}

/* --- how it is shown ------------------------------------------------------------------------- */

static void bytes_are_shown_as_in_c(void **state)
{
	struct history_entry entry = {0};
	char text[HISTORY_PAYLOAD_TEXT_BYTES];

	(void)state;
	memcpy(entry.payload, "a \"\\\r\n\t\0\x7f\xff~", 11);
	entry.operation.payload_len_bytes = 11;
	assert_int_equal(history_payload_text(&entry, text), 24);
	assert_string_equal(text, "a \"\\\\\\r\\n\\t\\x00\\x7f\\xff~");
	memset(entry.payload, 0xc3, sizeof(entry.payload));
	entry.operation.payload_len_bytes = FORKSAN_PAYLOAD_BYTES;
	assert_int_equal(history_payload_text(&entry, text), HISTORY_PAYLOAD_TEXT_BYTES - 1);
}

static void the_text_shows_the_last_eight(void **state)
{
	(void)state;
	history_start(slot);
	render_text();
	assert_string_equal(bytes, "");
	add_act(OPERATION_recv, false, NULL, 0, 1);
	render_text();
	assert_string_equal(bytes, "==812== Last operations on the connection (1 of 1):\n"
				   "==812==    0.000 ms      812 recv of 1 byte\n");
	for (int i = 2; i <= 10; i++)
		add_act(OPERATION_recv, false, NULL, 0, (size_t)i);
	add_act(OPERATION_setsockopt, true, NULL, 0, 0);
	render_text();
	assert_shown("(8 of 10):\n");
	assert_null(strstr(bytes, " 2 bytes"));
	assert_shown(" 3 bytes\n");
	assert_null(strstr(bytes, "setsockopt"));
	registry_mapping->histories[0].operations[9].time_ns =
		load_relaxed(&registry_mapping->histories[0].operations[8].time_ns) + 12345678;
	render_text();
	assert_shown("==812==   -12.345 ms     812 recv of 9 bytes\n");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(a_message_inside_tls_has_tls_name),
		TEST(no_byte_is_kept_by_default),
		TEST(no_byte_is_kept_where_there_is_no_room_for_it),
		TEST(payload_keeps_the_first_bytes),
		TEST(payload_is_gathered_up_to_what_was_moved),
		TEST(the_latest_change_is_shown),
		TEST(nothing_is_shown_of_the_connection_before),
		TEST(the_latest_are_kept),
		TEST(bytes_are_shown_as_in_c),
		TEST(the_text_shows_the_last_eight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
