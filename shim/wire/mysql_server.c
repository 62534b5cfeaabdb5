/* SPDX-License-Identifier: MIT */
/*
 * MySQL: following what the server sends, from the first packet of a reply to its last.
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
 * A row never begins with FF, and with FE only when its packet is full (a field of 16 MiB). Whether
 * EOF packets are used is known from the login or learned from the first result set: the shortest
 * OK has 7 bytes.
 *
 * Sources: MySQL Source Code Documentation, "COM_QUERY Response", "Text Resultset", "OK_Packet",
 * "EOF_Packet", "COM_STMT_PREPARE Response", "COM_STMT_EXECUTE Response", SERVER_STATUS_flags_enum;
 * MariaDB documentation, "Result Set Packets" (metadata flag, FE), "ERR_Packet" (progress);
 * MDEV-19237 for the flag's place after the count.  Read 2026-11; run against MariaDB 10.11.
 */
#include "mysql.h"
#include "tell.h"

#define MORE_RESULTS 0x0008u
#define CURSOR_EXISTS 0x0040u
#define EOF_BYTES 5
#define PREPARE_OK_BYTES 12
#define MAX_STATUS_BYTES 21 /* OK: 1 + 9 + 9 + 2 */

/* State within a packet. */
enum { HEADER, BODY, REST };

/* Phase within a reply: what the next packet is.  0 is between replies. */
enum {
	BETWEEN,
	FIRST,	      /* of a result */
	FILE_SENT,    /* after FB: OK or ERR */
	COLUMNS,      /* `count` definitions to come */
	COLUMNS_DONE, /* EOF, or the first row */
	ROWS,
	PARAMETERS,	 /* of a prepared statement; `spare` columns follow */
	PARAMETERS_DONE, /* EOF, or the first column */
	PREPARED,	 /* `count` column definitions to come */
	PREPARED_DONE,	 /* EOF */
	LOGIN,
	LAST, /* no packet like this can come */
	PHASE_COUNT,
};

/* Flags of the server's stream. */
enum {
	FULL = 1u << 0,	  /* this packet is full: the next one goes on with it */
	TAIL = 1u << 1,	  /* the rest of a full packet: its bytes are not looked at */
	NOTICE = 1u << 2, /* nobody asked for this packet */
	STRAY = 1u << 3,  /* ... it is the EOF of a reply that was taken for complete */
};

static uint64_t packet_len(const struct wire_stream *s)
{
	return s->skip + s->have;
}

/* Reads a length-encoded integer at `*at`; false when the kept bytes do not hold it. */
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

/* The status of a kept OK (00 or FE) or EOF packet; 0 when it is too short to have one. */
static uint32_t read_status(const struct wire_stream *s)
{
	uint64_t ignored;
	size_t at = 1;

	if (s->kept[0] == MYSQL_EOF && packet_len(s) == EOF_BYTES)
		return wire_le16(s->kept + 3);
	if (!read_lenenc(s, &at, &ignored) || !read_lenenc(s, &at, &ignored) || at + 2 > s->have)
		return 0;
	return wire_le16(s->kept + at);
}

static bool is_progress(const struct wire_stream *s)
{
	return s->kept[0] == MYSQL_ERR && s->have >= 3 && wire_le16(s->kept + 1) == 0xffff;
}

/* FE ends rows unless it is the length of a huge field, which fills its packet. */
static bool is_end_of_rows(const struct wire_stream *s)
{
	return s->kept[0] == MYSQL_EOF && packet_len(s) < MYSQL_FULL_PACKET;
}

static void learn_eof(struct wire_talk *talk, bool used)
{
	talk->flags |= MYSQL_TALK_EOF_KNOWN;
	if (used)
		talk->flags |= MYSQL_TALK_EOF_USED;
	else
		talk->flags &= (uint16_t)~MYSQL_TALK_EOF_USED;
}

static uint8_t after_result(uint32_t status)
{
	return status & MORE_RESULTS ? FIRST : BETWEEN;
}

