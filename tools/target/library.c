/* SPDX-License-Identifier: MIT */
/*
 * See library.h.
 */
#include "target/library.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "symbols/elf_file.h"

#define LIBRARY_NAME "libforksan.so"
#define LIBRARY_VARIABLE "FORKSAN_LIBRARY"

/* Directories of the library, relative to the tool's: the same one in a build directory, else where
 * `make install`, a multiarch system and a system with lib64 put libraries. */
static const char *const places[] = {
	"/",
	"/../lib/",
#ifdef FORKSAN_MULTIARCH
	"/../lib/" FORKSAN_MULTIARCH "/",
#endif
	"/../lib64/",
};

/* Writes the tool's own directory to `out`; an empty string: not known. */
static void own_directory(char out[PATH_MAX])
{
	ssize_t len = readlink("/proc/self/exe", out, PATH_MAX - 1);
	char *slash;

	out[len > 0 ? len : 0] = '\0';
	slash = strrchr(out, '/');
	if (slash != NULL)
		*slash = '\0';
	else
		out[0] = '\0';
}

/* Sets library->path to DIRECTORY/NAME, made absolute.  False: no such file can be read. */
static bool try_path(struct library *library, const char *directory, const char *name)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof path, "%s%s", directory, name) >= sizeof path)
		return false;
	return access(path, R_OK) == 0 && realpath(path, library->path) != NULL;
}

static bool find(const char *verb, struct library *library)
{
	const char *variable = getenv(LIBRARY_VARIABLE);
	char directory[PATH_MAX];

	own_directory(directory);
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		char name[256];

		snprintf(name, sizeof name, "%s" LIBRARY_NAME, places[i]);
		if (try_path(library, directory, name))
			return true;
	}
	if (variable != NULL && try_path(library, "", variable))
		return true;
	cli_error(verb,
		  LIBRARY_NAME
		  " not found: looked in %s, in lib and lib64 beside it and at $" LIBRARY_VARIABLE
		  " (%s)",
		  directory, variable != NULL ? variable : "not set");
	return false;
}

bool library_find(const char *verb, struct library *library)
{
	struct elf_file elf;

	if (!find(verb, library))
		return false;
	if (strpbrk(library->path, ": ") != NULL) {
		cli_error(verb,
			  "%s: LD_PRELOAD cannot hold a path with a colon or a space; install "
			  "forksan elsewhere",
			  library->path);
		return false;
	}
	if (!elf_file_read(library->path, &elf)) {
		cli_error(verb, "%s: expected a shared library, found no ELF file", library->path);
		return false;
	}
	library->elf_class = elf.elf_class;
	library->machine = elf.machine;
	library->for_musl = elf.needs_musl;
	return true;
}
