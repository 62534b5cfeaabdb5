/* SPDX-License-Identifier: MIT */
/*
 * Redis: the parts of the parser.  Private to shim/wire/redis*.c.
 */
#ifndef FORKSAN_SHIM_WIRE_REDIS_H
#define FORKSAN_SHIM_WIRE_REDIS_H

#include "wire/stream.h"

/* The longest command name that is identified; longer ones have no name in a report. */
#define REDIS_NAME_BYTES 16

/* Redis's own bounds: 512 MiB in a string unless proto-max-bulk-len says more, 1 Mi arguments, and
 * PROTO_INLINE_MAX_SIZE for an inline command. */
#define REDIS_MAX_BULK (UINT64_C(4) << 30)
#define REDIS_MAX_ARGUMENTS (1024 * 1024)
#define REDIS_MAX_LINE (64 * 1024)

/* How a command changes the pairing of requests and replies. */
enum redis_reply_kind {
	REDIS_KIND_VALUE,     /* one value is the reply */
	REDIS_KIND_SUBSCRIBE, /* confirmations are the reply, pushes follow */
	REDIS_KIND_MONITOR,   /* lines without end follow the reply */
	REDIS_KIND_STREAM,    /* a replica's stream follows, which is not parsed */
	REDIS_KIND_CLIENT,    /* CLIENT: with REPLY, replies are turned off */
	REDIS_KIND_QUIT,
};

/* struct wire_parser.flags */
enum redis_parser_flags {
	REDIS_PARSER_SUBSCRIBED = 1u << 0, /* RESP2: all the server sends is unasked */
};

/* No pointers, here and in other large tables: the loader would have to put an address into each
 * entry at the start of every program. */
struct redis_command {
	char name[REDIS_NAME_BYTES + 1];
	uint8_t reply_kind; /* enum redis_reply_kind */
};

/* The command with `name`, in capitals; NULL: the table has no such command. */
const struct redis_command *redis_find_command(const char *name, size_t len);
/* True when a command of the table begins with these capitals. */
bool redis_any_begins_with(const char *start, size_t len);

uint16_t redis_command_code(const struct redis_command *command);

/* A decimal number and CR LF, read byte by byte into the `number` of a stream. */
enum redis_number {
	REDIS_NUMBER_MORE, /* the bytes ran out */
	REDIS_NUMBER_DONE,
	REDIS_NUMBER_NULL, /* negative */
	REDIS_NUMBER_BAD,
};

/* Flags of a stream while a number is read; the flags of each parser start above these. */
enum {
	REDIS_MINUS = 1u << 0,
	REDIS_DIGIT = 1u << 1,
	REDIS_RETURN = 1u << 2,
	REDIS_NUMBER_FLAGS = REDIS_MINUS | REDIS_DIGIT | REDIS_RETURN,
};

enum redis_number redis_read_number(struct wire_stream *s, const uint8_t *bytes, size_t len,
				    uint64_t max, size_t *used);

wire_parse_bytes redis_parse_client, redis_parse_server;
wire_name_of redis_name;

#endif
