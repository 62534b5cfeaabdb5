/* SPDX-License-Identifier: MIT */
/*
 * MySQL: the packets of a reply, from the first to the last.
 *
 *   reply to a command; a packet's header is | length, 3 LE | sequence |, the first one's is 1
 *
 *     OK    00 | affected, lenenc | insert id, lenenc | status 2 LE | ...
 *     ERR   FF | code 2 LE | ...                      code FFFF: a progress report, not the end
 *     EOF   FE | warnings 2 | status 2 LE             5 bytes; else FE is an OK at the end of rows
 *     FB    the name of a file: the client sends it, then OK or ERR
 *     else  <columns, lenenc> [<definitions follow>]  a result set:
 *           columns x definition, EOF, rows..., EOF             or, with CLIENT_DEPRECATE_EOF,
 *           columns x definition, rows..., OK with FE
 *
 *   status 0008 SERVER_MORE_RESULTS_EXISTS: another result follows
 *   status 0040 SERVER_STATUS_CURSOR_EXISTS: no rows, they are fetched (if a cursor was asked for)
 *
 * A row never begins with FF, and with FE only when the packet is full (a field of 16 MiB).  The
 * login, or else the first result set, shows whether EOF packets are used: the shortest OK has 7
 * bytes.
 *
 * Sources: MySQL Source Code Documentation, "COM_QUERY Response", "Text Resultset", "OK_Packet",
 * "EOF_Packet", "COM_STMT_PREPARE Response", "COM_STMT_EXECUTE Response", SERVER_STATUS_flags_enum;
 * MariaDB documentation, "Result Set Packets" (metadata flag, FE), "ERR_Packet" (progress);
 * MDEV-19237 for the flag's place after the count.  Read 2026-11; run against MariaDB 10.11.
 */
#include "wire/mysql_reply.h"

#define MORE_RESULTS 0x0008u
#define CURSOR_EXISTS 0x0040u
#define PREPARE_OK_BYTES 12
#define MAX_STATUS_BYTES 21 /* OK: 1 + 9 + 9 + 2 */

/* Reads a length-encoded integer at `*at`; false: the kept bytes do not hold the integer. */
static bool read_lenenc(const struct wire_stream *s, size_t *at, uint64_t *value)
{
	size_t bytes = 0;

	if (*at >= s->have)
		return false;
	*value = s->kept[(*at)++];
	switch (*value) {
	case 0xfc:
		bytes = 2;
		break;
	case 0xfd:
		bytes = 3;
		break;
	case 0xfe:
		bytes = 8;
		break;
	case 0xfb: /* NULL */
	case 0xff:
		return false;
	}
	if (bytes == 0)
		return true;
	if (*at + bytes > s->have)
		return false;
	*value = 0;
	for (size_t i = 0; i < bytes; i++)
		*value |= (uint64_t)s->kept[*at + i] << (8 * i);
	*at += bytes;
	return true;
}

/* The status of a kept OK (00 or FE) or EOF packet; 0: the packet is too short for a status. */
static uint32_t read_status(const struct wire_stream *s)
{
	uint64_t ignored;
	size_t at = 1;

	if (s->kept[0] == MYSQL_EOF && mysql_packet_len(s) == MYSQL_EOF_BYTES)
		return wire_le16(s->kept + 3);
	if (!read_lenenc(s, &at, &ignored) || !read_lenenc(s, &at, &ignored) || at + 2 > s->have)
		return 0;
	return wire_le16(s->kept + at);
}

static bool is_progress(const struct wire_stream *s)
{
	return s->kept[0] == MYSQL_ERR && s->have >= 3 && wire_le16(s->kept + 1) == 0xffff;
}

/* FE ends rows, unless FE is the length of a huge field, which fills the packet. */
static bool is_end_of_rows(const struct wire_stream *s)
{
	return s->kept[0] == MYSQL_EOF && mysql_packet_len(s) < MYSQL_FULL_PACKET;
}

