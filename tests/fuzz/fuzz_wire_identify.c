/* SPDX-License-Identifier: MIT */
/*
 * wire_identify(), the hints by path and port, and the names of messages: answers are in range,
 * only refined as bytes come, and nothing is read outside the heads.
 *
 *   | length of the client's part | client's bytes | server's bytes |
 */
#include <stdlib.h>
#include <string.h>

#include "wire/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t *copy(const uint8_t *bytes, size_t len)
{
	uint8_t *block = malloc(len > 0 ? len : 1);

	if (block == NULL)
		abort();
	if (len > 0)
		memcpy(block, bytes, len);
	return block;
}

static enum protocol tell(const uint8_t *client, size_t client_len, const uint8_t *server,
			  size_t server_len)
{
	uint8_t *blocks[2] = {copy(client, client_len), copy(server, server_len)};
	const uint8_t *head[2] = {blocks[0], blocks[1]};
	enum protocol told = wire_identify(head, (size_t[2]){client_len, server_len});

	if ((unsigned)told >= PROTOCOL_COUNT)
		abort();
	free(blocks[0]);
	free(blocks[1]);
	return told;
}

/* Any code may stand in a slot that others can write, and any port in an address. */
static void look_up(enum protocol protocol, uint16_t code)
{
	for (int direction = 0; direction < 2; direction++) {
		const char *name =
			wire_message_name(protocol, (enum wire_direction)direction, code);

		if (name != NULL && (name[0] == '\0' || strlen(name) > 40))
			abort();
	}
	if ((unsigned)wire_by_port(code) >= PROTOCOL_COUNT)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t client, server;
	enum protocol before;

	if (size == 0)
		return 0;
	client = data[0] % (FORKSAN_HEAD_BYTES + 1);
	if (client > size - 1)
		client = size - 1;
	server = size - 1 - client;
	if (server > FORKSAN_HEAD_BYTES)
		server = FORKSAN_HEAD_BYTES;
	tell(data + 1, client, data + 1 + client, server);
	/* One direction alone is only refined. */
	before = PROTOCOL_UNKNOWN;
	for (size_t len = 0; len <= client; len++) {
		enum protocol now = tell(data + 1, len, NULL, 0);

		if (before != PROTOCOL_UNKNOWN && now != before)
			abort();
		before = now;
	}
	if (client == FORKSAN_HEAD_BYTES && before == PROTOCOL_UNKNOWN)
		abort();
	wire_by_path((const char *)data, size);
	if (size > 3)
		look_up((enum protocol)data[1], (uint16_t)(data[2] << 8 | data[3]));
	return 0;
}
