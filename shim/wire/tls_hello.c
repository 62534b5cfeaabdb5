/* SPDX-License-Identifier: MIT */
/*
 * TLS ClientHello and ServerHello: the way to their ALPN and server name extensions.
 *
 *   record       16 | version 2 | length 2 | payload ...         (a message may span records)
 *   handshake    01 | length 3 |
 *   hello        version 2 | random 32 | <1> session id | <2> cipher suites | <1> compression |
 *                <2> extensions:  type 2 | <2> data
 *   ALPN 0010    <2> list:  <1> name, ...                        an offer: the server chooses
 *   SNI  0000    <2> list:  00 | <2> host name                   the only type of name
 *
 *   handshake    02 | length 3 |                                 the server's
 *   hello        version 2 | random 32 | <1> session id | cipher suite 2 | compression 1 |
 *                <2> extensions, or the end:  type 2 | <2> data
 *   ALPN 0010    <2> list:  <1> name                             the choice, up to TLS 1.2
 *   002b         version 2                                       TLS 1.3 alone
 *
 *   <n> is a length of n bytes before the bytes counted.
 *
 * Sources: RFC 8446 sections 4.1.2 "Client Hello", 4.1.3 "Server Hello", 4.2 "Extensions", 4.2.1
 * "Supported Versions", 5.1 "Record Layer"; RFC 5246 section 7.4.1.3 "Server Hello"; RFC 7301
 * section 3.1; RFC 6066 section 3 "Server Name Indication"; the names: IANA "TLS Application-Layer
 * Protocol Negotiation (ALPN) Protocol IDs"; PostgreSQL documentation "SSL Session Encryption"
 * (postgresql); MS-TDS 2.2 (tds/8.0).
 */
#include "wire/tls_hello.h"

#include <string.h>

#include "wire/protocol.h"

#define RECORD_HEADER_BYTES 5
#define HANDSHAKE 0x16
#define CLIENT_HELLO 0x01
#define SERVER_HELLO 0x02
#define EXTENSION_SERVER_NAME 0x0000
#define EXTENSION_ALPN 0x0010
#define EXTENSION_SUPPORTED_VERSIONS 0x002b
#define HOST_NAME 0
#define VERSION_AND_RANDOM_BYTES 34
#define CIPHER_AND_COMPRESSION_BYTES 3

/* The part that is read next, in the order of the drawing. */
enum {
	MESSAGE_HEADER,
	RANDOM,
	SESSION_LENGTH,
	SESSION,
	CIPHERS_LENGTH,
	CIPHERS,
	COMPRESSION_LENGTH,
	COMPRESSION, /* in the server's hello the cipher suite, too */
	EXTENSIONS_LENGTH,
	EXTENSION_HEADER,
	EXTENSION,
	ALPN_LENGTH,
	ALPN_NAME_LENGTH,
	ALPN_NAME,
	SERVER_NAME_HEADER, /* length of the list, type and length of the name */
	SERVER_NAME,
	DONE,
};

/* Names of at most 12 bytes, as many as are kept. */
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
	case SERVER_NAME_HEADER:
		return 5;
	}
	return 0;
}

static void skip_then(struct tls_hello *h, uint32_t bytes, uint8_t state)
{
	h->skip = bytes;
	h->state = state;
}

static bool is_servers(const struct tls_hello *h)
{
	return h->answer == TLS_ANSWER_READ;
}

/* False also for a number that is no protocol's: others write there, too. */
static bool is_named(const struct tls_hello *h)
{
	return h->protocol != PROTOCOL_UNKNOWN && h->protocol < PROTOCOL_COUNT;
}

/* The server's hello is over, or was none: what was chosen stands, else what was offered. */
static void finish_answer(struct tls_hello *h)
{
	if (!is_named(h))
		h->protocol = h->offered;
	if (!is_named(h))
		h->protocol = PROTOCOL_TLS;
}

/* The client's hello is over, or was none: the protocol named by ALPN stands, and the server's
 * hello is wanted where several were named. */
static void finish_offer(struct tls_hello *h)
{
	h->answer = h->protocol == PROTOCOL_HTTPS || h->protocol == PROTOCOL_TLS
			    ? TLS_ANSWER_WANTED
			    : TLS_ANSWER_USELESS;
	if (!is_named(h))
		h->protocol = PROTOCOL_TLS;
	h->offered = h->protocol;
}

static void finish(struct tls_hello *h)
{
	if (is_servers(h))
		finish_answer(h);
	else
		finish_offer(h);
	h->state = DONE;
}

/* A server's hello that is over without a choice, and is none of TLS 1.3. */
static void finish_without_choice(struct tls_hello *h)
{
	if (is_servers(h) && h->protocol == PROTOCOL_UNKNOWN && h->offered == PROTOCOL_HTTPS)
		h->protocol = PROTOCOL_HTTP;
	finish(h);
}

