/* SPDX-License-Identifier: MIT */
/*
 * Reading the application protocol and the server's name out of a TLS ClientHello while the bytes
 * stream by.
 *
 * The 32 bytes of wire_identify()'s head say that a connection is TLS; the ALPN extension, some
 * hundred bytes later, names the protocol inside.  The server name (SNI) says nothing of the
 * protocol, but tells a person which of many hosts behind an address is meant; with an encrypted
 * hello (ECH) the name is the outer, public one.  Fixed state, any cut.  Pure.
 */
#ifndef FORKSAN_SHIM_WIRE_TLS_HELLO_H
#define FORKSAN_SHIM_WIRE_TLS_HELLO_H

#include "wire/wire.h"

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
	uint8_t reserved[2];
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

/* Copies the server's name.  False, and "": the hello has no name, or a name that no host can have
 * (letters, digits, "-", "_" and "." are allowed). */
bool tls_hello_server_name(const struct tls_hello *hello, char name[FORKSAN_SERVER_NAME_BYTES]);

#endif
