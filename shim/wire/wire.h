/* SPDX-License-Identifier: MIT */
/*
 * Protocols: bytes in, facts out.  Everything here is pure: it knows no process, no socket, no
 * errno, keeps no copy of a payload, and takes its bytes cut at any position.
 *
 * Two services: identifying the protocol by the first bytes of both directions (wire_identify), and
 * finding the boundaries of messages once it is identified (wire_parse, in parse.h).  Each protocol
 * has one file and one line in include/forksan/protocols.h.
 */
#ifndef FORKSAN_SHIM_WIRE_H
#define FORKSAN_SHIM_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forksan/limits.h"
#include "forksan/protocols.h"

enum wire_direction {
	WIRE_CLIENT, /* sent by the process that called connect() */
	WIRE_SERVER,
};

/*
 * Identifies the protocol by the first bytes of a connection: `len[d]` bytes of direction d, at
 * most FORKSAN_HEAD_BYTES.  Returns PROTOCOL_UNKNOWN while more bytes could decide it,
 * PROTOCOL_OTHER when the bytes are those of no known protocol, else the protocol.  Unmatched bytes
 * of the server alone decide nothing; once the client's head is full the answer is never UNKNOWN.
 *
 * The answer for a prefix is never contradicted by a longer one, only refined from UNKNOWN, as long
 * as the two directions speak one protocol.  Where they contradict each other (only nonsense does)
 * the server's word counts if its protocol greets, else the client's.
 */
enum protocol wire_identify(const uint8_t *head[2], const size_t len[2]);

/* The protocol that usually listens on a TCP port or a unix socket path; PROTOCOL_UNKNOWN if none.
 */
enum protocol wire_by_port(uint16_t port);
enum protocol wire_by_path(const char *path, size_t len);

enum connection_class wire_class(enum protocol protocol);
const char *wire_protocol_name(enum protocol protocol);
const char *wire_class_name(enum connection_class class);

#endif
