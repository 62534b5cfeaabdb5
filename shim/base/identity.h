/* SPDX-License-Identifier: MIT */
/*
 * Which file an open descriptor is.  Between two calls of forksan's own another thread of the host
 * may close any descriptor, and open a file of its own under the number: what is true of the file
 * before and after is true in between.
 */
#ifndef FORKSAN_SHIM_IDENTITY_H
#define FORKSAN_SHIM_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct identity {
	uint64_t device; /* 0: not known; the kernel gives no file system this number */
	uint64_t inode;
};

static inline struct identity identity_in(const struct stat *stat)
{
	return (struct identity){stat->st_dev, stat->st_ino};
}

/* False also where one is not known. */
static inline bool identity_is_same(struct identity one, struct identity other)
{
	return one.device != 0 && one.device == other.device && one.inode == other.inode;
}

/* Not known where fstat(2) fails. */
struct identity identity_of(int fd);

/* Closes the descriptor if it still is that file: else the number is the host's.  Where fstat(2) is
 * forbidden nobody can tell, and the descriptor is closed. */
void identity_close(int fd, struct identity identity);

#endif
