/* SPDX-License-Identifier: MIT */
/*
 * What the kernel lets this process have, for `forksan doctor`: found by loading it all, and gone
 * with this process a moment later.  Nobody is watched.
 */
#ifndef FORKSAN_TOOLS_WATCHER_TRIAL_H
#define FORKSAN_TOOLS_WATCHER_TRIAL_H

/* Writes to standard output a line for each thing, its name and words about it
 * (doctor/check_hooks.c reads them), and returns the exit status.
 *
 *   refused WHY                   attach cannot be had at all; no line follows
 *   uses tracepoints | functions  how calls are told of
 *   sendpage | splice WHY         the calls that pass by those only are not seen
 *   old                           connections from before are not known
 *   strict [WHY]                  uses are refused; WHY: they are not
 */
int trial_write(void);

#endif
