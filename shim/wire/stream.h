/* SPDX-License-Identifier: MIT */
/*
 * Helpers that all parsers share: taking bytes into a stream, skipping, losing track.  Private to
 * shim/wire/.
 *
 * A parser is called with at least one byte and must consume at least one.  No parser trusts a
 * field of the stream beyond the type: `have` is clamped before the parser is called, `skip` is
 * only ever lowered, and an unknown state or phase is "lost".
 */
#ifndef FORKSAN_SHIM_WIRE_STREAM_H
#define FORKSAN_SHIM_WIRE_STREAM_H

#include <string.h>

#include "wire/protocol.h"

/* Takes bytes until `want` are kept; returns how many were taken. */
static inline size_t stream_keep(struct wire_stream *stream, size_t want, const uint8_t *bytes,
				 size_t len)
{
	size_t take = want > stream->have ? want - stream->have : 0;

	if (take > len)
		take = len;
	memcpy(stream->kept + stream->have, bytes, take);
	stream->have = (uint8_t)(stream->have + take);
	return take;
}

/* Passes over payload; returns how many bytes were passed. */
static inline size_t stream_skip(struct wire_stream *stream, size_t len)
{
	size_t pass = stream->skip < len ? (size_t)stream->skip : len;

	stream->skip -= pass;
	return pass;
}

/* Back to between two messages; the phase of the reply stays. */
static inline void stream_next(struct wire_stream *stream)
{
	stream->skip = 0;
	stream->have = 0;
	stream->state = 0;
	stream->flags = 0;
}

/* The end of a whole reply. */
static inline void stream_end(struct wire_stream *stream)
{
	stream_next(stream);
	stream->phase = 0;
	stream->definitions = 0;
	stream->next_phase = 0;
}

static inline size_t stream_lost(struct wire_event *event, size_t len)
{
	*event = (struct wire_event){.kind = WIRE_LOST};
	return len;
}

#endif
