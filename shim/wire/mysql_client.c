/* SPDX-License-Identifier: MIT */
/*
 * MySQL: parsing what the client sends.
 *
 *   | length, 3 LE | sequence | command | ...      sequence 0: a new command
 *   | length, 3 LE | sequence | ...                else: part of the last one (a password, a file,
 *                                                  the rest of a command of 16 MiB and more)
 *
 *   COM_QUIT          01 00 00 | 00 | 01           no reply
 *   COM_STMT_EXECUTE  LL LL LL | 00 | 17 | statement 4 | cursor flags 1 | ...
 *
 * Compressed, after the login:
 *   | length, 3 LE | sequence | length inflated, 3 LE, 0: stored as it is | packets ... |
 *
 * Sources: MySQL Source Code Documentation, "Command Phase" and its pages, "Protocol::SSLRequest",
 * "Compression"; MariaDB documentation, "2 - Text Protocol", "3 - Binary Protocol
 * (Prepared Statements)" (COM_STMT_BULK_EXECUTE); MariaDB Connector/C d09ac51 for why a cursor must
 * have been asked for.  Read 2026-11; run against MariaDB 10.11.
 */
#include "wire/mysql.h"

#define CLIENT_COMPRESS 0x00000020u
#define CLIENT_SSL 0x00000800u
#define CLIENT_DEPRECATE_EOF 0x01000000u
#define CLIENT_ZSTD_COMPRESSION 0x04000000u
#define SSL_REQUEST_BYTES 32

/* First byte of deflated payload: RFC 1950 section 2.2 (a window of 32 KiB), RFC 8878
 * section 3.1.1. */
#define ZLIB_HEADER 0x78
#define ZSTD_HEADER 0x28

/* State within a packet. */
enum { HEADER, BODY, REST };

/* Flags of the client's stream. */
enum {
	COMMAND = 1u << 0, /* this packet starts a command */
};

int mysql_command_reply_kind(uint8_t command)
{
	enum { NO_REPLY = -1, NO_COMMAND = -2 };

	switch (command) {
	case MYSQL_COM_QUIT:
	case 0x18: /* COM_STMT_SEND_LONG_DATA */
	case 0x19: /* COM_STMT_CLOSE */
		return NO_REPLY;
	case 0x03: /* COM_QUERY */
	case 0x0a: /* COM_PROCESS_INFO */
	case MYSQL_COM_STMT_EXECUTE:
	case 0xfa: /* COM_STMT_BULK_EXECUTE */
		return MYSQL_KIND_RESULT;
	case 0x04: /* COM_FIELD_LIST */
	case 0x12: /* COM_BINLOG_DUMP */
	case 0x1c: /* COM_STMT_FETCH */
	case 0x1e: /* COM_BINLOG_DUMP_GTID */
		return MYSQL_KIND_ROWS;
	case 0x11: /* COM_CHANGE_USER */
		return MYSQL_KIND_LOGIN;
	case 0x16: /* COM_STMT_PREPARE */
		return MYSQL_KIND_PREPARE;
	case 0x02: /* COM_INIT_DB */
	case 0x05: /* COM_CREATE_DB */
	case 0x06: /* COM_DROP_DB */
	case 0x07: /* COM_REFRESH */
	case 0x08: /* COM_SHUTDOWN */
	case 0x09: /* COM_STATISTICS */
	case 0x0c: /* COM_PROCESS_KILL */
	case 0x0d: /* COM_DEBUG */
	case 0x0e: /* COM_PING */
	case 0x15: /* COM_REGISTER_SLAVE */
	case 0x1a: /* COM_STMT_RESET */
	case 0x1b: /* COM_SET_OPTION */
	case 0x1f: /* COM_RESET_CONNECTION */
		return MYSQL_KIND_ONE;
	}
	return NO_COMMAND;
}

/* How many of the payload's bytes identify the packet. */
static size_t wanted(const struct wire_parser *parser, const struct wire_stream *s, uint64_t len)
{
	size_t want;

	if (!(s->flags & COMMAND))
		want = 0;
	else if (parser->flags & MYSQL_PARSER_OPENING)
		want = 4; /* capabilities */
	else
		want = s->have > 0 && s->kept[0] == MYSQL_COM_STMT_EXECUTE ? 6 : 1;
	return want < len ? want : (size_t)len;
}

static void identify_login(struct wire_parser *parser, uint64_t len, struct wire_event *event)
{
	uint32_t capabilities = wire_le32(parser->stream[WIRE_CLIENT].kept);

	event->identified = true;
	if (len == SSL_REQUEST_BYTES && (capabilities & CLIENT_SSL)) {
		parser->flags |= MYSQL_PARSER_TLS;
		event->exchange = WIRE_ALONE;
		event->code = MYSQL_CODE_UPGRADE;
		return;
	}
	parser->flags |= MYSQL_PARSER_EOF_KNOWN;
	if (!(capabilities & CLIENT_DEPRECATE_EOF))
		parser->flags |= MYSQL_PARSER_EOF_USED;
	if (capabilities & (CLIENT_COMPRESS | CLIENT_ZSTD_COMPRESSION))
		parser->flags |= MYSQL_PARSER_COMPRESSES;
	event->exchange = WIRE_OPENS;
	event->code = MYSQL_CODE_LOGIN;
	event->request = (struct wire_request){MYSQL_CODE_LOGIN, MYSQL_KIND_LOGIN, 0};
}

