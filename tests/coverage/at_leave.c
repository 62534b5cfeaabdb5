/* SPDX-License-Identifier: MIT */
/*
 * In a coverage build alone: counters are written by exit handlers, which _exit() does not run, and
 * most children under test end by _exit().  The linker lets every call of init_leave() from another
 * file come here first (--wrap), so that such a child writes its counters, too.
 */
void __gcov_dump(void);
void __gcov_reset(void);
void __real_init_leave(void);
void __wrap_init_leave(void);

void __wrap_init_leave(void)
{
	__real_init_leave();
	__gcov_dump();
	__gcov_reset(); /* or an exit handler would count them twice */
}
