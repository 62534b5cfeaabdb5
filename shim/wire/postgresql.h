/* SPDX-License-Identifier: MIT */
/*
 * PostgreSQL: the parts of the parser.  Private to shim/wire/postgresql*.c.
 */
#ifndef FORKSAN_SHIM_WIRE_POSTGRESQL_H
#define FORKSAN_SHIM_WIRE_POSTGRESQL_H

#include "wire/stream.h"

/* struct wire_parser.flags */
enum postgresql_parser_flags {
	POSTGRESQL_PARSER_OPENING = 1u << 0,  /* no StartupMessage yet */
	POSTGRESQL_PARSER_GROUP = 1u << 1,    /* extended query messages since the last Sync */
	POSTGRESQL_PARSER_COPY = 1u << 2,     /* the Sync went unheeded: another is to come */
	POSTGRESQL_PARSER_STARTING = 1u << 3, /* StartupMessage is not answered */
};

/* Codes of wire_message_name(): a message's letter, or one of these. */
enum postgresql_code {
	POSTGRESQL_CODE_STARTUP = 0x100,
	POSTGRESQL_CODE_SSL,
	POSTGRESQL_CODE_GSS,
	POSTGRESQL_CODE_CANCEL,
};

wire_parse_bytes postgresql_parse_client, postgresql_parse_server;
wire_name_of postgresql_name;

#endif
