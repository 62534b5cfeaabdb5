/* SPDX-License-Identifier: MIT */
/*
 * See memo.h.
 *
 * Of each direction the first EVIDENCE_MEMO_BYTES are kept in `head`; of a longer direction also
 * the last of its latest call, in `tail`.
 */
#include "judge/memo.h"

#include <string.h>

#include "base/compiler.h"
#include "judge/record.h"

#define KEPT EVIDENCE_MEMO_BYTES

/* Bytes between head and tail were not kept.  Where a parser passes over them, by the length that a
 * message has announced, their value makes no difference; else two fillers do. */
static const uint8_t fillers[2] = {0xff, 0x00};
#define FILLER_BYTES 512
#define FILLER_CHUNKS 16

/* --- noting -------------------------------------------------------------------------------- */

/* Copies up to KEPT bytes without a call, by two moves that may overlap. */
static inline __attribute__((always_inline)) void copy_few(uint8_t *out, const uint8_t *bytes,
							   size_t len)
{
	if (len >= 16) {
		memcpy(out, bytes, 16);
		memcpy(out + len - 16, bytes + len - 16, 16);
	} else if (len >= 8) {
		memcpy(out, bytes, 8);
		memcpy(out + len - 8, bytes + len - 8, 8);
	} else {
		for (size_t i = 0; i < len; i++)
			out[i] = bytes[i];
	}
}

/* Appends one call's bytes; NULL: they were not seen. */
static inline __attribute__((always_inline)) void
append(struct evidence_memo *memo, unsigned direction, const uint8_t *bytes, size_t len)
{
	uint64_t total = memo->total_bytes[direction];
	size_t room = total < KEPT ? KEPT - (size_t)total : 0;
	size_t to_head = len < room ? len : room;
	size_t to_tail = len < KEPT ? len : KEPT;

	memo->total_bytes[direction] = total + len;
	if (unlikely(!bytes)) {
		memset(memo->head[direction] + (KEPT - room), fillers[0], to_head);
		memset(memo->tail[direction], fillers[0], to_tail);
		return;
	}
	if (to_head > 0)
		copy_few(memo->head[direction] + (KEPT - room), bytes, to_head);
	if (to_head < len)
		copy_few(memo->tail[direction], bytes + len - to_tail, to_tail);
}

/* The bytes of a call in several chunks: the first and the last are put together. */
static noinline void append_chunks(struct evidence_memo *memo,
				   const struct evidence_operation *operation)
{
	unsigned direction = operation->direction & 1;
	uint64_t total = memo->total_bytes[direction];
	struct evidence_bytes at = evidence_bytes_of(operation);
	uint8_t last[KEPT];
	size_t kept = 0;

	while (at.left > 0) {
		const uint8_t *bytes;
		size_t len, n;

		if (!evidence_next_chunk(operation, &at, &bytes, &len)) {
			append(memo, direction, NULL, at.left);
			return;
		}
		append(memo, direction, bytes, len);
		n = len < KEPT ? len : KEPT;
		if (kept + n > KEPT) {
			memmove(last, last + (kept + n - KEPT), KEPT - n);
			kept = KEPT - n;
		}
		memcpy(last + kept, bytes + len - n, n);
		kept += n;
	}
	if (total + operation->len_bytes > KEPT)
		memcpy(memo->tail[direction], last, kept);
}

void evidence_memo_start(struct evidence *evidence, enum protocol protocol,
			 struct lineage_use owner)
{
	evidence_resume(evidence, protocol);
	evidence->memo = (struct evidence_memo){.owner = owner};
}

void evidence_memo_note(struct evidence *evidence, struct lineage_use owner,
			const struct evidence_operation *operation, int32_t tid, uint16_t call)
{
	struct evidence_memo *memo = &evidence->memo;
	unsigned direction = operation->direction & 1;
	size_t len = operation->len_bytes;

	memo->calls++;
	memo->owner = owner;
	if (direction == WIRE_CLIENT) {
		if (memo->total_bytes[WIRE_SERVER] > 0)
			memo->total_bytes[WIRE_CLIENT] = memo->total_bytes[WIRE_SERVER] = 0;
	} else if (memo->total_bytes[WIRE_CLIENT] == 0) {
		return; /* a notice, or the end of an answer from before */
	}
	memo->time_ns[direction] = operation->time_ns;
	memo->tid[direction] = tid;
	memo->call[direction] = call;
	memo->latest_bytes[direction] = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX;
	if (likely(operation->chunk_count == 1 && operation->chunks->iov_len >= len))
		append(memo, direction, operation->chunks->iov_base, len);
	else
		append_chunks(memo, operation);
}

/* --- replaying ----------------------------------------------------------------------------- */

/* The bytes of a direction as the memo has them. */
struct kept_bytes {
	uint8_t filler[FILLER_BYTES];
	struct iovec chunks[FILLER_CHUNKS + 2];
	size_t count;
};

/* How many of the last bytes stand in `tail`. */
static size_t tail_bytes(const struct evidence_memo *memo, unsigned direction)
{
	uint64_t total = memo->total_bytes[direction];
	size_t latest = memo->latest_bytes[direction];

	if (total <= KEPT)
		return 0;
	if (latest > KEPT)
		latest = KEPT;
	return total - KEPT < latest ? (size_t)(total - KEPT) : latest;
}

/* The last `len` bytes of a direction; NULL: not all of them were kept. */
static const uint8_t *last_bytes(const struct evidence_memo *memo, unsigned direction, size_t len)
{
	uint64_t total = memo->total_bytes[direction];
	size_t latest = memo->latest_bytes[direction];

	if (total <= KEPT)
		return len <= total ? memo->head[direction] + ((size_t)total - len) : NULL;
	if (latest > KEPT)
		latest = KEPT;
	return len <= latest ? memo->tail[direction] + (latest - len) : NULL;
}