/* After the last definition of a prepared statement. */
static uint8_t after_prepared(struct wire_talk *talk)
{
	if (talk->flags & MYSQL_TALK_EOF_KNOWN)
		return talk->flags & MYSQL_TALK_EOF_USED ? PREPARED_DONE : BETWEEN;
	talk->flags |= MYSQL_TALK_EOF_MAYBE;
	return BETWEEN;
}

static uint8_t after_parameters(struct wire_talk *talk, struct wire_stream *s)
{
	s->count = s->spare;
	if (s->spare == 0)
		return after_prepared(talk);
	if (!(talk->flags & MYSQL_TALK_EOF_KNOWN))
		return PARAMETERS_DONE;
	return talk->flags & MYSQL_TALK_EOF_USED ? PARAMETERS_DONE : PREPARED;
}

/* The first packet of a result: the phase of the next one, LAST when this is no such packet. */
static uint8_t judge_first(struct wire_stream *s)
{
	size_t at = 0;
	uint64_t columns;

	switch (s->kept[0]) {
	case MYSQL_OK:
		return after_result(read_status(s));
	case MYSQL_EOF:
		return after_result(packet_len(s) == EOF_BYTES ? read_status(s) : 0);
	case MYSQL_LOCAL_INFILE:
		return FILE_SENT;
	}
	if (!read_lenenc(s, &at, &columns) || columns == 0 || columns > 0xffff)
		return LAST;
	s->count = columns;
	/* One byte more says whether the definitions follow. */
	if (packet_len(s) == at + 1 && s->have > at && s->kept[at] == 0)
		return COLUMNS_DONE;
	return COLUMNS;
}

static uint8_t judge_prepare(struct wire_stream *s)
{
	uint32_t columns, parameters;

	if (s->kept[0] != MYSQL_OK || s->have < PREPARE_OK_BYTES)
		return LAST;
	columns = wire_le16(s->kept + 5);
	parameters = wire_le16(s->kept + 7);
	if (packet_len(s) > PREPARE_OK_BYTES && s->have > PREPARE_OK_BYTES &&
	    s->kept[PREPARE_OK_BYTES] == 0)
		return BETWEEN; /* definitions were declined */
	s->spare = (uint16_t)columns;
	s->count = parameters;
	if (parameters > 0)
		return PARAMETERS;
	s->count = columns;
	return columns > 0 ? PREPARED : BETWEEN;
}

static uint8_t judge_row(struct wire_talk *talk, struct wire_stream *s, uint8_t shape)
{
	bool end = is_end_of_rows(s);

	if (s->phase == COLUMNS_DONE) {
		if (!end) {
			learn_eof(talk, false);
			return ROWS;
		}
		learn_eof(talk, packet_len(s) == EOF_BYTES);
		if (packet_len(s) == EOF_BYTES) {
			if (shape == MYSQL_SHAPE_CURSOR && (read_status(s) & CURSOR_EXISTS))
				return BETWEEN;
			return ROWS;
		}
	}
	return end ? after_result(read_status(s)) : ROWS;
}

/*
 * A packet is known as far as it must be: the phase of the next one.  BETWEEN ends the reply; LAST
 * says that no such packet can come here.
 */
static uint8_t judge(struct wire_talk *talk, struct wire_stream *s, uint8_t shape)
{
	if (is_progress(s))
		return s->phase;
	if (s->kept[0] == MYSQL_ERR)
		return BETWEEN;
	switch (s->phase) {
	case FIRST:
		if (shape == MYSQL_SHAPE_ONE)
			return BETWEEN;
		return shape == MYSQL_SHAPE_PREPARE ? judge_prepare(s) : judge_first(s);
	case FILE_SENT:
		return s->kept[0] == MYSQL_OK ? after_result(read_status(s)) : LAST;
	case COLUMNS:
		return --s->count > 0 ? COLUMNS : COLUMNS_DONE;
	case PARAMETERS:
		return --s->count > 0 ? PARAMETERS : after_parameters(talk, s);
	case PARAMETERS_DONE:
		learn_eof(talk, s->kept[0] == MYSQL_EOF && packet_len(s) == EOF_BYTES);
		if (talk->flags & MYSQL_TALK_EOF_USED)
			return PREPARED;
		return --s->count > 0 ? PREPARED : BETWEEN;
	case PREPARED:
		return --s->count > 0 ? PREPARED : after_prepared(talk);
	case PREPARED_DONE:
		return s->kept[0] == MYSQL_EOF && packet_len(s) == EOF_BYTES ? BETWEEN : LAST;
	case COLUMNS_DONE:
	case ROWS:
		return judge_row(talk, s, shape);
	case LOGIN:
		return s->kept[0] == MYSQL_OK ? BETWEEN : LOGIN;
	}
	return LAST;
}

