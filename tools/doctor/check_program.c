/* SPDX-License-Identifier: MIT */
/*
 * See checks.h.
 */
#include "doctor/checks.h"

#include <ctype.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/option_value.h"
#include "common/interpreters.h"
#include "common/names.h"
#include "symbols/elf_query.h"

#define OLDEST_GLIBC "2.17" /* DESIGN: what the library may need; contrib/ and CI hold it */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* --- the program ----------------------------------------------------------------------------- */

static const char *advice_for(enum target_fault fault)
{
	switch (fault) {
	case TARGET_STATIC:
		return "watch it from outside: forksan attach, or forksan scan";
	case TARGET_OTHER_LIBC:
		return "build libforksan.so for its libc (Alpine: make musl), or forksan scan from "
		       "the "
		       "host";
	case TARGET_OTHER_MACHINE:
		return "install libforksan.so of that machine beside this one and preload "
		       "'/usr/$LIB/libforksan.so'";
	case TARGET_SET_USER_ID:
	case TARGET_SET_GROUP_ID:
		return "start it as the user that it changes to, from root: forksan run as root";
	case TARGET_FILE_CAPABILITIES:
		return "start it as root, or give the capabilities to the service (systemd's "
		       "AmbientCapabilities=) and not to the file";
	case TARGET_GOOD:
		break;
	}
	return NULL;
}

void check_program(struct doctor_sheet *sheet, const struct subject *subject)
{
	const char *file = subject->files[0];

	if (elf_query_section(file, ".note.go.buildid") || elf_query_section(file, ".go.buildinfo"))
		sheet_add(
			sheet, "go", DOCTOR_BLIND, DOCTOR_PRELOAD,
			"watch it from outside: forksan attach, or forksan scan",
			"%s is a Go program: it calls the kernel without libc, so the library sees "
			"none of its connections",
			subject->target.path);
	else if (subject->target.blind)
		sheet_add(sheet, "program", DOCTOR_BLIND, DOCTOR_PRELOAD,
			  advice_for(subject->target.fault), "%s", subject->target.reason);
	else
		sheet_add(sheet, "program", DOCTOR_GOOD, DOCTOR_PRELOAD, NULL,
			  "%s is linked dynamically, for this machine and glibc",
			  subject->pid != 0 ? subject->target.path : subject->target.program);
}

/* The library is in the process: of which session, if `forksan run` has named one. */
static void say_session(struct doctor_sheet *sheet, const struct subject *subject)
{
	char options[4096], session[64];

	if (subject_variable(subject, "FORKSAN_OPTIONS", options, sizeof options) &&
	    option_value(options, "session", session, sizeof session))
		sheet_add(sheet, "loader", DOCTOR_GOOD, DOCTOR_PRELOAD, NULL,
			  "libforksan.so is in the process already: forksan top %s", session);
	else
		sheet_add(sheet, "loader", DOCTOR_GOOD, DOCTOR_PRELOAD, NULL,
			  "libforksan.so is in the process already: forksan top -p %d",
			  subject->pid);
}

void check_loader(struct doctor_sheet *sheet, const struct subject *subject)
{
	if (subject->target.blind)
		return;
	if (!subject->files_known) {
		sheet_add(sheet, "loader", DOCTOR_LIMIT, DOCTOR_PRELOAD, NULL,
			  subject->pid != 0
				  ? "its loaded files may not be seen by this user"
				  : "its loader does not list the files that it would load");
	} else if (subject->has_library && subject->pid != 0) {
		say_session(sheet, subject);
	} else if (subject->has_library) {
		sheet_add(sheet, "loader", DOCTOR_GOOD, DOCTOR_PRELOAD, NULL,
			  "its loader takes libforksan.so (tried, nothing run)");
	} else if (subject->pid != 0) {
		sheet_add(
			sheet, "loader", DOCTOR_NOTE, DOCTOR_PRELOAD,
			"restart it under forksan run; without a restart: forksan attach --tree "
			"PID, or forksan scan PID",
			"libforksan.so is not in the process: a preload comes in at a start alone");
	} else {
		sheet_add(sheet, "loader", DOCTOR_BLIND, DOCTOR_PRELOAD,
			  "install a libforksan.so that was built for this system",
			  "its loader does not take libforksan.so: %s",
			  subject->complaint[0] != '\0' ? subject->complaint
							: "it does not say why");
	}
}

/* --- libraries ------------------------------------------------------------------------------- */

