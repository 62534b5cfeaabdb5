/* SPDX-License-Identifier: MIT */
/*
 * See demangle.h.
 *
 * A mangled name can refer back to parts of itself, so a name of some hundred bytes can stand for
 * gigabytes.  cplus_demangle() would collect all of that text; the callback forms hand the text
 * over piece by piece, and the piece that does not fit ends the demangling with longjmp().
 * libiberty then keeps all state on the stack, but for the one case that take_piece() names.
 *
 * Recursion and stack: libiberty's own limits, which DMGL_NO_RECURSE_LIMIT would switch off.  The
 * same limit refuses C++ names of more than 1024 bytes.
 */
#include "symbols/demangle.h"

#include <setjmp.h>
#include <string.h>

#include <libiberty/demangle.h>

#define NAME_BYTES 8192 /* a longer name is of no use to a reader */
#define OPTIONS (DMGL_PARAMS | DMGL_ANSI)

struct output {
	char *text;
	size_t len;
	bool full;
	jmp_buf give_up;
};

static bool is_ascii(const char *piece, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)piece[i] >= 0x80)
			return false;
	return true;
}

/* libiberty's callback.  A Rust identifier with letters beyond ASCII comes in a buffer that
 * libiberty frees after this call, so the end has to wait for the next piece. */
static void take_piece(const char *piece, size_t len, void *opaque)
{
	struct output *output = opaque;

	if (len == 0) /* `piece` may be NULL then */
		return;
	if (output->full || len >= DEMANGLE_BYTES - output->len) {
		output->full = true;
		if (is_ascii(piece, len))
			longjmp(output->give_up, 1);
		return;
	}
	memcpy(output->text + output->len, piece, len);
	output->len += len;
}

/* A binder of Rust's v0 mangling, 'G' and a number in base 62 that '_' ends (RFC 2603), stands for
 * that many lifetimes.  Where libiberty skips a path it counts the lifetimes without a callback, so
 * a number of many digits is a loop without an end.  No function has 62^2 lifetimes.  True also for
 * an identifier that reads like such a binder (GLOBAL_...): the name stays as it is. */
static bool has_vast_binder(const char *name)
{
	static const char digits[] = "0123456789abcdefghijklmnopqrstuvwxyz"
				     "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

	for (const char *at = strchr(name, 'G'); at != NULL; at = strchr(at + 1, 'G')) {
		size_t len = strspn(at + 1, digits);

		if (len > 2 && at[1 + len] == '_')
			return true;
	}
	return false;
}

bool demangle(const char *name, char out[DEMANGLE_BYTES])
{
	struct output output = {.text = out};

	if ((strncmp(name, "_Z", 2) != 0 && strncmp(name, "_R", 2) != 0) ||
	    strnlen(name, NAME_BYTES) == NAME_BYTES || (name[1] == 'R' && has_vast_binder(name)))
		return false;
	if (setjmp(output.give_up) != 0)
		return false;
	/* Rust first: the older Rust mangling is that of C++ with a hash at the end. */
	if (rust_demangle_callback(name, OPTIONS, take_piece, &output) == 0) {
		output.len = 0;
		if (cplus_demangle_v3_callback(name, OPTIONS, take_piece, &output) == 0)
			return false;
	}
	if (output.full)
		return false;
	out[output.len] = '\0';
	return true;
}
