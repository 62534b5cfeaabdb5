/* SPDX-License-Identifier: MIT */
/*
 * Reading the application protocol out of a TLS ClientHello as it streams by.
 *
 * The 32 bytes of wire_tell()'s head say that a connection is TLS; the ALPN extension, some hundred
 * bytes later, says what is inside.  Fixed state, any cut, no name kept: the server name (SNI) is
 * skipped.  Pure.
 */
#ifndef FORKSAN_SHIM_WIRE_TLS_HELLO_H
#define FORKSAN_SHIM_WIRE_TLS_HELLO_H

#include "wire/wire.h"

/* All zero: nothing was read. */
struct tls_hello {
	uint32_t record_left;	  /* payload of the current record still to come */
	uint32_t skip;		  /* of the field being passed over, or of the ALPN extension */
	uint16_t extensions_left; /* after the current extension */
	uint8_t record_have;	  /* bytes of the record's header read */
	uint8_t state;
	uint8_t have; /* bytes in kept */
	uint8_t name_left;
	uint8_t protocol; /* enum protocol: the answer */
	uint8_t kept[12];
	uint8_t reserved[5];
};
_Static_assert(sizeof(struct tls_hello) == 32, "fits beside a connection's head");

/*
 * Takes the next bytes that the client sends, from the connection's first on.  Returns
 * PROTOCOL_UNKNOWN while more may tell, PROTOCOL_TLS when the hello is over or is none and named no
 * protocol that is known, else the protocol inside ("postgresql", "h2", "http/1.1", "tds/8.0",
 * "mqtt", ...).  Once it has answered it repeats its answer.
 */
enum protocol tls_hello_take(struct tls_hello *hello, const uint8_t *bytes, size_t len);

#endif
