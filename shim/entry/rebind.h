/* SPDX-License-Identifier: MIT */
/*
 * Binds the interposed functions in objects that found libc's instead (RTLD_DEEPBIND, dlopen(3)).
 */
#ifndef FORKSAN_SHIM_REBIND_H
#define FORKSAN_SHIM_REBIND_H

/* Looks at every object that was loaded since the last look, and binds references to libc's version
 * of an interposed function to forksan's version.  Called after dlopen(), in the same thread; takes
 * the loader's lock as dl_iterate_phdr() does.  No allocation. */
void rebind_new_objects(void);

#endif
