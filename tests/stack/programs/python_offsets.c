/* SPDX-License-Identifier: MIT */
/*
 * Compares the offsets that forksan has in its table with those of the headers it is compiled
 * against.  For CPython 3.8 to 3.12; later versions carry their own table.
 */
#define Py_BUILD_CORE 1
#include <Python.h>
#include <frameobject.h>
#if PY_VERSION_HEX >= 0x030b0000
#include <internal/pycore_frame.h>
#else
#include <internal/pycore_pystate.h>
#endif

#include <stddef.h>
#include <stdio.h>

#include "stack/python_layout.h"

static int failed;

static void compare(const char *what, size_t ours, size_t theirs)
{
	if (ours == theirs)
		return;
	printf("%s: ours %zu, theirs %zu\n", what, ours, theirs);
	failed = 1;
}

int main(void)
{
	struct python_layout layout;
	struct peek peek;

	peek_init(&peek);
	if (!stack_python_layout(&peek, PY_VERSION_HEX >> 16, 0, &layout)) {
		puts("not in the table");
		return 1;
	}
	compare("thread_id", layout.thread_id, offsetof(PyThreadState, thread_id));
	compare("ascii_size", layout.ascii_size, sizeof(PyASCIIObject));
	compare("compact_size", layout.compact_size, sizeof(PyCompactUnicodeObject));
	compare("code_filename", layout.code_filename, offsetof(PyCodeObject, co_filename));
#if PY_VERSION_HEX < 0x030b0000
	compare("thread_frame", layout.thread_frame, offsetof(PyThreadState, frame));
	compare("cframe_frame", (size_t)layout.cframe_frame, (size_t)-1);
	compare("frame_code", layout.frame_code, offsetof(struct _frame, f_code));
	compare("frame_previous", layout.frame_previous, offsetof(struct _frame, f_back));
	compare("frame_instruction", layout.frame_instruction, offsetof(struct _frame, f_lasti));
	compare("code_name", layout.code_name, offsetof(PyCodeObject, co_name));
	compare("code_first_instruction", layout.code_first_instruction, 0);
#else
	compare("thread_frame", layout.thread_frame, offsetof(PyThreadState, cframe));
	compare("cframe_frame", (size_t)layout.cframe_frame, offsetof(_PyCFrame, current_frame));
	compare("frame_code", layout.frame_code, offsetof(_PyInterpreterFrame, f_code));
	compare("frame_previous", layout.frame_previous, offsetof(_PyInterpreterFrame, previous));
	compare("frame_instruction", layout.frame_instruction,
		offsetof(_PyInterpreterFrame, prev_instr));
	compare("frame_owner", layout.frame_owner, offsetof(_PyInterpreterFrame, owner));
	compare("code_name", layout.code_name, offsetof(PyCodeObject, co_qualname));
	compare("code_first_instruction", layout.code_first_instruction,
		offsetof(PyCodeObject, co_code_adaptive));
#endif
	return failed;
}
