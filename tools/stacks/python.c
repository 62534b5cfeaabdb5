/* SPDX-License-Identifier: MIT */
/*
 * See python.h.
 *
 * The lists of interpreters and threads are followed by the offsets that Python's own functions
 * use, which their code tells (python_code.h).  A thread state names its thread by pthread_t
 * (native_thread.h).
 */
#include "stacks/python.h"

#include "stacks/memory.h"
#include "stacks/native_thread.h"
#include "stacks/python_code.h"
#include "stacks/python_line.h"

#define MAX_THREADS 4096 /* with the interpreters */

static uint16_t read_version(struct peek *peek, const struct interpreter *interpreter)
{
	uintptr_t constant = module_symbol(peek, &interpreter->module, "Py_Version");
	uint64_t hex = 0;

	if (constant != 0 && peek_u64(peek, constant, &hex))
		return (uint16_t)(hex >> 16);
	return interpreter->version;
}

/* True for the address of Python's own variable: while the loader has not entered that address into
 * Python's table yet, another value stands there. */
static bool is_own(const struct interpreter *interpreter, uint64_t address)
{
	return address >= interpreter->data_start && address < interpreter->data_end;
}

bool python_find(struct peek *peek, const struct interpreter *interpreter, struct python *python)
{
	const struct module *module = &interpreter->module;
	uint16_t version = read_version(peek, interpreter);

	python->runtime = module_symbol(peek, module, "_PyRuntime");
	python->types.code_type = module_symbol(peek, module, "PyCode_Type");
	python->types.string_type = module_symbol(peek, module, "PyUnicode_Type");
	python->types.line_of = python_line;
	return python->types.code_type != 0 && python->types.string_type != 0 &&
	       stack_python_layout(peek, version, python->runtime, &python->types.layout) &&
	       python_code_global(module_symbol(peek, module, "PyInterpreterState_Head"),
				  &python->interpreters) &&
	       is_own(interpreter, python->interpreters) &&
	       python_code_field(module_symbol(peek, module, "PyInterpreterState_Next"),
				 &python->next_interpreter) &&
	       python_code_field(module_symbol(peek, module, "PyInterpreterState_ThreadHead"),
				 &python->first_thread) &&
	       python_code_field(module_symbol(peek, module, "PyThreadState_Next"),
				 &python->next_thread);
}

void python_begin(const struct python *python)
{
	python_line_version(python->types.layout.version, python->runtime);
}

/* The lists begin with the newest state, the inner one.  Lists that lead in circles end at
 * MAX_THREADS, or where the capture is full. */
void python_walk_threads(const struct python *python,
			 bool (*is_wanted)(uint64_t pthread, uint64_t argument), uint64_t argument,
			 struct stack_capture *capture)
{
	uint64_t state = 0;
	int seen = 0;

	python_begin(python);
	if (!memory_read(python->interpreters, &state, sizeof state))
		return;
	while (state != 0 && seen < MAX_THREADS && !capture->text.truncated) {
		uint64_t thread;

		if (!memory_read(state + (uint64_t)python->first_thread, &thread, sizeof thread))
			return;
		for (seen++; thread != 0 && seen < MAX_THREADS; seen++) {
			uint64_t id = 0;

			if (!memory_read(thread + python->types.layout.thread_id, &id, sizeof id))
				return;
			if (is_wanted(id, argument) && !capture->text.truncated)
				stack_python_walk_frames(
					capture, &python->types,
					stack_python_innermost_frame(
						&capture->peek, &python->types.layout, thread));
			if (!memory_read(thread + (uint64_t)python->next_thread, &thread,
					 sizeof thread))
				return;
		}
		if (!memory_read(state + (uint64_t)python->next_interpreter, &state, sizeof state))
			return;
	}
}

static bool is_thread(uint64_t pthread, uint64_t tid)
{
	return native_thread_is(pthread, (pid_t)tid);
}

void python_walk(const struct interpreter *interpreter, pid_t tid, struct stack_capture *capture)
{
	struct python python = {0};

	if (python_find(&capture->peek, interpreter, &python))
		python_walk_threads(&python, is_thread, (uint64_t)tid, capture);
}
