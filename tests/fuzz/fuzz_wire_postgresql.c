/* SPDX-License-Identifier: MIT */
/*
 * PostgreSQL conversations: see fuzz_wire.h.
 */
#include "fuzz_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_conversation(data, size, PROTOCOL_POSTGRESQL, WIRE_MODE_EXCHANGES);
}
