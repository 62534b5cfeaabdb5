/* SPDX-License-Identifier: MIT */
/*
 * MySQL: replies.  Private to mysql_server.c, which reads packets, and mysql_reply.c, which says
 * what they are.
 */
#ifndef FORKSAN_SHIM_WIRE_MYSQL_REPLY_H
#define FORKSAN_SHIM_WIRE_MYSQL_REPLY_H

#include "wire/mysql.h"

#define MYSQL_EOF_BYTES 5

/* Phase within a reply: what the next packet is.  0 is between replies. */
enum mysql_phase {
	MYSQL_PHASE_BETWEEN,
	MYSQL_PHASE_FIRST,	  /* of a result */
	MYSQL_PHASE_FILE_SENT,	  /* after FB: OK or ERR */
	MYSQL_PHASE_COLUMNS,	  /* `count` definitions to come */
	MYSQL_PHASE_COLUMNS_DONE, /* EOF, or the first row */
	MYSQL_PHASE_ROWS,
	MYSQL_PHASE_PARAMETERS,	     /* of a prepared statement; `columns` of them follow */
	MYSQL_PHASE_PARAMETERS_DONE, /* EOF, or the first column */
	MYSQL_PHASE_PREPARED,	     /* `count` column definitions to come */
	MYSQL_PHASE_PREPARED_DONE,   /* EOF */
	MYSQL_PHASE_LOGIN,
	MYSQL_PHASE_LAST, /* no packet like this can come */
	MYSQL_PHASE_COUNT,
};

/* Flags of the server's stream. */
enum mysql_packet_flags {
	MYSQL_PACKET_FULL = 1u << 0,   /* this packet is full: the next one goes on with it */
	MYSQL_PACKET_TAIL = 1u << 1,   /* the rest of a full packet: its bytes are not looked at */
	MYSQL_PACKET_NOTICE = 1u << 2, /* this packet answers no request */
	MYSQL_PACKET_STRAY = 1u << 3, /* ... it is the EOF of a reply that was taken for complete */
};

/* The payload's length, while its first bytes are kept and the rest is to be skipped. */
static inline uint64_t mysql_packet_len(const struct wire_stream *s)
{
	return s->skip + s->have;
}

/* The payload's bytes that mysql_judge_packet() needs; the first of them may ask for more. */
size_t mysql_wanted_bytes(const struct wire_stream *s, uint8_t reply_kind);

/*
 * A packet is known as far as it must be: the phase of the next one.  MYSQL_PHASE_BETWEEN ends the
 * reply; MYSQL_PHASE_LAST says that no such packet can come here.
 */
uint8_t mysql_judge_packet(struct wire_parser *parser, struct wire_stream *s, uint8_t reply_kind);

/* Whether EOF packets are used is known now. */
void mysql_learn_eof(struct wire_parser *parser, bool used);

#endif
