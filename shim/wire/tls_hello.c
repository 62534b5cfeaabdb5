/* SPDX-License-Identifier: MIT */
/*
 * TLS ClientHello: the way to its ALPN extension.
 *
 *   record       16 | version 2 | length 2 | payload ...         (a message may span records)
 *   handshake    01 | length 3 |
 *   hello        version 2 | random 32 | <1> session id | <2> cipher suites | <1> compression |
 *                <2> extensions:  type 2 | <2> data
 *   ALPN 0010    <2> list:  <1> name, ...                        the first known name counts
 *
 *   <n> is a length of n bytes before what it measures.
 *
 * Sources: RFC 8446 sections 4.1.2 "Client Hello", 4.2 "Extensions", 5.1 "Record Layer"; RFC 7301
 * section 3.1; the names: IANA "TLS Application-Layer Protocol Negotiation (ALPN) Protocol IDs";
 * PostgreSQL documentation "SSL Session Encryption" (postgresql); MS-TDS 2.2 (tds/8.0).
 */
#include "wire/tls_hello.h"

#include <string.h>

#include "tell.h"

#define RECORD_HEADER_BYTES 5
#define HANDSHAKE 0x16
#define CLIENT_HELLO 0x01
#define EXTENSION_ALPN 0x0010
#define VERSION_AND_RANDOM_BYTES 34

/* What is read next, in the order of the drawing. */
enum {
	MESSAGE_HEADER,
	RANDOM,
	SESSION_LENGTH,
	SESSION,
	CIPHERS_LENGTH,
	CIPHERS,
	COMPRESSION_LENGTH,
	COMPRESSION,
	EXTENSIONS_LENGTH,
	EXTENSION_HEADER,
	EXTENSION,
	ALPN_LENGTH,
	ALPN_NAME_LENGTH,
	ALPN_NAME,
	DONE,
};

/* Names of at most 12 bytes, which is what is kept. */
static const struct {
	const char *name;
	enum protocol protocol;
} names[] = {
	{"postgresql", PROTOCOL_POSTGRESQL}, {"h2", PROTOCOL_HTTP2},	{"http/1.1", PROTOCOL_HTTP},
	{"http/1.0", PROTOCOL_HTTP},	     {"tds/8.0", PROTOCOL_TDS}, {"mqtt", PROTOCOL_MQTT},
};

/* Bytes of a fixed field; 0: the field is skipped. */
static size_t field_bytes(uint8_t state)
{
	switch (state) {
	case MESSAGE_HEADER:
	case EXTENSION_HEADER:
		return 4;
	case SESSION_LENGTH:
	case COMPRESSION_LENGTH:
	case ALPN_NAME_LENGTH:
		return 1;
	case CIPHERS_LENGTH:
	case EXTENSIONS_LENGTH:
	case ALPN_LENGTH:
		return 2;
	}
	return 0;
}

static void skip_then(struct tls_hello *h, uint32_t bytes, uint8_t state)
{
	h->skip = bytes;
	h->state = state;
}

static void finish(struct tls_hello *h, enum protocol protocol)
{
	h->protocol = (uint8_t)protocol;
	h->state = DONE;
}

/* After an extension: the next one, or the end. */
static void next_extension(struct tls_hello *h)
{
	if (h->extensions_left == 0)
		finish(h, PROTOCOL_TLS);
	else
		h->state = EXTENSION_HEADER;
}

static void take_extension_header(struct tls_hello *h)
{
	uint32_t len = wire_be16(h->kept + 2);

	if (4 + len > h->extensions_left) {
		finish(h, PROTOCOL_TLS);
		return;
	}
	h->extensions_left = (uint16_t)(h->extensions_left - 4 - len);
	skip_then(h, len, wire_be16(h->kept) == EXTENSION_ALPN ? ALPN_LENGTH : EXTENSION);
	if (h->state == EXTENSION && len == 0)
		next_extension(h);
	if (h->state == ALPN_LENGTH && len < 2)
		finish(h, PROTOCOL_TLS);
}

/* A name of the ALPN list is complete; `skip` is what is left of the extension. */
static void take_name(struct tls_hello *h)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strlen(names[i].name) == h->have &&
		    memcmp(names[i].name, h->kept, h->have) == 0) {
			finish(h, names[i].protocol);
			return;
		}
	}
	h->state = ALPN_NAME_LENGTH;
	if (h->skip == 0)
		next_extension(h);
}

