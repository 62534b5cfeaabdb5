/* SPDX-License-Identifier: MIT */
/*
 * Connections that were seen and not watched, by peer and protocol: what the summaries of sessions
 * say, added.
 */
#ifndef FORKSAN_TOOLS_LOG_UNWATCHED_H
#define FORKSAN_TOOLS_LOG_UNWATCHED_H

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>

#include "forksan/limits.h"

/* Peers that are told apart, over all sessions. */
#define UNWATCHED_KEPT 32

struct unwatched_peer {
	char peer[FORKSAN_PEER_TEXT_BYTES];
	char protocol[32];
	char class[16];
	uint64_t connections;
};

struct unwatched {
	struct unwatched_peer kept[UNWATCHED_KEPT];
	size_t count;
	uint64_t more; /* connections whose peers are not named */
};

/* Adds connections to a peer.  Longer texts are cut. */
void unwatched_add(struct unwatched *unwatched, const char *peer, const char *protocol,
		   const char *class, uint64_t connections);

/* Adds the fields `unwatched` (NULL: the summary has none) and `unwatched_more` of a summary, which
 * record.c has checked. */
void unwatched_add_json(struct unwatched *unwatched, const json_t *peers, uint64_t more);

/* Prints a line for each peer, with `prefix` before each line. */
void unwatched_print(const struct unwatched *unwatched, const char *prefix, FILE *out);

/* Returns an array of objects as in a summary, which the caller owns.  NULL: no memory. */
json_t *unwatched_json(const struct unwatched *unwatched);

#endif
