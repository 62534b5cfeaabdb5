/* SPDX-License-Identifier: MIT */
/* See source_file.h. */
#include "stack/source_file.h"

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>

#include "base/sys.h"
#include "forksan/atomics.h"
#include "forksan/limits.h"
#include "stack/store.h"

enum directory_state { DIRECTORY_UNKNOWN, DIRECTORY_BEING_READ, DIRECTORY_KNOWN, DIRECTORY_NONE };

static _Atomic uint32_t state; /* enum directory_state */
static char directory[FORKSAN_PATH_BYTES];
static size_t directory_len; /* with a slash at the end */

/* Hashes of names that were looked for; the lowest bit tells whether the file was there. */
#define ANSWERS 64
static _Atomic uint64_t answers[ANSWERS];

/* Reads the directory at the first call.  False while another thread reads the directory, and when
 * there is none. */
static bool know_directory(void)
{
	uint32_t unknown = DIRECTORY_UNKNOWN;
	long len;

	if (load_acquire(&state) == DIRECTORY_UNKNOWN &&
	    compare_exchange_acq_rel(&state, &unknown, DIRECTORY_BEING_READ)) {
		len = sys_call(SYS_getcwd, (long)(uintptr_t)directory, sizeof(directory), 0, 0, 0,
			       0);		      /* with the NUL */
		if (len > 1 && directory[0] == '/') { /* "(unreachable)/...": getcwd(3) */
			directory_len = (size_t)len;
			directory[len - 1] = '/';
		}
		store_release(&state, len > 1 ? DIRECTORY_KNOWN : DIRECTORY_NONE);
	}
	return load_acquire(&state) == DIRECTORY_KNOWN && directory_len != 0;
}

/* Not absolute, and neither generated code nor a script from the command line. */
static bool is_relative(const char *file, size_t len)
{
	return len > 0 && strchr("/<([-", file[0]) == NULL;
}

/* `path` ends with a NUL. */
static bool exists(const char *path)
{
	return sys_call(SYS_faccessat, AT_FDCWD, (long)(uintptr_t)path, 0 /* F_OK */, 0, 0, 0) == 0;
}

size_t source_file_complete(char *file, size_t len, size_t size)
{
	_Atomic uint64_t *answer;
	uint64_t hash, known;
	size_t skipped;

	if (!is_relative(file, len) || !know_directory())
		return len;
	hash = stack_store_hash(file, len) | 1;
	answer = &answers[(hash >> 1) % ANSWERS];
	known = load_relaxed(answer);
	skipped = len > 2 && memcmp(file, "./", 2) == 0 ? 2 : 0;
	if (known == (hash & ~UINT64_C(1)) || directory_len + len - skipped >= size)
		return len;
	memmove(file + directory_len, file + skipped, len - skipped);
	memcpy(file, directory, directory_len);
	file[directory_len + len - skipped] = '\0';
	if (known != hash && !exists(file)) {
		memmove(file + skipped, file + directory_len, len - skipped);
		memcpy(file, "./", skipped);
		store_relaxed(answer, hash & ~UINT64_C(1));
		return len;
	}
	store_relaxed(answer, hash);
	return directory_len + len - skipped;
}
