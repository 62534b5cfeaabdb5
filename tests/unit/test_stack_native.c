/* SPDX-License-Identifier: MIT */
/*
 * Native stacks, with libunwind as the oracle: what it finds, stack_take() must find too, frame by
 * frame, from plain calls, signal handlers, small stacks, threads and fork children.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dlfcn.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "forksan/registry.h"
#include "registry/registry.h"
#include "stack/stack.h"
#include "stack/walk.h"
#include "base/sys.h"

typedef int backtrace_function(void **, int);

static backtrace_function *oracle;
static struct stack_id taken;
static void *expected[128];
static int expected_count;

/* The address of native frame `index`: its module's base and the offset. */
static uintptr_t address_of(unsigned index)
{
	struct stack_frame frame;
	struct module module = {0};
	struct peek peek;
	char path[FORKSAN_PATH_BYTES];
	size_t len;

	assert_true(stack_frame_at(registry_get(), taken, index, &frame));
	assert_int_equal(frame.language, LANGUAGE_NATIVE);
	if (frame.module == NULL)
		return frame.offset;
	peek_init(&peek);
	while (module_next(&peek, &module, &module)) {
		if (!peek_string(&peek, module.name, path, sizeof(path), &len) || len == 0)
			path[sys_readlink("/proc/self/exe", path, sizeof(path) - 1)] = '\0';
		if (strcmp(path, frame.module) == 0)
			return module.bias + frame.offset;
	}
	fail_msg("no module %s", frame.module);
	return 0;
}

__attribute__((__noinline__)) static void take_here(void)
{
	expected_count = oracle(expected, 128);
	taken = stack_take();
	__asm__ volatile(""); /* no tail call */
}

/* Ours begins with stack_native_walk and stack_take, the oracle's in take_here: compare from the
 * oracle's second frame on, which is the first that both must agree on to the byte.  Returns how
 * many addresses are those of interrupted instructions. */
static int compare_with_oracle(int at_least)
{
	int exact = 0;
	unsigned count = stack_frame_count(registry_get(), taken);
	unsigned first = 0;

	assert_true(expected_count >= at_least);
	while (first < count && address_of(first) + 1 != (uintptr_t)expected[1])
		first++;
	assert_true(first < count);
	for (int i = 1; i < expected_count && first + (unsigned)i - 1 < count; i++) {
		uintptr_t ours = address_of(first + (unsigned)i - 1);

		/* one less, except in a frame that a signal interrupted */
		if (ours == (uintptr_t)expected[i])
			exact++;
		else
			assert_int_equal(ours + 1, (uintptr_t)expected[i]);
	}
	assert_true(count - first + 1 >= (unsigned)expected_count ||
		    count == FORKSAN_MAX_NATIVE_FRAMES);
	return exact;
}

__attribute__((__noinline__)) static int deep(int depth)
{
	char here[32];

	memset(here, depth, sizeof(here));
	if (depth == 0)
		take_here();
	else
		deep(depth - 1);
	return here[depth % 32];
}

static void plain_calls(void **state)
{
	(void)state;
	deep(12);
	assert_int_equal(compare_with_oracle(13), 0);
}

static void deeper_than_fits(void **state)
{
	(void)state;
	deep(200);
	compare_with_oracle(100);
	assert_true(stack_is_truncated(registry_get(), taken));
}

static int compare_and_take(const void *a, const void *b)
{
	take_here();
	return *(const int *)a - *(const int *)b;
}

static void through_libc(void **state)
{
	int numbers[2] = {2, 1};

	(void)state;
	qsort(numbers, 2, sizeof(numbers[0]), compare_and_take);
	assert_int_equal(compare_with_oracle(3), 0);
}

/* A frame whose CFA needs an expression: the stack is realigned, and grows by an amount that is not
 * known when compiling. */
__attribute__((__noinline__)) static int realigned(int n)
{
	_Alignas(128) char big[256];
	volatile char *more = __builtin_alloca((size_t)n);

	big[0] = (char)n;
	more[0] = 1;
	take_here();
	return big[n % 3] + more[0];
}

static void realigned_frames(void **state)
{
	(void)state;
	realigned(50);
	assert_int_equal(compare_with_oracle(3), 0);
}

static void on_signal(int signal)
{
	(void)signal;
	take_here();
}

__attribute__((__noinline__)) static void interrupted_function(void)
{
	raise(SIGUSR1);
	__asm__ volatile("");
}

static void in_a_signal_handler_on_a_small_stack(void **state)
{
	static char alternate[16384];
	const stack_t stack = {.ss_sp = alternate, .ss_size = sizeof(alternate)};
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_ONSTACK};
	uintptr_t start = (uintptr_t)&interrupted_function;
	bool found = false;

	(void)state;
	assert_int_equal(sigaltstack(&stack, NULL), 0);
	assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
	interrupted_function();
	assert_int_equal(compare_with_oracle(5), 1);
	for (unsigned i = 0; i < stack_frame_count(registry_get(), taken); i++)
		found = found || (address_of(i) >= start && address_of(i) < start + 64);
	assert_true(found);
}

static void *in_thread(void *argument)
{
	(void)argument;
	deep(3);
	return NULL;
}