/* The payload's bytes that judge() needs. */
static size_t wanted(const struct wire_stream *s, uint8_t shape)
{
	uint64_t len = packet_len(s);
	size_t want = 1;

	if (s->flags & TAIL)
		want = 0;
	else if (s->have > 0 && s->kept[0] == MYSQL_ERR)
		want = 3;
	else if (s->phase == FIRST && shape == MYSQL_SHAPE_PREPARE)
		want = PREPARE_OK_BYTES + 1;
	else if (s->phase == FIRST || s->phase == FILE_SENT)
		want = MAX_STATUS_BYTES;
	else if ((s->phase == ROWS || s->phase == COLUMNS_DONE) && s->have > 0 && is_end_of_rows(s))
		want = MAX_STATUS_BYTES;
	return want < len ? want : (size_t)len;
}

/* Starts the first packet of a reply, or one that nobody asked for; false when none can come. */
static bool take_first(struct wire_talk *talk, uint32_t len, uint8_t sequence,
		       const struct wire_request *head)
{
	struct wire_stream *s = &talk->stream[WIRE_SERVER];

	if (talk->flags & MYSQL_TALK_EOF_MAYBE) {
		talk->flags &= (uint16_t)~MYSQL_TALK_EOF_MAYBE;
		learn_eof(talk, sequence > 1 && len == EOF_BYTES);
		if (talk->flags & MYSQL_TALK_EOF_USED) {
			s->flags = NOTICE | STRAY;
			return true;
		}
	}
	if (len == 0 || len == MYSQL_FULL_PACKET)
		return false;
	if (head == NULL) {
		s->flags = NOTICE;
		return true;
	}
	if (head->shape == MYSQL_SHAPE_LOGIN) {
		s->phase = LOGIN;
		return true;
	}
	s->phase = head->shape == MYSQL_SHAPE_ROWS ? ROWS : FIRST;
	if (talk->flags & MYSQL_TALK_SEQUENCE)
		talk->flags &= (uint16_t)~MYSQL_TALK_SEQUENCE;
	else if (sequence != 1)
		return false;
	return true;
}

static bool take_header(struct wire_talk *talk, const struct wire_request *head)
{
	struct wire_stream *s = &talk->stream[WIRE_SERVER];
	uint32_t len = wire_le24(s->kept);
	uint8_t sequence = s->kept[3];

	s->have = 0;
	s->skip = len;
	s->state = BODY;
	if (s->phase == BETWEEN)
		return take_first(talk, len, sequence, head);
	if (len == MYSQL_FULL_PACKET)
		s->flags |= FULL;
	/* Only the rest of a full packet may be empty. */
	return len > 0 || (s->flags & TAIL);
}

/* What nobody asked for: the greeting, or an error before the server hangs up. */
static bool is_notice(const struct wire_talk *talk, const struct wire_stream *s)
{
	if (s->flags & STRAY)
		return s->kept[0] == MYSQL_EOF;
	return (talk->flags & MYSQL_TALK_OPENING) || s->kept[0] == MYSQL_ERR;
}

