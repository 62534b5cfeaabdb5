/* SPDX-License-Identifier: MIT */
/*
 * Parsing the messages of a connection whose protocol is identified: where requests and replies
 * begin and end, which messages the server sends unasked, and which say goodbye.
 *
 * struct wire_parser is plain data of fixed size that lives in shared memory: a process may read a
 * parser that another process wrote, and no field is believed without a bound.  Of a payload only
 * the few first bytes of the message that is being read are kept; a payload of known length is
 * skipped by arithmetic.  Pure: no process, no time, no system call.
 *
 *      client bytes --> wire_parse(WIRE_CLIENT) --> REQUEST events --> the queue of the unanswered
 *      server bytes --> wire_parse(WIRE_SERVER, head of that queue) --> REPLY and NOTICE events
 *
 * The queue is the caller's (shim/judge/queue.c), because the caller knows who sent each request.
 */
#ifndef FORKSAN_SHIM_WIRE_PARSE_H
#define FORKSAN_SHIM_WIRE_PARSE_H

#include "wire/wire.h"

/* First bytes that are kept of a message while it is read: a MySQL OK packet up to the status takes
 * 21, a memcached binary header 24. */
#define WIRE_KEPT_BYTES 24

/*
 * One direction.  All zero is the boundary between two messages (and replies).  The members of a
 * union are names that different protocols give to the same bytes; a connection has one protocol,
 * so one name of each union is in use.
 */
struct wire_stream {
	union {
		uint64_t skip;	 /* bytes of this message that need only be passed */
		uint64_t number; /* Redis: the number being read, while nothing is passed */
	};
	union {
		uint64_t definitions; /* MySQL: of columns or parameters, still to come */
		uint64_t values;      /* Redis: arguments, or values of a reply, still to come */
		uint64_t line_bytes;  /* Redis: of an inline command so far */
		uint64_t data_bytes;  /* memcached: the length in a line, as far as read */
	};
	uint8_t kept[WIRE_KEPT_BYTES];
	uint8_t have;  /* bytes in kept */
	uint8_t state; /* within a message */
	union {
		uint8_t phase;	  /* within a reply of several messages */
		uint8_t argument; /* Redis: arguments of a request begun so far, at most 3 */
		uint8_t word;	  /* memcached: words of a command's line that are over */
	};
	uint8_t flags; /* the protocol's, within a message */
	union {
		uint16_t next_phase;  /* MySQL: after this packet */
		uint16_t reply_type;  /* Redis: first byte of the reply */
		uint16_t command;     /* memcached: the code of a line's command */
		uint16_t length_word; /* memcached: which word of a reply's line is a length, 0 none
				       */
	};
	union {
		uint16_t columns;    /* MySQL: of a prepared statement, after the parameters */
		uint16_t value_type; /* Redis: first byte of the value within the reply */
		uint16_t words_over; /* memcached: words of a reply's line that are over */
	};
};
_Static_assert(sizeof(struct wire_stream) == 48, "two of them in every connection's slot");

enum wire_mode {
	WIRE_MODE_EXCHANGES,  /* requests and replies are matched */
	WIRE_MODE_FRAMES,     /* only the client's messages are parsed, for names and goodbyes */
	WIRE_MODE_OPAQUE,     /* nothing can be parsed */
	WIRE_MODE_TLS,	      /* TLS records: only types and lengths */
	WIRE_MODE_COMPRESSED, /* MySQL's compressed packets: as FRAMES */
	WIRE_MODE_COUNT,
};

struct wire_parser {
	struct wire_stream stream[2]; /* by enum wire_direction */
	uint8_t protocol;	      /* enum protocol */
	uint8_t mode;		      /* enum wire_mode */
	uint16_t flags;		      /* learned of the connection, by each protocol */
	uint32_t reserved;
};
_Static_assert(sizeof(struct wire_parser) == 104, "as counted in struct evidence");

/* A request that is not answered, as wire_parse() identified it. */
struct wire_request {
	uint16_t code;
	uint8_t reply_kind; /* how the reply is built; each protocol has its own enum */
	uint8_t no_reply;   /* 1: the server may send no reply; see wire_event.skips_no_reply */
};

enum wire_event_kind {
	WIRE_NOTHING, /* no bytes, or too few to identify the message */
	WIRE_REQUEST, /* bytes of a client's message */
	WIRE_REPLY,   /* bytes of the reply to the oldest unanswered request */
	WIRE_NOTICE,  /* bytes of a server's message that answers no request */
	WIRE_LOST,    /* the bytes cannot stand here; resume the parser before the next bytes */
};

