/* SPDX-License-Identifier: MIT */
/*
 * See subject.h.
 */
#include "doctor/subject.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/deleted_path.h"
#include "symbols/elf_file.h"

/* Adds root and path, once. */
static void add_file(struct subject *subject, const char *root, const char *path)
{
	char *file;

	if (asprintf(&file, "%s%s", root, path) < 0)
		cli_no_memory();
	for (size_t i = 0; i < subject->file_count; i++) {
		if (strcmp(subject->files[i], file) == 0) {
			free(file);
			return;
		}
	}
	subject->files =
		reallocarray(subject->files, subject->file_count + 1, sizeof *subject->files);
	if (subject->files == NULL)
		cli_no_memory();
	subject->files[subject->file_count++] = file;
}

static bool is_library(const char *path)
{
	const char *base = strrchr(path, '/');

	return base != NULL && strcmp(base, "/libforksan.so") == 0;
}

/* --- a command ------------------------------------------------------------------------------- */

/* In the child: the loader, with the library preloaded before what is preloaded already. */
static void list(const struct subject *subject, const char *loader, int out)
{
	const char *others = getenv("LD_PRELOAD");
	char *preload;

	if (asprintf(&preload, "%s%s%s", subject->library->path, others != NULL ? ":" : "",
		     others != NULL ? others : "") < 0 ||
	    setenv("LD_PRELOAD", preload, 1) != 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0)
		_exit(127);
	execl(loader, loader, "--list", subject->target.program, (char *)NULL);
	_exit(127);
}

/* Reads `	NAME => PATH (0x...)` or `	PATH (0x...)`; other lines are complaints. */
static void take_line(struct subject *subject, char *line)
{
	char *path = strstr(line, "=> ");
	char *end = strstr(line, " (0x");

	if (line[0] == '\t' && end != NULL) {
		*end = '\0';
		path = path != NULL ? path + 3 : line + 1;
		if (path[0] != '/')
			return; /* linux-vdso.so.1 */
		add_file(subject, "", path);
		subject->has_library = subject->has_library || is_library(path);
	} else if (strstr(line, subject->library->path) != NULL && subject->complaint[0] == '\0') {
		line[strcspn(line, "\n")] = '\0';
		snprintf(subject->complaint, sizeof subject->complaint, "%.*s",
			 (int)sizeof subject->complaint - 1, line);
	}
}

void subject_list_files(struct subject *subject)
{
	struct elf_file elf;
	char line[PATH_MAX + 256];
	int ends[2], status;
	FILE *in;
	pid_t child;

	add_file(subject, "", subject->target.program);
	if (!elf_file_read(subject->target.program, &elf) || elf.interpreter[0] != '/' ||
	    pipe2(ends, O_CLOEXEC) != 0)
		return;
	child = fork();
	if (child == 0)
		list(subject, elf.interpreter, ends[1]);
	close(ends[1]);
	in = fdopen(ends[0], "r");
	if (in == NULL)
		cli_no_memory();
	while (fgets(line, sizeof line, in) != NULL)
		take_line(subject, line);
	fclose(in);
	if (child > 0 && waitpid(child, &status, 0) == child)
		subject->files_known = WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* --- a process ------------------------------------------------------------------------------- */

/* The path behind the inode of a line of /proc/PID/maps; NULL: the mapping is of no file. */
static char *mapped_path(char *line)
{
	char *path = strchr(line, '/');

	if (path == NULL)
		return NULL;
	path[strcspn(path, "\n")] = '\0';
	path[deleted_path_len(path)] = '\0';
	return path;
}

static void read_maps(struct subject *subject)
{
	char name[64], line[PATH_MAX + 128];
	const char *path;
	FILE *in;

	snprintf(name, sizeof name, "/proc/%d/maps", subject->pid);
	in = fopen(name, "re");
	if (in == NULL)
		return;
	while (fgets(line, sizeof line, in) != NULL) {
		path = strstr(line, " r-xp ") != NULL ? mapped_path(line) : NULL;
		if (path == NULL)
			continue;
		add_file(subject, subject->root, path);
		subject->has_library = subject->has_library || is_library(path);
		subject->files_known = true;
	}
	fclose(in);
}

long long subject_status(pid_t pid, const char *field, int base)
{
	char name[64], line[256];
	long long value = -1;
	size_t len = strlen(field);
	FILE *in;

	snprintf(name, sizeof name, "/proc/%d/status", pid);
	in = fopen(name, "re");
	if (in == NULL)
		return -1;
	while (value < 0 && fgets(line, sizeof line, in) != NULL)
		if (strncmp(line, field, len) == 0 && line[len] == ':')
			value = strtoll(line + len + 1, NULL, base);
	fclose(in);
	return value;
}

int subject_read_process(struct subject *subject, pid_t pid, const struct library *library)
{
	char exe[64], path[PATH_MAX];
	struct stat process;
	ssize_t len;

	snprintf(exe, sizeof exe, "/proc/%d", pid);
	if (stat(exe, &process) != 0)
		return -ESRCH;
	*subject = (struct subject){.pid = pid, .library = library, .has_user = true};
	subject->uid = (uid_t)subject_status(pid, "Uid", 10);
	subject->gid = (gid_t)subject_status(pid, "Gid", 10);
	snprintf(subject->root, sizeof subject->root, "/proc/%d/root", pid);
	snprintf(exe, sizeof exe, "/proc/%d/exe", pid);
	len = readlink(exe, path, sizeof path - 1);
	if (len < 0)
		return errno == ENOENT ? -ESRCH : -EACCES; /* ENOENT: a kernel's thread */
	path[len] = '\0';
	target_examine_running(exe, path, library, &subject->target);
	add_file(subject, "", exe);
	read_maps(subject);
	return 0;
}

static bool process_variable(pid_t pid, const char *name, char *out, size_t size)
{
	char path[64];
	char *entry = NULL;
	size_t room = 0, len = strlen(name);
	bool found = false;
	FILE *in;

	snprintf(path, sizeof path, "/proc/%d/environ", pid);
	in = fopen(path, "re");
	if (in == NULL)
		return false;
	while (!found && getdelim(&entry, &room, '\0', in) > 0)
		found = strncmp(entry, name, len) == 0 && entry[len] == '=';
	if (found)
		snprintf(out, size, "%s", entry + len + 1);
	free(entry);
	fclose(in);
	return found;
}

bool subject_variable(const struct subject *subject, const char *name, char *out, size_t size)
{
	const char *value;

	if (subject->pid != 0)
		return process_variable(subject->pid, name, out, size);
	value = getenv(name);
	if (value != NULL)
		snprintf(out, size, "%s", value);
	return value != NULL;
}

void subject_free(struct subject *subject)
{
	for (size_t i = 0; i < subject->file_count; i++)
		free(subject->files[i]);
	free(subject->files);
}
