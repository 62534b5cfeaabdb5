/* SPDX-License-Identifier: MIT */
/* Reading memory that may not be there: stack/peek.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "stack/peek.h"

#define PAGE 4096u

static unsigned char *two_pages_second_unreadable(void)
{
	unsigned char *pages =
		mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(pages, MAP_FAILED);
	memset(pages, 'x', PAGE);
	assert_int_equal(mprotect(pages + PAGE, PAGE, PROT_NONE), 0);
	return pages;
}

static void reads_what_is_mapped(void **state)
{
	struct peek peek;
	uint64_t word = UINT64_C(0x1122334455667788);
	uint64_t got = 0;
	uint32_t half = 0;

	(void)state;
	peek_init(&peek);
	assert_true(peek_u64(&peek, (uintptr_t)&word, &got));
	assert_int_equal(got, word);
	assert_true(peek_u32(&peek, (uintptr_t)&word, &half));
	assert_int_equal(half, 0x55667788);
}

static void refuses_unmapped_and_protected_memory(void **state)
{
	unsigned char *pages = two_pages_second_unreadable();
	struct peek peek;
	uint64_t got = 7;

	(void)state;
	peek_init(&peek);
	assert_false(peek_u64(&peek, 0, &got));
	assert_false(peek_u64(&peek, 8, &got));
	assert_false(peek_u64(&peek, (uintptr_t)pages + PAGE, &got));
	assert_false(peek_u64(&peek, (uintptr_t)pages + PAGE - 4, &got));  /* half of it */
	assert_false(peek_u64(&peek, UINTPTR_MAX - 3, &got));		   /* wraps */
	assert_false(peek_u64(&peek, UINT64_C(0xffff800000000000), &got)); /* the kernel's */
	assert_false(peek_u64(&peek, UINT64_C(0x0001000000000000), &got)); /* not canonical */
	assert_true(peek_u64(&peek, (uintptr_t)pages + PAGE - 8, &got));
	got = 7;
	assert_int_equal(got, 7);
	munmap(pages, 2 * PAGE);
	peek_init(&peek); /* a capture is shorter than the life of what it reads */
	assert_false(peek_u64(&peek, (uintptr_t)pages, &got));
}

static void strings_stop_at_the_end_of_memory(void **state)
{
	unsigned char *pages = two_pages_second_unreadable();
	char out[16];
	size_t len = 0;
	struct peek peek;

	(void)state;
	peek_init(&peek);
	assert_true(peek_string(&peek, (uintptr_t)pages + PAGE - 3, out, sizeof(out), &len));
	assert_string_equal(out, "xxx");
	assert_int_equal(len, 3);
	assert_true(peek_string(&peek, (uintptr_t)pages, out, sizeof(out), &len));
	assert_int_equal(len, sizeof(out) - 1);
	assert_false(peek_string(&peek, (uintptr_t)pages + PAGE, out, sizeof(out), &len));
	munmap(pages, 2 * PAGE);
}

static void leaves_the_signal_mask_and_errno_alone(void **state)
{
	sigset_t before, after;
	struct peek peek;
	uint64_t got;

	(void)state;
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &before), 0);
	errno = EXDEV;
	peek_init(&peek);
	assert_true(peek_u64(&peek, (uintptr_t)&before, &got));
	assert_false(peek_u64(&peek, 16, &got));
	assert_int_equal(errno, EXDEV);
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &after), 0);
	assert_memory_equal(&before, &after, 8); /* libc fills in no more of its 128 bytes */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_is_mapped),
		cmocka_unit_test(refuses_unmapped_and_protected_memory),
		cmocka_unit_test(strings_stop_at_the_end_of_memory),
		cmocka_unit_test(leaves_the_signal_mask_and_errno_alone),
	};

	int failed = cmocka_run_group_tests_name("asking with madvise", tests, NULL, NULL);

	peek_ask_faster();
	return failed +
	       cmocka_run_group_tests_name("asking with rt_sigprocmask", tests, NULL, NULL);
}
