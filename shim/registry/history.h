/* SPDX-License-Identifier: MIT */
/*
 * The latest operations of all processes on a connection that two of them use: the `history` of a
 * report.  Kept in the registry, lock-free.  Of the conversation only the message's code is kept;
 * with payload=1 alone, also the first bytes of each operation.
 */
#ifndef FORKSAN_SHIM_HISTORY_H
#define FORKSAN_SHIM_HISTORY_H

#include <stdint.h>
#include <sys/uio.h>

#include "base/entries.h"
#include "registry/registry.h"

/* Begins to keep operations of the connection in the slot.  Called when a second process uses the
 * connection; later calls do nothing.  Without room nothing is kept. */
void history_start(struct socket_slot slot);

/* An operation of the calling thread. */
struct history_act {
	struct serial by; /* its process */
	pid_t tid;	  /* its thread */
	enum operation operation;
	bool writes;	  /* gave bytes; else took bytes */
	uint16_t message; /* the protocol's code, 0 not known */
	/* Whose code: TLS's where a connection of another protocol is encrypted.  UNKNOWN: the
	 * connection's protocol's. */
	enum protocol protocol;
	uint64_t time_ns; /* CLOCK_MONOTONIC; 0: now */
};

/* Adds an operation that moved `moved` bytes, the first of iov[0..count).  iov NULL: no bytes were
 * moved, or the bytes cannot be seen.  The bytes are read with payload=1 alone.  Does nothing
 * before history_start(). */
void history_add(struct socket_slot slot, const struct history_act *act, const struct iovec *iov,
		 int count, size_t moved);

/* A copy of an operation, as history_next() returns it. */
struct history_entry {
	struct registry_operation operation;
	uint8_t payload[FORKSAN_PAYLOAD_BYTES]; /* operation.payload_len_bytes of them */
};

/* The place of a reader; all zero at first.  The first call fixes the end, so that writers in other
 * processes cannot make a reader read on for ever. */
struct history_cursor {
	uint32_t next;
	uint32_t end;
	bool begun;
};

/* The operations of a slot, oldest first, one a call, copied to *out.  False when there are no
 * more.  Entries in the middle of being written are left out. */
bool history_next(const struct registry *registry, struct socket_slot slot,
		  struct history_cursor *cursor, struct history_entry *out);

/* The bytes of an entry as printable ASCII: other bytes as \n, \r, \t or \xHH, a backslash twice,
 * as in C and Python.  At most HISTORY_PAYLOAD_TEXT_BYTES with the NUL; returns the length.
 */
#define HISTORY_PAYLOAD_TEXT_BYTES (4 * FORKSAN_PAYLOAD_BYTES + 1)
size_t history_payload_text(const struct history_entry *entry,
			    char out[HISTORY_PAYLOAD_TEXT_BYTES]);

#endif
