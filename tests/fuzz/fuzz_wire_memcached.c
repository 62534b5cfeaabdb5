/* SPDX-License-Identifier: MIT */
/*
 * memcached conversations: see fuzz_wire.h.
 */
#include "fuzz_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	return fuzz_conversation(data, size, PROTOCOL_MEMCACHED, WIRE_MODE_EXCHANGES);
}
