/* SPDX-License-Identifier: MIT */
/*
 * The constant that each protocol's file defines: how the first bytes are recognised, where such a
 * server listens, and how messages are parsed and named.  Private to shim/wire/.
 *
 * Each protocol is one constant, wire_<symbol>, in its own file; a line in
 * include/forksan/protocols.h puts the constant into the table of protocols.c.
 */
#ifndef FORKSAN_SHIM_WIRE_PROTOCOL_H
#define FORKSAN_SHIM_WIRE_PROTOCOL_H

#include "wire/parse.h"

enum wire_match {
	WIRE_NO,
	WIRE_MAYBE, /* all bytes so far fit, too few to be sure */
	WIRE_YES,
};

/*
 * A recogniser: judges the first `len` > 0 bytes of one direction.  A recogniser is monotone: after
 * NO or YES the answer for every longer prefix is the same; the answer for FORKSAN_HEAD_BYTES is
 * never MAYBE.  wire_identify() takes the first protocol in the order of protocols.h whose
 * recogniser has not answered NO, so a recogniser need only exclude the protocols of the lines
 * above its own.
 */
typedef enum wire_match wire_recognise(const uint8_t *bytes, size_t len);

/* A parser of protocols whose requests and replies are matched: wire_parse() for one direction. */
typedef size_t wire_parse_bytes(struct wire_parser *parser, const uint8_t *bytes, size_t len,
				const struct wire_request *head, struct wire_event *event);

/* A client's message in FRAMES mode, as the first bytes describe the message. */
struct wire_frame {
	uint64_t len_bytes; /* of the whole message */
	uint16_t code;
	enum wire_goodbye goodbye;
};

/* A reader of frames: the first `have` bytes of a client's message.  Returns 0 when those bytes
 * describe the frame, how many bytes (more than `have`, at most WIRE_KEPT_BYTES) would do so, or -1
 * when no message begins like that. */
typedef int wire_read_frame(const uint8_t *kept, size_t have, struct wire_frame *frame);

typedef bool wire_answers(uint8_t first);

/* True when a reply ends with these bytes. */
typedef bool wire_ends(const uint8_t *tail, size_t len);

/* The name of the message with `code` in that direction; NULL: the message has no name. */
typedef const char *wire_name_of(enum wire_direction direction, uint16_t code);

#define WIRE_MAX_PORTS 6
#define WIRE_MAX_PATHS 16

struct wire_protocol {
	/* --- recognising; see wire_identify() */
	bool greets; /* the server speaks first: the server's bytes then count more */
	wire_recognise *recognise[2]; /* by enum wire_direction; NULL: those bytes say nothing */
	/* Of a protocol of words: whether an answer may begin with a byte, and the first byte of a
	 * client that speaks the protocol in frames instead; NULL: no protocol of words. */
	wire_answers *answers;
	uint8_t framed_by;
	uint16_t ports[WIRE_MAX_PORTS]; /* 0 ends the list */
	/* Parts of the last component of a unix path; NULL ends the list.  A part that begins with
	 * '/' must be the end of the path; a part that also ends with '/' is a directory anywhere
	 * in the path. */
	const char *paths[WIRE_MAX_PATHS];

	/* --- parsing: at most one of parse, frame and starts_with_name; without: OPAQUE mode */
	wire_parse_bytes *parse[2]; /* EXCHANGES mode, by enum wire_direction */
	wire_read_frame *frame;	    /* FRAMES mode */
	bool starts_with_name;	    /* OPAQUE mode; a write that begins with one of `names` and
				       a blank is that message */
	wire_read_frame *compressed_frame; /* COMPRESSED mode, where there is one */
	uint16_t start_flags;		   /* of the parser at the connection's first byte */
	uint16_t opening_flags;		   /* while any of these is set, the opening goes on */
	uint16_t learned_flags;		   /* these outlive a gap */
	uint16_t open_flags;		   /* while any of these is set, the last request goes on */
	wire_ends *reply_ends;		   /* see wire_reply_ends(); NULL: nobody can tell */
	bool marked_replies;		   /* see wire_replies_are_marked() */
	bool pushes;			   /* see wire_server_pushes() */

