/* SPDX-License-Identifier: MIT */
/*
 * A fixed hash table with windows of WINDOW neighbours; see identities.h.
 */
#include "log/identities.h"

#include <stddef.h>
#include <stdlib.h>

#define TABLE_SIZE (1u << 18) /* 6 MiB; a session has at most FORKSAN_MAX_FINDINGS = 4096 */
#define WINDOW 16u

struct identity {
	uint64_t session;
	uint64_t id;
	uint64_t repeat; /* 0: free */
};

struct identities {
	bool forgot;	 /* an identity was thrown out */
	uint32_t victim; /* which place of a full window goes next */
	struct identity table[TABLE_SIZE];
};

struct identities *identities_new(void)
{
	return calloc(1, sizeof(struct identities));
}

void identities_free(struct identities *identities)
{
	free(identities);
}

/* Multiply and shift: both numbers are random already, or chosen by an attacker to collide, and
 * collisions only make the table forget. */
static uint32_t hash(uint64_t session, uint64_t id)
{
	uint64_t mixed =
		(session ^ id * UINT64_C(0x9e3779b97f4a7c15)) * UINT64_C(0xd6e8feb86659fd93);

	return (uint32_t)(mixed >> 40) % TABLE_SIZE;
}

/* How much was counted before `repeat` was written: the milestone of 1, 10, 100, ... below
 * `repeat`. */
static uint64_t milestone_below(uint64_t repeat)
{
	uint64_t milestone = 1;

	if (repeat <= 1)
		return 0;
	while (milestone <= (repeat - 1) / 10)
		milestone *= 10;
	return milestone;
}

uint64_t identities_count(struct identities *identities, uint64_t session, uint64_t id,
			  uint64_t repeat, bool *is_new)
{
	uint32_t start = hash(session, id);
	struct identity *slot = NULL;
	uint64_t counted = 0;

	for (uint32_t i = 0; i < WINDOW; i++) {
		struct identity *here = &identities->table[(start + i) % TABLE_SIZE];

		if (here->repeat == 0) {
			slot = here;
			break;
		}
		if (here->session == session && here->id == id) {
			*is_new = false;
			if (repeat <= here->repeat)
				return 0;
			counted = here->repeat;
			here->repeat = repeat;
			return repeat - counted;
		}
	}
	if (identities->forgot)
		counted = milestone_below(repeat);
	*is_new = counted == 0;
	if (slot == NULL) {
		slot = &identities->table[(start + identities->victim++ % WINDOW) % TABLE_SIZE];
		identities->forgot = true;
	}
	*slot = (struct identity){session, id, repeat};
	return repeat - counted;
}