static const char *find_file(const struct subject *subject, const char *prefix)
{
	for (size_t i = 1; i < subject->file_count; i++)
		if (strncmp(base_name(subject->files[i]), prefix, strlen(prefix)) == 0)
			return subject->files[i];
	return NULL;
}

void check_glibc(struct doctor_sheet *sheet, const struct subject *subject)
{
	const char *libc = find_file(subject, "libc.so.6");
	char version[32];

	if (libc == NULL)
		libc = find_file(subject, "libc-2.");
	if (libc == NULL || !elf_query_newest_version(libc, "GLIBC_", version, sizeof version))
		return;
	if (strverscmp(version, OLDEST_GLIBC) < 0)
		sheet_add(sheet, "glibc", DOCTOR_BLIND, DOCTOR_PRELOAD,
			  "watch it from outside: forksan attach, or forksan scan",
			  "glibc %s is older than " OLDEST_GLIBC ", which libforksan.so needs",
			  version);
	else
		sheet_add(sheet, "glibc", DOCTOR_GOOD, DOCTOR_PRELOAD, NULL,
			  "glibc %s (" OLDEST_GLIBC " or later is needed)", version);
}

/* Appends those of `list` (parted by colons, blanks or lines) that are not forksan's. */
static void add_others(char *out, size_t size, const char *list)
{
	while (*list != '\0') {
		size_t len = strcspn(list, ": \n");
		size_t used = strlen(out);

		if (len > 0 && memmem(list, len, "libforksan.so", 13) == NULL && used < size)
			snprintf(out + used, size - used, "%s%.*s", used > 0 ? ", " : "", (int)len,
				 list);
		list += len;
		list += strspn(list, ": \n");
	}
}

void check_preloads(struct doctor_sheet *sheet, const struct subject *subject)
{
	char path[SUBJECT_ROOT_BYTES + 32], list[4096], others[1024] = "";
	size_t len = 0;
	FILE *in;

	if (subject_variable(subject, "LD_PRELOAD", list, sizeof list))
		add_others(others, sizeof others, list);
	snprintf(path, sizeof path, "%s/etc/ld.so.preload", subject->root);
	in = fopen(path, "re");
	if (in != NULL) {
		len = fread(list, 1, sizeof list - 1, in);
		list[len] = '\0';
		add_others(others, sizeof others, list);
		fclose(in);
	}
	if (others[0] != '\0')
		sheet_add(
			sheet, "preloads", DOCTOR_NOTE, DOCTOR_PRELOAD,
			"nothing, while it works: allocators, libfaketime, eatmydata and torsocks "
			"were tested; else try it without them",
			"other libraries are preloaded, too: %s", others);
	if (find_file(subject, "libasan.so") != NULL)
		sheet_add(sheet, "preloads", DOCTOR_NOTE, DOCTOR_PRELOAD, NULL,
			  "built with AddressSanitizer: forksan run sets verify_asan_link_order=0");
}

/* --- io_uring -------------------------------------------------------------------------------- */

/* The rings among the descriptors of a process; -1: they may not be seen. */
static int count_rings(pid_t pid)
{
	char path[64], text[64];
	const struct dirent *each;
	int rings = 0;
	DIR *directory;

	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	directory = opendir(path);
	if (directory == NULL)
		return -1;
	while ((each = readdir(directory)) != NULL) {
		ssize_t len = readlinkat(dirfd(directory), each->d_name, text, sizeof text - 1);

		text[len > 0 ? len : 0] = '\0';
		rings += strcmp(text, "anon_inode:[io_uring]") == 0;
	}
	closedir(directory);
	return rings;
}

void check_io_uring(struct doctor_sheet *sheet, const struct subject *subject)
{
	const char *library = find_file(subject, "liburing");
	int rings = subject->pid != 0 ? count_rings(subject->pid) : 0;

	if (rings > 0)
		sheet_add(
			sheet, "io_uring", DOCTOR_LIMIT, DOCTOR_PRELOAD,
			"watch it from outside (forksan attach), or turn io_uring off for the run",
			"the process has %d io_uring: bytes that move there are not judged; the "
			"summary counts it",
			rings);
	else if (library != NULL)
		sheet_add(
			sheet, "io_uring", DOCTOR_LIMIT, DOCTOR_PRELOAD,
			"watch it from outside (forksan attach), or turn io_uring off for the run",
			"it loads %s: bytes that move by io_uring are not judged; the summary "
			"counts a ring beside a watched connection",
			library);
}

/* --- interpreters ---------------------------------------------------------------------------- */

struct version {
	unsigned major, minor;
};

/* Reads "3.11" out of the text behind `mark` in a file's name or bytes. */
static bool read_version(const char *text, struct version *version)
{
	return sscanf(text, "%u.%u", &version->major, &version->minor) == 2;
}

