/* SPDX-License-Identifier: MIT */
/*
 * A conversation as fuzz input, for the targets that include this:
 *
 *   | how | operation ... |        operation: | length << 1 | direction | bytes ... |
 *
 *   how  bit 0   resumed after the opening, else from the first byte
 *        bit 1   the state itself is input: the next sizeof(struct wire_parser) bytes
 *
 * What must hold: every call consumes bytes, reads none outside (ASan), and what a conversation
 * says and leaves behind does not depend on how it is cut.
 */
#ifndef FORKSAN_TESTS_FUZZ_WIRE_H
#define FORKSAN_TESTS_FUZZ_WIRE_H

#include "../unit/wire_talking.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void require(bool condition)
{
	if (!condition)
		abort();
}

/* Feeds all operations; `whole`: as they are, else byte by byte. */
static inline void fuzz_feed(struct talking *t, const uint8_t *data, size_t size, bool whole)
{
	while (size > 0) {
		size_t len = data[0] >> 1;
		enum wire_direction direction = (enum wire_direction)(data[0] & 1);

		data++;
		size--;
		if (len > size)
			len = size;
		for (size_t at = 0; at < len; at += whole ? len : 1)
			talking_feed(t, direction, data + at, whole ? len : 1);
		data += len;
		size -= len;
	}
}

/* Of a state that no follower left behind nothing is asked but that it does no harm. */
static inline void fuzz_corrupt_state(const uint8_t *data, size_t size, enum protocol protocol)
{
	static struct talking t;

	if (size < sizeof t.parser)
		return;
	memset(&t, 0, sizeof t);
	memcpy(&t.parser, data, sizeof t.parser);
	t.parser.protocol = (uint8_t)protocol;
	t.queue[0] = (struct wire_request){(uint16_t)data[0], data[1] & 7, data[2] & 1};
	t.waiting = data[3] & 1;
	fuzz_feed(&t, data + sizeof t.parser, size - sizeof t.parser, true);
}

static inline void fuzz_start(struct talking *t, enum protocol protocol, enum wire_mode mode,
			      bool resumed)
{
	memset(t, 0, sizeof *t);
	if (resumed || mode != wire_mode_of(protocol))
		wire_parser_resume(&t->parser, protocol, mode);
	else
		wire_parser_start(&t->parser, protocol);
}

static inline int fuzz_conversation(const uint8_t *data, size_t size, enum protocol protocol,
				    enum wire_mode mode)
{
	static struct talking whole, bytes;

	if (size == 0)
		return 0;
	if (data[0] & 2) {
		fuzz_corrupt_state(data + 1, size - 1, protocol);
		return 0;
	}
	fuzz_start(&whole, protocol, mode, data[0] & 1);
	fuzz_start(&bytes, protocol, mode, data[0] & 1);
	fuzz_feed(&whole, data + 1, size - 1, true);
	fuzz_feed(&bytes, data + 1, size - 1, false);
	require(strcmp(whole.marks, bytes.marks) == 0);
	require(whole.lost == bytes.lost && whole.waiting == bytes.waiting);
	require(memcmp(whole.queue, bytes.queue, whole.waiting * sizeof whole.queue[0]) == 0);
	/* What is lost is not looked at again. */
	require(whole.lost || memcmp(&whole.parser, &bytes.parser, sizeof whole.parser) == 0);
	return 0;
}

#endif
