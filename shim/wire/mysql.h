/* SPDX-License-Identifier: MIT */
/*
 * MySQL: names that the parsers of both directions share.  Private to shim/wire/mysql*.c.
 */
#ifndef FORKSAN_SHIM_WIRE_MYSQL_H
#define FORKSAN_SHIM_WIRE_MYSQL_H

#include "wire/stream.h"

#define MYSQL_HEADER_BYTES 4
#define MYSQL_COMPRESSED_HEADER_BYTES 7
#define MYSQL_FULL_PACKET 0xffffffu /* the message goes on in the next packet */

/* First payload byte of a server's packet. */
#define MYSQL_OK 0x00
#define MYSQL_MORE_DATA 0x01
#define MYSQL_LOCAL_INFILE 0xfb
#define MYSQL_EOF 0xfe
#define MYSQL_ERR 0xff

/* struct wire_parser.flags */
enum mysql_parser_flags {
	MYSQL_PARSER_OPENING = 1u << 0,	   /* the login is not over */
	MYSQL_PARSER_EOF_KNOWN = 1u << 1,  /* whether EOF packets end column definitions is known */
	MYSQL_PARSER_EOF_USED = 1u << 2,   /* EOF packets do: CLIENT_DEPRECATE_EOF is off */
	MYSQL_PARSER_EOF_MAYBE = 1u << 3,  /* an EOF packet may follow the last reply */
	MYSQL_PARSER_LONG = 1u << 4,	   /* the last request took several packets */
	MYSQL_PARSER_COMPRESSES = 1u << 5, /* after the login */
	MYSQL_PARSER_TLS = 1u << 6,	   /* the client has asked for TLS */
	MYSQL_PARSER_SEQUENCE = 1u << 7,   /* a long request: the reply goes on counting */
};

/* How the reply to a command is built. */
enum mysql_reply_kind {
	MYSQL_KIND_ONE,	    /* one packet */
	MYSQL_KIND_RESULT,  /* OK, ERR, a file request or result sets */
	MYSQL_KIND_CURSOR,  /* as RESULT; with an open cursor the reply ends before the rows */
	MYSQL_KIND_ROWS,    /* packets up to EOF or ERR */
	MYSQL_KIND_PREPARE, /* OK with two counts, then definitions */
	MYSQL_KIND_LOGIN,   /* packets of both sides up to OK or ERR */
};

/* Codes of wire_message_name(): the byte of a command plus 1, so that 0 means no code.  The login
 * has no command byte. */
#define MYSQL_CODE(command) ((uint16_t)((command) + 1))
#define MYSQL_CODE_LOGIN 0x200
#define MYSQL_CODE_UPGRADE 0x201

#define MYSQL_COM_QUIT 0x01
#define MYSQL_COM_STMT_EXECUTE 0x17

/* The packet that opens a reply, for wire_message_name(). */
enum mysql_reply {
	MYSQL_REPLY_OK = 1,
	MYSQL_REPLY_ERR,
	MYSQL_REPLY_EOF,
	MYSQL_REPLY_INFILE,
	MYSQL_REPLY_RESULT,
	MYSQL_REPLY_GREETING,
};

/* Reply kind of a command; -1: the command gets no reply, -2: there is no such command. */
int mysql_command_reply_kind(uint8_t command);

wire_parse_bytes mysql_parse_client, mysql_parse_server;
wire_read_frame mysql_compressed_frame;
wire_name_of mysql_name;

#endif
