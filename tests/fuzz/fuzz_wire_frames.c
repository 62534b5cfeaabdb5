/* SPDX-License-Identifier: MIT */
/*
 * The protocols whose replies are not matched: those of which the client's messages are followed,
 * TLS records, MySQL's compressed packets, and texts, of which only a write's first word is read.
 * The first byte is enum protocol, the rest a conversation (fuzz_wire.h) or a text.
 */
#include "fuzz_wire.h"

/* A text is told by its word, or not at all, and the same with more bytes behind it. */
static void fuzz_text(const uint8_t *data, size_t size, enum protocol protocol)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);
	struct wire_event all, some = {.identified = false};

	require(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	require(wire_identify_text(protocol, copy, size, &all) == all.identified);
	require(!all.identified || wire_message_name(protocol, WIRE_CLIENT, all.code) != NULL);
	for (size_t len = 0; len < size && len < 24 && !some.identified; len++)
		wire_identify_text(protocol, copy, len, &some);
	require(!some.identified ||
		(all.identified && all.code == some.code && all.goodbye == some.goodbye));
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum protocol protocol;

	if (size == 0)
		return 0;
	protocol = (enum protocol)data[0];
	if (protocol >= PROTOCOL_COUNT)
		return -1;
	switch (wire_mode_of(protocol)) {
	case WIRE_MODE_EXCHANGES:
		/* They have targets of their own; compressed, MySQL has not. */
		if (protocol != PROTOCOL_MYSQL)
			return -1;
		return fuzz_conversation(data + 1, size - 1, protocol, WIRE_MODE_COMPRESSED);
	case WIRE_MODE_OPAQUE:
		fuzz_text(data + 1, size - 1, protocol);
		break;
	case WIRE_MODE_FRAMES:
	case WIRE_MODE_TLS:
	case WIRE_MODE_COMPRESSED:
	case WIRE_MODE_COUNT:
		return fuzz_conversation(data + 1, size - 1, protocol, wire_mode_of(protocol));
	}
	return 0;
}
