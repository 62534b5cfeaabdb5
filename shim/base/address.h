/* SPDX-License-Identifier: MIT */
/*
 * Socket addresses as people write them.  Pure: no name service, no locale, no errno;
 * async-signal-safe.
 */
#ifndef FORKSAN_SHIM_ADDRESS_H
#define FORKSAN_SHIM_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/text.h"
#include "forksan/limits.h"

/* The longest text: a unix path of 108 bytes and a NUL. */
#define ADDRESS_TEXT_BYTES FORKSAN_PEER_TEXT_BYTES

/*
 * Appends 127.0.0.1:3306, [::1]:5432 (RFC 5952; link-local: [fe80::1%2]:5432), /run/x.sock or @name
 * for an abstract unix socket.  An address that says nothing (no family, an unnamed unix socket,
 * too short) appends nothing and returns false.  Paths and names are appended byte for byte.
 */
bool address_put(struct text *text, const void *address, socklen_t len);

#endif