void mysql_learn_eof(struct wire_parser *parser, bool used)
{
	parser->flags |= MYSQL_PARSER_EOF_KNOWN;
	if (used)
		parser->flags |= MYSQL_PARSER_EOF_USED;
	else
		parser->flags &= (uint16_t)~MYSQL_PARSER_EOF_USED;
}

static uint8_t after_result(uint32_t status)
{
	return status & MORE_RESULTS ? MYSQL_PHASE_FIRST : MYSQL_PHASE_BETWEEN;
}

/* After the last definition of a prepared statement. */
static uint8_t after_prepared(struct wire_parser *parser)
{
	if (parser->flags & MYSQL_PARSER_EOF_KNOWN)
		return parser->flags & MYSQL_PARSER_EOF_USED ? MYSQL_PHASE_PREPARED_DONE
							     : MYSQL_PHASE_BETWEEN;
	parser->flags |= MYSQL_PARSER_EOF_MAYBE;
	return MYSQL_PHASE_BETWEEN;
}

static uint8_t after_parameters(struct wire_parser *parser, struct wire_stream *s)
{
	s->definitions = s->columns;
	if (s->columns == 0)
		return after_prepared(parser);
	if (!(parser->flags & MYSQL_PARSER_EOF_KNOWN))
		return MYSQL_PHASE_PARAMETERS_DONE;
	return parser->flags & MYSQL_PARSER_EOF_USED ? MYSQL_PHASE_PARAMETERS_DONE
						     : MYSQL_PHASE_PREPARED;
}

/* The first packet of a result: the phase of the next one, MYSQL_PHASE_LAST when this is no such
 * packet. */
static uint8_t judge_first(struct wire_stream *s)
{
	size_t at = 0;
	uint64_t columns;

	switch (s->kept[0]) {
	case MYSQL_OK:
		return after_result(read_status(s));
	case MYSQL_EOF:
		return after_result(mysql_packet_len(s) == MYSQL_EOF_BYTES ? read_status(s) : 0);
	case MYSQL_LOCAL_INFILE:
		return MYSQL_PHASE_FILE_SENT;
	}
	if (!read_lenenc(s, &at, &columns) || columns == 0 || columns > 0xffff)
		return MYSQL_PHASE_LAST;
	s->definitions = columns;
	/* One byte more says whether the definitions follow. */
	if (mysql_packet_len(s) == at + 1 && s->have > at && s->kept[at] == 0)
		return MYSQL_PHASE_COLUMNS_DONE;
	return MYSQL_PHASE_COLUMNS;
}

static uint8_t judge_prepare(struct wire_stream *s)
{
	uint32_t columns, parameters;

	if (s->kept[0] != MYSQL_OK || s->have < PREPARE_OK_BYTES)
		return MYSQL_PHASE_LAST;
	columns = wire_le16(s->kept + 5);
	parameters = wire_le16(s->kept + 7);
	if (mysql_packet_len(s) > PREPARE_OK_BYTES && s->have > PREPARE_OK_BYTES &&
	    s->kept[PREPARE_OK_BYTES] == 0)
		return MYSQL_PHASE_BETWEEN; /* definitions were declined */
	s->columns = (uint16_t)columns;
	s->definitions = parameters;
	if (parameters > 0)
		return MYSQL_PHASE_PARAMETERS;
	s->definitions = columns;
	return columns > 0 ? MYSQL_PHASE_PREPARED : MYSQL_PHASE_BETWEEN;
}

static uint8_t judge_row(struct wire_parser *parser, struct wire_stream *s, uint8_t reply_kind)
{
	bool end = is_end_of_rows(s);

	if (s->phase == MYSQL_PHASE_COLUMNS_DONE) {
		if (!end) {
			mysql_learn_eof(parser, false);
			return MYSQL_PHASE_ROWS;
		}
		mysql_learn_eof(parser, mysql_packet_len(s) == MYSQL_EOF_BYTES);
		if (mysql_packet_len(s) == MYSQL_EOF_BYTES) {
			if (reply_kind == MYSQL_KIND_CURSOR && (read_status(s) & CURSOR_EXISTS))
				return MYSQL_PHASE_BETWEEN;
			return MYSQL_PHASE_ROWS;
		}
	}
	return end ? after_result(read_status(s)) : MYSQL_PHASE_ROWS;
}