static void in_a_thread_with_the_smallest_stack(void **state)
{
	pthread_attr_t attributes;
	pthread_t thread;

	(void)state;
#if defined(__SANITIZE_THREAD__)
	skip(); /* libunwind's destructor for the thread crashes ThreadSanitizer */
#endif
	assert_int_equal(pthread_attr_init(&attributes), 0);
	assert_int_equal(pthread_attr_setstacksize(&attributes, 16384), 0);
	assert_int_equal(pthread_create(&thread, &attributes, in_thread, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	compare_with_oracle(5);
}

/* A function without call frame information, as a just-in-time compiler writes it: push %rbp; mov
 * %rsp,%rbp; call *%rdi; pop %rbp; ret. */
static void through_code_without_tables(void **state)
{
#if defined(__x86_64__)
	static const unsigned char code[] = {0x55, 0x48, 0x89, 0xe5, 0xff, 0xd7, 0x5d, 0xc3};
	unsigned char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t start = (uintptr_t)&through_code_without_tables;
	bool found = false;

	(void)state;
	if (page == MAP_FAILED)
		skip();
	memcpy(page, code, sizeof(code));
	((void (*)(void (*)(void)))(uintptr_t)page)(take_here);
	for (unsigned i = 0; i < stack_frame_count(registry_get(), taken); i++)
		found = found || (address_of(i) >= start && address_of(i) < start + 512);
	assert_true(found);
	munmap(page, 4096);
#else
	(void)state;
	skip();
#endif
}

static void in_a_fork_child(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		deep(5);
		_exit(taken.n != 0 && stack_frame_count(registry_get(), taken) > 6 ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void equal_stacks_are_one(void **state)
{
	struct stack_id ids[3];
	volatile int times = 3; /* one call, at one address: not unrolled */

	(void)state;
	for (int i = 0; i < times; i++) {
		deep(4);
		ids[i] = taken;
	}
	assert_int_equal(ids[0].n, ids[1].n);
	assert_int_equal(ids[1].n, ids[2].n);
	deep(5);
	assert_int_not_equal(taken.n, ids[0].n);
}

/* The third stack is taken where the kernel ends the process at any system call but these:
 * seccomp(2), SECCOMP_MODE_STRICT. */
static void exit_by_system_call(int status)
{
	sys_call(SYS_exit, status, 0, 0, 0, 0, 0);
}

static volatile bool finished;

static void take_without_system_calls(void)
{
	volatile int times = 3;

	for (int i = 0; i < times; i++) {
		if (i == 2 && sys_call(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_STRICT, 0, 0, 0, 0))
			exit_by_system_call(77);
		deep(4);
	}
	finished = taken.n != 0;
	exit_by_system_call(finished ? 0 : 1);
}

static void *take_in_thread(void *argument)
{
	(void)argument;
	take_without_system_calls();
	return NULL;
}

static void expect_child_exits_well(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(status, 0);
}

static void a_stack_like_the_last_makes_no_system_call(void **state)
{
	pid_t pid;

	(void)state;
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
	skip(); /* their runtimes make some */
#endif
	pid = fork();
	if (pid == 0)
		take_without_system_calls();
	expect_child_exits_well(pid);
}

static void nor_in_a_thread(void **state)
{
	pthread_t thread;
	pid_t pid;

	(void)state;
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
	skip();
#endif
	pid = fork();
	if (pid == 0) {
		if (pthread_create(&thread, NULL, take_in_thread, NULL) != 0)
			_exit(1);
		pthread_join(thread, NULL);
		_exit(finished ? 0 : 1);
	}
	expect_child_exits_well(pid);
}

/* What is on the stack of a function that was interrupted or has gone wild may be anything. */
static void wild_registers_end_the_walk(void **state)
{
	static struct cfi_scratch scratch;
	struct cfi_registers registers;
	struct module module;
	struct peek peek;
	bool interrupted;

	(void)state;
	peek_init(&peek);
	assert_true(module_find(&peek, (uintptr_t)&deep, &module));
	for (uint64_t sp = 1; sp != 0; sp <<= 1) {
		memset(&registers, 0, sizeof(registers));
		registers.value[CFI_SP] = sp;
		registers.value[CFI_FP] = ~sp;
		for (uintptr_t at = 0; at < 64; at++)
			(void)cfi_step(&peek, &scratch, &module, (uintptr_t)&deep + at, &registers,
				       &interrupted);
	}
}

static int join(void **state)
{
	bool created;
	void *library = dlopen("libunwind.so.8", RTLD_NOW | RTLD_LOCAL);

	(void)state;
	if (registry_join("", REGISTRY_FIND_OR_BEGIN, getpid(), getppid(), &created) != 0)
		return -1;
	registry_map_rest();
	registry_unlink();
	if (library != NULL)
		oracle = (backtrace_function *)(uintptr_t)dlsym(library, "unw_backtrace");
	if (oracle == NULL)
		oracle = (backtrace_function *)(uintptr_t)dlsym(RTLD_DEFAULT, "backtrace");
	return oracle == NULL ? -1 : 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_calls),
		cmocka_unit_test(deeper_than_fits),
		cmocka_unit_test(through_libc),
		cmocka_unit_test(realigned_frames),
		cmocka_unit_test(in_a_signal_handler_on_a_small_stack),
		cmocka_unit_test(in_a_thread_with_the_smallest_stack),
		cmocka_unit_test(through_code_without_tables),
		cmocka_unit_test(in_a_fork_child),
		cmocka_unit_test(equal_stacks_are_one),
		cmocka_unit_test(a_stack_like_the_last_makes_no_system_call),
		cmocka_unit_test(nor_in_a_thread),
		cmocka_unit_test(wild_registers_end_the_walk),
	};

	return cmocka_run_group_tests(tests, join, NULL);
}
