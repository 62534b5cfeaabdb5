/* SPDX-License-Identifier: MIT */
/*
 * Room in /dev/shm.  The host needs some of a small /dev/shm too: a registry that filled the file
 * system would make the host's sem_open() fail.
 */
#include "registry/parts.h"

#include <sys/statfs.h>

#include "base/sys.h"

#define LEFT_SHARE 8

bool registry_has_room(uint64_t len_bytes)
{
	struct statfs fs;
	uint64_t left;

	if (sys_call(SYS_statfs, (long)(uintptr_t)REGISTRY_DIRECTORY, (long)(uintptr_t)&fs, 0, 0, 0,
		     0) != 0 ||
	    fs.f_blocks == 0)
		return true;
	left = fs.f_blocks * (uint64_t)fs.f_bsize / LEFT_SHARE;
	if (left > REGISTRY_ROOM_LEFT_BYTES)
		left = REGISTRY_ROOM_LEFT_BYTES;
	return fs.f_bavail * (uint64_t)fs.f_bsize >= len_bytes + left;
}
