/* SPDX-License-Identifier: MIT */
/*
 * Opens the log.  See log_file.h.
 *
 * The path is walked a component at a time, each opened without following a link (O_PATH |
 * O_NOFOLLOW), so that the walk goes through the very component that was checked: nobody can swap a
 * link in between. The last name is checked before the open, since opening a FIFO or a device is an
 * act, and again after.
 */
#include "report/log_file.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "options/options.h"
#include "report/write_parts.h"
#include "base/sys.h"

/* Readable by the users who look after the service and do not run the host: a log holds addresses,
 * paths and function names, no data.  With payload=1 a log holds data. */
#define LOG_MODE 0644
#define LOG_MODE_PAYLOAD 0600

#define MAX_LINKS 40 /* as the kernel's: path_resolution(7) */
#define MAX_SWAPS 4  /* times that a name may change between look and open */

static long look_at_name(long directory, const char *name, struct stat *stat)
{
	stat->st_mode = 0;
	return sys_fstatat((int)directory, name, stat, AT_SYMLINK_NOFOLLOW);
}

static long open_at(long directory, const char *name, int flags, mode_t mode)
{
	return sys_call(SYS_openat, directory, (long)(uintptr_t)name, flags | O_CLOEXEC, mode, 0,
			0);
}

/* True for root, and for the user as whom this process acts: both can do anyway all that a link or
 * a file could do to this process. */
static bool is_trusted(const struct stat *stat)
{
	return stat->st_uid == 0 || stat->st_uid == (uid_t)sys_call(SYS_geteuid, 0, 0, 0, 0, 0, 0);
}

/* --- the walk ------------------------------------------------------------------------------ */

struct walk {
	struct log_scratch *scratch;
	char *at; /* the rest of the path, in scratch->rest */
	unsigned links;
	long directory; /* an O_PATH descriptor, or -errno */
};

static void go_to(struct walk *walk, long directory)
{
	if (walk->directory >= 0)
		sys_close((int)walk->directory);
	walk->directory = directory;
}

/* Puts the target of a link before the rest of the path.  0 or -errno. */
static long follow(struct walk *walk, long link, const char *name)
{
	struct log_scratch *scratch = walk->scratch;
	long len = sys_call(SYS_readlinkat, link, (long)(uintptr_t)name,
			    (long)(uintptr_t)scratch->link, sizeof(scratch->link), 0, 0);
	size_t left = strlen(walk->at);

	if (len < 0)
		return len;
	if (++walk->links > MAX_LINKS)
		return -ELOOP;
	if (len == 0 || (size_t)len >= sizeof(scratch->link) ||
	    (size_t)len + 1 + left >= sizeof(scratch->rest))
		return -ENAMETOOLONG;
	memmove(scratch->rest + len + 1, walk->at, left + 1);
	memcpy(scratch->rest, scratch->link, (size_t)len);
	scratch->rest[len] = left > 0 ? '/' : '\0';
	walk->at = scratch->rest;
	if (walk->at[0] == '/')
		go_to(walk, open_at(AT_FDCWD, "/", O_PATH | O_DIRECTORY, 0));
	return walk->directory < 0 ? walk->directory : 0;
}

/* Goes into the directory `name`, through links of trusted users.  0, -errno or a negative refusal.
 */
static long enter(struct walk *walk, const char *name)
{
	long next = open_at(walk->directory, name, O_PATH | O_NOFOLLOW | O_DIRECTORY, 0);
	struct stat stat;
	long result;

	if (next >= 0) {
		go_to(walk, next);
		return 0;
	}
	/* A link, or no directory. */
	next = next == -ENOTDIR ? open_at(walk->directory, name, O_PATH | O_NOFOLLOW, 0) : next;
	if (next < 0)
		return next;
	result = stat_fd(next, &stat);
	if (result == 0 && S_ISLNK(stat.st_mode)) {
		result = is_trusted(&stat) ? follow(walk, next, "") : -LOG_IS_FOREIGN;
		sys_close((int)next);
		return result;
	}
	go_to(walk, next);
	return result;
}

