/* SPDX-License-Identifier: MIT */
/*
 * MySQL: replies.  Private to mysql_server.c, which reads packets, and mysql_reply.c, which judges
 * packets.
 */
#ifndef FORKSAN_SHIM_WIRE_MYSQL_REPLY_H
#define FORKSAN_SHIM_WIRE_MYSQL_REPLY_H

#include "wire/mysql.h"

#define MYSQL_EOF_BYTES 5

/* Phase within a reply: the kind of packet that comes next.  0: between replies. */
enum mysql_phase {
	MYSQL_PHASE_BETWEEN,
	MYSQL_PHASE_FIRST,	  /* of a result */
	MYSQL_PHASE_FILE_SENT,	  /* after FB: OK or ERR */
	MYSQL_PHASE_COLUMNS,	  /* `definitions` counts the definitions to come */
	MYSQL_PHASE_COLUMNS_DONE, /* EOF, or the first row */
	MYSQL_PHASE_ROWS,
	MYSQL_PHASE_PARAMETERS,	     /* of a prepared statement; then `columns` columns */
	MYSQL_PHASE_PARAMETERS_DONE, /* EOF, or the first column */
	MYSQL_PHASE_PREPARED,	     /* `definitions` counts the column definitions to come */
	MYSQL_PHASE_PREPARED_DONE,   /* EOF */
	MYSQL_PHASE_LOGIN,
	MYSQL_PHASE_LAST, /* no packet like this can come */
	MYSQL_PHASE_COUNT,
};

/* Flags of the server's stream. */
enum mysql_packet_flags {
	MYSQL_PACKET_FULL = 1u << 0,   /* this packet is full: the next goes on with the payload */
	MYSQL_PACKET_TAIL = 1u << 1,   /* the rest of a full packet: the bytes are not looked at */
	MYSQL_PACKET_NOTICE = 1u << 2, /* this packet answers no request */
	MYSQL_PACKET_STRAY = 1u << 3,  /* ... the EOF of a reply that was taken for complete */
};

/* The length of the payload, while the first bytes are kept and the rest is to be skipped. */
static inline uint64_t mysql_packet_len(const struct wire_stream *s)
{
	return s->skip + s->have;
}

/* How many bytes of the payload mysql_judge_packet() needs; the first of those may ask for more. */
size_t mysql_wanted_bytes(const struct wire_stream *s, uint8_t reply_kind);

/*
 * Judges a packet whose wanted bytes are kept, and returns the phase of the next packet.
 * MYSQL_PHASE_BETWEEN: the reply is over; MYSQL_PHASE_LAST: no such packet can come here.
 */
uint8_t mysql_judge_packet(struct wire_parser *parser, struct wire_stream *s, uint8_t reply_kind);

/* Notes that the connection uses EOF packets, or does not. */
void mysql_learn_eof(struct wire_parser *parser, bool used);

#endif
