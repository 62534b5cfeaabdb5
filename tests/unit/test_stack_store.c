/* SPDX-License-Identifier: MIT */
/* Stacks in the registry: packing, storing, sharing, and reading what a wild process left there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forksan/registry.h"
#include "registry/registry.h"
#include "stack/stack.h"
#include "stack/store.h"
#include "stack/text.h"

static struct stack_text text;

static void push(const char *function, const char *file, uint32_t line)
{
	stack_text_push(&text, LANGUAGE_RUBY, function, strlen(function), file, strlen(file), line);
}

static struct stack_id store_number(uint64_t number)
{
	return stack_store(registry_get(), &number, 1, false, &text);
}

static void what_was_stored_is_read_back(void **state)
{
	const uint64_t native[2] = {0x1234, UINT64_C(0xffff000000005678)};
	struct stack_frame frame;
	struct stack_id id;

	(void)state;
	memset(&text, 0, sizeof(text));
	push("connect", "/srv/db.rb", 0x12345678);
	push("", "", 0);
	id = stack_store(registry_get(), native, 2, true, &text);
	assert_int_equal(stack_frame_count(registry_get(), id), 4);
	assert_true(stack_is_truncated(registry_get(), id));
	assert_true(stack_frame_at(registry_get(), id, 0, &frame));
	assert_int_equal(frame.language, LANGUAGE_RUBY);
	assert_string_equal(frame.function, "connect");
	assert_string_equal(frame.file, "/srv/db.rb");
	assert_int_equal(frame.line, 0x12345678);
	assert_true(stack_frame_at(registry_get(), id, 1, &frame));
	assert_null(frame.function);
	assert_null(frame.file);
	assert_true(stack_frame_at(registry_get(), id, 2, &frame));
	assert_int_equal(frame.language, LANGUAGE_NATIVE);
	assert_null(frame.module);
	assert_int_equal(frame.offset, 0x1234);
	assert_true(stack_frame_at(registry_get(), id, 3, &frame));
	assert_null(frame.module); /* a module number out of range */
	assert_false(stack_frame_at(registry_get(), id, 4, &frame));
}

static void equal_stacks_get_one_id(void **state)
{
	struct stack_id first;

	(void)state;
	memset(&text, 0, sizeof(text));
	push("a", "b", 1);
	first = store_number(7);
	assert_int_equal(store_number(7).n, first.n);
	assert_int_not_equal(store_number(8).n, first.n);
	push("a", "b", 1);
	assert_int_not_equal(store_number(7).n, first.n);
}

/* Entries with one hash and other content, as chance or a wild process may make them. */
static void a_hash_alone_is_not_a_stack(void **state)
{
	for (int part = 0; part < 6; part++) {
		struct stack_id id;
		struct registry_stack *entry;

		(void)state;
		memset(&text, 0, sizeof(text));
		push("same", "hash", (uint32_t)part);
		id = store_number(31);
		assert_int_equal(store_number(31).n, id.n);
		entry = &registry_get()->stacks[id.n - 1];
		if (part == 0)
			entry->native_count++;
		else if (part == 1)
			entry->flags ^= 1;
		else if (part == 2)
			entry->text_count++;
		else if (part == 3)
			entry->text_len_bytes--;
		else if (part == 4)
			entry->native[0]++;
		else
			entry->text[entry->text_len_bytes - 2] ^= 1;
		assert_int_not_equal(store_number(31).n, id.n);
	}
}

static void hashes_differ_in_every_byte_and_in_length(void **state)
{
	static _Alignas(8) unsigned char bytes[32];

	(void)state;
	for (size_t len = 1; len < sizeof(bytes); len++) {
		uint64_t hash;

		memset(bytes, 0, sizeof(bytes));
		hash = stack_store_hash(bytes, len);
		assert_true(hash > 1);
		assert_int_equal(stack_store_hash(bytes, len), hash);
		assert_int_not_equal(stack_store_hash(bytes, len - 1), hash);
		for (size_t i = 0; i < len; i++) {
			bytes[i] = 1;
			assert_int_not_equal(stack_store_hash(bytes, len), hash);
			bytes[i] = 0;
		}
		bytes[len] = 1; /* behind the end */
		assert_int_equal(stack_store_hash(bytes, len), hash);
	}
}

/* Frames of the application's own, so that no room is kept back for one, until `left` bytes are
 * left. */
