/* SPDX-License-Identifier: MIT */
/* Which files a watched process has mapped, for libdw.  One thread. */
#ifndef FORKSAN_TOOLS_WATCHER_MAPPED_H
#define FORKSAN_TOOLS_WATCHER_MAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <elfutils/libdwfl.h>

#include "stacks/mapped_files.h"

/* The mapped files of a process.  A forked child shares them with its parent until one of the two
 * maps other files: so a child's stack can be read that has ended by then. */
struct mapped {
	pid_t pid;
	Dwfl *dwfl; /* NULL: not known */
	struct mapped_files files;
	uint64_t digest; /* of the mapped code */
	unsigned users;
};

/* Reads the list of mapped files of a process, in place of `mapped` (NULL: none yet), which is
 * given back.  Where the list cannot be read, or no other code is mapped, `mapped` stays.
 * `stand_in`: a process of the same program whose list is read once the first has ended; 0: none.
 */
struct mapped *mapped_read(struct mapped *mapped, pid_t pid, pid_t stand_in);

/* One more user; NULL stays NULL. */
struct mapped *mapped_share(struct mapped *mapped);
void mapped_close(struct mapped *mapped);

/* The mapped file of that path, which belongs to `mapped`; NULL: none, or it cannot be read. */
Elf *mapped_find_elf(const struct mapped *mapped, const char *path);

#endif
