/* SPDX-License-Identifier: MIT */
/*
 * See target.h.
 *
 * A program is blind to LD_PRELOAD when
 *   - the program has no dynamic loader (PT_INTERP), so nothing loads a library;
 *   - the loader is another libc's: musl's cannot load a library made for glibc;
 *   - class or machine differ from the library's: the loader warns and goes on without the library;
 *   - the program runs in secure execution (getauxval(3), AT_SECURE): set-user-ID, set-group-ID or
 *     file capabilities give the program more than its caller has; the loader ignores LD_PRELOAD's
 *     paths then.
 */
#include "target/target.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/exit_status.h"
#include "symbols/elf_file.h"
#include "target/library.h"

#define SCRIPT_DEPTH 6		     /* #! within #!; the kernel stops at 5 (fs/exec.c) */
#define DEFAULT_PATH "/bin:/usr/bin" /* of execvp(3) without PATH */

/* --- finding the program ------------------------------------------------------------------ */

static bool is_executable_file(const char *path)
{
	struct stat stat_buffer;

	return stat(path, &stat_buffer) == 0 && S_ISREG(stat_buffer.st_mode) &&
	       access(path, X_OK) == 0;
}

int target_resolve(const char *name, char out[PATH_MAX])
{
	const char *directories = getenv("PATH");
	int error = ENOENT;

	if (strchr(name, '/') != NULL) {
		if (strlen(name) >= PATH_MAX)
			return ENAMETOOLONG;
		memcpy(out, name, strlen(name) + 1);
		if (is_executable_file(name))
			return 0;
		return access(name, F_OK) == 0 ? EACCES : errno;
	}
	if (directories == NULL)
		directories = DEFAULT_PATH;
	for (;;) {
		size_t len = strcspn(directories, ":");
		int size =
			len == 0 ? snprintf(out, PATH_MAX, "%s", name)
				 : snprintf(out, PATH_MAX, "%.*s/%s", (int)len, directories, name);

		if (size < PATH_MAX && name[0] != '\0') {
			if (is_executable_file(out))
				return 0;
			if (access(out, F_OK) == 0)
				error = EACCES;
		}
		if (directories[len] == '\0')
			return error;
		directories += len + 1;
	}
}

/* --- can the library be in the program ---------------------------------------------------- */

static bool blind(struct target *target, enum target_fault fault, const char *path, const char *why)
{
	target->blind = true;
	target->fault = fault;
	snprintf(target->reason, sizeof target->reason, "%s %s", path, why);
	return true;
}

