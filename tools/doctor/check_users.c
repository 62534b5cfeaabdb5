/* SPDX-License-Identifier: MIT */
/*
 * See checks.h.
 *
 * Whether a user may write a file is asked of the kernel, by a child that becomes the user; only
 * root can ask for others.
 */
#include "doctor/checks.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/option_value.h"
#include "common/liveness.h"
#include "forksan/limits.h"

#define MAX_USERS 16
#define OPTIONS_VARIABLE "FORKSAN_OPTIONS"

struct user {
	uid_t uid;
	gid_t gid;
	pid_t pid; /* a process of that user; 0: none yet */
};

struct users {
	struct user users[MAX_USERS];
	size_t count;
};

static void add_user(struct users *users, uid_t uid, gid_t gid, pid_t pid)
{
	for (size_t i = 0; i < users->count; i++)
		if (users->users[i].uid == uid)
			return;
	if (users->count < MAX_USERS)
		users->users[users->count++] = (struct user){uid, gid, pid};
}

/* --- who is there ---------------------------------------------------------------------------- */

static pid_t parent_of(pid_t pid)
{
	char path[64], text[LIVENESS_STAT_BYTES];
	ssize_t len;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	len = read(fd, text, sizeof text);
	close(fd);
	return len > 0 ? liveness_stat_parent(text, (size_t)len) : 0;
}

static bool descends_from(pid_t pid, pid_t ancestor)
{
	for (int depth = 0; pid > 1 && depth < 64; depth++) {
		if (pid == ancestor)
			return true;
		pid = parent_of(pid);
	}
	return false;
}

/* Adds the users of the process and of its descendants. */
static void add_tree(struct users *users, pid_t root)
{
	DIR *proc = opendir("/proc");
	const struct dirent *each;

	while (proc != NULL && (each = readdir(proc)) != NULL) {
		pid_t pid = (pid_t)atoi(each->d_name);
		long long uid, gid;

		if (!isdigit((unsigned char)each->d_name[0]) || !descends_from(pid, root))
			continue;
		uid = subject_status(pid, "Uid", 10);
		gid = subject_status(pid, "Gid", 10);
		if (uid >= 0 && gid >= 0)
			add_user(users, (uid_t)uid, (gid_t)gid, pid);
	}
	if (proc != NULL)
		closedir(proc);
}

static const char *name_of(uid_t uid)
{
	const struct passwd *entry = getpwuid(uid);

	return entry != NULL ? entry->pw_name : "?";
}

/* --- the log --------------------------------------------------------------------------------- */

/* 0: the calling process may append to the file, or make it; else the errno. */
static int try_log(const char *path)
{
	char directory[PATH_MAX];
	char *slash;

	if (access(path, F_OK) == 0)
		return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0 ? 0 : errno;
	if (errno != ENOENT)
		return errno;
	snprintf(directory, sizeof directory, "%s", path);
	slash = strrchr(directory, '/');
	if (slash == NULL)
		strcpy(directory, ".");
	else
		slash[slash == directory] = '\0';
	return faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0 ? 0 : errno;
}

/* try_log() as another user; -1: this user may not become another. */
static int try_log_as(const struct user *user, const char *path)
{
	const struct passwd *entry = getpwuid(user->uid);
	int status;
	pid_t child;

	if (user->uid == geteuid())
		return try_log(path);
	if (geteuid() != 0)
		return -1;
	child = fork();
	if (child == 0) {
		if ((entry != NULL ? initgroups(entry->pw_name, user->gid) : setgroups(0, NULL)) !=
			    0 ||
		    setresgid(user->gid, user->gid, user->gid) != 0 ||
		    setresuid(user->uid, user->uid, user->uid) != 0)
			_exit(255);
		_exit(try_log(path));
	}
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
	    WEXITSTATUS(status) == 255)
		return -1;
	return WEXITSTATUS(status);
}

static void check_log(struct doctor_sheet *sheet, const struct users *users, const char *path)
{
	bool good = true;

	if (path[0] != '/')
		sheet_add(sheet, "log", DOCTOR_NOTE, DOCTOR_PRELOAD,
			  "name the log by an absolute path; forksan run -o does so",
			  "the log's path %s is relative: a process that changes its directory "
			  "writes to another file",
			  path);
	for (size_t i = 0; i < users->count; i++) {
		const struct user *user = &users->users[i];
		int error = try_log_as(user, path);

		if (error > 0)
			sheet_add(
				sheet, "log", DOCTOR_LIMIT, DOCTOR_PRELOAD,
				"name a log that this user may write, as a file made before with "
				"its owner or group",
				"%s: user %s (%u) may not write it: %s%s", path, name_of(user->uid),
				user->uid, strerror(error),
				i > 0 ? "; a process that becomes this user itself keeps the log, "
					"a program that it starts loses it"
				      : "");
		good = good && error == 0;
	}
	if (good)
		sheet_add(sheet, "log", DOCTOR_GOOD, DOCTOR_PRELOAD, NULL,
			  "%s may be written by %s", path,
			  users->count > 1 ? "all its users" : name_of(users->users[0].uid));
}

static void say_user(struct doctor_sheet *sheet, const struct user *user)
{
	if (user->pid != 0)
		sheet_add(sheet, "user", DOCTOR_NOTE, DOCTOR_PRELOAD,
			  "start it under forksan run as the user that starts it today",
			  "process %d runs as %s (%u): its processes change the user", user->pid,
			  name_of(user->uid), user->uid);
	else
		sheet_add(sheet, "user", DOCTOR_NOTE, DOCTOR_PRELOAD, NULL,
			  "the program will run as %s (%u)", name_of(user->uid), user->uid);
}

void check_users(struct doctor_sheet *sheet, const struct subject *subject, const char *log_path)
{
	struct users users = {.count = 0};
	char options[4096], log[FORKSAN_PATH_BYTES];

	if (subject->pid == 0)
		add_user(&users, geteuid(), getegid(), 0);
	if (subject->has_user)
		add_user(&users, subject->uid, subject->gid, subject->pid);
	if (subject->pid != 0)
		add_tree(&users, subject->pid);
	for (size_t i = 1; i < users.count; i++)
		say_user(sheet, &users.users[i]);
	if (log_path != NULL)
		check_log(sheet, &users, log_path);
	else if (subject_variable(subject, OPTIONS_VARIABLE, options, sizeof options) &&
		 option_value(options, "log_path", log, sizeof log))
		check_log(sheet, &users, log);
}
