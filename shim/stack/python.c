/* SPDX-License-Identifier: MIT */
/*
 * Python frames of the calling thread: CPython 3.8 to 3.14, with the GIL or without it.
 *
 * A connect, a recv or a fork is called from C code that Python code called; most such C code has
 * released the GIL, so no API that needs the GIL may be used.  The objects read here belong to the
 * calling thread, whose frames are stopped in the call that takes the stack, and hold the code
 * objects.
 *
 *   PyThreadState --> frame --> frame --> ...      each frame --> PyCodeObject --> file, name
 *
 * _Py_DumpTraceback() would print the same, but is not exported by 3.9, 3.10 and 3.13, makes a
 * write() for every few bytes, and trusts every pointer.  Here the type of each object is checked,
 * and the object is read through peek.h; the offsets are python_layout.h's.
 *
 * The functions of CPython that are called are pure reads in every supported version:
 * PyGILState_GetThisThreadState() (a pthread_getspecific), PyCode_Addr2Line() (decodes the code
 * object's own table), and those that follow the lists of interpreters and thread states.  In a
 * sub-interpreter (uWSGI, mod_wsgi) the first names another state of this thread, one without
 * frames; so where there is more than one interpreter all states are searched for this thread's id.
 * The search races with threads that come and go; a wrong pointer ends the search.
 *
 * Free-threaded builds are not walked: there PyCode_Addr2Line() locks.
 */
#include "stack/walk.h"

#include <pthread.h>
#include <string.h>

#include "forksan/atomics.h"
#include "stack/python_layout.h"
#include "base/text.h"

/* PyObject: ob_refcnt, ob_type; PyVarObject: ob_size; PyASCIIObject: length, hash, state. */
#define OBJECT_TYPE 8
#define VAR_SIZE 16
#define STRING_LENGTH 16
#define STRING_STATE 32

/* enum _frameowner: from here on a frame is the interpreter's own, not a Python function's. */
#define FRAME_OWNED_BY_INTERPRETER 3

/* The bits of a _PyStackRef that are no address (3.14); zero in the pointers of older versions. */
#define REFERENCE_TAG_MASK ((uintptr_t)7)

#define MAX_INTERPRETERS 256
#define MAX_THREADS 4096
/* How far the functions that follow the lists read into each structure: less than the whole. */
#define INTERPRETER_BYTES 8192
#define THREAD_BYTES 64

struct python {
	struct stack_home home;
	uintptr_t code_type;
	uintptr_t string_type;
	uintptr_t (*this_thread_state)(void);
	int (*line_of)(uintptr_t code, int byte_offset);
	uintptr_t (*first_interpreter)(void);
	uintptr_t (*next_interpreter)(uintptr_t interpreter);
	uintptr_t (*first_thread)(uintptr_t interpreter);
	uintptr_t (*next_thread)(uintptr_t thread);
	struct python_layout layout;
};

/* Written by the one thread that scans (stack.c), then published.  A libpython that is unloaded and
 * loaded again gets the next place; a reader still at an old one sees whole, if stale, words, and
 * stack_home_is_loaded() tells. */
static struct python pythons[4];
static _Atomic uint32_t published; /* index + 1; 0: no Python here */
static uint32_t next_place;

static char complaint[160];
static _Atomic uint32_t complaint_ready;

/* --- finding the interpreter -------------------------------------------------------------- */

/* 0x030b for 3.11.  Py_Version is a constant of 3.11 and later; before 3.11 there is only a
 * function that formats a static string. */
static uint16_t read_version(struct peek *peek, const struct module *module)
{
	uintptr_t constant = module_symbol(peek, module, "Py_Version");
	uintptr_t function = module_symbol(peek, module, "Py_GetVersion");
	uint64_t hex = 0;
	const char *text;
	unsigned minor = 0;

	if (constant != 0 && peek_u64(peek, constant, &hex))
		return (uint16_t)(hex >> 16);
	if (function == 0)
		return 0;
	text = ((const char *(*)(void))function)();
	if (strncmp(text, "3.", 2) != 0)
		return 0;
	for (text += 2; *text >= '0' && *text <= '9' && minor < 100; text++)
		minor = minor * 10 + (unsigned)(*text - '0');
	return (uint16_t)(0x0300 | (minor & 0xff));
}

static void complain(uint16_t version)
{
	struct text text;

	if (load_relaxed(&complaint_ready) != 0)
		return;
	text_init(&text, complaint, sizeof(complaint));
	text_put_string(&text, "Python ");
	text_put_uint(&text, version >> 8);
	text_put_char(&text, '.');
	text_put_uint(&text, version & 0xff);
	text_put_string(&text, " (or this build of it) is not known: stacks have no Python frames");
	store_release(&complaint_ready, 1);
}

const char *stack_python_complaint(void)
{
	return load_acquire(&complaint_ready) != 0 ? complaint : NULL;
}