static void fill_text(size_t left)
{
	size_t wanted = sizeof(text.bytes) - left;
	unsigned frames = 0;

	memset(&text, 0, sizeof(text));
	while (text.len_bytes < wanted) {
		size_t bytes = wanted - text.len_bytes;
		char file[200];

		if (bytes > 200)
			bytes = 100;
		memset(file, 'f', sizeof(file));
		/* 5 of head, no function, two NULs */
		stack_text_push(&text, LANGUAGE_RUBY, "", 0, file, bytes - 7, 1);
		frames++;
	}
	assert_int_equal(text.len_bytes, wanted);
	assert_int_equal(text.count, frames);
	assert_int_equal(text.truncated, 0);
}

static void a_frame_that_just_fits_is_kept(void **state)
{
	(void)state;
	fill_text(20); /* 5 of head, two NULs */
	stack_text_push(&text, LANGUAGE_RUBY, "abcdef", 6, "/bcdefg", 7, 1);
	assert_int_equal(text.truncated, 0);
	assert_int_equal(text.len_bytes, sizeof(text.bytes));
	fill_text(20);
	stack_text_push(&text, LANGUAGE_RUBY, "abcdef", 6, "/bcdefgh", 8, 1);
	assert_int_equal(text.truncated, 1);
	assert_int_equal(text.len_bytes, sizeof(text.bytes) - 20);
	/* nothing comes behind a frame that is missing */
	stack_text_push(&text, LANGUAGE_RUBY, "a", 1, "b", 1, 1);
	assert_int_equal(text.len_bytes, sizeof(text.bytes) - 20);
}

/* A library's frame may not take the room that the application's own may need: 568 bytes. */
static void room_is_kept_for_the_applications_own_frame(void **state)
{
	static char function[160], file[401];
	static const char given[] = "/usr/lib/python3/x";
	unsigned frames = 0;

	(void)state;
	memset(&text, 0, sizeof(text));
	memset(function, 'f', sizeof(function));
	memset(file, 'd', sizeof(file));
	while (!text.truncated) {
		stack_text_push(&text, LANGUAGE_PYTHON, "lib", 3, given, sizeof(given) - 1, 1);
		frames++;
	}
	assert_int_equal(text.count, frames - 1);
	assert_true(sizeof(text.bytes) - text.len_bytes >= 567);
	assert_true(sizeof(text.bytes) - text.len_bytes < 567 + 28);
	file[1] = '/'; /* the first byte goes: 400 are kept */
	stack_text_push(&text, LANGUAGE_PYTHON, function, sizeof(function), file, sizeof(file), 1);
	assert_int_equal(text.count, frames);
	assert_true(text.has_own);
	assert_memory_equal(text.bytes + text.len_bytes - 401, "/dd", 3);
}

static void another_process_stores_the_same_stack_under_the_same_id(void **state)
{
	uint32_t theirs = 0;
	int ends[2];
	pid_t pid;

	(void)state;
	memset(&text, 0, sizeof(text));
	push("child", "and parent", 3);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		theirs = store_number(99).n;
		_exit(write(ends[1], &theirs, sizeof(theirs)) == sizeof(theirs) ? 0 : 1);
	}
	assert_int_equal(read(ends[0], &theirs, sizeof(theirs)), sizeof(theirs));
	assert_int_not_equal(theirs, 0);
	assert_int_equal(store_number(99).n, theirs);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(ends[0]);
	close(ends[1]);
}

static void a_nul_inside_a_name_does_not_shift_the_frames(void **state)
{
	struct stack_frame frame;
	struct stack_id id;

	(void)state;
	memset(&text, 0, sizeof(text));
	stack_text_push(&text, LANGUAGE_PHP, "a\0b", 3, "c\0d", 3, 1);
	push("next", "file", 2);
	id = store_number(1);
	assert_true(stack_frame_at(registry_get(), id, 1, &frame));
	assert_string_equal(frame.function, "next");
	assert_int_equal(frame.line, 2);
}

static void an_entry_left_half_written_is_skipped(void **state)
{
	struct stack_id id;
	struct stack_frame frame;

	(void)state;
	memset(&text, 0, sizeof(text));
	push("killed", "here", 1);
	id = store_number(1);
	store_release(&registry_get()->stacks[id.n - 1].hash, 1); /* its writer was killed */
	assert_int_equal(stack_frame_count(registry_get(), id), 0);
	assert_false(stack_frame_at(registry_get(), id, 0, &frame));
	assert_int_not_equal(store_number(1).n, id.n);
	assert_int_not_equal(store_number(1).n, 0);
}