static uint16_t name_first(const struct wire_stream *s)
{
	switch (s->kept[0]) {
	case MYSQL_OK:
		return MYSQL_REPLY_OK;
	case MYSQL_ERR:
		return MYSQL_REPLY_ERR;
	case MYSQL_EOF:
		return MYSQL_REPLY_EOF;
	case MYSQL_LOCAL_INFILE:
		return MYSQL_REPLY_INFILE;
	}
	return s->flags & NOTICE ? MYSQL_REPLY_GREETING : MYSQL_REPLY_RESULT;
}

/* Enough of the payload is kept: decides what comes after it.  False: it cannot stand here. */
static bool take_body(struct wire_talk *talk, uint8_t shape, struct wire_event *event)
{
	struct wire_stream *s = &talk->stream[WIRE_SERVER];

	s->state = REST;
	if (s->flags & TAIL)
		return true;
	if (s->flags & NOTICE || s->phase == FIRST || s->phase == LOGIN)
		event->code = name_first(s);
	if (s->flags & NOTICE) {
		event->kind = WIRE_NOTICE;
		event->begins = true;
		event->farewell = s->kept[0] == MYSQL_ERR;
		return is_notice(talk, s);
	}
	s->code = judge(talk, s, shape);
	return s->code != LAST;
}

/* The packet is complete. */
static void take_end(struct wire_talk *talk, const struct wire_request *head,
		     struct wire_event *event)
{
	struct wire_stream *s = &talk->stream[WIRE_SERVER];
	bool full = s->flags & FULL, notice = s->flags & NOTICE;

	stream_next(s);
	if (full) {
		s->flags = TAIL;
		return;
	}
	if (notice)
		return;
	s->phase = (uint8_t)s->code;
	if (s->phase != BETWEEN)
		return;
	stream_end(s);
	event->ends = true;
	if (head->code != MYSQL_CODE_LOGIN)
		return;
	talk->flags &= (uint16_t)~MYSQL_TALK_OPENING;
	if (talk->flags & MYSQL_TALK_COMPRESSES)
		wire_talk_resume(talk, PROTOCOL_MYSQL, WIRE_MODE_COMPRESSED);
}

/* Whose the bytes of a packet are, as far as it was read. */
static enum wire_event_kind kind_so_far(const struct wire_talk *talk,
					const struct wire_request *head)
{
	const struct wire_stream *s = &talk->stream[WIRE_SERVER];

	if (s->flags & NOTICE)
		return s->state == REST ? WIRE_NOTICE : WIRE_NOTHING;
	if (head == NULL || (s->state == HEADER && (talk->flags & MYSQL_TALK_EOF_MAYBE)))
		return WIRE_NOTHING;
	return WIRE_REPLY;
}

size_t mysql_follow_server(struct wire_talk *talk, const uint8_t *bytes, size_t len,
			   const struct wire_request *head, struct wire_event *event)
{
	struct wire_stream *s = &talk->stream[WIRE_SERVER];
	uint8_t shape = head != NULL ? head->shape : MYSQL_SHAPE_ONE;
	size_t used = 0;

	*event = (struct wire_event){.kind = kind_so_far(talk, head)};
	event->begins = event->kind == WIRE_REPLY && wire_at_boundary(s);
	if (s->phase >= PHASE_COUNT || (s->phase != BETWEEN && head == NULL))
		return stream_lost(event, len);
	if (s->state == HEADER) {
		used = stream_keep(s, MYSQL_HEADER_BYTES, bytes, len);
		if (s->have < MYSQL_HEADER_BYTES)
			return used;
		if (!take_header(talk, head))
			return stream_lost(event, len);
		event->kind = kind_so_far(talk, head);
	}
	while (s->state == BODY) {
		size_t want = wanted(s, shape);
		size_t taken = stream_keep(s, want, bytes + used, len - used);

		used += taken;
		s->skip -= taken < s->skip ? taken : s->skip;
		if (s->have < want)
			return used;
		/* The first byte may ask for more. */
		if (wanted(s, shape) <= want && !take_body(talk, shape, event))
			return stream_lost(event, len);
	}
	if (s->state != REST)
		return stream_lost(event, len);
	used += stream_skip(s, len - used);
	if (s->skip == 0)
		take_end(talk, head, event);
	return used;
}
