/* SPDX-License-Identifier: MIT */
/*
 * Python's multiprocessing.connection (Listener and Client; Manager and its proxies): first bytes,
 * and where the client's messages end.
 *
 *   message  | length, 4 BE, signed | payload |         -1: | length, 8 BE | payload |
 *
 *   server, first:   00 00 00 LL | "#CHALLENGE#" | random bytes        with an authkey
 *   client:          00 00 00 LL | digest, from Python 3.12 on "{sha256}" and a digest
 *   server:          00 00 00 09 | "#WELCOME#"     or 00 00 00 09 | "#FAILURE#"
 *   then the client challenges the server in the same way, and pickled objects follow
 *
 * Without an authkey there is no challenge, and nothing that is this protocol's own.  A Manager
 * answers each request; a Listener's program may send at any time.
 *
 * Sources: CPython Lib/multiprocessing/connection.py: Connection._send_bytes and _recv (the header
 * "!i" and "!Q"), CHALLENGE, WELCOME, FAILURE, deliver_challenge, answer_challenge,
 * _create_response (read in 3.8, 3.11, 3.13).  Recorded with 3.11.
 */
#include "wire/protocol.h"

#define HEADER_BYTES 4
#define LONG_HEADER_BYTES 12
#define LONG 0xffffffffu
#define CHALLENGE "#CHALLENGE#"

/* A length below 256, then a text that begins like that. */
static enum wire_match recognise_message(const uint8_t *bytes, size_t len, const char *text)
{
	static const struct wire_range header[HEADER_BYTES] = {
		WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), {8, 0xff}};
	enum wire_match match = WIRE_MATCH_RANGES(bytes, len, header);

	if (match != WIRE_YES)
		return match;
	return len == HEADER_BYTES
		       ? WIRE_MAYBE
		       : wire_match_text(bytes + HEADER_BYTES, len - HEADER_BYTES, text);
}

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	return recognise_message(bytes, len, "{sha256}");
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	return recognise_message(bytes, len, CHALLENGE);
}

static int read_frame(const uint8_t *kept, size_t have, struct wire_frame *frame)
{
	if (have < HEADER_BYTES)
		return HEADER_BYTES;
	frame->len_bytes = HEADER_BYTES + (uint64_t)wire_be32(kept);
	if (wire_be32(kept) < LONG)
		return wire_be32(kept) <= INT32_MAX ? 0 : -1;
	if (have < LONG_HEADER_BYTES)
		return LONG_HEADER_BYTES;
	if (kept[4] != 0) /* 2^56 bytes */
		return -1;
	frame->len_bytes =
		LONG_HEADER_BYTES + ((uint64_t)wire_be32(kept + 4) << 32) + wire_be32(kept + 8);
	return 0;
}

const struct wire_protocol wire_multiprocessing = {
	.greets = true,
	.recognise = {recognise_client, recognise_server},
	.frame = read_frame,
	.pushes = true,
};
