/* SPDX-License-Identifier: MIT */
/*
 * The list of a process's mapped files, as libdw takes it.
 *
 * libdw refuses a list in which two mappings in a row are of one file and have different names.  So
 * has a process of a session its registry: the first part was mapped under the name that the file
 * had before it was complete.  Programs and libraries are mapped privately.
 */
#ifndef FORKSAN_TOOLS_STACKS_MAPS_H
#define FORKSAN_TOOLS_STACKS_MAPS_H

#include <stdio.h>

/* Reads /proc/PID/maps (proc(5)) from `list`, and closes it.  Returns the lines of private
 * mappings, for dwfl_linux_proc_maps_report() and fclose(); NULL: there is none. */
FILE *maps_read(FILE *list);

#endif