uint8_t mysql_judge_packet(struct wire_parser *parser, struct wire_stream *s, uint8_t reply_kind)
{
	if (is_progress(s))
		return s->phase;
	if (s->kept[0] == MYSQL_ERR)
		return MYSQL_PHASE_BETWEEN;
	switch (s->phase) {
	case MYSQL_PHASE_FIRST:
		if (reply_kind == MYSQL_KIND_ONE)
			return MYSQL_PHASE_BETWEEN;
		return reply_kind == MYSQL_KIND_PREPARE ? judge_prepare(s) : judge_first(s);
	case MYSQL_PHASE_FILE_SENT:
		return s->kept[0] == MYSQL_OK ? after_result(read_status(s)) : MYSQL_PHASE_LAST;
	case MYSQL_PHASE_COLUMNS:
		return --s->definitions > 0 ? MYSQL_PHASE_COLUMNS : MYSQL_PHASE_COLUMNS_DONE;
	case MYSQL_PHASE_PARAMETERS:
		return --s->definitions > 0 ? MYSQL_PHASE_PARAMETERS : after_parameters(parser, s);
	case MYSQL_PHASE_PARAMETERS_DONE:
		mysql_learn_eof(parser,
				s->kept[0] == MYSQL_EOF && mysql_packet_len(s) == MYSQL_EOF_BYTES);
		if (parser->flags & MYSQL_PARSER_EOF_USED)
			return MYSQL_PHASE_PREPARED;
		return --s->definitions > 0 ? MYSQL_PHASE_PREPARED : MYSQL_PHASE_BETWEEN;
	case MYSQL_PHASE_PREPARED:
		return --s->definitions > 0 ? MYSQL_PHASE_PREPARED : after_prepared(parser);
	case MYSQL_PHASE_PREPARED_DONE:
		return s->kept[0] == MYSQL_EOF && mysql_packet_len(s) == MYSQL_EOF_BYTES
			       ? MYSQL_PHASE_BETWEEN
			       : MYSQL_PHASE_LAST;
	case MYSQL_PHASE_COLUMNS_DONE:
	case MYSQL_PHASE_ROWS:
		return judge_row(parser, s, reply_kind);
	case MYSQL_PHASE_LOGIN:
		return s->kept[0] == MYSQL_OK ? MYSQL_PHASE_BETWEEN : MYSQL_PHASE_LOGIN;
	}
	return MYSQL_PHASE_LAST;
}

/* A status may stand in the packet and matters. */
static bool has_status(const struct wire_stream *s)
{
	switch (s->phase) {
	case MYSQL_PHASE_FIRST:
	case MYSQL_PHASE_FILE_SENT:
		return true;
	case MYSQL_PHASE_ROWS:
	case MYSQL_PHASE_COLUMNS_DONE:
		return s->have > 0 && is_end_of_rows(s);
	}
	return false;
}

size_t mysql_wanted_bytes(const struct wire_stream *s, uint8_t reply_kind)
{
	uint64_t len = mysql_packet_len(s);
	size_t want = 1;

	if (s->flags & MYSQL_PACKET_TAIL)
		want = 0;
	else if (s->phase == MYSQL_PHASE_FIRST && reply_kind == MYSQL_KIND_PREPARE)
		want = PREPARE_OK_BYTES + 1;
	else if (has_status(s))
		want = MAX_STATUS_BYTES;
	/* An error's code. */
	if (want == 1 && s->have > 0 && s->kept[0] == MYSQL_ERR)
		want = 3;
	return want < len ? want : (size_t)len;
}
