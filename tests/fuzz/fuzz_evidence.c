/* SPDX-License-Identifier: MIT */
/*
 * Evidence under any sequence of calls by up to four processes, and in any state.
 *
 *   | how | protocol | operation ... |
 *   operation: | what | length | bytes ... |
 *
 *   how   bit 0     only one process acts (by several threads): there must be no finding
 *         bit 1     the state itself is input
 *   what  bits 0-1  process
 *         bit 2     it reads, else writes
 *         bit 3     the call is entered only; a later operation of the same process makes it
 *         bit 4     it was not entered
 *         bit 5     some of its bytes cannot be seen
 *         bit 6     no operation: the process is found dead
 *         bit 7     no operation: a TLS hello named the protocol inside
 */
#include <stdlib.h>
#include <string.h>

#include "judge/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PROCESSES 4

struct input {
	const uint8_t *data;
	size_t size;
};

struct run {
	struct evidence evidence;
	struct lineage_process process[PROCESSES];
	struct evidence_ticket ticket[PROCESSES][2];
	bool inside[PROCESSES][2];
	uint64_t now;
	bool alone;
	bool corrupt;
};

static void require(bool condition)
{
	if (!condition)
		abort();
}

static uint8_t take(struct input *in)
{
	if (in->size == 0)
		return 0;
	in->size--;
	return *in->data++;
}

/* A call that was not entered could have overlapped anybody's. */
static void check(const struct run *run, const struct evidence_facts *facts, bool entered)
{
	require((unsigned)facts->crossing <= EVIDENCE_WROTE);
	require((unsigned)facts->certainty <= EVIDENCE_PROVEN);
	require((unsigned)facts->goodbye <= WIRE_GOODBYE);
	require((unsigned)facts->protocol < PROTOCOL_COUNT);
	require(facts->crossing != EVIDENCE_NOT_CROSSED || facts->other.serial.n == 0);
	require(!facts->missed);
	if (run->alone && !run->corrupt && entered)
		require(facts->crossing == EVIDENCE_NOT_CROSSED && facts->replies_crossed == 0);
	wire_message_name(facts->protocol, WIRE_CLIENT, facts->code);
}

static void start(struct run *run, struct input *in)
{
	uint8_t how = take(in);
	enum protocol protocol = (enum protocol)(take(in) % PROTOCOL_COUNT);

	memset(run, 0, sizeof *run);
	run->alone = how & 1;
	run->corrupt = how & 2;
	run->process[0].self.serial.n = 1;
	for (uint32_t i = 1; i < PROCESSES; i++) {
		lineage_fork(&run->process[i / 2], (struct serial){i + 1}, &run->process[i]);
		run->process[i / 2].self.epoch++;
	}
	if (!run->corrupt || in->size < sizeof run->evidence) {
		evidence_resume(&run->evidence, protocol);
		return;
	}
	memcpy(&run->evidence, in->data, sizeof run->evidence);
	in->data += sizeof run->evidence;
	in->size -= sizeof run->evidence;
	run->evidence.claimed_by = 0;
}

/* A block of its own, so that a byte too far is seen. */
static struct iovec copy(const uint8_t *bytes, size_t len)
{
	struct iovec chunk = {malloc(len > 0 ? len : 1), len};

	require(chunk.iov_base != NULL);
	if (len > 0)
		memcpy(chunk.iov_base, bytes, len);
	return chunk;
}

static void operate(struct run *run, uint8_t what, const uint8_t *bytes, size_t len)
{
	enum wire_direction direction = (enum wire_direction)(what >> 2 & 1);
	size_t thread = what & 3;
	const struct lineage_process *self = &run->process[run->alone ? 0 : thread];
	struct iovec chunks[2];
	struct evidence_operation operation = {
		.direction = direction,
		.time_ns = run->now += 999,
		.chunks = chunks,
		.chunk_count = what & 32 ? 1 : 2,
		.len_bytes = len,
	};
	struct evidence_facts facts, foreseen;

	if (!run->inside[thread][direction]) {
		run->ticket[thread][direction] =
			evidence_enter(&run->evidence, self->self.serial, direction);
		run->inside[thread][direction] = true;
		if (what & 8)
			return;
	}
	chunks[0] = copy(bytes, len / 3);
	chunks[1] = copy(bytes + len / 3, len - len / 3);
	operation.ticket = run->ticket[thread][direction];
	if (what & 16)
		operation.ticket.slot = EVIDENCE_NOT_ENTERED;
	evidence_foresee(&run->evidence, self, &operation, &foreseen);
	evidence_record(&run->evidence, self, &operation, &facts);
	require(foreseen.goodbye == facts.goodbye && foreseen.crossing == facts.crossing);
	check(run, &facts, !(what & 16));
	evidence_leave(&run->evidence, run->ticket[thread][direction], self->self.serial);
	run->inside[thread][direction] = false;
	free(chunks[0].iov_base);
	free(chunks[1].iov_base);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {data, size};
	static struct run run;

	start(&run, &in);
	while (in.size > 0) {
		uint8_t what = take(&in);
		size_t len;

		if (what & 64) {
			evidence_forget(&run.evidence, run.process[what & 3].self.serial);
			continue;
		}
		if (what & 128) {
			evidence_encrypt(&run.evidence, (enum protocol)(what % PROTOCOL_COUNT));
			continue;
		}
		len = take(&in);
		if (len > in.size)
			len = in.size;
		operate(&run, what, in.data, len);
		/* Who was not entered is not known to be alone from then on. */
		if (what & 16)
			run.corrupt = true;
		in.data += len;
		in.size -= len;
	}
	return 0;
}
