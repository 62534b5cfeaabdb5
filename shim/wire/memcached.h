/* SPDX-License-Identifier: MIT */
/*
 * memcached: the parts of the parser.  Private to shim/wire/memcached*.c.
 */
#ifndef FORKSAN_SHIM_WIRE_MEMCACHED_H
#define FORKSAN_SHIM_WIRE_MEMCACHED_H

#include "wire/stream.h"

#define MEMCACHED_REQUEST 0x80
#define MEMCACHED_REPLY 0x81
#define MEMCACHED_HEADER_BYTES 24
#define MEMCACHED_MAX_BODY 0x40000000u /* the largest item size that -I takes is 1 GiB */
#define MEMCACHED_MAX_LINE 65536

enum memcached_reply_kind {
	MEMCACHED_KIND_LINE,	     /* one line */
	MEMCACHED_KIND_VALUES,	     /* VALUE lines with data, then another line (END) */
	MEMCACHED_KIND_STATS,	     /* STAT lines, then another line */
	MEMCACHED_KIND_META,	     /* one line, with data after VA */
	MEMCACHED_KIND_NOOP,	     /* MN, after all replies of quiet meta commands */
	MEMCACHED_KIND_BINARY,	     /* one packet */
	MEMCACHED_KIND_BINARY_STATS, /* packets up to one without a key */
	MEMCACHED_KIND_NONE,	     /* no reply */
	MEMCACHED_KIND_LOST,	     /* the conversation goes on in a way that cannot be parsed */
};

/* struct wire_parser.flags */
enum {
	MEMCACHED_PARSER_QUIET = 1u << 0, /* quiet meta commands since the last mn */
};

/* Codes of wire_message_name(): a text command's place in the table plus 1, or 0x100 plus a binary
 * opcode. */
#define MEMCACHED_CODE_BINARY 0x100

struct memcached_command {
	char name[16];
	uint8_t reply_kind;   /* enum memcached_reply_kind */
	uint8_t length_token; /* which word is the length of the data behind the line; 0: no data */
};

const struct memcached_command *memcached_find_command(const uint8_t *name, size_t len);
uint16_t memcached_command_code(const struct memcached_command *command);
const struct memcached_command *memcached_command_by_code(uint16_t code);

/* True for the opcodes whose success (or miss) is not answered. */
bool memcached_is_quiet(uint8_t opcode);

wire_parse_bytes memcached_parse_client, memcached_parse_server;
wire_name_of memcached_name;

#endif