	/* --- names of messages, both directions: names[code - 1], or by `name` */
	struct {
		const char *const *names;
		size_t count;
	} names;
	wire_name_of *name;
	uint16_t
		goodbye_code; /* with starts_with_name: the message that ends the session, 0 none */
};

#define WIRE_DECLARE(id, name, class, symbol) extern const struct wire_protocol wire_##symbol;
FORKSAN_KNOWN_PROTOCOLS(WIRE_DECLARE)
#undef WIRE_DECLARE

/* The constant of a protocol; an empty one for UNKNOWN, OTHER and numbers without a protocol. */
const struct wire_protocol *wire_protocol_of(unsigned protocol);

/* Two values: an array of names, and the length of the array. */
#define NAMES(names) (names), sizeof(names) / sizeof(names)[0]

/* The name of code n in a table that starts at 1; NULL: a hole, or past the end. */
static inline const char *wire_name_at(const char *const *names, size_t count, uint16_t code)
{
	return code > 0 && code <= count ? names[code - 1] : NULL;
}

/* A byte that must lie in [low, high]. */
struct wire_range {
	uint8_t low;
	uint8_t high;
};

#define WIRE_IS(b)                                                                                 \
	{                                                                                          \
		(b), (b)                                                                           \
	}
#define WIRE_ANY                                                                                   \
	{                                                                                          \
		0x00, 0xff                                                                         \
	}

static inline enum wire_match wire_match_ranges(const uint8_t *bytes, size_t len,
						const struct wire_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i == len)
			return WIRE_MAYBE;
		if (bytes[i] < ranges[i].low || bytes[i] > ranges[i].high)
			return WIRE_NO;
	}
	return WIRE_YES;
}

#define WIRE_MATCH_RANGES(bytes, len, ranges)                                                      \
	wire_match_ranges((bytes), (len), (ranges), sizeof(ranges) / sizeof(ranges)[0])

static inline enum wire_match wire_match_text(const uint8_t *bytes, size_t len, const char *text)
{
	for (size_t i = 0; text[i] != '\0'; i++) {
		if (i == len)
			return WIRE_MAYBE;
		if (bytes[i] != (uint8_t)text[i])
			return WIRE_NO;
	}
	return WIRE_YES;
}

static inline enum wire_match wire_match_best(enum wire_match a, enum wire_match b)
{
	return a > b ? a : b;
}

/* The best match of any of `texts`, which ends with NULL. */
static inline enum wire_match wire_match_texts(const uint8_t *bytes, size_t len,
					       const char *const *texts)
{
	enum wire_match best = WIRE_NO;

	for (; *texts != NULL; texts++)
		best = wire_match_best(best, wire_match_text(bytes, len, *texts));
	return best;
}

static inline bool wire_is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

static inline bool wire_is_printable(uint8_t byte)
{
	return byte >= 0x20 && byte < 0x7f;
}

/* Integers as on the wire: big- and little-endian. */
static inline uint32_t wire_be16(const uint8_t *p)
{
	return (uint32_t)p[0] << 8 | p[1];
}

static inline uint32_t wire_be32(const uint8_t *p)
{
	return wire_be16(p) << 16 | wire_be16(p + 2);
}

static inline uint32_t wire_le16(const uint8_t *p)
{
	return (uint32_t)p[1] << 8 | p[0];
}

static inline uint32_t wire_le24(const uint8_t *p)
{
	return (uint32_t)p[2] << 16 | wire_le16(p);
}

static inline uint32_t wire_le32(const uint8_t *p)
{
	return wire_le16(p + 2) << 16 | wire_le16(p);
}

#endif
