/* SPDX-License-Identifier: MIT */
/*
 * shim/registry/pages.c: a small part of the registry is mapped, and grows where it is used.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/session.h"
#include "own_registry.h"
#include "registry/registry.h"

#define MANY 3000 /* sockets: some steps of the table's growth */

/* Bytes of the address space that registries take, in *count mappings. */
static size_t mapped(unsigned *count)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	size_t total = 0;

	*count = 0;
	assert_non_null(maps);
	while (fgets(line, sizeof line, maps)) {
		unsigned long start, end;

		if (!strstr(line, "/dev/shm/forksan-") ||
		    sscanf(line, "%lx-%lx", &start, &end) != 2)
			continue;
		total += end - start;
		++*count;
	}
	fclose(maps);
	return total;
}

static size_t mapped_bytes(void)
{
	unsigned count;

	return mapped(&count);
}

static void a_session_begins_with_less_than_a_mebibyte(void **state)
{
	(void)state;
	assert_in_range(mapped_bytes(), 1, 1024 * 1024);
}

/* Each costs each fork of the host. */
static void a_session_begins_with_one_mapping(void **state)
{
	unsigned count;

	(void)state;
	mapped(&count);
	assert_int_equal(count, 1);
}

/* In a child, since the process that has mapped the rest needs no name any more. */
static void in_child(bool (*test)(void))
{
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(test() ? 0 : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static char path[SESSION_PATH_BYTES], aside[SESSION_PATH_BYTES + 1];

#define FIRST_KEY 500

/* The socket is found by the parent only if the child has mapped the session's own file. */
static bool can_watch(uint64_t key)
{
	struct socket_slot slot;

	if (!registry_claim_socket(&slot))
		return false;
	registry_name_socket(slot, key);
	registry_publish_socket(slot);
	return registry_reach(&registry_mapping->histories[0], sizeof(struct registry_history)) &&
	       registry_reach(registry_mapping->payloads[0], sizeof registry_mapping->payloads[0]);
}

static bool can_watch_without_a_file(void)
{
	return can_watch(FIRST_KEY);
}

static bool can_watch_beside_another_file(void)
{
	return can_watch(FIRST_KEY + 1);
}

static bool can_watch_with_the_rest_mapped(void)
{
	registry_map_rest();
	return rename(path, aside) == 0 && can_watch(FIRST_KEY + 2) && rename(aside, path) == 0;
}

static bool fills_no_locked_memory(void)
{
	/* Not mlockall(), which sanitizers make a function that does nothing. */
	return syscall(SYS_mlock, registry_mapping, mapped_bytes()) != 0 ||
	       !can_watch(FIRST_KEY + 3);
}

static void a_file_out_of_reach_is_watched_all_the_same(void **state)
{
	int fd;

	(void)state;
	session_put_path(path, geteuid(), registry_session());
	snprintf(aside, sizeof aside, "%s-", path);
	assert_int_equal(rename(path, aside), 0);
	in_child(can_watch_without_a_file);
	in_child(fills_no_locked_memory);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	assert_int_equal(ftruncate(fd, sizeof(struct registry)), 0);
	in_child(can_watch_beside_another_file);
	close(fd);
	assert_int_equal(rename(aside, path), 0);
	in_child(can_watch_with_the_rest_mapped);
}

static void a_connection_needs_four_mappings(void **state)
{
	struct socket_slot slot;
	unsigned count;

	(void)state;
	assert_true(registry_claim_socket(&slot));
	mapped(&count);
	assert_int_equal(count, 4);
	for (uint64_t key = FIRST_KEY; key < FIRST_KEY + 3; key++)
		assert_true(registry_find_socket(key, &slot));
}

static void tables_grow_where_they_are_used(void **state)
{
	struct socket_slot slot = {0};
	size_t before = mapped_bytes();

	(void)state;
	for (uint32_t i = 0; i < MANY; i++) {
		assert_true(registry_claim_socket(&slot));
		assert_in_range(slot.n, i, i + 4); /* four were claimed before */
		registry_name_socket(slot, 1000 + i);
		registry_publish_socket(slot);
		assert_true(registry_hold((struct process_slot){1}, slot));
	}
	assert_true(mapped_bytes() > before + MANY * sizeof(struct registry_socket) / 2);
	assert_true(mapped_bytes() < before + MANY * sizeof(struct registry_socket) * 2);
	assert_true(registry_find_socket(1000 + MANY - 1, &slot));
	assert_int_equal(slot.n, MANY + 3);
}

/* A fork child, and its parent afterwards, see what the other has put where they had not looked. */
static void processes_grow_by_themselves(void **state)
{
	struct socket_slot slot;
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		for (uint32_t i = 0; i < MANY; i++) {
			if (!registry_claim_socket(&slot))
				_exit(1);
			registry_name_socket(slot, 100000 + i);
			registry_publish_socket(slot);
		}
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_true(registry_find_socket(100000 + MANY - 1, &slot));
	assert_int_equal(registry_socket(slot)->cookie, 100000 + MANY - 1);
}

/* --- kernels before 5.14 ------------------------------------------------------------------------
 */

/* From here on this process has no MADV_POPULATE_WRITE, by a seccomp filter. */
static bool forget_populate(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_madvise, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, MADV_POPULATE_WRITE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof code / sizeof code[0], code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

static bool can_watch_without_populate(void)
{
	return forget_populate() && can_watch(FIRST_KEY + 4);
}

static bool cannot_pass_the_end_of_the_file(void)
{
	return forget_populate() && truncate(path, 0) == 0 &&
	       !registry_reach(registry_mapping->payloads[100],
			       sizeof registry_mapping->payloads[100]);
}

static void an_old_kernel_has_its_pages(void **state)
{
	(void)state;
	in_child(can_watch_without_populate);
}

/* Runs last: the file is of no use afterwards. */
static void an_old_kernel_knows_a_page_that_cannot_be_had(void **state)
{
	(void)state;
	in_child(cannot_pass_the_end_of_the_file);
}

#define SHARED_PAGES 100
#define FIRST_SHARED 200
#define ROUNDS 8

/* One history's; the table may begin anywhere in a page. */
static _Atomic uint64_t *shared_page(int number)
{
	uintptr_t start = (uintptr_t)registry_mapping->payloads[FIRST_SHARED + number];

	return (_Atomic uint64_t *)((start + 4095) & ~(uintptr_t)4095);
}

static bool reach_pages(int first)
{
	for (int i = first; i < first + SHARED_PAGES; i++)
		if (!registry_reach(shared_page(i), sizeof(uint64_t)))
			return false;
	return true;
}

static void require_that_pages_keep_their_counts(int first)
{
	uint64_t counted = 0;
	int ends[2], status;
	char byte = 0;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0)
		_exit(!forget_populate() || read(ends[0], &byte, 1) != 1 || !reach_pages(first));
	assert_true(reach_pages(first));
	assert_int_equal(write(ends[1], &byte, 1), 1);
	do {
		for (int i = first; i < first + SHARED_PAGES; i++)
			fetch_add_relaxed(shared_page(i), 1);
		counted++;
	} while (counted % 100 != 0 || waitpid(pid, &status, WNOHANG) == 0);
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(status, 0);
	for (int i = first; i < first + SHARED_PAGES; i++)
		assert_int_equal(load_relaxed(shared_page(i)), counted);
}

/* A page is not this process's alone: another one may write at its beginning while it is populated
 * here.  Children populate pages, in which their parent counts. */
static void an_old_kernel_loses_no_write_of_another(void **state)
{
	(void)state;
	for (int i = 0; i < ROUNDS; i++)
		require_that_pages_keep_their_counts(i * SHARED_PAGES);
}

static void what_is_no_slot_has_no_place(void **state)
{
	(void)state;
	assert_null(registry_socket((struct socket_slot){FORKSAN_MAX_SOCKETS}));
	assert_null(registry_socket((struct socket_slot){UINT32_MAX}));
	assert_null(registry_process((struct process_slot){FORKSAN_MAX_PROCESSES}));
	assert_null(registry_process((struct process_slot){UINT32_MAX}));
	assert_false(registry_hold((struct process_slot){FORKSAN_MAX_PROCESSES},
				   (struct socket_slot){0}));
	assert_false(
		registry_hold((struct process_slot){0}, (struct socket_slot){FORKSAN_MAX_SOCKETS}));
	assert_false(registry_reach((char *)(registry_mapping + 1) - 8, 4096 + 16));
}

/* Every place of a table is tried, and the beginnings first. */
static void probes_fill_a_table_from_its_beginning(void **state)
{
	static bool tried[256];

	(void)state;
	for (uint64_t hash = 1; hash < 1000; hash++) {
		uint64_t mixed = hash * UINT64_C(0x9e3779b97f4a7c15);

		for (uint32_t i = 0; i < 8; i++)
			assert_in_range(registry_probe(mixed, i, 256), 0, 31);
		for (uint32_t i = 8; i < 16; i++)
			assert_in_range(registry_probe(mixed, i, 256), 0, 63);
		memset(tried, 0, sizeof tried);
		for (uint32_t i = 24; i < 24 + 256; i++)
			tried[registry_probe(mixed, i, 256)] = true;
		assert_null(memchr(tried, false, sizeof tried));
	}
}

static void the_holds_of_a_process_end_where_they_end(void **state)
{
	struct registry_process *process = registry_process((struct process_slot){7});
	struct registry_process *next = registry_process((struct process_slot){8});
	struct socket_slot last = {FORKSAN_MAX_SOCKETS - 1};

	(void)state;
	assert_non_null(process);
	assert_non_null(next);
	assert_true(registry_hold((struct process_slot){8}, (struct socket_slot){0}));
	store_relaxed(&next->state, PROCESS_LIVE);
	/* Words of another process, and of whatever follows the table, are not this one's. */
	store_relaxed(&process->hold_words, UINT32_MAX);
	registry_forget_holds(process);
	assert_int_equal(load_relaxed(&process->hold_words), 0);
	assert_int_equal(load_relaxed(registry_hold_word((struct process_slot){8}, 0)), 1);
	store_relaxed(&process->hold_words, UINT32_MAX);
	registry_let_go((struct process_slot){7}, last);
	registry_let_go((struct process_slot){7}, (struct socket_slot){FORKSAN_MAX_SOCKETS});
	assert_int_equal(load_relaxed(registry_hold_word((struct process_slot){8}, 0)), 1);
}

static void a_serial_is_believed_in_its_own_slot_only(void **state)
{
	struct registry_process *process = registry_process((struct process_slot){5});

	(void)state;
	store_relaxed(&process->serial, 5);
	assert_int_equal(registry_process_serial(process).n, 5);
	store_relaxed(&process->serial, 5 + FORKSAN_MAX_PROCESSES);
	assert_int_equal(registry_process_serial(process).n, 5 + FORKSAN_MAX_PROCESSES);
	store_relaxed(&process->serial, 6);
	assert_int_equal(registry_process_serial(process).n, 0);
	store_relaxed(&process->serial, UINT32_C(0x80000000) | 5);
	assert_int_equal(registry_process_serial(process).n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_begins_with_less_than_a_mebibyte),
		cmocka_unit_test(a_session_begins_with_one_mapping),
		cmocka_unit_test(a_file_out_of_reach_is_watched_all_the_same),
		cmocka_unit_test(a_connection_needs_four_mappings),
		cmocka_unit_test(tables_grow_where_they_are_used),
		cmocka_unit_test(processes_grow_by_themselves),
		cmocka_unit_test(an_old_kernel_has_its_pages),
		cmocka_unit_test(an_old_kernel_loses_no_write_of_another),
		cmocka_unit_test(what_is_no_slot_has_no_place),
		cmocka_unit_test(probes_fill_a_table_from_its_beginning),
		cmocka_unit_test(the_holds_of_a_process_end_where_they_end),
		cmocka_unit_test(a_serial_is_believed_in_its_own_slot_only),
		cmocka_unit_test(an_old_kernel_knows_a_page_that_cannot_be_had),
	};

	return cmocka_run_group_tests(tests, own_session_begin, own_session_end);
}
