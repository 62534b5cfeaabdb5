/* SPDX-License-Identifier: MIT */
/* Claims that are left in the middle: base/claim.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forksan/atomics.h"
#include "base/claim.h"

static struct claim claim;
static sigjmp_buf way_out;
static bool claimed;

static int forget(void **state)
{
	(void)state;
	claim = (struct claim){0};
	claimed = false;
	return 0;
}

static void one_holder_at_a_time(void **state)
{
	struct claim other = {0};

	(void)state;
	assert_true(claim_try(&claim));
	assert_true(claim_try(&other));
	claim_release(&claim);
	assert_true(claim_try(&claim));
	claim_release(&claim);
	claim_release(&other);
	assert_int_equal(load_relaxed(&claim.owner), 0);
}

static void claim_in_handler(int signal)
{
	(void)signal;
	claimed = claim_try(&claim);
}

__attribute__((__noinline__)) static void raise_while_held(void)
{
	assert_true(claim_try(&claim));
	raise(SIGUSR1);
	claim_release(&claim);
}

/* The function that was interrupted goes on with its buffer when the handler has returned. */
static void a_handler_does_not_take_what_it_interrupted(void **state)
{
	static char alternate[32768];
	const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
	struct sigaction action = {.sa_handler = claim_in_handler};
	stack_t before;

	(void)state;
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	raise_while_held();
	assert_false(claimed);
	/* On a stack of its own, wherever that lies. */
	action.sa_flags = SA_ONSTACK;
	assert_int_equal(sigaltstack(&stack, &before), 0);
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	raise_while_held();
	assert_false(claimed);
	assert_int_equal(sigaltstack(&before, NULL), 0); /* a sanitizer gives it back */
}

/* Another thread's stack lies below this one's alternate stack, or above: neither may matter. */
static void *handlers_in_thread(void *argument)
{
	a_handler_does_not_take_what_it_interrupted(argument);
	return NULL;
}

static void nor_does_one_in_another_thread(void **state)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, handlers_in_thread, state), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_false(claimed);
}

static void jump_out(int signal)
{
	(void)signal;
	siglongjmp(way_out, 1);
}

static void what_a_jump_left_is_claimed_again(void **state)
{
	struct sigaction action = {.sa_handler = jump_out};
	volatile int round;

	(void)state;
	assert_int_equal(sigaction(SIGUSR2, &action, NULL), 0);
	for (round = 0; round < 100; round++) {
		if (sigsetjmp(way_out, 1) == 0) {
			if (!claim_try(&claim))
				fail_msg("round %d", round);
			raise(SIGUSR2);
		}
	}
	assert_true(claim_try(&claim));
}

static void *hold(void *argument)
{
	(void)argument;
	claimed = claim_try(&claim);
	return NULL;
}

/* By a thread that has ended: nobody knows but the clock. */
static void what_another_thread_left_is_taken_over_after_a_doubt(void **state)
{
	const uint64_t now_ns = UINT64_C(5000000000);
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, hold, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(claimed);
	assert_false(claim_try(&claim));
	assert_false(claim_take_over(&claim, now_ns)); /* the doubt begins */
	assert_false(claim_take_over(&claim, now_ns + CLAIM_DOUBT_NS - 1));
	assert_true(claim_take_over(&claim, now_ns + CLAIM_DOUBT_NS));
	assert_false(claim_take_over(&claim, now_ns + CLAIM_DOUBT_NS)); /* a new holder, no doubt */
	claim_release(&claim);
	assert_true(claim_try(&claim));
}

static void a_release_ends_the_doubt(void **state)
{
	pthread_t thread;

	(void)state;
	assert_true(claim_try(&claim));
	assert_false(claim_take_over(&claim, 1));
	claim_release(&claim);
	assert_int_equal(pthread_create(&thread, NULL, hold, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_false(claim_take_over(&claim, CLAIM_DOUBT_NS + 1)); /* begins anew */
}

static void a_fork_child_finds_all_free(void **state)
{
	pthread_t thread;
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, hold, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	pid = fork();
	if (pid == 0) {
		claim_clear(&claim);
		_exit(claim_try(&claim) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_holder_at_a_time, forget),
		cmocka_unit_test_setup(a_handler_does_not_take_what_it_interrupted, forget),
		cmocka_unit_test_setup(nor_does_one_in_another_thread, forget),
		cmocka_unit_test_setup(what_a_jump_left_is_claimed_again, forget),
		cmocka_unit_test_setup(what_another_thread_left_is_taken_over_after_a_doubt,
				       forget),
		cmocka_unit_test_setup(a_release_ends_the_doubt, forget),
		cmocka_unit_test_setup(a_fork_child_finds_all_free, forget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
