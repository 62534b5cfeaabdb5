/* SPDX-License-Identifier: MIT */
/*
 * See python_line.h.  Sources: CPython Objects/lnotab_notes.txt (up to 3.10) and
 * Objects/locations.md (3.11 on); for the offsets as python_layout.c.
 */
#include "stacks/python_line.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "stacks/memory.h"

/* PyBytesObject: ob_size, ob_sval */
#define BYTES_SIZE 16
#define BYTES_DATA 32

/* Longer tables are read up to here: a function of some thousand lines. */
#define MAX_TABLE_BYTES 65536

static struct {
	uint16_t version;
	uint16_t first_line; /* offsets in PyCodeObject */
	uint16_t table;
} layout;

static const struct {
	uint16_t version;
	uint16_t first_line;
	uint16_t table;
} known[] = {
	{0x0308, 40, 120}, {0x0309, 40, 120}, {0x030a, 40, 120},
	{0x030b, 72, 136}, {0x030c, 68, 136},
};

/* struct _Py_DebugOffsets, in words: where the offsets of a code object begin (python_layout.c). */
static const struct {
	uint16_t version;
	uint16_t code;
} described[] = {{0x030d, 6 + 13 + 9 + 6}, {0x030e, 6 + 16 + 9 + 8}};

static uint16_t read_offset(uint64_t runtime, unsigned word)
{
	uint64_t offset = 0;

	return memory_read(runtime + word * sizeof offset, &offset, sizeof offset) &&
			       offset < 0x4000
		       ? (uint16_t)offset
		       : 0;
}

void python_line_version(uint16_t version, uint64_t runtime)
{
	layout.version = 0;
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (known[i].version != version)
			continue;
		layout.version = version;
		layout.first_line = known[i].first_line;
		layout.table = known[i].table;
	}
	for (size_t i = 0; i < sizeof described / sizeof described[0]; i++) {
		if (described[i].version != version || runtime == 0)
			continue;
		/* size, filename, name, qualname, linetable, firstlineno, ... */
		layout.version = version;
		layout.table = read_offset(runtime, described[i].code + 4);
		layout.first_line = read_offset(runtime, described[i].code + 5);
	}
}

/* --- 3.11 on ------------------------------------------------------------------------------------
 */

struct table {
	const uint8_t *at;
	const uint8_t *end;
};

static uint32_t read_varint(struct table *table)
{
	uint32_t value = 0;

	for (unsigned shift = 0; table->at < table->end; shift += 6) {
		uint8_t byte = *table->at++;

		if (shift < 30)
			value |= (uint32_t)(byte & 63) << shift;
		if ((byte & 64) == 0)
			break;
	}
	return value;
}

static int read_signed(struct table *table)
{
	uint32_t value = read_varint(table);

	return value & 1 ? -(int)(value >> 1) : (int)(value >> 1);
}

/* An entry: 1 | 4 bits of form | 3 bits of (units of two bytes that it covers, less one); then what
 * the form says, whose bytes have no upper bit. */
static int line_by_locations(struct table table, int line, int wanted)
{
	int at = 0;

	while (table.at < table.end) {
		uint8_t head = *table.at++;
		int form = head >> 3 & 15;
		bool known_line = true;

		if (form == 15)
			known_line = false;
		else if (form == 14 || form == 13)
			line += read_signed(&table);
		else if (form >= 10)
			line += form - 10;
		while (table.at < table.end && (*table.at & 0x80) == 0)
			table.at++; /* end line and columns */
		at += ((head & 7) + 1) * 2;
		if (wanted < at)
			return known_line ? line : 0;
	}
	return 0;
}

/* --- 3.10, and before ---------------------------------------------------------------------------
 */

/* 3.10: pairs of (bytes that follow, change of the line before them); -128: no line. */
static int line_by_changes(struct table table, int line, int wanted)
{
	for (int at = 0; table.end - table.at >= 2; table.at += 2) {
		int8_t change = (int8_t)table.at[1];

		if (change != -128)
			line += change;
		at += table.at[0];
		if (wanted < at)
			return change == -128 ? 0 : line;
	}
	return 0;
}

/* Before: pairs of (bytes until the line changes, change). */
static int line_by_pairs(struct table table, int line, int wanted)
{
	for (int at = 0; table.end - table.at >= 2; table.at += 2) {
		at += table.at[0];
		if (at > wanted)
			break;
		line += (int8_t)table.at[1];
	}
	return line;
}

int python_line(uintptr_t code, int byte_offset)
{
	static uint8_t bytes[MAX_TABLE_BYTES];
	uint64_t object = 0, size = 0;
	int32_t first_line = 0;
	struct table table;

	if (layout.version == 0 ||
	    !memory_read(code + layout.first_line, &first_line, sizeof first_line) ||
	    !memory_read(code + layout.table, &object, sizeof object) ||
	    !memory_read(object + BYTES_SIZE, &size, sizeof size))
		return 0;
	if (byte_offset < 0)
		return first_line;
	if (size > sizeof bytes)
		size = sizeof bytes;
	if (!memory_read(object + BYTES_DATA, bytes, size))
		return 0;
	table = (struct table){bytes, bytes + size};
	if (layout.version >= 0x030b)
		return line_by_locations(table, first_line, byte_offset);
	if (layout.version == 0x030a)
		return line_by_changes(table, first_line, byte_offset);
	return line_by_pairs(table, first_line, byte_offset);
}
