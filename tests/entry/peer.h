/* SPDX-License-Identifier: MIT */
/*
 * The peer: a process that answers each REQUEST with REPLY on any number of connections, and knows
 * whether it ever got a byte that belongs to no request.
 */
#ifndef FORKSAN_TESTS_PEER_H
#define FORKSAN_TESTS_PEER_H

#include <stdbool.h>
#include <stdint.h>

/* Where subjects find the port. */
#define PEER_PORT_VARIABLE "FORKSAN_TEST_PEER"

/* Starts it as a child that dies with the caller; returns the port.  The caller's environment gets
 * PEER_PORT_VARIABLE. */
void peer_start(void);

/* True when a stray byte came since the last call.  Call it when the subjects have ended. */
bool peer_got_stray_bytes(void);

#endif
