/* SPDX-License-Identifier: MIT */
/*
 * ClickHouse's native protocol: first bytes.
 *
 *   client, Hello:  00 | <n> <client name, n bytes> | major | minor | revision | database ...
 *   server, Hello:  00 | 0A "ClickHouse" | major | minor | revision | ...
 *
 * Numbers are LEB128.  The client's name is free ("ClickHouse client", "Go Client"), so one that
 * does not start with ClickHouse must be followed by versions and a revision of 54xxx, three bytes
 * whose last is 03.
 *
 * Source: ClickHouse documentation, "Native protocol": "Client packets", "Hello"; "Server packets";
 * revision 54451 in its example.
 */
#include "wire/protocol.h"

static enum wire_match recognise_name(const uint8_t *bytes, size_t len)
{
	static const char name[] = "clickhouse";

	for (size_t i = 0; i < sizeof name - 1; i++) {
		if (i == len)
			return WIRE_MAYBE;
		if ((bytes[i] | 0x20) != name[i])
			return WIRE_NO;
	}
	return WIRE_YES;
}

/* `bytes` follow the name: major and minor below 128, then the revision. */
static enum wire_match recognise_versions(const uint8_t *bytes, size_t len)
{
	static const struct wire_range versions[] = {
		{0x00, 0x7f}, {0x00, 0x7f}, {0x80, 0xff}, {0x80, 0xff}, WIRE_IS(0x03),
	};

	return WIRE_MATCH_RANGES(bytes, len, versions);
}

static enum wire_match recognise_other_name(const uint8_t *bytes, size_t len)
{
	size_t name_len = bytes[1];

	if (name_len < 2 || 2 + name_len + 5 > FORKSAN_HEAD_BYTES)
		return WIRE_NO;
	for (size_t i = 2; i < 2 + name_len; i++) {
		if (i == len)
			return WIRE_MAYBE;
		if (!wire_is_printable(bytes[i]))
			return WIRE_NO;
	}
	return recognise_versions(bytes + 2 + name_len, len - 2 - name_len);
}

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	if (bytes[0] != 0x00)
		return WIRE_NO;
	if (len < 2)
		return WIRE_MAYBE;
	if (bytes[1] < 2 || bytes[1] > 0x7f)
		return WIRE_NO;
	return wire_match_best(recognise_name(bytes + 2, len - 2),
			       recognise_other_name(bytes, len));
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	static const struct wire_range hello[] = {
		WIRE_IS(0x00), WIRE_IS(0x0a), WIRE_IS('C'), WIRE_IS('l'),
		WIRE_IS('i'),  WIRE_IS('c'),  WIRE_IS('k'), WIRE_IS('H'),
		WIRE_IS('o'),  WIRE_IS('u'),  WIRE_IS('s'), WIRE_IS('e'),
	};

	return WIRE_MATCH_RANGES(bytes, len, hello);
}

const struct wire_protocol wire_clickhouse = {
	.recognise = {recognise_client, recognise_server},
	.ports = {9000, 9440 /* TLS */},
};