static void ids_that_make_no_sense_are_no_stacks(void **state)
{
	struct stack_frame frame;

	(void)state;
	assert_int_equal(stack_frame_count(registry_get(), (struct stack_id){0}), 0);
	assert_int_equal(
		stack_frame_count(registry_get(), (struct stack_id){FORKSAN_MAX_STACKS + 1}), 0);
	assert_int_equal(stack_frame_count(registry_get(), (struct stack_id){UINT32_MAX}), 0);
	assert_false(stack_frame_at(NULL, (struct stack_id){1}, 0, &frame));
}

static void the_last_of_each_table_is_there(void **state)
{
	struct registry *registry = registry_get();
	struct registry_stack *entry = &registry->stacks[FORKSAN_MAX_STACKS - 1];
	struct registry_module *module = &registry->modules[FORKSAN_MAX_MODULES - 1];
	const struct stack_id id = {FORKSAN_MAX_STACKS};
	struct stack_frame frame;
	char symbol[8] = "x";

	(void)state;
	assert_true(registry_reach(entry, sizeof(*entry)));
	store_release(&entry->hash, 2);
	entry->native_count = 1;
	entry->native[0] = (uint64_t)FORKSAN_MAX_MODULES << REGISTRY_FRAME_MODULE_SHIFT | 5;
	strcpy(module->path, "/last");
	store_release(&module->hash, 2);
	assert_int_equal(stack_frame_count(registry, id), 1);
	assert_true(stack_frame_at(registry, id, 0, &frame));
	assert_int_equal(frame.module_number, FORKSAN_MAX_MODULES);
	assert_memory_equal(frame.module, "/last", 5);
	assert_int_equal(stack_frame_symbol(&frame, symbol, sizeof(symbol)), 0);
	assert_string_equal(symbol, "");
	/* no module, and no native frame: never a name */
	frame.module_number = 0;
	assert_int_equal(stack_frame_symbol(&frame, symbol, sizeof(symbol)), 0);
	entry->native[0] = 5;
	assert_true(stack_frame_at(registry, id, 0, &frame));
	assert_int_equal(frame.module_number, 0);
	assert_null(frame.module);
	entry->text_len_bytes = sizeof(entry->text); /* a text of one frame that fills it */
	entry->text[0] = LANGUAGE_PHP;
	memset(entry->text + 5, 'a', sizeof(entry->text) - 5);
	entry->text[100] = entry->text[sizeof(entry->text) - 1] = '\0';
	assert_int_equal(stack_frame_count(registry, id), 2);
	assert_true(stack_frame_at(registry, id, 0, &frame));
	assert_int_equal(frame.language, LANGUAGE_PHP);
	store_release(&entry->hash, 0);
}

static void an_unknown_language_ends_the_frames(void **state)
{
	struct stack_id id;

	(void)state;
	memset(&text, 0, sizeof(text));
	push("first", "file", 1);
	push("second", "file", 2);
	id = store_number(777);
	assert_int_equal(stack_frame_count(registry_get(), id), 3);
	registry_get()->stacks[id.n - 1].text[0] = LANGUAGE_COUNT;
	assert_int_equal(stack_frame_count(registry_get(), id), 1);
}

/* Any bytes in the shared page must be read without leaving it. */
static void a_wild_page_is_read_within_its_bounds(void **state)
{
	struct stack_id id;
	struct registry_stack *entry;
	unsigned seed = 20261124;

	(void)state;
	memset(&text, 0, sizeof(text));
	id = store_number(12345);
	entry = &registry_get()->stacks[id.n - 1];
	for (int round = 0; round < 20000; round++) {
		struct stack_frame frame;
		unsigned count;

		for (int i = 0; i < 64; i++)
			entry->text[rand_r(&seed) % sizeof(entry->text)] =
				(char)(rand_r(&seed) % 6);
		entry->text_count = (uint16_t)rand_r(&seed);
		entry->text_len_bytes = (uint16_t)(rand_r(&seed) % 5000);
		entry->native_count = (uint16_t)(rand_r(&seed) % 200);
		entry->native[round % FORKSAN_MAX_NATIVE_FRAMES] = (uint64_t)rand_r(&seed) << 40;
		count = stack_frame_count(registry_get(), id);
		assert_true(count <= sizeof(entry->text) / 7 + FORKSAN_MAX_NATIVE_FRAMES);
		if (count > 0)
			assert_true(stack_frame_at(registry_get(), id, count - 1, &frame));
		assert_false(stack_frame_at(registry_get(), id, count, &frame));
		assert_false(stack_frame_at(registry_get(), id, UINT32_MAX, &frame));
	}
}

/* A stack whose content is a function of `number`, so that a reader can tell whether it is whole.
 */
static struct stack_id store_recognizable(uint64_t number)
{
	uint64_t native[8];
	char name[32];

