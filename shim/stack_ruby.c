/* SPDX-License-Identifier: MIT */
/*
 * Ruby frames of the calling thread: CRuby 2.7 to 3.4, with the GVL or without it.
 *
 * rb_profile_frames() was made for sampling profilers: it walks the control frames of the current
 * execution context, allocates nothing and takes no lock; rb_profile_frame_path(), _label() and,
 * where there is a path, _absolute_path() only read fields (vm_backtrace.c).  The other accessors
 * make strings, and are not called.
 *
 * What each version needs:
 *  - a thread that Ruby does not know has no execution context, and some versions do not look:
 *    ruby_native_thread_p() is asked first;
 *  - the main thread keeps its context when the VM has been taken down, which happens right before
 *    exit(); nothing is read when exit() is among the native frames, which are therefore walked
 *    first, nor when the pointer to the VM, where it can be seen, is gone;
 *  - up to 2.7 the current context is a global variable of whoever has the GVL.  There frames are
 *    read only by the thread that has it, or when there is no other thread;
 *  - 3.1 to 3.3 loop for ever when asked to skip frames: none are skipped;
 *  - an accessor ends the process when it is given anything but a method entry or an instruction
 *    sequence, which garbage collection may leave for a moment: the type is looked at before.
 *
 * Frames of functions written in C have no path and are left out: their names would be looked up in
 * a table that has a lock.
 */
#include "stack_walk.h"

#include <string.h>

#include "forksan/atomics.h"
#include "sys.h"
#include "text.h"

/* struct RBasic: flags, klass.  Flag bits: include/ruby/internal/value_type.h, fl_type.h;
 * internal/imemo.h. */
#define TYPE_MASK 0x1f
#define TYPE_STRING 0x05
#define TYPE_IMEMO 0x1a
#define USER_SHIFT 12
#define IMEMO_MASK 0xf
#define IMEMO_METHOD_ENTRY 6
#define IMEMO_ISEQ 7
#define STRING_NO_EMBED (1u << (USER_SHIFT + 1))
#define EMBED_LEN_SHIFT (USER_SHIFT + 2)
#define EMBED_LEN_MASK 0x1f

/* struct RString: up to 3.1 the length of a short string is in its flags and the bytes follow the
 * header; since 3.2 the length always comes first (variable width allocation). */
#define STRING_LEN 16
#define STRING_SHORT_BYTES_OLD 16
#define STRING_BYTES 24 /* or the pointer to them */

struct ruby {
	uintptr_t module_start;
	uintptr_t vm; /* where the pointer to the VM is, up to 3.1 */
	int (*is_native_thread)(void);
	int (*has_gvl)(void); /* NULL: not needed */
	int (*frames)(int start, int limit, uint64_t *frames, int *lines);
	uint64_t (*path)(uint64_t frame);
	uint64_t (*absolute_path)(uint64_t frame);
	uint64_t (*label)(uint64_t frame);
	bool short_len_in_flags;
};

/* As in stack_python.c: written by the one that scans, then published. */
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

static bool is_known(const uint32_t version[2])
{
	return (version[0] == 2 && version[1] == 7) || (version[0] == 3 && version[1] <= 4);
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
		.module_start = module->start,
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
		ruby->has_gvl = (int (*)(void))module_symbol(peek, module, "ruby_thread_has_gvl_p");
	if (!is_known(version) || ruby->is_native_thread == NULL || ruby->frames == NULL ||
	    ruby->path == NULL || ruby->absolute_path == NULL || ruby->label == NULL ||
	    (version[0] == 2 && ruby->has_gvl == NULL)) {
		complain(version);
		return;
	}
	store_release(&published, next_place % (sizeof(rubies) / sizeof(rubies[0])) + 1);
	next_place++;
}

/* A String's bytes; returns the length, 0 when it is none. */
static size_t read_string(struct peek *peek, const struct ruby *ruby, uint64_t object, char *out,
			  size_t size)
{
	uint64_t flags, len = 0;
	uintptr_t bytes = 0;

	/* small numbers, symbols, nil and the like are no addresses: all have a low bit set, or are
	 * below the first page */
	if ((object & 7) != 0 || !peek_u64(peek, object, &flags) ||
	    (flags & TYPE_MASK) != TYPE_STRING)
		return 0;
	if (ruby->short_len_in_flags && (flags & STRING_NO_EMBED) == 0) {
		len = flags >> EMBED_LEN_SHIFT & EMBED_LEN_MASK;
		bytes = object + STRING_SHORT_BYTES_OLD;
	} else {
		if (!peek_u64(peek, object + STRING_LEN, &len))
			return 0;
		bytes = object + STRING_BYTES;
		if ((flags & STRING_NO_EMBED) != 0 && !peek_pointer(peek, bytes, &bytes))
			return 0;
	}
	if (len > size - 1) { /* the end of a path says more */
		bytes += len - (size - 1);
		len = size - 1;
	}
	return peek_copy(peek, bytes, out, len) ? len : 0;
}

