/* SPDX-License-Identifier: MIT */
/*
 * See ruby.h.
 *
 * In its own process the library asks Ruby for path, label and line of a frame (shim/stack/ruby.c).
 * Here Ruby cannot be called: all three are read from the instruction sequence's body:
 *
 *   body: type, size, instructions, parameters | path, base label, label, ... | entries, -, count,
 * index
 *
 * The entries have a line each; the index, a succinct bit vector, says which of the entries is that
 * of an instruction.
 *
 * Where ruby_current_vm_ptr is no exported symbol (since 3.2), the VM is found by its nature: a
 * word of Ruby's own data that is the address of a VM whose main thread has frames.
 *
 * Sources: ruby 2.7.4, 3.1.2, 3.3.8 vm_core.h (rb_iseq_constant_body, rb_iseq_location_struct,
 * rb_thread_struct), iseq.h (iseq_insn_info_entry), iseq.c (succ_index_lookup), thread_pthread.h
 * (rb_native_thread), include/ruby/internal/core/rarray.h.
 */
#include "stacks/ruby.h"

#include "common/interpreters.h"
#include "stack/ruby_frame.h"
#include "stack/ruby_thread.h"
#include "stacks/memory.h"
#include "stacks/native_thread.h"

#define ISEQ_BODY 16
#define BODY_PATH 64
#define BODY_BASE_LABEL 72
#define BODY_LABEL 80

/* Of iseq_insn_info: body, positions (while it is compiled), size, succ_index_table.  Behind the
 * location, which ends later up to 3.1, where the first line is a whole word. */
#define BODY_ENTRIES_EARLY 112
#define BODY_ENTRIES_LATE 120
#define ENTRIES_COUNT 16
#define ENTRIES_INDEX 24

/* struct RArray: flags, klass, then up to three elements, or length, capacity and their address. */
#define TYPE_MASK 0x1f
#define TYPE_ARRAY 0x07
#define ARRAY_EMBEDDED (1u << 13)
#define ARRAY_ELEMENTS 16
#define ARRAY_ADDRESS 32

/* struct rb_native_thread: serial, vm, thread_id. */
#define NATIVE_THREAD_ID 16

#if defined(__x86_64__)
/* Thread-local variables of the program and its libraries lie below the thread pointer. */
#define VARIABLES_BEGIN (-4096)
#define VARIABLES_END 0
#elif defined(__aarch64__)
#define VARIABLES_BEGIN 16
#define VARIABLES_END 4096
#endif

#define MAX_DATA_WORDS (1u << 20) /* libruby 3.3 has 20 000 */

/* The version that is looked at; struct ruby's functions have no argument for it. */
static unsigned entry_bytes;
static uint16_t
	native_thread_offset; /* in a thread: the address of its native thread; 0: inside it */
static bool (*is_wanted_native)(uint64_t pthread);
static pid_t wanted_tid;
static uint64_t wanted_pointer;
static struct ruby ruby;

static uint64_t read_word(uint64_t address)
{
	uint64_t word;

	return memory_read(address, &word, sizeof word) ? word : 0;
}

/* A block in a method has the method's name, as in rb_profile_frames(); outside of methods, as in
 * "block in <main>", the label is whole. */
static uint64_t read_label(uint64_t iseq)
{
	uint64_t body = read_word(iseq + ISEQ_BODY), base = read_word(body + BODY_BASE_LABEL);
	struct peek peek;
	char text[256];

	peek_init(&peek);
	if (ruby_frame_string(&peek, &ruby, base, text, sizeof text) > 0 && text[0] != '<')
		return base;
	return read_word(body + BODY_LABEL);
}

/* The path is a String, or an Array of the path and the absolute one. */
static uint64_t read_path(uint64_t iseq, unsigned element)
{
	uint64_t path = read_word(read_word(iseq + ISEQ_BODY) + BODY_PATH);
	uint64_t flags = read_word(path);

	if ((flags & TYPE_MASK) != TYPE_ARRAY)
		return path;
	path = (flags & ARRAY_EMBEDDED) != 0 ? path + ARRAY_ELEMENTS
					     : read_word(path + ARRAY_ADDRESS);
	return read_word(path + element * sizeof(uint64_t));
}

static uint64_t read_given_path(uint64_t iseq)
{
	return read_path(iseq, 0);
}

static uint64_t read_absolute_path(uint64_t iseq)
{
	return read_path(iseq, 1);
}

/* How many of the bits up to `position` are set in the index: succ_index_lookup() of iseq.c.  The
 * first 54 positions have their counts in words of 9 times 7 bits; blocks of 512 positions follow:
 * the count before the block, counts of its first 7 words within it, 9 bits each, and its bits. */
static uint64_t count_entries(uint64_t index, uint64_t position)
{
	uint64_t block, word, counts, before;

	if (position < 54)
		return read_word(index + position / 9 * 8) >> (position % 9 * 7) & 0x7f;
	position -= 54;
	block = index + 6 * 8 + position / 512 * 80;
	word = position % 512 / 64;
	counts = read_word(block + 8);
	before = word == 0 ? 0 : counts >> ((word - 1) * 9) & 0x1ff;
	return (uint32_t)read_word(block) + before +
	       (uint64_t)__builtin_popcountll(read_word(block + 16 + word * 8)
					      << (63 - position % 64));
}

