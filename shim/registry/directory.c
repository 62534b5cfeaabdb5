/* SPDX-License-Identifier: MIT */
/*
 * The user's own directory for registries, /dev/shm/forksan-UID.
 *
 * Every user can write to /dev/shm: another user may put any name there first, watch names appear
 * and be faster, hang a lease on a file so that an open waits, or put a hundred thousand names into
 * the way.  A directory with mode 0700 keeps all of that out, provided that this user owns the
 * directory: the descriptor is checked, not the name, and names in the directory are opened
 * relative to that descriptor.  A name that another user has taken is never used, changed or
 * removed; the registry has no name then.
 */
#include "registry/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/sys.h"
#include "common/session.h"

/* A registry is complete within milliseconds, but the maker may have been stopped. */
#define DRAFT_SECONDS 60

/* One call of getdents64(2).  The kernel fills the buffer: an answer that leaves room for another
 * entry is the last one. */
#define ENTRIES_BYTES 2048
#define LONGEST_ENTRY_BYTES 288 /* a name of 255 bytes */

bool registry_file_is_ours(int fd, uint32_t uid, uint32_t type, struct registry_file *file)
{
	struct stat stat;

	if (sys_fstat(fd, &stat) != 0)
		return false;
	*file = (struct registry_file){identity_in(&stat), (uint64_t)stat.st_size};
	return (stat.st_mode & S_IFMT) == type && (stat.st_mode & 077) == 0 && stat.st_uid == uid;
}

long registry_open_directory(uint32_t uid, bool create, struct identity *identity)
{
	char path[SESSION_DIRECTORY_BYTES];
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
	struct registry_file file;
	long fd;

	session_put_directory(path, uid);
	fd = sys_move_up(sys_open(path, flags, 0));
	if (fd == -ENOENT && create) {
		sys_call(SYS_mkdirat, AT_FDCWD, (long)(uintptr_t)path, 0700, 0, 0, 0);
		fd = sys_move_up(sys_open(path, flags, 0));
	}
	/* A symbolic link, or a file. */
	if (fd == -ELOOP || fd == -ENOTDIR)
		return -EPERM;
	if (fd >= 0 && !registry_file_is_ours((int)fd, uid, S_IFDIR, &file)) {
		sys_close((int)fd);
		return -EPERM;
	}
	if (fd >= 0)
		*identity = file.identity;
	return fd;
}

long registry_open_at(int directory, const char *name, int flags, mode_t mode)
{
	return sys_move_up(sys_call(SYS_openat, directory, (long)(uintptr_t)name,
				    flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode, 0, 0));
}

long registry_unlink_at(int directory, const char *name)
{
	return sys_call(SYS_unlinkat, directory, (long)(uintptr_t)name, 0, 0, 0, 0);
}

void registry_sweep(int directory, const char *name)
{
	struct stat stat;

	if (sys_fstatat(directory, name, &stat, AT_SYMLINK_NOFOLLOW) == 0 &&
	    sys_clock_ns(CLOCK_REALTIME) / 1000000000 >
		    (uint64_t)stat.st_mtim.tv_sec + DRAFT_SECONDS)
		registry_unlink_at(directory, name);
}

/* getdents64(2) directly: opendir() would allocate. */
bool registry_look_through(int directory,
			   bool (*visit)(int directory, const char *session, void *context),
			   void *context)
{
	struct kernel_dirent {
		uint64_t ino;
		int64_t off;
		uint16_t reclen;
		uint8_t type;
		char name[];
	};
	char buffer[ENTRIES_BYTES] __attribute__((aligned(8)));
	long n = ENTRIES_BYTES;

	while (n > ENTRIES_BYTES - LONGEST_ENTRY_BYTES) {
		n = sys_call(SYS_getdents64, directory, (long)(uintptr_t)buffer, sizeof buffer, 0,
			     0, 0);
		for (long at = 0; at < n;) {
			const struct kernel_dirent *entry = (const void *)(buffer + at);

			at += entry->reclen;
			if (session_is_draft(entry->name))
				registry_sweep(directory, entry->name);
			else if (session_is_name(entry->name) &&
				 visit(directory, entry->name, context))
				return true;
		}
	}
	return false;
}