	memset(&text, 0, sizeof(text));
	for (unsigned i = 0; i < 8; i++)
		native[i] = number * 8 + i;
	snprintf(name, sizeof(name), "f%lu", (unsigned long)number);
	push(name, name, (uint32_t)number);
	return stack_store(registry_get(), native, 8, false, &text);
}

static bool is_whole(struct stack_id id)
{
	struct stack_frame frame;
	char name[32];
	uint32_t number;

	if (!stack_frame_at(registry_get(), id, 0, &frame))
		return false;
	number = frame.line;
	snprintf(name, sizeof(name), "f%u", number);
	if (strcmp(frame.function, name) != 0 || strcmp(frame.file, name) != 0)
		return false;
	for (unsigned i = 0; i < 8; i++) {
		if (!stack_frame_at(registry_get(), id, i + 1, &frame) ||
		    frame.offset != (uint64_t)number * 8 + i)
			return false;
	}
	return true;
}

static void store_until_killed(unsigned seed, int ready)
{
	for (unsigned i = 0;; i++) {
		struct stack_id id = store_recognizable(rand_r(&seed) % 400);

		if (id.n != 0 && !is_whole(id))
			abort();
		if (i == 50 && write(ready, "", 1) != 1)
			abort();
	}
}

static void writers_killed_at_any_moment_leave_whole_stacks(void **state)
{
	unsigned seed = 20261124;
	unsigned whole = 0;

	(void)state;
	for (int round = 0; round < 12; round++) {
		pid_t pids[6];
		int ends[2];
		char byte;

		assert_int_equal(pipe(ends), 0);
		for (int i = 0; i < 6; i++) {
			pids[i] = fork();
			assert_true(pids[i] >= 0); /* kill(-1) would end everything */
			if (pids[i] == 0)
				store_until_killed(rand_r(&seed) + (unsigned)i, ends[1]);
		}
		for (int i = 0; i < 6; i++)
			assert_int_equal(read(ends[0], &byte, 1), 1);
		for (int i = 0; i < 6; i++) {
			int status;

			assert_int_equal(kill(pids[i], SIGKILL), 0);
			assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
			assert_true(WIFSIGNALED(status));
			assert_int_equal(WTERMSIG(status), SIGKILL); /* not abort()'s */
		}
		close(ends[0]);
		close(ends[1]);
	}
	for (uint64_t number = 0; number < 400; number++) {
		struct stack_id id = store_recognizable(number);

		assert_int_not_equal(id.n, 0);
		assert_true(is_whole(id));
		assert_int_equal(store_recognizable(number).n, id.n);
		whole++;
	}
	assert_int_equal(whole, 400);
}

static void a_full_table_gives_no_id(void **state)
{
	unsigned stored = 0;

	(void)state;
	memset(&text, 0, sizeof(text));
	for (uint64_t i = 0; i < 3 * FORKSAN_MAX_STACKS; i++)
		stored += store_number(i << 20).n != 0;
	assert_true(stored > FORKSAN_MAX_STACKS / 2);
	assert_true(stored <= FORKSAN_MAX_STACKS);
	assert_int_equal(store_number(UINT64_C(1) << 60).n, 0);
}

static int join(void **state)
{
	bool created;

	(void)state;
	if (registry_join("", REGISTRY_FIND_OR_BEGIN, getpid(), getppid(), &created) != 0)
		return -1;
	registry_map_rest();
	registry_unlink();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_stored_is_read_back),
		cmocka_unit_test(equal_stacks_get_one_id),
		cmocka_unit_test(another_process_stores_the_same_stack_under_the_same_id),
		cmocka_unit_test(a_nul_inside_a_name_does_not_shift_the_frames),
		cmocka_unit_test(a_hash_alone_is_not_a_stack),
		cmocka_unit_test(hashes_differ_in_every_byte_and_in_length),
		cmocka_unit_test(a_frame_that_just_fits_is_kept),
		cmocka_unit_test(room_is_kept_for_the_applications_own_frame),
		cmocka_unit_test(the_last_of_each_table_is_there),
		cmocka_unit_test(an_entry_left_half_written_is_skipped),
		cmocka_unit_test(ids_that_make_no_sense_are_no_stacks),
		cmocka_unit_test(an_unknown_language_ends_the_frames),
		cmocka_unit_test(a_wild_page_is_read_within_its_bounds),
		cmocka_unit_test(writers_killed_at_any_moment_leave_whole_stacks),
		cmocka_unit_test(a_full_table_gives_no_id), /* last: it leaves no room */
	};

	return cmocka_run_group_tests(tests, join, NULL);
}
