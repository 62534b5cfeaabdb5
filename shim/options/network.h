/* SPDX-License-Identifier: MIT */
/*
 * Addresses and ranges as ignore= takes both: 127.0.0.1, 10.0.0.0/8, fe80::1%2, [2001:db8::]/32,
 * each with or without a port at the end (":5432").  Pure; no name service, no inet_pton(), which
 * is not on the list of signal-safety(7).
 */
#ifndef FORKSAN_SHIM_OPTIONS_NETWORK_H
#define FORKSAN_SHIM_OPTIONS_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/span.h"

#define NETWORK_ANY_PORT (-1)

struct network {
	uint8_t address[16];  /* IPv4 as ::ffff:a.b.c.d */
	unsigned prefix_bits; /* of the 128; 128: one address */
	int32_t port;	      /* NETWORK_ANY_PORT: none given */
	struct span scope;    /* of fe80::1%2; empty: any */
};

/* False when the text is no address or range.  `scope` points into the text. */
bool network_parse(struct span text, struct network *network);

/* True when the range holds the address of `peer`, which is a single address. */
bool network_holds(const struct network *network, const struct network *peer);

/* Reads a port, 0 to 65535; false for anything else. */
bool network_parse_port(struct span text, int32_t *port);

#endif
