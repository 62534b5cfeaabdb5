/* SPDX-License-Identifier: MIT */
/*
 * TLS hellos: the answer and the server's name do not depend on how the bytes are cut, once given
 * they stay, and the name is a host's.
 *
 *   | piece | bytes ... |      pieces of that size, 0: as a whole
 *                              255: the state itself is input, the next sizeof(struct tls_hello)
 *                              254: the server's hello, after an offer of two protocols
 */
#include <stdlib.h>
#include <string.h>

#include "wire/tls_hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STATE_IS_INPUT 255
#define SERVERS 254

static void require(bool condition)
{
	if (!condition)
		abort();
}

typedef enum protocol taker(struct tls_hello *hello, const uint8_t *bytes, size_t len);

/* A block of its own, so that a byte too far is seen. */
static enum protocol take_by(taker *reader, struct tls_hello *hello, const uint8_t *bytes,
			     size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	enum protocol told;

	require(copy != NULL);
	if (len > 0)
		memcpy(copy, bytes, len);
	told = reader(hello, copy, len);
	free(copy);
	return told;
}

static enum protocol take(struct tls_hello *hello, const uint8_t *bytes, size_t len)
{
	return take_by(tls_hello_take, hello, bytes, len);
}

static enum protocol take_answer(struct tls_hello *hello, const uint8_t *bytes, size_t len)
{
	return take_by(tls_hello_take_answer, hello, bytes, len);
}

static void read_name(const struct tls_hello *hello, char name[FORKSAN_SERVER_NAME_BYTES])
{
	bool named = tls_hello_server_name(hello, name);
	size_t len = strnlen(name, FORKSAN_SERVER_NAME_BYTES);

	require(len < FORKSAN_SERVER_NAME_BYTES && named == (len > 0));
	require(strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") ==
		len);
}

static void corrupt(const uint8_t *data, size_t size)
{
	struct tls_hello hello;
	char name[FORKSAN_SERVER_NAME_BYTES];

	if (size < sizeof hello)
		return;
	memcpy(&hello, data, sizeof hello);
	if (tls_hello_wants_answer(&hello))
		take_answer(&hello, data + sizeof hello, size - sizeof hello);
	take(&hello, data + sizeof hello, size - sizeof hello);
	read_name(&hello, name);
}

static void servers(size_t piece, const uint8_t *data, size_t size)
{
	const struct tls_hello offered = {
		.protocol = PROTOCOL_HTTPS, .offered = PROTOCOL_HTTPS, .answer = TLS_ANSWER_WANTED};
	struct tls_hello whole = offered, cut = offered;
	enum protocol told = take_answer(&whole, data, size), in_pieces = PROTOCOL_UNKNOWN;

	for (size_t at = 0; at < size; at += piece) {
		enum protocol now =
			take_answer(&cut, data + at, size - at < piece ? size - at : piece);

		require(in_pieces == PROTOCOL_UNKNOWN || now == in_pieces);
		in_pieces = now;
	}
	require(told == in_pieces && (unsigned)told < PROTOCOL_COUNT);
	require((told == PROTOCOL_UNKNOWN) == tls_hello_wants_answer(&whole));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct tls_hello whole = {0}, cut = {0};
	enum protocol told, in_pieces = PROTOCOL_UNKNOWN;
	char name[2][FORKSAN_SERVER_NAME_BYTES];
	size_t piece;

	if (size < 2)
		return 0;
	if (data[0] == STATE_IS_INPUT) {
		corrupt(data + 1, size - 1);
		return 0;
	}
	if (data[0] == SERVERS) {
		servers(data[1] > 0 ? data[1] : size, data + 2, size - 2);
		return 0;
	}
	piece = data[0] > 0 ? data[0] : size;
	told = take(&whole, data + 1, size - 1);
	for (size_t at = 1; at < size; at += piece) {
		enum protocol now = take(&cut, data + at, size - at < piece ? size - at : piece);

		require(in_pieces == PROTOCOL_UNKNOWN || now == in_pieces);
		in_pieces = now;
	}
	require(told == in_pieces && (unsigned)told < PROTOCOL_COUNT);
	read_name(&whole, name[0]);
	read_name(&cut, name[1]);
	require(strcmp(name[0], name[1]) == 0);
	require(told == PROTOCOL_UNKNOWN || take(&whole, data, size) == told);
	read_name(&whole, name[1]);
	require(told == PROTOCOL_UNKNOWN || strcmp(name[0], name[1]) == 0);
	return 0;
}
