/* SPDX-License-Identifier: MIT */
/*
 * The table of protocols, made from include/forksan/protocols.h.
 */
#include "wire/protocol.h"

const struct wire_protocol *wire_protocol_of(unsigned protocol)
{
#define ROW(id, name, class, symbol) [id] = &wire_##symbol,
	static const struct wire_protocol *const table[PROTOCOL_COUNT] = {
		FORKSAN_KNOWN_PROTOCOLS(ROW)};
#undef ROW
	static const struct wire_protocol none;

	if (protocol >= PROTOCOL_COUNT || table[protocol] == NULL)
		return &none;
	return table[protocol];
}
