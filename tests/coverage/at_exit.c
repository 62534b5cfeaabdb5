/* SPDX-License-Identifier: MIT */
/*
 * In a coverage build of the tool alone, as at_leave.c in the library's: children end by _exit().
 */
void __gcov_dump(void);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));

void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}
