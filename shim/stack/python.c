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
#include "stack/python_frames.h"
#include "base/text.h"

#define MAX_INTERPRETERS 256
#define MAX_THREADS 4096
/* How far the functions that follow the lists read into each structure: less than the whole. */
#define INTERPRETER_BYTES 8192
#define THREAD_BYTES 64

struct python {
	struct stack_home home;
	struct python_types types;
	uintptr_t (*this_thread_state)(void);
	uintptr_t (*first_interpreter)(void);
	uintptr_t (*next_interpreter)(uintptr_t interpreter);
	uintptr_t (*first_thread)(uintptr_t interpreter);
	uintptr_t (*next_thread)(uintptr_t thread);
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
	if (version != 0) {
		text_put_uint(&text, version >> 8);
		text_put_char(&text, '.');
		text_put_uint(&text, version & 0xff);
	} else {
		text_put_string(&text, "before 3");
	}
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
		.types.code_type = code_type,
		.types.string_type = module_symbol(peek, module, "PyUnicode_Type"),
		.this_thread_state = (uintptr_t(*)(void))module_symbol(
			peek, module, "PyGILState_GetThisThreadState"),
		.types.line_of =
			(int (*)(uintptr_t, int))module_symbol(peek, module, "PyCode_Addr2Line"),
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
	if (python->types.string_type == 0 || python->this_thread_state == NULL ||
	    python->types.line_of == NULL || python->first_interpreter == NULL ||
	    python->next_interpreter == NULL || python->first_thread == NULL ||
	    python->next_thread == NULL ||
	    !stack_python_layout(peek, version, module_symbol(peek, module, "_PyRuntime"),
				 &python->types.layout)) {
		complain(version);
		return;
	}
	store_release(&published, next_place % (sizeof(pythons) / sizeof(pythons[0])) + 1);
	next_place++;
}

/* --- threads ------------------------------------------------------------------------------ */

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
			    !peek_u64(peek, thread + python->types.layout.thread_id, &id))
				return;
			if (id == self)
				stack_python_walk_frames(
					capture, &python->types,
					stack_python_innermost_frame(peek, &python->types.layout,
								     thread));
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
	if (!stack_home_is_loaded(peek, python->types.code_type, python->home))
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
		stack_python_walk_frames(
			capture, &python->types,
			stack_python_innermost_frame(peek, &python->types.layout, thread));
}