void stack_python_consider(struct peek *peek, const struct module *module, const char *name)
{
	struct python *python = &pythons[next_place % (sizeof(pythons) / sizeof(pythons[0]))];
	uintptr_t code_type;
	uint16_t version;

	/* The program itself, or the library; libpython3.so is an empty shell around the latter. */
	if (name[0] != '\0' && strncmp(name, "libpython", 9) != 0)
		return;
	code_type = module_symbol(peek, module, "PyCode_Type");
	if (code_type == 0)
		return;
	*python = (struct python){
		.home = stack_home_of(module),
		.code_type = code_type,
		.string_type = module_symbol(peek, module, "PyUnicode_Type"),
		.this_thread_state = (uintptr_t(*)(void))module_symbol(
			peek, module, "PyGILState_GetThisThreadState"),
		.line_of = (int (*)(uintptr_t, int))module_symbol(peek, module, "PyCode_Addr2Line"),
		.first_interpreter =
			(uintptr_t(*)(void))module_symbol(peek, module, "PyInterpreterState_Head"),
		.next_interpreter = (uintptr_t(*)(uintptr_t))module_symbol(
			peek, module, "PyInterpreterState_Next"),
		.first_thread = (uintptr_t(*)(uintptr_t))module_symbol(
			peek, module, "PyInterpreterState_ThreadHead"),
		.next_thread =
			(uintptr_t(*)(uintptr_t))module_symbol(peek, module, "PyThreadState_Next"),
	};
	version = read_version(peek, module);
	if (python->string_type == 0 || python->this_thread_state == NULL ||
	    python->line_of == NULL || python->first_interpreter == NULL ||
	    python->next_interpreter == NULL || python->first_thread == NULL ||
	    python->next_thread == NULL ||
	    !stack_python_layout(peek, version, module_symbol(peek, module, "_PyRuntime"),
				 &python->layout)) {
		complain(version);
		return;
	}
	store_release(&published, next_place % (sizeof(pythons) / sizeof(pythons[0])) + 1);
	next_place++;
}

/* --- strings ------------------------------------------------------------------------------ */

static size_t put_utf8(char *out, size_t room, uint32_t c)
{
	if (c >= 0xd800 && c < 0xe000)
		c = '?'; /* a byte of a file name that was no UTF-8 (PEP 383) */
	if (c < 0x80 && room >= 1) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800 && room >= 2) {
		out[0] = (char)(0xc0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	if (c < 0x10000 && room >= 3) {
		out[0] = (char)(0xe0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3f));
		out[2] = (char)(0x80 | (c & 0x3f));
		return 3;
	}
	if (room >= 4) {
		out[0] = (char)(0xf0 | (c >> 18 & 7));
		out[1] = (char)(0x80 | (c >> 12 & 0x3f));
		out[2] = (char)(0x80 | (c >> 6 & 0x3f));
		out[3] = (char)(0x80 | (c & 0x3f));
		return 4;
	}
	return 0;
}

/* Copies a str object as UTF-8.  The end of a long string is kept: the end of a path says more.
 * Returns the length; 0 when `object` is no string. */
static size_t read_string(struct peek *peek, const struct python *python, uintptr_t object,
			  char *out, size_t size)
{
	uintptr_t type;
	uint64_t length;
	uint32_t state, kind;
	uintptr_t data;
	size_t len = 0;

	if (!peek_pointer(peek, object + OBJECT_TYPE, &type) || type != python->string_type ||
	    !peek_u64(peek, object + STRING_LENGTH, &length) ||
	    !peek_u32(peek, object + STRING_STATE, &state))
		return 0;
	/* interned: 2 bits, or 16 in some 3.14 builds; then kind: 3, compact: 1, ascii: 1 */
	if ((state >> 2 & 7) == 0)
		state >>= 14;
	kind = state >> 2 & 7;
	if ((state >> 5 & 1) == 0 || (kind != 1 && kind != 2 && kind != 4))
		return 0;
	data = object +
	       ((state >> 6 & 1) != 0 ? python->layout.ascii_size : python->layout.compact_size);
	if (length > size - 1) {
		data += (length - (size - 1)) * kind;
		length = size - 1;
	}
	for (uint64_t i = 0; i < length; i++) {
		uint32_t c = 0;
		size_t put;

		if (!peek_copy(peek, data + i * kind, &c, kind)) /* little-endian machines only */
			break;
		put = put_utf8(out + len, size - 1 - len, c);
		if (put == 0)
			break;
		len += put;
	}
	return len;
}

/* --- frames ------------------------------------------------------------------------------- */

static uint32_t read_line(struct peek *peek, const struct python *python, uintptr_t frame,
			  uintptr_t code)
{
	const struct python_layout *layout = &python->layout;
	uint64_t units = 0;
	int64_t offset;
	int line;

	if (layout->code_first_instruction == 0) {
		uint32_t last = 0;

		if (!peek_u32(peek, frame + layout->frame_instruction, &last))
			return 0;
		/* f_lasti counts bytes up to 3.9, then instructions of two */
		offset = layout->version >= 0x030a ? (int64_t)(int32_t)last * 2 : (int32_t)last;
	} else {
		uintptr_t instruction;

		if (!peek_pointer(peek, frame + layout->frame_instruction, &instruction) ||
		    !peek_u64(peek, code + VAR_SIZE, &units))
			return 0;
		offset = (int64_t)(instruction - (code + layout->code_first_instruction));
		if (offset >= (int64_t)units * 2)
			return 0;
	}
	if (offset < 0)
		offset = -1; /* not started yet: the function's first line */
	if (offset > INT32_MAX)
		return 0;
	line = python->line_of(code, (int)offset);
	return line > 0 ? (uint32_t)line : 0;
}