/* After an extension: the next one, or the end. */
static void next_extension(struct tls_hello *h)
{
	if (h->extensions_left == 0)
		finish_without_choice(h);
	else
		h->state = EXTENSION_HEADER;
}

/* The rest of an extension, `skip` bytes, is of no interest. */
static void skip_extension(struct tls_hello *h)
{
	h->state = EXTENSION;
	if (h->skip == 0)
		next_extension(h);
}

static void take_extension_header(struct tls_hello *h)
{
	uint32_t type = wire_be16(h->kept), len = wire_be16(h->kept + 2);

	if (4 + len > h->extensions_left) {
		finish(h);
		return;
	}
	h->extensions_left = (uint16_t)(h->extensions_left - 4 - len);
	h->skip = len;
	if (type == EXTENSION_ALPN && len >= 2)
		h->state = ALPN_LENGTH;
	else if (type == EXTENSION_SUPPORTED_VERSIONS && is_servers(h))
		finish(h);
	else if (type == EXTENSION_SERVER_NAME && len > 5 && !is_servers(h))
		h->state = SERVER_NAME_HEADER;
	else
		skip_extension(h);
}

/* The answer to an offer of two protocols: the server chooses, and the choice may be encrypted. */
static enum protocol either(enum protocol a, enum protocol b)
{
	if (a == PROTOCOL_UNKNOWN || a == b)
		return b;
	if (wire_class(a) == CLASS_HTTP && wire_class(b) == CLASS_HTTP)
		return PROTOCOL_HTTPS;
	return PROTOCOL_TLS;
}

/* A name of the ALPN list is complete; `skip` counts the rest of the extension. */
static void take_alpn_name(struct tls_hello *h)
{
	enum protocol named = PROTOCOL_UNKNOWN;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strlen(names[i].name) == h->have &&
		    memcmp(names[i].name, h->kept, h->have) == 0)
			named = names[i].protocol;
	}
	if (named != PROTOCOL_UNKNOWN)
		h->protocol = (uint8_t)either((enum protocol)h->protocol, named);
	else if (is_servers(h))
		h->protocol = PROTOCOL_TLS; /* the choice is none that is known here */
	h->state = ALPN_NAME_LENGTH;
	if (h->skip == 0)
		next_extension(h);
}

static void take_server_name_header(struct tls_hello *h)
{
	uint32_t len = wire_be16(h->kept + 3);

	h->skip -= h->skip < 5 ? h->skip : 5;
	if (h->kept[2] != HOST_NAME || len == 0 || len > h->skip ||
	    len >= FORKSAN_SERVER_NAME_BYTES) {
		skip_extension(h);
		return;
	}
	h->skip -= len;
	h->name_left = (uint16_t)len;
	h->server_name_len = 0;
	h->server_name_have = 0;
	h->state = SERVER_NAME;
}

/* The message's header is complete.  The server's hello may end without extensions:
 * `extensions_left` counts what can come after the parts of fixed size, as long as no extension was
 * met. */
static void begin_hello(struct tls_hello *h)
{
	uint32_t len = (uint32_t)h->kept[1] << 16 | (uint32_t)h->kept[2] << 8 | h->kept[3];
	uint32_t fixed = VERSION_AND_RANDOM_BYTES + 1 + CIPHER_AND_COMPRESSION_BYTES;

	skip_then(h, VERSION_AND_RANDOM_BYTES, RANDOM);
	if (!is_servers(h))
		return;
	if (len < fixed || len - fixed > UINT16_MAX)
		finish(h);
	else
		h->extensions_left = (uint16_t)(len - fixed);
}

/* The session id is over. */
static void end_session(struct tls_hello *h)
{
	if (is_servers(h))
		skip_then(h, CIPHER_AND_COMPRESSION_BYTES, COMPRESSION);
	else
		h->state = CIPHERS_LENGTH;
}

/* A fixed field is complete. */
static void take_field(struct tls_hello *h)
{
	switch (h->state) {
	case MESSAGE_HEADER:
		if (h->kept[0] != (is_servers(h) ? SERVER_HELLO : CLIENT_HELLO))
			finish(h);
		else
			begin_hello(h);
		break;
	case SESSION_LENGTH:
		skip_then(h, h->kept[0], SESSION);
		h->extensions_left -=
			is_servers(h) && h->extensions_left >= h->kept[0] ? h->kept[0] : 0;
		if (h->skip == 0)
			end_session(h);
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
		h->skip -= h->skip > 0;
		if (h->kept[0] == 0 || h->skip < h->kept[0]) {
			skip_extension(h);
			break;
		}
		h->name_left = h->kept[0];
		h->skip -= h->kept[0];
		h->state = ALPN_NAME;
		break;
	case SERVER_NAME_HEADER:
		take_server_name_header(h);
		break;
	default:
		finish(h);
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
		end_session(h);
		break;
	case CIPHERS:
		h->state = COMPRESSION_LENGTH;
		break;
	case COMPRESSION:
		h->state = EXTENSIONS_LENGTH;
		if (is_servers(h) && h->extensions_left == 0)
			finish_without_choice(h);
		break;
	case EXTENSION:
		next_extension(h);
		break;
	default:
		finish(h);
	}
}

