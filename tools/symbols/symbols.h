/* SPDX-License-Identifier: MIT */
/*
 * Where a native frame stands in the source, from the files that exist now.
 *
 * A frame is named by path, build-id and offset of the module: the offset counts from the load base
 * (that is, the virtual address in the file).  Only a file with the same build-id is believed.
 * libdw finds the DWARF in the file, by the debug link, by build-id below /usr/lib/debug, and by
 * debuginfod only when the user has set DEBUGINFOD_URLS (otherwise libdebuginfod asks nobody).
 */
#ifndef FORKSAN_TOOLS_SYMBOLS_H
#define FORKSAN_TOOLS_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

#define SYMBOL_PLACES 16 /* functions inlined into each other at one address */

struct symbol_place {
	const char *function; /* as in the file (mangled), NULL: not known */
	const char *file;     /* NULL: not known */
	int line;	      /* 0: not known */
};

struct symbols;

struct symbols *symbols_new(void);
void symbols_free(struct symbols *symbols);

/*
 * Fills `places`, innermost first: all but the last were inlined into the next.  Returns the number
 * of places; 0 when nothing is known.  `build_id` is hexadecimal, NULL when the module had no
 * build-id.  The strings live as long as `symbols`.
 */
size_t symbols_find(struct symbols *symbols, const char *module, const char *build_id,
		    uint64_t offset, struct symbol_place places[SYMBOL_PLACES]);

#endif
