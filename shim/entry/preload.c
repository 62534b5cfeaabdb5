/* SPDX-License-Identifier: MIT */
/*
 * See preload.h.  LD_PRELOAD is a list whose elements end at a blank or a colon (ld.so(8)).
 */
#include "entry/preload.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "base/compiler.h"
#include "base/first_stack.h"
#include "base/sys.h"
#include "stack/peek.h"

static const char name[] = "LD_PRELOAD=";
#define NAME_BYTES (sizeof name - 1)

/* Reads the pointer to variable `number`, 0 after the last.  False: the array cannot be read. */
static bool read_variable(struct peek *peek, char *const envp[], size_t number, uintptr_t *variable)
{
	return peek_pointer(peek, (uintptr_t)(envp + number), variable);
}

static bool is_preload(struct peek *peek, uintptr_t variable)
{
	char start[NAME_BYTES];

	return peek_copy(peek, variable, start, sizeof start) &&
	       memcmp(start, name, sizeof start) == 0;
}

static const char own_name[] = "libforksan.so";
#define OWN_NAME_BYTES (sizeof own_name - 1)

/* Copies the list to `out` without the elements that name this library. */
static void filter(const char *list, char *out)
{
	while (*list != '\0') {
		size_t len = strcspn(list, " :");
		size_t with_end = len + (list[len] != '\0');

		if (!memmem(list, len, own_name, OWN_NAME_BYTES)) {
			memcpy(out, list, with_end);
			out += with_end;
		}
		list += with_end;
	}
	*out = '\0';
}

/* Byte by byte, since the caller may have little stack.  The name's first letter is nowhere else in
 * the name, so a name that breaks off begins again with the byte that broke it, or behind. */
static bool names_us(struct peek *peek, uintptr_t list)
{
	size_t matched = 0;
	char c;

	do {
		if (!peek_copy(peek, list++, &c, 1))
			return true;
		matched = c == own_name[matched] ? matched + 1 : c == own_name[0];
	} while (c != '\0' && matched < OWN_NAME_BYTES);
	return matched == OWN_NAME_BYTES;
}

/* Not inlined: the caller goes on without what this takes of the stack. */
noinline bool preload_has_us(char *const envp[])
{
	uintptr_t variable;
	struct peek peek;

	peek_init(&peek);
	peek_trust(&peek.stack, first_stack.low, first_stack.high);
	for (size_t i = 0; envp; i++) {
		if (!read_variable(&peek, envp, i, &variable))
			return true;
		if (variable == 0)
			return false;
		if (is_preload(&peek, variable))
			return names_us(&peek, variable + NAME_BYTES);
	}
	return false;
}

static bool make_room(struct preload_without *without, size_t count)
{
	long pages;

	without->envp = without->few;
	without->pages_bytes = 0;
	if (count <= PRELOAD_FEW)
		return true;
	pages = sys_mmap(NULL, count * sizeof(char *), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (sys_is_error(pages))
		return false;
	without->pages_bytes = count * sizeof(char *);
	without->envp = (char **)pages;
	return true;
}

bool preload_leave_out(struct preload_without *without, char *const envp[])
{
	char list[PRELOAD_VALUE_BYTES - NAME_BYTES];
	uintptr_t variable;
	struct peek peek;
	size_t count = 0;
	size_t kept = 0;
	size_t len;

	peek_init(&peek);
	do {
		if (!read_variable(&peek, envp, count++, &variable))
			return false;
	} while (variable != 0);
	if (!make_room(without, count))
		return false;
	for (size_t i = 0; i < count; i++) {
		without->envp[kept] = envp[i];
		if (!envp[i] || !is_preload(&peek, (uintptr_t)envp[i])) {
			kept++;
			continue;
		}
		if (!peek_string(&peek, (uintptr_t)envp[i] + NAME_BYTES, list, sizeof list, &len) ||
		    len == sizeof list - 1) {
			preload_free(without);
			return false;
		}
		memcpy(without->value, name, NAME_BYTES);
		filter(list, without->value + NAME_BYTES);
		if (without->value[NAME_BYTES] != '\0')
			without->envp[kept++] = without->value;
	}
	return true;
}

void preload_free(struct preload_without *without)
{
	if (without->pages_bytes > 0)
		sys_munmap(without->envp, without->pages_bytes);
}