/* A fixed field is complete. */
static void take_field(struct tls_hello *h)
{
	switch (h->state) {
	case MESSAGE_HEADER:
		if (h->kept[0] != CLIENT_HELLO)
			finish(h, PROTOCOL_TLS);
		else
			skip_then(h, VERSION_AND_RANDOM_BYTES, RANDOM);
		break;
	case SESSION_LENGTH:
		skip_then(h, h->kept[0], h->kept[0] > 0 ? SESSION : CIPHERS_LENGTH);
		break;
	case CIPHERS_LENGTH:
		skip_then(h, wire_be16(h->kept), CIPHERS);
		break;
	case COMPRESSION_LENGTH:
		skip_then(h, h->kept[0], COMPRESSION);
		break;
	case EXTENSIONS_LENGTH:
		h->extensions_left = (uint16_t)wire_be16(h->kept);
		next_extension(h);
		break;
	case EXTENSION_HEADER:
		take_extension_header(h);
		break;
	case ALPN_LENGTH:
		h->skip = h->skip >= 2 ? h->skip - 2 : 0; /* the list fills the extension */
		h->state = ALPN_NAME_LENGTH;
		if (h->skip == 0)
			next_extension(h);
		break;
	case ALPN_NAME_LENGTH:
		if (h->kept[0] == 0 || h->skip < 1u + h->kept[0]) {
			finish(h, PROTOCOL_TLS);
			break;
		}
		h->name_left = h->kept[0];
		h->skip -= 1u + h->kept[0];
		h->state = ALPN_NAME;
		break;
	default:
		finish(h, PROTOCOL_TLS);
	}
}

/* A skipped field is over. */
static void end_skip(struct tls_hello *h)
{
	switch (h->state) {
	case RANDOM:
		h->state = SESSION_LENGTH;
		break;
	case SESSION:
		h->state = CIPHERS_LENGTH;
		break;
	case CIPHERS:
		h->state = COMPRESSION_LENGTH;
		break;
	case COMPRESSION:
		h->state = EXTENSIONS_LENGTH;
		break;
	case EXTENSION:
		next_extension(h);
		break;
	default:
		finish(h, PROTOCOL_TLS);
	}
}

/* Takes up to `len` bytes of handshake; returns how many. */
static size_t take_handshake(struct tls_hello *h, const uint8_t *bytes, size_t len)
{
	size_t want = field_bytes(h->state), taken = 0;

	if (h->have > (want > 0 ? want : sizeof h->kept)) { /* cannot be */
		finish(h, PROTOCOL_TLS);
		return len;
	}
	if (want > 0) {
		while (h->have < want && taken < len)
			h->kept[h->have++] = bytes[taken++];
		if (h->have == want) {
			h->have = 0;
			take_field(h);
		}
		return taken;
	}
	if (h->state == ALPN_NAME) {
		for (; h->name_left > 0 && taken < len; h->name_left--, taken++) {
			/* One byte too many says that it is none of ours. */
			if (h->have < sizeof h->kept)
				h->kept[h->have++] = bytes[taken];
		}
		if (h->name_left == 0) {
			take_name(h);
			h->have = 0;
		}
		return taken;
	}
	taken = h->skip < len ? h->skip : len;
	h->skip -= (uint32_t)taken;
	if (h->skip == 0)
		end_skip(h);
	return taken;
}

/* One byte of a record's header. */
static void take_record_header(struct tls_hello *h, uint8_t byte)
{
	switch (h->record_have++) {
	case 0:
		if (byte != HANDSHAKE)
			finish(h, PROTOCOL_TLS);
		break;
	case 3:
		h->record_left = (uint32_t)byte << 8;
		return;
	case RECORD_HEADER_BYTES - 1:
		h->record_left |= byte;
		h->record_have = 0;
		if (h->record_left == 0)
			finish(h, PROTOCOL_TLS);
		return;
	}
	h->record_left = 0;
}

enum protocol tls_hello_take(struct tls_hello *hello, const uint8_t *bytes, size_t len)
{
	while (len > 0 && hello->state != DONE) {
		size_t taken = 1;

		if (hello->record_have > 0 || hello->record_left == 0) {
			take_record_header(hello, *bytes);
		} else {
			taken = hello->record_left < len ? hello->record_left : len;
			taken = take_handshake(hello, bytes, taken);
			hello->record_left -= (uint32_t)taken;
		}
		bytes += taken;
		len -= taken;
	}
	return hello->state == DONE ? (enum protocol)hello->protocol : PROTOCOL_UNKNOWN;
}
