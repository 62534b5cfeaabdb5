/* SPDX-License-Identifier: MIT */
/*
 * Takes stacks.  See stack.h for the contract, walk.h for the walkers.
 *
 * Captures are claimed with one atomic flag each.  A thread that is killed or forked away in the
 * middle of one leaves it claimed; stack_after_fork_child() frees those of the other threads.  When
 * all are taken the stack is lost and counted.
 */
#include "stack/stack.h"

#include <string.h>

#include "forksan/atomics.h"
#include "forksan/registry.h"
#include "registry/registry.h"
#include "stack/store.h"
#include "stack/walk.h"
#include "base/sys.h"

/* Threads that take a stack at the same moment, and signal handlers that interrupt them. */
#define CAPTURES 8

void *(*stack_getspecific)(unsigned key);

static struct stack_capture captures[CAPTURES];
static _Atomic uint32_t capture_taken[CAPTURES];

/* The last file of the loader's list when it was scanned.  Owned by whoever holds `scanning`. */
static struct module scanned_to;
static _Atomic uint32_t scanning;
static _Atomic uint32_t scanned_once;

#define FIRST_SCAN_YIELDS 200
static bool under_valgrind; /* its preloaded part is among the files */

/* Longer than any loader's list: a list that does not end is being changed. */
#define MAX_MODULES_SCANNED 8192

static struct stack_capture *claim_capture(void)
{
	for (unsigned i = 0; i < CAPTURES; i++) {
		uint32_t free = 0;

		if (load_relaxed(&capture_taken[i]) == 0 &&
		    compare_exchange_acq_rel(&capture_taken[i], &free, 1))
			return &captures[i];
	}
	return NULL;
}

static void release_capture(struct stack_capture *capture)
{
	store_release(&capture_taken[capture - captures], 0);
}

static void consider(struct peek *peek, const struct module *module)
{
	char name[64];

	module_base_name(peek, module, name, sizeof(name));
	if (strncmp(name, "vgpreload", 9) == 0)
		under_valgrind = true;
	stack_native_consider(peek, module, name);
	stack_python_consider(peek, module, name);
	stack_ruby_consider(peek, module, name);
	stack_perl_consider(peek, module, name);
	stack_php_consider(peek, module, name);
}

/* Shows the walkers what was loaded since the last scan.  New files are appended to the list; when
 * the one that was last is gone, all are shown again. */
static void scan_modules(struct peek *peek)
{
	struct module module = scanned_to;

	if (module_is_last(peek, &scanned_to))
		return;
	if (module.map != 0 && !module_next(peek, &scanned_to, &module))
		module.map = 0;
	else if (module.map != 0)
		consider(peek, &module);
	for (unsigned i = 0; i < MAX_MODULES_SCANNED && module_next(peek, &module, &module); i++)
		consider(peek, &module);
	scanned_to = module;
	if (!under_valgrind)
		peek_ask_faster();
}

void stack_warm(void)
{
	uint32_t free = 0;
	struct peek peek;

	/* Somebody else is at it: what they find serves us too.  Before the first scan has ended
	 * our stack would have no interpreter frames, so that one is waited for, if not for long.
	 */
	if (!compare_exchange_acq_rel(&scanning, &free, 1)) {
		for (int i = 0; i < FIRST_SCAN_YIELDS && !load_acquire(&scanned_once); i++)
			sys_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
		return;
	}
	peek_init(&peek);
	scan_modules(&peek);
	store_release(&scanned_once, 1);
	store_release(&scanning, 0);
}

struct stack_id stack_take(void)
{
	struct registry *registry = registry_get();
	struct stack_capture *capture;
	struct stack_id id;

	if (registry == NULL)
		return (struct stack_id){0};
	capture = claim_capture();
	if (capture == NULL) {
		registry_count(LOST_STACKS);
		return (struct stack_id){0};
	}
	peek_init(&capture->peek);
	capture->text.count = capture->text.len_bytes = 0;
	capture->text.truncated = capture->text.has_own = 0;
	capture->native_count = 0;
	capture->native_truncated = capture->exiting = false;
	stack_native_walk(capture, registry); /* first: it sets `exiting` */
	stack_python_walk(capture);
	stack_ruby_walk(capture);
	stack_perl_walk(capture);
	stack_php_walk(capture);
	id = stack_store(registry, capture->native, capture->native_count,
			 capture->native_truncated, &capture->text);
	release_capture(capture);
	if (id.n == 0)
		registry_count(LOST_STACKS);
	return id;
}

const char *stack_complaint(void)
{
	const char *complaint = stack_python_complaint();

	if (complaint == NULL)
		complaint = stack_ruby_complaint();
	return complaint;
}

void stack_after_fork_child(void)
{
	/* Reading is free in a child, writing copies a page. */
	for (unsigned i = 0; i < CAPTURES; i++)
		if (load_relaxed(&capture_taken[i]) != 0)
			store_relaxed(&capture_taken[i], 0);
	if (load_relaxed(&scanning) != 0)
		store_relaxed(&scanning, 0);
}
