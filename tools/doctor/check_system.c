/* SPDX-License-Identifier: MIT */
/*
 * See checks.h.
 */
#include "doctor/checks.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/session.h"
#include "forksan/limits.h"
#include "forksan/registry.h"

/* Without a registry that has a name, forks are still followed. */
#define NAMELESS                                                                                   \
	"the registry has no name then: forks are followed, programs started by exec are not, "    \
	"and "                                                                                     \
	"the summary has no counts"

static bool may_write(const struct stat *directory, uid_t uid, gid_t gid)
{
	if (uid == 0)
		return true;
	if (directory->st_uid == uid)
		return (directory->st_mode & S_IWUSR) != 0;
	if (directory->st_gid == gid)
		return (directory->st_mode & S_IWGRP) != 0;
	return (directory->st_mode & S_IWOTH) != 0;
}

/* The user's own directory of registries, which another user or an old file may have taken. */
static bool check_own_directory(struct doctor_sheet *sheet, const struct subject *subject)
{
	char name[SESSION_DIRECTORY_BYTES], path[SUBJECT_ROOT_BYTES + SESSION_DIRECTORY_BYTES];
	struct stat own;

	session_put_directory(name, subject->uid);
	snprintf(path, sizeof path, "%s%s", subject->root, name);
	if (lstat(path, &own) != 0 || (S_ISDIR(own.st_mode) && own.st_uid == subject->uid))
		return true;
	sheet_add(sheet, "shm", DOCTOR_LIMIT, DOCTOR_PRELOAD,
		  "remove it, as root: rm -r the name that stands here",
		  "%s is no directory of user %u: " NAMELESS, name, subject->uid);
	return false;
}

void check_shm(struct doctor_sheet *sheet, const struct subject *subject)
{
	char path[SUBJECT_ROOT_BYTES + sizeof REGISTRY_DIRECTORY];
	struct statvfs file_system;
	struct stat directory;
	uint64_t free_bytes, size_bytes;

	snprintf(path, sizeof path, "%s%s", subject->root, REGISTRY_DIRECTORY);
	if (stat(path, &directory) != 0 || statvfs(path, &file_system) != 0) {
		if (errno == EACCES)
			return; /* another user's process: its root may not be seen */
		sheet_add(sheet, "shm", DOCTOR_LIMIT, DOCTOR_PRELOAD,
			  "mount a tmpfs at " REGISTRY_DIRECTORY " there",
			  REGISTRY_DIRECTORY ": %s: " NAMELESS, strerror(errno));
		return;
	}
	free_bytes = (uint64_t)file_system.f_bavail * file_system.f_frsize;
	size_bytes = (uint64_t)file_system.f_blocks * file_system.f_frsize;
	if ((file_system.f_flag & ST_RDONLY) != 0 ||
	    !may_write(&directory, subject->uid, subject->gid))
		sheet_add(sheet, "shm", DOCTOR_LIMIT, DOCTOR_PRELOAD,
			  "chmod 1777 " REGISTRY_DIRECTORY ", or mount it writable",
			  "user %u may not write to " REGISTRY_DIRECTORY " (mode %o%s): " NAMELESS,
			  subject->uid, directory.st_mode & 07777,
			  (file_system.f_flag & ST_RDONLY) != 0 ? ", read-only" : "");
	else if (free_bytes < FORKSAN_SHM_NEEDED_BYTES)
		sheet_add(sheet, "shm", DOCTOR_LIMIT, DOCTOR_PRELOAD,
			  "make it larger: docker run --shm-size=64m, or mount -o "
			  "remount,size=64m " REGISTRY_DIRECTORY,
			  REGISTRY_DIRECTORY " has %.1f MB free, %.0f MB are needed: " NAMELESS,
			  (double)free_bytes / 1e6, (double)FORKSAN_SHM_NEEDED_BYTES / 1e6);
	else if (check_own_directory(sheet, subject))
		sheet_add(sheet, "shm", DOCTOR_GOOD, DOCTOR_PRELOAD, NULL,
			  REGISTRY_DIRECTORY " has %.1f of %.1f MB free, mode %o",
			  (double)free_bytes / 1e6, (double)size_bytes / 1e6,
			  directory.st_mode & 07777);
}

void check_file_size(struct doctor_sheet *sheet, const struct subject *subject)
{
	struct rlimit limit;

	if (prlimit(subject->pid, RLIMIT_FSIZE, NULL, &limit) == 0 &&
	    limit.rlim_cur < sizeof(struct registry))
		sheet_add(sheet, "file_size", DOCTOR_LIMIT, DOCTOR_PRELOAD,
			  "ulimit -f unlimited (systemd: LimitFSIZE=infinity)",
			  "files may have %llu bytes, and the registry is a sparse file of "
			  "%zu: " NAMELESS,
			  (unsigned long long)limit.rlim_cur, sizeof(struct registry));
}

void check_sandbox(struct doctor_sheet *sheet, const struct subject *subject)
{
	long long mode = subject_status(subject->pid != 0 ? subject->pid : getpid(), "Seccomp", 10);
	struct stat own, theirs;
	char path[SUBJECT_ROOT_BYTES + PATH_MAX];

	if (mode > 0 && subject->pid != 0)
		sheet_add(sheet, "seccomp", DOCTOR_LIMIT, DOCTOR_PRELOAD,
			  "if it enters the filter itself, turn its sandbox off for the run; a "
			  "filter of the container or the unit (SystemCallFilter=) does no harm",
			  "the process runs under seccomp: a process that enters a sandbox itself "
			  "is not watched from then on, and is counted (sandboxed)");
	else if (mode > 0)
		sheet_add(
			sheet, "seccomp", DOCTOR_NOTE, DOCTOR_PRELOAD, NULL,
			"this shell runs under a seccomp filter already, and so will the program; "
			"the library needs no call that libc does not make");
	if (subject->pid == 0)
		return;
	snprintf(path, sizeof path, "%s%s", subject->root, subject->library->path);
	if (stat(path, &theirs) != 0 && errno == ENOENT && stat(subject->library->path, &own) == 0)
		sheet_add(sheet, "root", DOCTOR_LIMIT, DOCTOR_PRELOAD,
			  "install forksan in its image, or mount the library there at that path",
			  "the process has another root (a container or chroot), in which %s is "
			  "not there",
			  subject->library->path);
}
