/* SPDX-License-Identifier: MIT */
/*
 * The checks.  Each appends to the sheet what it found; a check with nothing to say appends
 * nothing.
 */
#ifndef FORKSAN_TOOLS_DOCTOR_CHECKS_H
#define FORKSAN_TOOLS_DOCTOR_CHECKS_H

#include "doctor/launch.h"
#include "doctor/sheet.h"
#include "doctor/subject.h"

/* --- check_program.c: the program and what is loaded with it */

/* Static, musl, another machine, more rights than its caller, Go. */
void check_program(struct doctor_sheet *sheet, const struct subject *subject);
/* Whether the program's own loader takes the library (a command), or the library is there already
 * (a process). */
void check_loader(struct doctor_sheet *sheet, const struct subject *subject);
void check_glibc(struct doctor_sheet *sheet, const struct subject *subject);
void check_preloads(struct doctor_sheet *sheet, const struct subject *subject);
void check_io_uring(struct doctor_sheet *sheet, const struct subject *subject);
void check_interpreters(struct doctor_sheet *sheet, const struct subject *subject);

/* --- check_launch.c: the wrappers and scripts before the program */
void check_launch(struct doctor_sheet *sheet, const struct launch *launch, char *const *command);

/* --- check_system.c: what the library needs of the system */
void check_shm(struct doctor_sheet *sheet, const struct subject *subject);
void check_file_size(struct doctor_sheet *sheet, const struct subject *subject);
void check_sandbox(struct doctor_sheet *sheet, const struct subject *subject);

/* --- check_users.c: who the processes are, and whether each may write the log */

/* `log_path` may be NULL: then FORKSAN_OPTIONS of the subject names the log, or there is none. */
void check_users(struct doctor_sheet *sheet, const struct subject *subject, const char *log_path);

/* --- check_kernel.c: what the kernel permits this user */
void check_attach(struct doctor_sheet *sheet);
void check_scan(struct doctor_sheet *sheet, const struct subject *subject);

/* --- check_hooks.c: what attach can have of the kernel, and whether it can refuse calls */

/* `watcher`: the path of forksan-attach. */
void check_hooks(struct doctor_sheet *sheet, const char *watcher);

#endif