/* Takes the next component off the path; NULL when the path names a directory. */
static char *next_name(struct walk *walk)
{
	char *name;

	while (*walk->at == '/')
		walk->at++;
	if (*walk->at == '\0')
		return NULL;
	name = walk->at;
	while (*walk->at != '/' && *walk->at != '\0')
		walk->at++;
	if (*walk->at == '/')
		*walk->at++ = '\0';
	return name;
}

/* Returns the last name of the path, with that name's directory in walk->directory; NULL with
 * -errno in walk->directory. */
static const char *go_to_last(struct walk *walk)
{
	while (walk->directory >= 0) {
		char *name = next_name(walk);
		long result;

		if (name == NULL) {
			go_to(walk, -EISDIR);
			break;
		}
		if (*walk->at == '\0')
			return name;
		result = enter(walk, name);
		if (result < 0)
			go_to(walk, result);
	}
	return NULL;
}

static void begin(struct walk *walk, struct log_scratch *scratch)
{
	bool is_absolute = scratch->path[0] == '/';
	char *first_end;

	*walk = (struct walk){.scratch = scratch, .at = scratch->rest, .directory = -ENOENT};
	memcpy(scratch->rest, scratch->path, strlen(scratch->path) + 1);
	/* A directory of the root by one call; what is no directory is looked at in the root. */
	first_end = is_absolute ? strchr(scratch->rest + 1, '/') : NULL;
	if (first_end) {
		*first_end = '\0';
		walk->directory =
			open_at(AT_FDCWD, scratch->rest, O_PATH | O_NOFOLLOW | O_DIRECTORY, 0);
		*first_end = '/';
		walk->at = first_end;
	}
	if (walk->directory < 0) {
		walk->at = scratch->rest;
		walk->directory =
			open_at(AT_FDCWD, is_absolute ? "/" : ".", O_PATH | O_DIRECTORY, 0);
	}
}

/* --- the file ------------------------------------------------------------------------------ */

/* True when the directory is in /proc: a link such as /proc/self/fd/2 leads to an object, not to
 * the path in the link. */
static bool is_magic(long directory)
{
	struct statfs statfs = {0};

	return sys_call(SYS_fstatfs, directory, (long)(uintptr_t)&statfs, 0, 0, 0, 0) == 0 &&
	       statfs.f_type == PROC_SUPER_MAGIC;
}

/* True for /dev/null, by the numbers of devices.txt.  In a container without root its owner has no
 * number, and whoever owns it, nobody gets what is written there. */
static bool is_null_device(const struct stat *stat)
{
	return S_ISCHR(stat->st_mode) && stat->st_rdev == makedev(1, 3);
}

/* 0, -errno or a negative refusal: nothing may be written to this file.  `given`: see
 * log_file_open(). */
static long refusal_of(const struct stat *stat, const struct stat *given)
{
	bool is_file = S_ISREG(stat->st_mode);

	if (!is_file && !S_ISCHR(stat->st_mode) && !S_ISFIFO(stat->st_mode))
		return S_ISDIR(stat->st_mode) ? -EISDIR : -LOG_IS_NO_FILE;
	if (!stat_is_same(stat, given) && !is_null_device(stat)) {
		if (!is_trusted(stat))
			return -LOG_IS_FOREIGN;
		if (is_file && stat->st_nlink > 1)
			return -LOG_HAS_OTHER_NAMES;
	}
	if (options.payload && !S_ISCHR(stat->st_mode) && (stat->st_mode & 077) != 0)
		return -LOG_IS_READABLE;
	return 0;
}

/* Opens an existing file, a regular one for reading, too, where permitted.  A FIFO opened for
 * reading would have this process as a reader.  O_NONBLOCK: a FIFO without a reader, and a file
 * with a lease, are errors and no hang. */