static size_t take_fixed(struct tls_hello *h, size_t want, const uint8_t *bytes, size_t len)
{
	size_t taken = 0;

	while (h->have < want && taken < len)
		h->kept[h->have++] = bytes[taken++];
	if (h->have == want) {
		h->have = 0;
		take_field(h);
	}
	return taken;
}

static size_t take_alpn_bytes(struct tls_hello *h, const uint8_t *bytes, size_t len)
{
	size_t taken = h->name_left < len ? h->name_left : len;

	/* A name that fills `kept` is longer than any in `names`. */
	for (size_t i = 0; i < taken && h->have < sizeof h->kept; i++)
		h->kept[h->have++] = bytes[i];
	h->name_left = (uint16_t)(h->name_left - taken);
	if (h->name_left == 0) {
		take_alpn_name(h);
		h->have = 0;
	}
	return taken;
}

static size_t take_server_name_bytes(struct tls_hello *h, const uint8_t *bytes, size_t len)
{
	size_t taken = h->name_left < len ? h->name_left : len;

	for (size_t i = 0; i < taken && h->server_name_have < FORKSAN_SERVER_NAME_BYTES; i++)
		h->server_name[h->server_name_have++] = bytes[i];
	h->name_left = (uint16_t)(h->name_left - taken);
	if (h->name_left == 0) {
		h->server_name_len = h->server_name_have;
		skip_extension(h);
	}
	return taken;
}

/* Takes up to `len` bytes of handshake; returns how many. */
static size_t take_handshake(struct tls_hello *h, const uint8_t *bytes, size_t len)
{
	size_t want = field_bytes(h->state), taken;

	if (h->have > (want > 0 ? want : sizeof h->kept)) { /* cannot be */
		finish(h);
		return len;
	}
	if (want > 0)
		return take_fixed(h, want, bytes, len);
	if (h->state == ALPN_NAME)
		return take_alpn_bytes(h, bytes, len);
	if (h->state == SERVER_NAME)
		return take_server_name_bytes(h, bytes, len);
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
			finish(h);
		break;
	case 3:
		h->record_left = (uint32_t)byte << 8;
		return;
	case RECORD_HEADER_BYTES - 1:
		h->record_left |= byte;
		h->record_have = 0;
		if (h->record_left == 0)
			finish(h);
		return;
	}
	h->record_left = 0;
}

static enum protocol take(struct tls_hello *hello, const uint8_t *bytes, size_t len)
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

enum protocol tls_hello_take(struct tls_hello *hello, const uint8_t *bytes, size_t len)
{
	/* Another process of the session may have written any state. */
	if (is_servers(hello) && hello->state != DONE)
		finish(hello);
	return take(hello, bytes, len);
}

bool tls_hello_wants_answer(const struct tls_hello *hello)
{
	return hello->answer == TLS_ANSWER_WANTED || (is_servers(hello) && hello->state != DONE);
}

enum protocol tls_hello_take_answer(struct tls_hello *hello, const uint8_t *bytes, size_t len)
{
	if (hello->answer == TLS_ANSWER_WANTED) {
		hello->answer = TLS_ANSWER_READ;
		hello->protocol = PROTOCOL_UNKNOWN;
		hello->state = MESSAGE_HEADER;
		hello->record_left = hello->skip = 0;
		hello->record_have = hello->have = 0;
		hello->extensions_left = hello->name_left = 0;
	}
	return is_servers(hello) ? take(hello, bytes, len) : PROTOCOL_UNKNOWN;
}

static bool is_host_character(uint8_t byte)
{
	return wire_is_digit(byte) || ((byte | 0x20) >= 'a' && (byte | 0x20) <= 'z') ||
	       byte == '-' || byte == '.' || byte == '_';
}

bool tls_hello_server_name(const struct tls_hello *hello, char name[FORKSAN_SERVER_NAME_BYTES])
{
	size_t len = hello->server_name_len;

	name[0] = '\0';
	if (len == 0 || len >= FORKSAN_SERVER_NAME_BYTES)
		return false;
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = hello->server_name[i];

		if (!is_host_character(byte)) {
			name[0] = '\0';
			return false;
		}
		name[i] = (char)byte;
	}
	name[len] = '\0';
	return true;
}
