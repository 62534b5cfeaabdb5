/* SPDX-License-Identifier: MIT */
/*
 * Reading the application protocol and the server's name out of the hellos of TLS while the bytes
 * stream by: the client's, and where that offers several protocols the server's.
 *
 * The 32 bytes of wire_identify()'s head say that a connection is TLS; the ALPN extension, some
 * hundred bytes later, names the protocol inside.  The server name (SNI) says nothing of the
 * protocol, but tells a person which of many hosts behind an address is meant; with an encrypted
 * hello (ECH) the name is the outer, public one.  Fixed state, any cut.  Pure.
 *
 * The client offers, and the server chooses one (RFC 7301 section 3.1).  Up to TLS 1.2 the choice
 * stands in the clear in the ServerHello; TLS 1.3 moves it into the encrypted extensions (RFC 8446
 * section 4.2), and then the offer is all that is known.
 */
#ifndef FORKSAN_SHIM_WIRE_TLS_HELLO_H
#define FORKSAN_SHIM_WIRE_TLS_HELLO_H

#include "wire/wire.h"

/* What the server's hello is good for. */
enum tls_answer {
	TLS_ANSWER_UNKNOWN, /* the client's hello is not over */
	TLS_ANSWER_USELESS, /* no protocol was offered, or one alone */
	TLS_ANSWER_WANTED,  /* several were offered; not a byte of the server's hello was read */
	TLS_ANSWER_READ,    /* the server's hello is being read, or is over (state) */
};

/* All zero: nothing was read. */
struct tls_hello {
	uint32_t record_left;	  /* payload of the current record still to come */
	uint32_t skip;		  /* of the field being passed over, or of the extension */
	uint16_t extensions_left; /* after the current extension */
	uint16_t name_left;	  /* of the name being read, either kind */
	uint8_t record_have;	  /* bytes of the record's header read */
	uint8_t state;
	uint8_t have;	  /* bytes in kept */
	uint8_t protocol; /* enum protocol: the answer, or the protocol named by ALPN so far */
	uint8_t kept[12];
	uint8_t server_name_len; /* bytes in server_name, once the name is complete */
	uint8_t server_name_have;
	uint8_t answer;	 /* enum tls_answer */
	uint8_t offered; /* enum protocol: `protocol` when the client's hello was over */
	uint8_t server_name[FORKSAN_SERVER_NAME_BYTES]; /* unchecked: see tls_hello_server_name()
							 */
};
_Static_assert(sizeof(struct tls_hello) == 96, "fits the connection's slot");

/*
 * Takes the next bytes that the client sends, from the first byte of the connection on.  Returns
 * PROTOCOL_UNKNOWN while more bytes may decide; PROTOCOL_TLS when the hello is over, or the bytes
 * are no hello, and no known protocol or several unlike ones were offered; else the protocol that
 * was offered ("postgresql", "h2", "http/1.1", "tds/8.0", "mqtt", ...), PROTOCOL_HTTPS for both
 * versions of HTTP.  Later calls repeat the answer.
 */
enum protocol tls_hello_take(struct tls_hello *hello, const uint8_t *bytes, size_t len);

/* True once the client's hello is over and as long as the server's may say which protocol of
 * several was chosen. */
bool tls_hello_wants_answer(const struct tls_hello *hello);

/*
 * Takes the next bytes that the server sends, from its first TLS record on, while
 * tls_hello_wants_answer().  Returns PROTOCOL_UNKNOWN while more bytes may decide; the protocol
 * that was chosen; else what tls_hello_take() returned, as always with TLS 1.3.  A server up to
 * TLS 1.2 that answers an offer of HTTP's versions by none speaks HTTP/1: HTTP/2 must be chosen
 * (RFC 9113 section 3.2).
 */
enum protocol tls_hello_take_answer(struct tls_hello *hello, const uint8_t *bytes, size_t len);

/* Copies the server's name.  False, and "": the hello has no name, or a name that no host can have
 * (letters, digits, "-", "_" and "." are allowed). */
bool tls_hello_server_name(const struct tls_hello *hello, char name[FORKSAN_SERVER_NAME_BYTES]);

#endif