static bool is_code(struct peek *peek, const struct python *python, uintptr_t object)
{
	uintptr_t type;

	return peek_pointer(peek, object + OBJECT_TYPE, &type) && type == python->code_type;
}

static void push_frame(struct stack_capture *capture, const struct python *python, uintptr_t frame,
		       uintptr_t code)
{
	struct peek *peek = &capture->peek;
	uintptr_t name = 0;
	uintptr_t file = 0;
	size_t name_len, file_len;

	if (!peek_pointer(peek, code + python->layout.code_name, &name) ||
	    !peek_pointer(peek, code + python->layout.code_filename, &file))
		return;
	name_len = read_string(peek, python, name, capture->function, sizeof(capture->function));
	file_len = read_string(peek, python, file, capture->file, sizeof(capture->file));
	stack_push(capture, LANGUAGE_PYTHON, name_len, file_len,
		   read_line(peek, python, frame, code));
}

static void walk_frames(struct stack_capture *capture, const struct python *python, uintptr_t frame)
{
	const struct python_layout *layout = &python->layout;
	struct peek *peek = &capture->peek;

	for (unsigned i = 0; i < STACK_MAX_WALKED && frame != 0; i++) {
		uintptr_t code = 0;
		uint8_t owner = 0;

		if (!peek_pointer(peek, frame + layout->frame_code, &code) ||
		    (layout->frame_owner != 0 &&
		     !peek_copy(peek, frame + layout->frame_owner, &owner, 1)))
			return;
		code &= ~REFERENCE_TAG_MASK;
		if (owner < FRAME_OWNED_BY_INTERPRETER) {
			if (!is_code(peek, python, code))
				return;
			push_frame(capture, python, frame, code);
		}
		if (capture->text.truncated && capture->text.has_own)
			return;
		if (!peek_pointer(peek, frame + layout->frame_previous, &frame))
			return;
	}
}

/* --- threads ------------------------------------------------------------------------------ */

/* The innermost frame of a thread state; 0: no frame. */
static uintptr_t innermost_frame(struct peek *peek, const struct python_layout *layout,
				 uintptr_t thread)
{
	uintptr_t frame;

	if (!peek_pointer(peek, thread + layout->thread_frame, &frame))
		return 0;
	if (layout->cframe_frame >= 0 &&
	    (frame == 0 || !peek_pointer(peek, frame + (uintptr_t)layout->cframe_frame, &frame)))
		return 0;
	return frame;
}

/* Walks the frames of every state of this thread, in every interpreter.  The lists begin with the
 * newest; where one interpreter runs code in another, the newer is the inner one. */
static void walk_all_states(struct stack_capture *capture, const struct python *python,
			    uintptr_t interpreter)
{
	struct peek *peek = &capture->peek;
	uint64_t self = (uint64_t)pthread_self();

	for (unsigned i = 0; i < MAX_INTERPRETERS && interpreter != 0; i++) {
		uintptr_t thread;

		if (!peek_can_read(peek, interpreter, INTERPRETER_BYTES))
			return;
		thread = python->first_thread(interpreter);
		for (unsigned j = 0; j < MAX_THREADS && thread != 0; j++) {
			uint64_t id = 0;

			if (!peek_can_read(peek, thread, THREAD_BYTES) ||
			    !peek_u64(peek, thread + python->layout.thread_id, &id))
				return;
			if (id == self)
				walk_frames(capture, python,
					    innermost_frame(peek, &python->layout, thread));
			thread = python->next_thread(thread);
		}
		interpreter = python->next_interpreter(interpreter);
	}
}

void stack_python_walk(struct stack_capture *capture)
{
	uint32_t number = load_acquire(&published);
	struct peek *peek = &capture->peek;
	const struct python *python;
	uintptr_t interpreter, thread;

	if (number == 0)
		return;
	python = &pythons[number - 1];
	if (!stack_home_is_loaded(peek, python->code_type, python->home))
		return;
	interpreter = python->first_interpreter();
	if (interpreter == 0 || !peek_can_read(peek, interpreter, INTERPRETER_BYTES))
		return;
	thread = python->this_thread_state();
	/* PyGILState_GetThisThreadState() knows one state of a thread, often the main
	 * interpreter's, without frames. */
	if (thread == 0 || python->next_interpreter(interpreter) != 0)
		walk_all_states(capture, python, interpreter);
	else
		walk_frames(capture, python, innermost_frame(peek, &python->layout, thread));
}