static void add_chunk(struct kept_bytes *kept, const void *bytes, size_t len)
{
	if (len > 0)
		kept->chunks[kept->count++] = (struct iovec){(void *)(uintptr_t)bytes, len};
}

/* All bytes of a direction; what was not kept is filler, or unseen when there is too much. */
static void gather(const struct evidence_memo *memo, unsigned direction, uint8_t filler,
		   struct kept_bytes *kept)
{
	uint64_t total = memo->total_bytes[direction];
	size_t tail = tail_bytes(memo, direction);
	uint64_t between = total > KEPT ? total - KEPT - tail : 0;

	kept->count = 0;
	memset(kept->filler, filler, sizeof kept->filler);
	add_chunk(kept, memo->head[direction], total < KEPT ? (size_t)total : KEPT);
	if (between > (uint64_t)FILLER_BYTES * FILLER_CHUNKS)
		return;
	while (between > 0) {
		size_t n = between < FILLER_BYTES ? (size_t)between : FILLER_BYTES;

		add_chunk(kept, kept->filler, n);
		between -= n;
	}
	add_chunk(kept, last_bytes(memo, direction, tail), tail);
}

/* The latest write alone, as far as the memo has it: where messages are only named, bytes between
 * head and tail would hide the last. */
static void gather_latest(const struct evidence_memo *memo, struct kept_bytes *kept)
{
	uint64_t total = memo->total_bytes[WIRE_CLIENT];
	size_t latest = memo->latest_bytes[WIRE_CLIENT];

	kept->count = 0;
	if (latest == total && latest > KEPT)
		add_chunk(kept, memo->head[WIRE_CLIENT], KEPT);
	else if (latest <= KEPT && last_bytes(memo, WIRE_CLIENT, latest))
		add_chunk(kept, last_bytes(memo, WIRE_CLIENT, latest), latest);
}

static void replay(struct evidence *evidence, const struct evidence_memo *memo,
		   enum wire_direction direction, uint8_t filler, struct evidence_facts *facts)
{
	const struct lineage_process owner = {.self = memo->owner};
	struct kept_bytes kept;
	struct evidence_operation operation = {
		.direction = direction,
		.time_ns = memo->time_ns[direction],
		.chunks = kept.chunks,
		.len_bytes = (size_t)memo->total_bytes[direction],
	};

	if (operation.len_bytes == 0)
		return;
	if (direction == WIRE_CLIENT && evidence->parser.mode != WIRE_MODE_EXCHANGES) {
		operation.len_bytes = memo->latest_bytes[direction];
		gather_latest(memo, &kept);
	} else {
		gather(memo, direction, filler, &kept);
	}
	operation.chunk_count = kept.count;
	evidence_record_claimed(evidence, &owner, &operation, facts);
}

static void replay_both(struct evidence *evidence, const struct evidence_memo *memo, uint8_t filler,
			struct evidence_facts *facts)
{
	struct evidence_facts ignored;

	replay(evidence, memo, WIRE_CLIENT, filler, facts);
	replay(evidence, memo, WIRE_SERVER, filler, &ignored);
}

static bool has_gap(const struct evidence_memo *memo)
{
	for (unsigned direction = 0; direction < 2; direction++)
		if (memo->total_bytes[direction] > KEPT + tail_bytes(memo, direction))
			return true;
	return false;
}

/* Replays from `idle`.  False: bytes that were not kept would have mattered. */
static bool replay_surely(struct evidence *evidence, const struct evidence_memo *memo,
			  const struct evidence *idle, struct evidence_facts *facts)
{
	struct evidence other = {0};

	replay_both(evidence, memo, fillers[0], facts);
	if (evidence->parser.mode != WIRE_MODE_EXCHANGES || !has_gap(memo))
		return true;
	evidence_copy_claimed(&other, idle);
	replay_both(&other, memo, fillers[1], facts);
	return evidence_same_claimed(evidence, &other);
}

/* True when the last bytes of the answer say that the exchange is over. */
static bool is_over(const struct evidence *evidence, const struct evidence_memo *memo)
{
	uint64_t total = memo->total_bytes[WIRE_SERVER];
	size_t len = total <= KEPT ? (size_t)total : memo->latest_bytes[WIRE_SERVER];
	const uint8_t *tail;

	if (len > KEPT)
		len = KEPT;
	tail = last_bytes(memo, WIRE_SERVER, len);
	return tail && wire_reply_ends((enum protocol)evidence->parser.protocol, tail, len);
}

void evidence_memo_replay(struct evidence *evidence, enum protocol protocol, bool drained,
			  struct evidence_memo *memo, struct evidence_facts *facts)
{
	struct evidence idle = {0};
	bool sure;

	*memo = evidence->memo;
	*facts = (struct evidence_facts){.crossing = EVIDENCE_NOT_CROSSED};
	evidence_resume(evidence, protocol);
	if (memo->total_bytes[WIRE_CLIENT] == 0)
		return;
	evidence_copy_claimed(&idle, evidence);
	sure = replay_surely(evidence, memo, &idle, facts);
	if (sure && evidence->state != EVIDENCE_LOST)
		return;
	if (!drained || memo->total_bytes[WIRE_SERVER] == 0) {
		fetch_add_relaxed(&evidence->missed, 1);
		return;
	}
	/* Most likely between two exchanges; surely, if the end of the answer says so. */
	evidence_copy_claimed(evidence, &idle);
	if (!is_over(&idle, memo))
		evidence->flags |= EVIDENCE_UNPROVABLE;
}