static long open_name(const struct walk *walk, const char *name, const struct stat *stat,
		      enum log_access access, bool magic)
{
	const int flags = O_APPEND | O_NOCTTY | O_NONBLOCK | (magic ? 0 : O_NOFOLLOW);
	long fd = -EACCES;

	if (access != LOG_APPEND_ONLY && S_ISREG(stat->st_mode))
		fd = open_at(walk->directory, name, flags | O_RDWR, 0);
	return fd == -EACCES ? open_at(walk->directory, name, flags | O_WRONLY, 0) : fd;
}

static long make(const struct walk *walk, const char *name, enum log_access access)
{
	const int flags = O_APPEND | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW | O_CREAT | O_EXCL;

	return open_at(walk->directory, name, flags | (access == LOG_APPEND ? O_RDWR : O_WRONLY),
		       options.payload ? LOG_MODE_PAYLOAD : LOG_MODE);
}

/* Makes the file when find() found no file, else opens the file.  -EAGAIN: the name changed
 * meanwhile. */
static long open_checked(const struct walk *walk, const char *name, enum log_access access,
			 const struct stat *given, struct log_file *file)
{
	struct stat before = file->stat;
	bool magic = S_ISLNK(before.st_mode);
	long result = magic || before.st_mode == 0 ? 0 : refusal_of(&before, given);
	long fd;

	if (result < 0)
		return result;
	if (before.st_mode == 0)
		fd = access == LOG_APPEND_IF_MADE ? -ENOENT : make(walk, name, access);
	else
		fd = open_name(walk, name, &before, access, magic);
	if (fd < 0)
		return fd == -EEXIST || fd == -ELOOP ? -EAGAIN : fd;
	result = stat_fd(fd, &file->stat);
	if (result == 0 && before.st_mode != 0 && !magic && !stat_is_same(&before, &file->stat))
		result = -EAGAIN;
	if (result == 0)
		result = refusal_of(&file->stat, given);
	if (result == 0)
		return fd;
	sys_close((int)fd);
	return result;
}

/* Walks to the last name that is no link, and fills file->stat (st_mode 0: no such file).  NULL
 * with -errno or a negative refusal in walk->directory. */
static const char *find(struct walk *walk, struct log_file *file)
{
	const char *name;

	while ((name = go_to_last(walk)) != NULL) {
		long result = look_at_name(walk->directory, name, &file->stat);

		if (result < 0 && result != -ENOENT) {
			go_to(walk, result);
			return NULL;
		}
		if (!S_ISLNK(file->stat.st_mode))
			return name;
		if (!is_trusted(&file->stat)) {
			go_to(walk, -LOG_IS_FOREIGN);
			return NULL;
		}
		if (is_magic(walk->directory))
			return name;
		result = follow(walk, walk->directory, name);
		if (result < 0)
			go_to(walk, result);
	}
	return NULL;
}

long log_file_open(struct log_scratch *scratch, enum log_access access, const struct stat *given,
		   struct log_file *file)
{
	long result = -EAGAIN;

	for (int i = 0; i < MAX_SWAPS && result == -EAGAIN; i++) {
		struct walk walk;
		const char *name;

		memset(file, 0, sizeof(*file));
		begin(&walk, scratch);
		name = find(&walk, file);
		if (name != NULL) {
			if (access == LOG_APPEND_ONLY)
				stat_fd(walk.directory, &file->directory);
			result = open_checked(&walk, name, access, given, file);
		} else {
			result = walk.directory;
		}
		if (result < 0)
			file->stat.st_mode = 0;
		go_to(&walk, -EBADF);
	}
	return result;
}

long log_file_look(struct log_scratch *scratch, struct log_file *file)
{
	struct walk walk;
	long result;

	memset(file, 0, sizeof(*file));
	begin(&walk, scratch);
	result = find(&walk, file) != NULL ? 0 : walk.directory;
	if (result == 0)
		stat_fd(walk.directory, &file->directory);
	go_to(&walk, -EBADF);
	return result;
}