/* True for what the accessors take without ending the process. */
static bool is_frame(struct peek *peek, uint64_t frame)
{
	uint64_t flags, kind;

	if ((frame & 7) != 0 || !peek_u64(peek, frame, &flags) || (flags & TYPE_MASK) != TYPE_IMEMO)
		return false;
	kind = flags >> USER_SHIFT & IMEMO_MASK;
	return kind == IMEMO_METHOD_ENTRY || kind == IMEMO_ISEQ;
}

/* One entry for each thread, beside "." and "..". */
static bool is_only_thread(void)
{
	struct linux_dirent64_head {
		uint64_t inode;
		int64_t offset;
		uint16_t len_bytes;
	};
	_Alignas(8) char entries[256];
	unsigned count = 0;
	long fd = sys_open("/proc/self/task", 00200000 /* O_DIRECTORY */ | 02000000, 0);
	long got, at;

	if (fd < 0)
		return false;
	while ((got = sys_call(SYS_getdents64, fd, (long)(uintptr_t)entries, sizeof(entries), 0, 0,
			       0)) > 0) {
		for (at = 0; at < got; count++) {
			struct linux_dirent64_head head;

			memcpy(&head, entries + at, sizeof(head));
			at += head.len_bytes;
		}
	}
	sys_close((int)fd);
	return got == 0 && count == 3;
}

/* The file of a frame: absolute where it has such a path (code from eval has none).  A function
 * written in C has neither; the accessor of the absolute path would make a string for one. */
static size_t read_file(struct peek *peek, const struct ruby *ruby, uint64_t frame, char *out,
			size_t size)
{
	size_t given = read_string(peek, ruby, ruby->path(frame), out, size);
	size_t absolute;

	if (given == 0)
		return 0;
	absolute = read_string(peek, ruby, ruby->absolute_path(frame), out, size);
	return absolute != 0 ? absolute : given;
}

static bool may_walk(struct stack_capture *capture, const struct ruby *ruby)
{
	struct peek *peek = &capture->peek;
	uintptr_t vm = 0;

	return !capture->exiting &&
	       stack_module_is_loaded(peek, (uintptr_t)ruby->frames, ruby->module_start) &&
	       (ruby->vm == 0 || (peek_pointer(peek, ruby->vm, &vm) && vm != 0)) &&
	       ruby->is_native_thread() != 0 &&
	       (ruby->has_gvl == NULL || ruby->has_gvl() != 0 || is_only_thread());
}

void stack_ruby_walk(struct stack_capture *capture)
{
	uint32_t number = load_acquire(&published);
	uint64_t *frames = capture->shared.ruby.frames;
	int *lines = capture->shared.ruby.lines;
	struct peek *peek = &capture->peek;
	const struct ruby *ruby;
	int count;

	if (number == 0)
		return;
	ruby = &rubies[number - 1];
	if (!may_walk(capture, ruby))
		return;
	count = ruby->frames(0, STACK_MAX_RUBY_FRAMES, frames, lines);
	for (int i = 0; i < count && i < STACK_MAX_RUBY_FRAMES; i++) {
		size_t path_len, label_len;

		/* the outermost, with line 0, is a dummy */
		if (!is_frame(peek, frames[i]) || (i == count - 1 && lines[i] <= 0))
			continue;
		path_len = read_file(peek, ruby, frames[i], capture->file, sizeof(capture->file));
		if (path_len == 0)
			continue;
		label_len = read_string(peek, ruby, ruby->label(frames[i]), capture->function,
					sizeof(capture->function));
		stack_text_push(&capture->text, LANGUAGE_RUBY, capture->function, label_len,
				capture->file, path_len, lines[i] > 0 ? (uint32_t)lines[i] : 0);
		if (capture->text.truncated && capture->text.has_own)
			return;
	}
}
