/* SPDX-License-Identifier: MIT */
/*
 * Finding the boundary: a write is parsed on trial in every mode that the protocol knows.
 *
 * Drivers write whole messages.  A write whose bytes are messages from the first to the last byte
 * starts at a boundary.  Right after a fork a first message that is longer than the write will do,
 * since the connection was idle then.
 */
#include "judge/align.h"

#include "base/compiler.h"

enum trial {
	TRIAL_FAILED,
	TRIAL_STARTS, /* the first bytes of a message, too few to identify the message */
	TRIAL_BEGINS, /* a message that is identified and goes on after the operation */
	TRIAL_EXACT,  /* whole messages */
};

static enum trial try_mode(const struct evidence_context *c, enum wire_mode mode)
{
	struct wire_parser parser = c->evidence->parser;
	struct evidence_bytes at = evidence_bytes_of(c->operation);
	struct wire_request first = {0};
	bool identified = false, opened = false;
	const uint8_t *bytes;
	size_t len;

	wire_parser_resume(&parser, (enum protocol)parser.protocol, mode);
	do {
		if (!evidence_next_chunk(c->operation, &at, &bytes, &len))
			return TRIAL_FAILED;
		while (len > 0) {
			struct wire_event event;
			size_t used = wire_parse(&parser, WIRE_CLIENT, bytes, len,
						 opened ? &first : NULL, &event);

			if (event.kind != WIRE_REQUEST)
				return TRIAL_FAILED;
			/* Any line passes for a command of Redis; after a loss only a command with
			 * a name counts. */
			if (event.identified && !identified && event.code == 0 &&
			    c->evidence->state == EVIDENCE_LOST)
				return TRIAL_FAILED;
			identified = identified || event.identified;
			if (event.identified && event.exchange == WIRE_OPENS && !opened) {
				first = event.request;
				opened = true;
			}
			bytes += used;
			len -= used;
		}
	} while (at.left > 0);
	if (wire_at_boundary(&parser.stream[WIRE_CLIENT]))
		return TRIAL_EXACT;
	return identified ? TRIAL_BEGINS : TRIAL_STARTS;
}

static noinline bool settle(struct evidence_context *c, enum wire_mode mode)
{
	struct evidence *evidence = c->evidence;
	struct wire_stream server = evidence->parser.stream[WIRE_SERVER];
	bool same = evidence->parser.mode == mode;

	wire_parser_resume(&evidence->parser, (enum protocol)evidence->parser.protocol, mode);
	/* The stream of the server goes on: a notice may be half read. */
	if (same)
		evidence->parser.stream[WIRE_SERVER] = server;
	evidence->flags |= EVIDENCE_MODE_KNOWN;
	return true;
}

noinline bool evidence_align(struct evidence_context *c, bool exact)
{
	struct evidence *evidence = c->evidence;
	enum protocol protocol = (enum protocol)evidence->parser.protocol;
	bool known = evidence->flags & EVIDENCE_MODE_KNOWN;
	/* The likeliest first. */
	enum wire_mode modes[] = {
		known ? (enum wire_mode)evidence->parser.mode : wire_mode_of(protocol),
		wire_mode_of(protocol),
		WIRE_MODE_TLS,
		protocol == PROTOCOL_MYSQL ? WIRE_MODE_COMPRESSED : WIRE_MODE_TLS,
	};

	if (modes[0] == WIRE_MODE_OPAQUE)
		return true;
	for (enum trial wanted = TRIAL_EXACT; wanted > TRIAL_FAILED; wanted--) {
		/* Messages that do not fill the operation count in the expected mode only. */
		size_t count = known && wanted != TRIAL_EXACT ? 1 : sizeof modes / sizeof modes[0];

		for (size_t i = 0; i < count; i++) {
			if (try_mode(c, modes[i]) == wanted)
				return settle(c, modes[i]);
		}
		if (exact)
			break;
	}
	return false;
}