/* False: there is no such command. */
static bool identify_command(const struct wire_stream *s, uint64_t len, struct wire_event *event)
{
	int reply_kind = mysql_command_reply_kind(s->kept[0]);

	if (reply_kind < -1)
		return false;
	event->identified = true;
	event->code = MYSQL_CODE(s->kept[0]);
	event->exchange = reply_kind < 0 ? WIRE_ALONE : WIRE_OPENS;
	if (s->kept[0] == MYSQL_COM_STMT_EXECUTE && s->have >= 6 && s->kept[5] != 0)
		reply_kind = MYSQL_KIND_CURSOR;
	if (reply_kind >= 0)
		event->request = (struct wire_request){event->code, (uint8_t)reply_kind, 0};
	if (s->kept[0] == MYSQL_COM_QUIT && len == 1)
		event->goodbye = WIRE_GOODBYE;
	return true;
}

/* Takes a complete header.  False: no packet can begin so here. */
static bool take_header(struct wire_parser *parser, const struct wire_request *head)
{
	struct wire_stream *s = &parser->stream[WIRE_CLIENT];
	uint32_t len = wire_le24(s->kept);
	uint8_t sequence = s->kept[3];

	if (parser->flags & MYSQL_PARSER_OPENING) {
		/* Past the login only passwords follow, which open nothing. */
		s->flags = head == NULL ? COMMAND : 0;
		if (len == 0 && head == NULL)
			return false;
	} else if (sequence == 0 && !(parser->flags & MYSQL_PARSER_LONG)) {
		s->flags = COMMAND;
		if (len == 0)
			return false;
	} else {
		s->flags = 0;
		if (head == NULL && !(parser->flags & MYSQL_PARSER_LONG))
			return false;
	}
	if (len == MYSQL_FULL_PACKET)
		parser->flags |= MYSQL_PARSER_LONG | MYSQL_PARSER_SEQUENCE;
	else
		parser->flags &= (uint16_t)~MYSQL_PARSER_LONG;
	s->skip = len;
	s->have = 0;
	s->state = BODY;
	return true;
}

/* Identifies a packet of which enough is kept.  False: the packet is no command. */
static bool take_body(struct wire_parser *parser, struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_CLIENT];

	s->state = REST;
	if (!(s->flags & COMMAND))
		return true;
	if (!(parser->flags & MYSQL_PARSER_OPENING))
		return identify_command(s, s->skip + s->have, event);
	if (s->have < 4)
		return false;
	identify_login(parser, s->skip + s->have, event);
	return true;
}

size_t mysql_parse_client(struct wire_parser *parser, const uint8_t *bytes, size_t len,
			  const struct wire_request *head, struct wire_event *event)
{
	struct wire_stream *s = &parser->stream[WIRE_CLIENT];
	size_t used = 0;

	*event = (struct wire_event){.kind = WIRE_REQUEST};
	event->begins = wire_at_boundary(s) && !(parser->flags & MYSQL_PARSER_LONG);
	if (s->state == HEADER) {
		used = stream_keep(s, MYSQL_HEADER_BYTES, bytes, len);
		if (s->have < MYSQL_HEADER_BYTES)
			return used;
		if (!take_header(parser, head))
			return stream_lost(event, len);
		if (!(s->flags & COMMAND))
			event->exchange = WIRE_JOINS;
	}
	while (s->state == BODY) {
		size_t want = wanted(parser, s, s->skip + s->have);
		size_t taken = stream_keep(s, want, bytes + used, len - used);

		used += taken;
		s->skip -= taken < s->skip ? taken : s->skip;
		if (s->have < want)
			return used;
		/* The command may ask for more. */
		if (wanted(parser, s, s->skip + s->have) <= want && !take_body(parser, event))
			return stream_lost(event, len);
	}
	if (s->state != REST)
		return stream_lost(event, len);
	used += stream_skip(s, len - used);
	if (s->skip > 0)
		return used;
	stream_next(s);
	event->ends = !(parser->flags & MYSQL_PARSER_LONG);
	event->changes_mode = (parser->flags & MYSQL_PARSER_TLS) != 0;
	event->next_mode = WIRE_MODE_TLS;
	return used;
}

int mysql_compressed_frame(const uint8_t *kept, size_t have, struct wire_frame *frame)
{
	const size_t inner = MYSQL_COMPRESSED_HEADER_BYTES + MYSQL_HEADER_BYTES;
	uint32_t len;

	if (have < MYSQL_COMPRESSED_HEADER_BYTES)
		return MYSQL_COMPRESSED_HEADER_BYTES;
	len = wire_le24(kept);
	frame->len_bytes = MYSQL_COMPRESSED_HEADER_BYTES + (uint64_t)len;
	if (have <= MYSQL_COMPRESSED_HEADER_BYTES && len > 0)
		return MYSQL_COMPRESSED_HEADER_BYTES + 1;
	if (wire_le24(kept + 4) != 0 && kept[7] != ZLIB_HEADER && kept[7] != ZSTD_HEADER)
		return -1;
	/* Stored uncompressed: the command can be read. */
	if (kept[3] == 0 && wire_le24(kept + 4) == 0 && len > MYSQL_HEADER_BYTES) {
		if (have <= inner)
			return (int)inner + 1;
		if (kept[inner - 1] == 0 && mysql_command_reply_kind(kept[inner]) >= -1)
			frame->code = MYSQL_CODE(kept[inner]);
		if (frame->code == MYSQL_CODE(MYSQL_COM_QUIT) && len == MYSQL_HEADER_BYTES + 1 &&
		    wire_le24(kept + MYSQL_COMPRESSED_HEADER_BYTES) == 1)
			frame->goodbye = WIRE_GOODBYE;
	}
	return 0;
}
