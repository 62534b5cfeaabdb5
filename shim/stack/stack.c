/* SPDX-License-Identifier: MIT */
/*
 * Takes stacks.  See stack.h for the contract, walk.h for the walkers.
 *
 * Captures, and the scan of the loader's list, are claimed (claim.h): a thread that leaves a
 * capture in the middle does not keep the claim for ever.  When all captures are held the stack is
 * lost and counted.
 *
 * The list is scanned before a process's first stack, and after a native walk that met code of a
 * new file, or that did not reach the outermost frame.  An interpreter with frames on the stack has
 * code there too, so every stack has the interpreter's frames from the first one on, however the
 * connection and the process came to be.
 */
#include "stack/stack.h"

#include <string.h>
#include <time.h>

#include "forksan/atomics.h"
#include "forksan/registry.h"
#include "registry/registry.h"
#include "base/wiped.h"
#include "stack/store.h"
#include "stack/walk.h"
#include "base/lazy.h"
#include "base/sys.h"

/* Each capture is owned by the thread that holds the claim of the same number. */
_Static_assert(WIPED_CAPTURES * sizeof(struct stack_capture) <= LAZY_CAPTURES_BYTES, "fits");

/* The last file of the loader's list when it was scanned.  Owned by the thread that holds the
 * scan's claim. */
static struct module scanned_to;
static _Atomic uint32_t scanned_once;

#define FIRST_SCAN_YIELDS 200
static bool under_valgrind; /* valgrind's preloaded part is among the files */

/* Longer than any loader's list: a list that does not end is being changed. */
#define MAX_MODULES_SCANNED 8192

/* Claims a capture; *number: which.  False: all are held. */
static bool claim_capture(unsigned *number)
{
	uint64_t now_ns;

	for (*number = 0; *number < WIPED_CAPTURES; ++*number)
		if (claim_try(&wiped.stack.captures[*number]))
			return true;
	now_ns = sys_clock_ns(CLOCK_MONOTONIC);
	for (*number = 0; *number < WIPED_CAPTURES; ++*number)
		if (claim_take_over(&wiped.stack.captures[*number], now_ns))
			return true;
	return false;
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

/* Shows the walkers each file that was loaded since the last scan.  The loader appends new files to
 * the list; when the file that was last is gone, all files are shown again. */
static void scan_modules(struct peek *peek)
{
	struct module module = scanned_to;
	bool is_loaded = module_is_loaded(peek, &scanned_to);

	if (is_loaded && module_is_last(peek, &scanned_to))
		return;
	if (is_loaded && module_next(peek, &scanned_to, &module))
		consider(peek, &module);
	else
		module.map = 0;
	for (unsigned i = 0; i < MAX_MODULES_SCANNED && module_next(peek, &module, &module); i++)
		consider(peek, &module);
	scanned_to = module;
	if (!under_valgrind)
		peek_ask_faster();
}

static bool claim_scan(void)
{
	return claim_try(&wiped.stack.scan) ||
	       claim_take_over(&wiped.stack.scan, sys_clock_ns(CLOCK_MONOTONIC));
}

/* Finds the interpreters, unless another thread is scanning: the other thread's scan serves this
 * one too.  Before the first scan has ended a stack would have no interpreter frames, so the first
 * scan is waited for, if not for long. */
static void notice_modules(struct peek *peek)
{
	if (claim_scan()) {
		scan_modules(peek);
		store_release(&scanned_once, 1);
		claim_release(&wiped.stack.scan);
		return;
	}
	for (int i = 0; i < FIRST_SCAN_YIELDS && !load_acquire(&scanned_once); i++)
		sys_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

static void begin(struct stack_capture *capture)
{
	peek_init(&capture->peek);
	capture->text.count = capture->text.len_bytes = 0;
	capture->text.truncated = capture->text.has_own = 0;
	capture->native_count = 0;
	capture->native_truncated = capture->native_is_whole = false;
	capture->met_new_module = capture->exiting = false;
}

static void walk(struct stack_capture *capture, struct registry *registry)
{
	if (!load_acquire(&scanned_once))
		notice_modules(&capture->peek);
	stack_native_walk(capture, registry); /* first, since the native walk sets `exiting` */
	if (capture->met_new_module || !capture->native_is_whole)
		notice_modules(&capture->peek);
	stack_python_walk(capture);
	stack_ruby_walk(capture);
	stack_perl_walk(capture);
	stack_php_walk(capture);
}

/* Takes the stack into the claimed capture; 0: there is no memory for the capture, or no room in
 * the registry. */
static struct stack_id take(unsigned number, struct registry *registry)
{
	struct stack_capture *capture = lazy_room(LAZY_CAPTURES);

	if (capture == NULL || !lazy_write((uintptr_t)(capture + number), sizeof *capture))
		return (struct stack_id){0};
	capture += number;
	begin(capture);
	walk(capture, registry);
	return stack_store(registry, capture->native, capture->native_count,
			   capture->native_truncated ? STACK_TRUNCATED : 0, &capture->text);
}

struct stack_id stack_take(void)
{
	struct registry *registry = registry_get();
	struct stack_id id = {0};
	unsigned number;

	if (registry == NULL)
		return id;
	if (claim_capture(&number)) {
		id = take(number, registry);
		claim_release(&wiped.stack.captures[number]);
	}
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
