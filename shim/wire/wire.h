/* SPDX-License-Identifier: MIT */
/*
 * Protocols: bytes in, facts out.  Everything here is pure: no process, no socket, no errno, no
 * copy of a payload; the bytes may be cut at any position.
 *
 * Two services: identifying the protocol by the first bytes of both directions (wire_identify), and
 * finding the boundaries of messages after that (wire_parse, in parse.h).  Each protocol has one
 * file and one line in include/forksan/protocols.h.
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
 * most FORKSAN_HEAD_BYTES.  Returns PROTOCOL_UNKNOWN while more bytes could decide, PROTOCOL_OTHER
 * when the bytes are those of no known protocol, else the protocol.  Unmatched bytes of the server
 * alone decide nothing; once the head of the client is full the answer is never UNKNOWN.
 *
 * The answer for a prefix is never contradicted by a longer one, only refined from UNKNOWN, as long
 * as the two directions speak one protocol.  Where the directions contradict each other (only
 * nonsense does) the server counts if the server's protocol greets, else the client.
 */
enum protocol wire_identify(const uint8_t *head[2], const size_t len[2]);

/*
 * wire_identify() for a connection whose port or path suggests `hint` (PROTOCOL_UNKNOWN: nothing).
 * Protocols of words (Redis's inline commands, memcached's and beanstalkd's text) share words with
 * each other and with streams of nobody's: the hint decides between them, and without a hint the
 * server's answer must be one of theirs.
 */
enum protocol wire_identify_at(enum protocol hint, const uint8_t *head[2], const size_t len[2]);

/* The protocol that usually listens on a TCP port or a unix socket path; PROTOCOL_UNKNOWN: no
 * protocol does. */
enum protocol wire_by_port(uint16_t port);
enum protocol wire_by_path(const char *path, size_t len);

enum connection_class wire_class(enum protocol protocol);
const char *wire_protocol_name(enum protocol protocol);
const char *wire_class_name(enum connection_class class);

#endif