/* As rb_iseq_line_no(): 0 where the line is not known. */
static uint32_t read_line(uint64_t iseq, uint64_t position)
{
	uint64_t info = read_word(iseq + ISEQ_BODY) + BODY_ENTRIES_EARLY;
	uint32_t count, line = 0;
	uint64_t entry = 1;

	if (read_word(info) < 4096)
		info += BODY_ENTRIES_LATE - BODY_ENTRIES_EARLY;
	count = (uint32_t)read_word(info + ENTRIES_COUNT);
	if (count > 1)
		entry = count_entries(read_word(info + ENTRIES_INDEX), position);
	if (entry == 0 || entry > count ||
	    !memory_read(read_word(info) + (entry - 1) * entry_bytes, &line, sizeof line))
		return 0;
	return line;
}

static bool has_tid(uint64_t pthread)
{
	return native_thread_is(pthread, wanted_tid);
}

static bool has_pointer(uint64_t pthread)
{
	return pthread == wanted_pointer;
}

static bool is_wanted(struct peek *peek, uintptr_t thread)
{
	(void)peek;
	if (native_thread_offset != 0)
		return is_wanted_native(
			read_word(read_word(thread + native_thread_offset) + NATIVE_THREAD_ID));
	for (unsigned i = 0; i < RUBY_THREAD_WORDS; i++)
		if (is_wanted_native(read_word(thread + i * 8)))
			return true;
	return false;
}

static uintptr_t find_vm(struct peek *peek, const struct interpreter *interpreter,
			 const struct ruby_thread_layout *layout)
{
	uintptr_t variable = module_symbol(peek, &interpreter->module, "ruby_current_vm_ptr");
	uint64_t end = interpreter->data_end;

	if (variable != 0)
		return read_word(variable);
	if (layout->main_thread == 0 || end - interpreter->data_start > MAX_DATA_WORDS * 8)
		return 0;
	for (uint64_t at = interpreter->data_start; at < end; at += 8) {
		uint64_t word = read_word(at);

		if (ruby_thread_is_vm(peek, layout, word))
			return word;
	}
	return 0;
}

/* Sets all that goes by the version; false: it is not known. */
static bool begin(const struct interpreter *interpreter, struct peek *peek,
		  struct ruby_thread_layout *layout)
{
	uintptr_t api = module_symbol(peek, &interpreter->module, "ruby_api_version");
	uint32_t version[2];

	if (api == 0 || !memory_read(api, version, sizeof version) ||
	    !interpreter_is_read(LANGUAGE_RUBY, version[0], version[1]))
		return false;
	*layout = ruby_thread_layout(version[0], version[1]);
	ruby = (struct ruby){
		.path = read_given_path,
		.absolute_path = read_absolute_path,
		.label = read_label,
		.iseq_line = read_line,
		.short_len_in_flags = version[0] == 2 || version[1] < 2,
	};
	entry_bytes = version[0] == 2 || version[1] == 0 ? 8 : 12; /* 3.1 adds node_id */
	native_thread_offset = version[0] == 2 || version[1] < 2 ? 0 : 40;
	return true;
}

/* The execution context of the thread whose native thread is wanted; 0: there is none. */
static uintptr_t find_context(const struct interpreter *interpreter, struct peek *peek,
			      const struct ruby_thread_layout *layout,
			      bool (*is_native)(uint64_t pthread))
{
	uintptr_t vm = find_vm(peek, interpreter, layout);

	is_wanted_native = is_native;
	return vm != 0 ? ruby_thread_find_context(peek, layout, vm, is_wanted) : 0;
}

int64_t ruby_find(const struct interpreter *interpreter, struct peek *peek, uint64_t thread_pointer)
{
	struct ruby_thread_layout layout;
	uintptr_t context;

	if (thread_pointer == 0 || !begin(interpreter, peek, &layout))
		return 0;
	wanted_pointer = thread_pointer;
	context = find_context(interpreter, peek, &layout, has_pointer);
	for (int64_t at = VARIABLES_BEGIN; context != 0 && at < VARIABLES_END; at += 8)
		if (read_word(thread_pointer + (uint64_t)at) == context)
			return at;
	return 0;
}

void ruby_walk_at(const struct interpreter *interpreter, uint64_t thread_pointer, int64_t offset,
		  struct stack_capture *capture)
{
	uint64_t context = read_word(thread_pointer + (uint64_t)offset);
	struct ruby_thread_layout layout;

	if (context % 8 == 0 && begin(interpreter, &capture->peek, &layout))
		ruby_thread_walk(capture, &ruby, &layout, context);
}

void ruby_walk(const struct interpreter *interpreter, pid_t tid, struct stack_capture *capture)
{
	struct peek *peek = &capture->peek;
	struct ruby_thread_layout layout;
	uintptr_t context;

	if (!begin(interpreter, peek, &layout))
		return;
	wanted_tid = tid;
	context = find_context(interpreter, peek, &layout, has_tid);
	if (context != 0)
		ruby_thread_walk(capture, &ruby, &layout, context);
}