/* True when the kernel would run the program with AT_SECURE for this user. */
static bool is_secure(struct target *target, const char *path)
{
	struct stat stat_buffer;
	struct statvfs file_system;

	if (stat(path, &stat_buffer) != 0)
		return false;
	if ((statvfs(path, &file_system) == 0 && (file_system.f_flag & ST_NOSUID) != 0) ||
	    prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1)
		return false;
	if ((stat_buffer.st_mode & S_ISUID) != 0 && stat_buffer.st_uid != getuid())
		return blind(target, TARGET_SET_USER_ID, path,
			     "is set-user-ID: the loader ignores LD_PRELOAD for it");
	if ((stat_buffer.st_mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP) &&
	    stat_buffer.st_gid != getgid())
		return blind(target, TARGET_SET_GROUP_ID, path,
			     "is set-group-ID: the loader ignores LD_PRELOAD for it");
	/* For root, file capabilities add nothing, so that execution is not secure
	 * (capabilities(7)). */
	if (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
		return blind(target, TARGET_FILE_CAPABILITIES, path,
			     "has file capabilities: the loader ignores LD_PRELOAD for it");
	return false;
}

static const char *class_name(int elf_class)
{
	return elf_class == ELFCLASS32 ? "32" : "64";
}

static void examine_elf(const struct elf_file *elf, const struct library *library, const char *path,
			struct target *target)
{
	char why[160];

	if (elf->elf_class != library->elf_class || elf->machine != library->machine) {
		snprintf(why, sizeof why,
			 "is for another machine (%s bit, ELF machine %d) than libforksan.so (%s "
			 "bit, %d)",
			 class_name(elf->elf_class), elf->machine, class_name(library->elf_class),
			 library->machine);
		blind(target, TARGET_OTHER_MACHINE, path, why);
	} else if (elf->interpreter[0] == '\0') {
		/* The loader called as a program preloads as always. */
		if (strncmp(elf->soname, "ld-linux", 8) != 0 &&
		    !(library->for_musl && strcmp(elf->soname, "libc.so") == 0))
			blind(target, TARGET_STATIC, path,
			      "is statically linked: there is no loader to preload a library");
	} else if (strstr(elf->interpreter, "ld-musl") != NULL && !library->for_musl) {
		blind(target, TARGET_OTHER_LIBC, path,
		      "is made for musl libc, whose loader cannot load libforksan.so (glibc)");
	} else if (strstr(elf->interpreter, "ld-musl") == NULL && library->for_musl) {
		blind(target, TARGET_OTHER_LIBC, path,
		      "is made for glibc, and this libforksan.so for musl libc");
	}
}

/* --- scripts ------------------------------------------------------------------------------ */

bool target_read_script_line(const char *path, char line[TARGET_SCRIPT_LINE_BYTES])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char buffer[TARGET_SCRIPT_LINE_BYTES] = "";
	ssize_t len;

	if (fd < 0)
		return false;
	len = read(fd, buffer, sizeof buffer - 1);
	close(fd);
	if (len < 2 || buffer[0] != '#' || buffer[1] != '!')
		return false;
	buffer[len] = '\0';
	buffer[strcspn(buffer, "\n")] = '\0';
	memcpy(line, buffer + 2, sizeof buffer - 2);
	return true;
}

/* Returns the program that `env` of a #! line starts: the first word that is neither an option nor
 * an assignment.  NULL: there is no such word. */
static const char *env_command(char **rest)
{
	const char *word;

	while ((word = strtok_r(NULL, " \t", rest)) != NULL)
		if (word[0] != '-' && strchr(word, '=') == NULL)
			return word;
	return NULL;
}

static void examine(const char *path, const struct library *library, unsigned depth,
		    struct target *target)
{
	char line[TARGET_SCRIPT_LINE_BYTES], command[PATH_MAX];
	const char *interpreter;
	struct elf_file elf;
	char *rest;

	if (elf_file_read(path, &elf)) {
		snprintf(target->program, sizeof target->program, "%s", path);
		if (!is_secure(target, path))
			examine_elf(&elf, library, path, target);
		return;
	}
	if (depth == SCRIPT_DEPTH)
		return;
	if (!target_read_script_line(path, line)) {
		/* execvp() gives a file without #! to the shell. */
		if (access(path, R_OK) == 0)
			examine("/bin/sh", library, SCRIPT_DEPTH, target);
		return;
	}
	interpreter = strtok_r(line, " \t", &rest);
	if (interpreter == NULL)
		return;
	examine(interpreter, library, depth + 1, target);
	if (target->blind || strcmp(basename(interpreter), "env") != 0)
		return;
	interpreter = env_command(&rest);
	if (interpreter != NULL && target_resolve(interpreter, command) == 0)
		examine(command, library, depth + 1, target);
}

void target_examine_running(const char *file, const char *path, const struct library *library,
			    struct target *target)
{
	struct elf_file elf;

	memset(target, 0, sizeof *target);
	snprintf(target->path, sizeof target->path, "%s", path);
	snprintf(target->program, sizeof target->program, "%s", path);
	if (elf_file_read(file, &elf))
		examine_elf(&elf, library, path, target);
}

int target_find(const char *verb, const char *name, const struct library *library,
		struct target *target)
{
	int error;

	memset(target, 0, sizeof *target);
	error = target_resolve(name, target->path);
	if (error != 0) {
		cli_error(verb, "%s: %s", name, error == ENOENT ? "not found" : strerror(error));
		return error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_INSTRUMENTED;
	}
	examine(target->path, library, 0, target);
	return 0;
}
