/* SPDX-License-Identifier: MIT */
/*
 * Ruby frames of the calling thread: CRuby 2.7 to 3.4, with the GVL or without it.
 *
 * rb_profile_frames() was made for sampling profilers: it walks the control frames of the current
 * execution context, allocates nothing and takes no lock; rb_profile_frame_path(), _label() and,
 * where there is a path, _absolute_path() only read fields (vm_backtrace.c).  The other functions
 * of the family make strings, and are not called.
 *
 * Precautions, by version:
 *  - a thread that Ruby does not know has no execution context, and some versions do not look:
 *    ruby_native_thread_p() is asked first;
 *  - the main thread keeps its context when the VM has been taken down, which happens right before
 *    exit(); nothing is read when exit() is among the native frames, which are therefore walked
 *    first, nor when the pointer to the VM, where it can be seen, is gone;
 *  - up to 2.7 the current context is a global variable of the thread with the GVL, which during a
 *    blocking call is some other thread, at work: the calling thread is looked for among the VM's
 *    (ruby_thread.h);
 *  - 3.1 to 3.3 loop for ever when asked to skip frames: none are skipped;
 *  - rb_profile_frame_*() end the process when given anything but a method entry or an instruction
 *    sequence, and garbage collection may leave another object for a moment: the type is looked at
 *    before.
 *
 * Frames of functions written in C have no path and are left out: such a function's name would be
 * looked up in a table that has a lock.
 */
#include "stack/walk.h"

#include <pthread.h>
#include <string.h>

#include "forksan/atomics.h"
#include "base/text.h"
#include "common/interpreters.h"
#include "stack/ruby_frame.h"
#include "stack/ruby_thread.h"

/* As in python.c: written by the one that scans, then published. */
static struct ruby rubies[4];
static _Atomic uint32_t published;
static uint32_t next_place;

static char complaint[96];
static _Atomic uint32_t complaint_ready;

static void complain(const uint32_t version[2])
{
	struct text text;

	if (load_relaxed(&complaint_ready) != 0)
		return;
	text_init(&text, complaint, sizeof(complaint));
	text_put_string(&text, "Ruby ");
	text_put_uint(&text, version[0]);
	text_put_char(&text, '.');
	text_put_uint(&text, version[1]);
	text_put_string(&text, " is not known: stacks have no Ruby frames");
	store_release(&complaint_ready, 1);
}

const char *stack_ruby_complaint(void)
{
	return load_acquire(&complaint_ready) != 0 ? complaint : NULL;
}

void stack_ruby_consider(struct peek *peek, const struct module *module, const char *name)
{
	struct ruby *ruby = &rubies[next_place % (sizeof(rubies) / sizeof(rubies[0]))];
	uint32_t version[2] = {0};
	uintptr_t api;

	if (name[0] != '\0' && strncmp(name, "libruby", 7) != 0)
		return;
	api = module_symbol(peek, module, "ruby_api_version");
	if (api == 0)
		return;
	(void)peek_copy(peek, api, version, sizeof(version));
	*ruby = (struct ruby){
		.home = stack_home_of(module),
		.vm = module_symbol(peek, module, "ruby_current_vm_ptr"),
		.is_native_thread =
			(int (*)(void))module_symbol(peek, module, "ruby_native_thread_p"),
		.frames = (int (*)(int, int, uint64_t *, int *))module_symbol(peek, module,
									      "rb_profile_frames"),
		.path = (uint64_t(*)(uint64_t))module_symbol(peek, module, "rb_profile_frame_path"),
		.absolute_path = (uint64_t(*)(uint64_t))module_symbol(
			peek, module, "rb_profile_frame_absolute_path"),
		.label = (uint64_t(*)(uint64_t))module_symbol(peek, module,
							      "rb_profile_frame_label"),
		.short_len_in_flags = version[0] == 2 || version[1] < 2,
	};
	if (version[0] == 2)
		ruby->iseq_line = (uint32_t(*)(uint64_t, uint64_t))module_symbol(peek, module,
										 "rb_iseq_line_no");
	if (!interpreter_is_read(LANGUAGE_RUBY, version[0], version[1]) ||
	    ruby->is_native_thread == NULL || ruby->frames == NULL || ruby->path == NULL ||
	    ruby->absolute_path == NULL || ruby->label == NULL ||
	    (version[0] == 2 && (ruby->iseq_line == NULL || ruby->vm == 0))) {
		complain(version);
		return;
	}
	store_release(&published, next_place % (sizeof(rubies) / sizeof(rubies[0])) + 1);
	next_place++;
}

static void walk_frames(struct stack_capture *capture, const struct ruby *ruby)
{
	uint64_t *frames = capture->shared.ruby.frames;
	int *lines = capture->shared.ruby.lines;
	int count = ruby->frames(0, STACK_MAX_RUBY_FRAMES, frames, lines);

	for (int i = 0; i < count && i < STACK_MAX_RUBY_FRAMES; i++) {
		/* the outermost, with line 0, is a dummy */
		if (!ruby_frame_is_safe(&capture->peek, frames[i]) ||
		    (i == count - 1 && lines[i] <= 0))
			continue;
		if (!ruby_frame_push(capture, ruby, frames[i],
				     lines[i] > 0 ? (uint32_t)lines[i] : 0))
			return;
	}
}

static bool is_own_thread(struct peek *peek, uintptr_t thread)
{
	uint64_t self = (uint64_t)pthread_self();

	for (unsigned i = 0; i < RUBY_THREAD_WORDS; i++) {
		uint64_t word;

		if (!peek_u64(peek, thread + i * 8, &word))
			return false;
		if (word == self)
			return true;
	}
	return false;
}

static void walk_own_context(struct stack_capture *capture, const struct ruby *ruby, uintptr_t vm)
{
	struct ruby_thread_layout layout = ruby_thread_layout(2, 7);
	uintptr_t context = ruby_thread_find_context(&capture->peek, &layout, vm, is_own_thread);

	if (context != 0)
		ruby_thread_walk(capture, ruby, &layout, context);
}

void stack_ruby_walk(struct stack_capture *capture)
{
	uint32_t number = load_acquire(&published);
	struct peek *peek = &capture->peek;
	const struct ruby *ruby;
	uintptr_t vm = 0;

	if (number == 0 || capture->exiting)
		return;
	ruby = &rubies[number - 1];
	if (!stack_home_is_loaded(peek, (uintptr_t)ruby->frames, ruby->home))
		return;
	if (ruby->vm != 0 && (!peek_pointer(peek, ruby->vm, &vm) || vm == 0))
		return;
	if (ruby->is_native_thread() == 0)
		return;
	if (ruby->iseq_line != NULL)
		walk_own_context(capture, ruby, vm);
	else
		walk_frames(capture, ruby);
}
