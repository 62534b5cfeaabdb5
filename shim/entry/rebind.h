/* SPDX-License-Identifier: MIT */
/*
 * Binds the functions that we interpose in objects that would not find ours by themselves
 * (RTLD_DEEPBIND, dlopen(3)).
 */
#ifndef FORKSAN_SHIM_REBIND_H
#define FORKSAN_SHIM_REBIND_H

/* Looks at every object that was loaded since the last look and binds its references to libc's
 * versions of interposed functions to ours.  Called after dlopen(), in the thread that called it;
 * takes the loader's lock as dl_iterate_phdr() does.  No allocation. */
void rebind_new_objects(void);

#endif