enum wire_exchange {
	WIRE_ALONE, /* a message without reply */
	WIRE_OPENS, /* a new request: goes to the end of the queue */
	WIRE_JOINS, /* part of the last request of the queue (a Bind, a password, a file) */
};

enum wire_goodbye {
	WIRE_NO_GOODBYE,
	WIRE_GOODBYE_LIKELY, /* known by size, or by a text at the start of a write */
	WIRE_GOODBYE,
};

/* The facts about the bytes that one call of wire_parse() consumed. */
struct wire_event {
	enum wire_event_kind kind;
	/* REQUEST, REPLY: the bytes hold the first byte of the message or reply.  NOTICE: the first
	 * event of this notice. */
	bool begins;
	/* The bytes hold the last byte of a client's message, of a notice, or of a whole reply. */
	bool ends;
	/* REQUEST: the message is identified: the fields below are filled. */
	bool identified;
	enum wire_exchange exchange; /* WIRE_JOINS is also said before the message is identified */
	enum wire_goodbye goodbye;
	struct wire_request request;
	/* REPLY: no reply came to the no_reply requests at the head of the queue; the next request
	 * is answered. */
	bool skips_no_reply;
	/* NOTICE: an error while nothing is outstanding: the server hangs up, or has refused a
	 * request of which no byte has been parsed yet. */
	bool unmatched_error;
	/* NOTICE: the notice takes the oldest request out of the queue (a subscription's
	 * confirmation). */
	bool retires;
	uint16_t code;		/* of the message, for wire_message_name(); 0: no code */
	enum protocol protocol; /* to which `code` belongs; inside TLS codes are those of records */
	/* For wire_parse() itself: the connection goes on in `next_mode`, with the next byte. */
	bool changes_mode;
	enum wire_mode next_mode;
};

/* Prepares for a connection whose first byte is still to come. */
void wire_parser_start(struct wire_parser *parser, enum protocol protocol);

/* Prepares for a connection whose opening is over, between two exchanges. */
void wire_parser_resume(struct wire_parser *parser, enum protocol protocol, enum wire_mode mode);

/* The mode in which the messages of an unencrypted connection are parsed. */
enum wire_mode wire_mode_of(enum protocol protocol);

/* True while the opening (login, negotiation) is not over. */
bool wire_parser_is_opening(const struct wire_parser *parser);

/* True while the last request is not complete: more messages must come that join that request. */
bool wire_request_open(const struct wire_parser *parser);

/* True when a reply's messages have types and lengths that a span of another reply hardly has by
 * chance. */
bool wire_replies_are_marked(const struct wire_parser *parser);

/*
 * Consumes at least one of `len` > 0 bytes of a direction, at most to the end of a message, fills
 * `event`, and returns the number of bytes consumed.  `head`: the oldest unanswered request, NULL:
 * there is no such request; for bytes of the client only whether there is a request matters.  After
 * WIRE_LOST the caller must resume the parser before the next call.
 */
size_t wire_parse(struct wire_parser *parser, enum wire_direction direction, const uint8_t *bytes,
		  size_t len, const struct wire_request *head, struct wire_event *event);

/* In OPAQUE mode: identifies a write by the first word.  Fills `event` as wire_parse() does; false
 * when the protocol has no such word. */
bool wire_identify_text(enum protocol protocol, const uint8_t *bytes, size_t len,
			struct wire_event *event);

/* True between two messages (client) or two replies (server). */
static inline bool wire_at_boundary(const struct wire_stream *stream)
{
	return stream->state == 0 && stream->phase == 0 && stream->have == 0 && stream->skip == 0;
}

/* The name of the message with `code`: "COM_QUERY", "Parse", "GET"; NULL: the message has no
 * name. */
const char *wire_message_name(enum protocol protocol, enum wire_direction direction, uint16_t code);

/* True when the last bytes of a server's answer, `len` of them, are the end of a whole reply, as
 * far as one can tell without its beginning. */
bool wire_reply_ends(enum protocol protocol, const uint8_t *tail, size_t len);

/* True when the server sends unasked as a matter of course, so that a read without an earlier write
 * means nothing. */
bool wire_server_pushes(enum protocol protocol);

#endif
