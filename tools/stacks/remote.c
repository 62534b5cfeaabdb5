/* SPDX-License-Identifier: MIT */
/*
 * What the shim's readers ask of their surroundings, answered for the process that is looked at:
 * where a mapped file is, and which directory a relative file name is in.  See remote.h.
 */
#include "stacks/remote.h"

#include <string.h>
#include <unistd.h>

#include "stack/source_file.h"

static struct module interpreter;
static char directory[FORKSAN_PATH_BYTES];

void remote_set_interpreter(const struct module *module)
{
	interpreter = *module;
}

void remote_set_directory(const char *path)
{
	strncpy(directory, path, sizeof directory - 1);
}

/* The readers ask for the file that they were shown alone. */
bool module_find(struct peek *peek, uintptr_t address, struct module *out)
{
	(void)peek;
	if (address < interpreter.start || address >= interpreter.end)
		return false;
	*out = interpreter;
	return true;
}

size_t source_file_complete(char *file, size_t len, size_t size)
{
	size_t directory_len = strlen(directory);
	char whole[FORKSAN_PATH_BYTES];

	if (len == 0 || strchr("/<([-", file[0]) != NULL || directory_len == 0 ||
	    directory_len + 1 + len + 1 > sizeof whole || directory_len + 1 + len + 1 > size)
		return len;
	memcpy(whole, directory, directory_len);
	whole[directory_len] = '/';
	memcpy(whole + directory_len + 1, file, len);
	whole[directory_len + 1 + len] = '\0';
	if (access(whole, F_OK) != 0)
		return len;
	memcpy(file, whole, directory_len + 1 + len + 1);
	return directory_len + 1 + len;
}
