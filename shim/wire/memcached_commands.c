/* SPDX-License-Identifier: MIT */
/*
 * memcached: the text commands by name, and the binary opcodes that are quiet.
 *
 * Sources: memcached doc/protocol.txt, "Storage commands", "Retrieval command", "Deletion",
 * "Increment/Decrement", "Touch", "Meta Commands", "Statistics", "Other commands";
 * doc/protocol-binary.txt section 3.3 "Command Opcodes", protocol_binary.h of memcached 1.6 for the
 * opcodes from 0x11 on.
 */
#include "wire/memcached.h"

/* name, kind of the reply, word that is the data's length (counted from the command, 0) */
static const struct memcached_command commands[] = {
	{"get", MEMCACHED_KIND_VALUES, 0},     {"gets", MEMCACHED_KIND_VALUES, 0},
	{"gat", MEMCACHED_KIND_VALUES, 0},     {"gats", MEMCACHED_KIND_VALUES, 0},
	{"set", MEMCACHED_KIND_LINE, 4},       {"add", MEMCACHED_KIND_LINE, 4},
	{"replace", MEMCACHED_KIND_LINE, 4},   {"append", MEMCACHED_KIND_LINE, 4},
	{"prepend", MEMCACHED_KIND_LINE, 4},   {"cas", MEMCACHED_KIND_LINE, 4},
	{"delete", MEMCACHED_KIND_LINE, 0},    {"incr", MEMCACHED_KIND_LINE, 0},
	{"decr", MEMCACHED_KIND_LINE, 0},      {"touch", MEMCACHED_KIND_LINE, 0},
	{"flush_all", MEMCACHED_KIND_LINE, 0}, {"verbosity", MEMCACHED_KIND_LINE, 0},
	{"version", MEMCACHED_KIND_LINE, 0},   {"cache_memlimit", MEMCACHED_KIND_LINE, 0},
	{"slabs", MEMCACHED_KIND_LINE, 0},     {"stats", MEMCACHED_KIND_STATS, 0},
	{"mg", MEMCACHED_KIND_META, 0},	       {"ms", MEMCACHED_KIND_META, 2},
	{"md", MEMCACHED_KIND_META, 0},	       {"ma", MEMCACHED_KIND_META, 0},
	{"me", MEMCACHED_KIND_META, 0},	       {"mn", MEMCACHED_KIND_NOOP, 0},
	{"quit", MEMCACHED_KIND_NONE, 0},      {"shutdown", MEMCACHED_KIND_LOST, 0},
	{"watch", MEMCACHED_KIND_LOST, 0},     {"lru_crawler", MEMCACHED_KIND_LOST, 0},
};

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

const struct memcached_command *memcached_find_command(const uint8_t *name, size_t len)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strlen(commands[i].name) == len && memcmp(commands[i].name, name, len) == 0)
			return &commands[i];
	}
	return NULL;
}

uint16_t memcached_command_code(const struct memcached_command *command)
{
	return (uint16_t)(command - commands + 1);
}

const struct memcached_command *memcached_command_by_code(uint16_t code)
{
	return code > 0 && code <= COMMAND_COUNT ? &commands[code - 1] : NULL;
}

bool memcached_is_quiet(uint8_t opcode)
{
	switch (opcode) {
	case 0x09: /* GetQ */
	case 0x0d: /* GetKQ */
	case 0x11: /* SetQ */
	case 0x12: /* AddQ */
	case 0x13: /* ReplaceQ */
	case 0x14: /* DeleteQ */
	case 0x15: /* IncrementQ */
	case 0x16: /* DecrementQ */
	case 0x17: /* QuitQ */
	case 0x18: /* FlushQ */
	case 0x19: /* AppendQ */
	case 0x1a: /* PrependQ */
	case 0x1e: /* GATQ */
	case 0x24: /* GATKQ */
		return true;
	}
	return false;
}
