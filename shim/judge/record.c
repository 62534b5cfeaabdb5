/* SPDX-License-Identifier: MIT */
/*
 * See record.h.
 */
#include "judge/record.h"

bool evidence_next_chunk(const struct evidence_operation *operation, struct evidence_bytes *at,
			 const uint8_t **bytes, size_t *len)
{
	*len = 0;
	while (at->left > 0) {
		const struct iovec *chunk;

		if (at->chunk >= operation->chunk_count)
			return false;
		chunk = &operation->chunks[at->chunk++];
		if (chunk->iov_len == 0)
			continue;
		if (chunk->iov_base == NULL)
			return false;
		*bytes = chunk->iov_base;
		*len = chunk->iov_len < at->left ? chunk->iov_len : at->left;
		at->left -= *len;
		return true;
	}
	return true;
}

#define COARSE (UINT32_C(1) << 31)
#define COARSE_UNIT_NS 1000000
#define FINE_UNIT_NS 1000

uint32_t evidence_pack_time(const struct evidence *evidence, uint64_t time_ns)
{
	/* Another process's clock may have been read before base_ns. */
	uint64_t since_ns = time_ns > evidence->base_ns ? time_ns - evidence->base_ns : 0;

	if (since_ns / FINE_UNIT_NS < COARSE)
		return (uint32_t)(since_ns / FINE_UNIT_NS);
	if (since_ns / COARSE_UNIT_NS < COARSE)
		return COARSE | (uint32_t)(since_ns / COARSE_UNIT_NS);
	return UINT32_MAX;
}

uint64_t evidence_unpack_time_ns(const struct evidence *evidence, uint32_t time)
{
	if (time & COARSE)
		return evidence->base_ns + (uint64_t)(time & ~COARSE) * COARSE_UNIT_NS;
	return evidence->base_ns + (uint64_t)time * FINE_UNIT_NS;
}

void evidence_cross(struct evidence_context *c, enum evidence_crossing crossing,
		    enum evidence_certainty certainty, enum evidence_basis basis,
		    const struct evidence_entry *entry)
{
	struct evidence_facts *facts = c->facts;
	uint64_t sent_ns;

	/* The first crossing of an operation is reported; a proof is better than a likelihood. */
	if (facts->crossing != EVIDENCE_NOT_CROSSED && facts->certainty >= certainty)
		return;
	facts->crossing = crossing;
	facts->certainty = certainty;
	facts->basis = basis;
	facts->other = (struct lineage_use){c->overlapper, 0};
	facts->other_code = 0;
	facts->other_age_ns = 0;
	if (entry == NULL)
		return;
	facts->other = entry->owner;
	facts->other_code = entry->request.code;
	if (entry->flags & EVIDENCE_UNDATED)
		return;
	/* This process may have read the clock before the other process did, and been recorded
	 * later. */
	sent_ns = evidence_unpack_time_ns(c->evidence, entry->time);
	if (c->operation->time_ns > sent_ns)
		facts->other_age_ns = c->operation->time_ns - sent_ns;
}
