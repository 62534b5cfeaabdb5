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

void evidence_cross(struct evidence_context *c, enum evidence_crossing crossing,
		    enum evidence_certainty certainty, enum evidence_basis basis,
		    const struct evidence_entry *entry)
{
	struct evidence_facts *facts = c->facts;

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
	/* A clock of 32 bits: exact up to 71 minutes. */
	facts->other_age_ns = (uint64_t)(uint32_t)(c->time_us - entry->time_us) * 1000;
}