static bool version_in_name(const char *file, const char *mark, struct version *version)
{
	char real[PATH_MAX];
	const char *base = base_name(realpath(file, real) != NULL ? real : file);
	const char *found = strstr(base, mark);

	return found != NULL && read_version(found + strlen(mark), version);
}

static bool python_version(const char *file, struct version *version)
{
	uint64_t hex;

	if (elf_query_data(file, "Py_Version", &hex, sizeof hex)) {
		*version = (struct version){(unsigned)(hex >> 24 & 0xff),
					    (unsigned)(hex >> 16 & 0xff)};
		return true;
	}
	return version_in_name(file, "python", version);
}

static bool ruby_version(const char *file, struct version *version)
{
	uint32_t numbers[2];

	if (!elf_query_data(file, "ruby_api_version", numbers, sizeof numbers))
		return false;
	*version = (struct version){numbers[0], numbers[1]};
	return true;
}

static bool perl_version(const char *file, struct version *version)
{
	char text[32];

	return version_in_name(file, "libperl.so.", version) ||
	       (elf_query_text_after(file, "/perl/", text, sizeof text) &&
		read_version(text, version)) ||
	       (elf_query_text_after(file, "/perl5/", text, sizeof text) &&
		read_version(text, version));
}

static bool php_version(const char *file, struct version *version)
{
	char text[32];

	return elf_query_text_after(file, "X-Powered-By: PHP/", text, sizeof text) &&
	       read_version(text, version);
}

/* A file is an interpreter by the symbol without which its frames cannot be read. */
static const struct {
	enum language language;
	const char *name;
	const char *library; /* prefix of the file's name, where it is not the program */
	const char *symbol;
	bool (*version)(const char *file, struct version *version);
} interpreters[] = {
	{LANGUAGE_PYTHON, "Python", "libpython", "PyCode_Type", python_version},
	{LANGUAGE_RUBY, "Ruby", "libruby", "ruby_api_version", ruby_version},
	{LANGUAGE_PERL, "Perl", "libperl", "PL_op_name", perl_version},
	{LANGUAGE_PHP, "PHP", "libphp", "zend_get_executed_filename", php_version},
};

static void check_interpreter(struct doctor_sheet *sheet, const char *file, size_t i)
{
	struct version version = {0, 0};
	enum language language = interpreters[i].language;
	const char *name = interpreters[i].name;

	if (!interpreters[i].version(file, &version))
		sheet_add(sheet, "frames", DOCTOR_NOTE, DOCTOR_PRELOAD, NULL,
			  "stacks will show frames of %s if its version is known (%s)", name, file);
	else if (language == LANGUAGE_PYTHON &&
		 elf_query_symbol(file, "_Py_MergeZeroLocalRefcount"))
		sheet_add(sheet, "frames", DOCTOR_LIMIT, DOCTOR_PRELOAD,
			  "run the build with the GIL, or read the native frames",
			  "%s %u.%u without the GIL: stacks will have native frames only", name,
			  version.major, version.minor);
	else if (interpreter_is_read(language, version.major, version.minor))
		sheet_add(sheet, "frames", DOCTOR_GOOD, DOCTOR_PRELOAD, NULL,
			  "stacks will show frames of %s %u.%u", name, version.major,
			  version.minor);
	else
		sheet_add(sheet, "frames", DOCTOR_LIMIT, DOCTOR_PRELOAD,
			  "use a version of docs/interpreters.md, or read the native frames",
			  "%s %u.%u is not known: stacks will have native frames only", name,
			  version.major, version.minor);
}

void check_interpreters(struct doctor_sheet *sheet, const struct subject *subject)
{
	size_t found = 0;

	if (subject->target.blind)
		return;
	for (size_t i = 0; i < sizeof interpreters / sizeof interpreters[0]; i++) {
		for (size_t j = 0; j < subject->file_count; j++) {
			const char *file = subject->files[j];

			if ((j > 0 && strncmp(base_name(file), interpreters[i].library,
					      strlen(interpreters[i].library)) != 0) ||
			    !elf_query_symbol(file, interpreters[i].symbol))
				continue;
			check_interpreter(sheet, file, i);
			found++;
			break;
		}
	}
	if (found == 0 && subject->files_known)
		sheet_add(sheet, "frames", DOCTOR_GOOD, DOCTOR_PRELOAD, NULL,
			  "no interpreter among its libraries: stacks will have native frames, and "
			  "those of an interpreter that is loaded later");
}
