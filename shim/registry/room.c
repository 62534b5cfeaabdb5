/* SPDX-License-Identifier: MIT */
/*
 * Room in /dev/shm.  The host needs some of a small /dev/shm too: a registry that filled the file
 * system would make the host's sem_open() fail.
 */
#include "registry/parts.h"

#include <sys/statfs.h>

#include "base/sys.h"
#include "forksan/atomics.h"

#define LEFT_SHARE 8

/* Where so much is free, the next bytes are taken without a question: a page at a time would ask as
 * often as it takes.  Of 1 000 processes that do so at once not even the half uses up the room. */
#define PLENTY_BYTES (UINT64_C(256) << 20)
#define GRANT_BYTES (UINT64_C(128) << 10)

FORKSAN_AT_START static _Atomic uint64_t granted_bytes;

bool registry_has_room(uint64_t len_bytes)
{
	uint64_t granted = load_relaxed(&granted_bytes);
	struct statfs fs;
	uint64_t left;

	if (granted >= len_bytes &&
	    compare_exchange_acq_rel(&granted_bytes, &granted, granted - len_bytes))
		return true;
	if (sys_call(SYS_statfs, (long)(uintptr_t)REGISTRY_DIRECTORY, (long)(uintptr_t)&fs, 0, 0, 0,
		     0) != 0 ||
	    fs.f_blocks == 0)
		return true;
	left = fs.f_blocks * (uint64_t)fs.f_bsize / LEFT_SHARE;
	if (left > REGISTRY_ROOM_LEFT_BYTES)
		left = REGISTRY_ROOM_LEFT_BYTES;
	if (fs.f_bavail * (uint64_t)fs.f_bsize >= len_bytes + left + PLENTY_BYTES)
		store_relaxed(&granted_bytes, GRANT_BYTES);
	return fs.f_bavail * (uint64_t)fs.f_bsize >= len_bytes + left;
}
