/* SPDX-License-Identifier: MIT */
/*
 * Evidence against an oracle that knows the truth.
 *
 * A simulated connection: up to eight processes, forking as they go, write requests to a server in
 * pieces of any size and read what it answers in pieces of any size.  The world below remembers for
 * every byte whose request it belongs to, and from that alone says of every operation whether it
 * crossed.  evidence_record() sees only what the shim sees: bytes, directions, tickets.
 *
 *   one at a time   every operation must be judged exactly, as proven, with the right other process
 *   overlapping     what is called proven must be true; what is true must be called at least
 * likely; and nothing may be called likely without an overlap that could have caused it
 *
 * FORKSAN_SEED repeats a run, FORKSAN_HISTORIES sets how many.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "judge/evidence.h"
#include "evidence_script.h"
#include "random.h"

#define MAX_PROCESSES 8
#define MAX_REQUESTS 128
#define MAX_STREAM 16384
#define STEPS 60
#define NOBODY (-1)

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static uint64_t current_seed; /* of this history: FORKSAN_SEED=it FORKSAN_HISTORIES=1 repeats it */

/* --- the world ------------------------------------------------------------------------------ */

/* Process p did something at time t. */
struct deed {
	int process;
	unsigned time;
};

struct request {
	const struct script_request *script;
	struct deed owner;
	struct deed writer; /* of the part that is being written */
	unsigned part;
	size_t written;	   /* bytes of that part */
	size_t replied[2]; /* bytes of the reply to each part that were read */
	size_t answered;   /* parts whose reply the server has sent */
	bool sent;	   /* all parts */
};

enum doing { IDLE, ENTERED, ACTED };

struct actor {
	bool alive;
	int parent; /* index, NOBODY for the first */
	unsigned forked_at;
	struct lineage_process lineage;
	int writing; /* the request that it has not written whole */
	/* the call under way */
	enum doing doing;
	enum wire_direction direction;
	struct evidence_ticket ticket;
	uint8_t bytes[4096];
	size_t len;
	bool crossed;	/* the truth of it, when it acted */
	int other;	/* whose request it was, an index in requests */
	bool disturbed; /* another process's call of the same direction overlapped it */
	bool disturbed_other;
};

struct world {
	enum protocol protocol;
	struct actor actors[MAX_PROCESSES];
	int actor_count;
	unsigned time;
	struct request requests[MAX_REQUESTS];
	int request_count;
	int message; /* the request whose part is on the wire incompletely, NOBODY */
	/* what the server has sent: the bytes, and the request of each, NOBODY for a notice */
	uint8_t stream[MAX_STREAM];
	int16_t of[MAX_STREAM];
	size_t sent, read;
	/* replies that the server has still to send: request * 2 + part, in order */
	int replies[MAX_REQUESTS * 2];
	int reply_first, reply_end;
	bool broken; /* two processes' bytes stand in one message: nothing after it has a meaning */
	bool disturbed; /* some operation was disturbed */
	bool threads;	/* the actors are threads of one process: 0 writes, the others read */
	uint32_t haste; /* of 10: how readily another goes on before a call is over */
	struct evidence evidence;
};

/* The lineage rule over the tree of processes, by times alone. */
static bool is_own(const struct world *w, int process, struct deed deed)
{
	unsigned before = UINT32_MAX;

	if (w->threads)
		return true;
	for (int p = process; p != NOBODY; p = w->actors[p].parent) {
		if (p == deed.process)
			return deed.time < before;
		before = w->actors[p].forked_at;
	}
	return false;
}

static size_t reply_len(const struct script_request *script, unsigned part)
{
	size_t len = 0;

	for (int i = 0; i < SCRIPT_PIECES; i++)
		len += script->reply[part][i].len;
	return len;
}

static bool has_part(const struct script_request *script, unsigned part)
{
	return part < SCRIPT_PARTS && script->part[part].len > 0;
}

static bool is_finished(const struct request *r)
{
	if (!r->sent)
		return false;
	for (unsigned part = 0; part < SCRIPT_PARTS; part++) {
		if (r->replied[part] < reply_len(r->script, part))
			return false;
	}
	return true;
}

static void fork_actor(struct world *w, int parent)
{
	struct actor *child = &w->actors[w->actor_count];
	struct lineage_process *forker = &w->actors[parent].lineage;

	memset(child, 0, sizeof *child);
	child->alive = true;
	child->parent = parent;
	child->forked_at = ++w->time;
	child->writing = NOBODY;
	lineage_fork(forker, (struct serial){(uint32_t)(w->actor_count + 1)}, &child->lineage);
	forker->self.epoch = lineage_next_epoch(forker->self.epoch);
	w->actor_count++;
}

static void start_world(struct world *w)
{
	static const enum protocol protocols[] = {PROTOCOL_REDIS, PROTOCOL_POSTGRESQL,
						  PROTOCOL_MYSQL, PROTOCOL_MEMCACHED};
	struct actor *first = &w->actors[0];

	memset(w, 0, sizeof *w);
	w->protocol = protocols[random_below(4)];
	w->message = NOBODY;
	w->actor_count = 1;
	first->alive = true;
	first->parent = NOBODY;
	first->writing = NOBODY;
	first->lineage.self = (struct lineage_use){{1}, 0};
	evidence_resume(&w->evidence, w->protocol);
	for (uint32_t forks = 1 + random_below(3); forks > 0; forks--)
		fork_actor(w, (int)random_below((uint32_t)w->actor_count));
}

/* --- the server ----------------------------------------------------------------------------- */

static void send_bytes(struct world *w, struct script_bytes b, int request)
{
	if (w->sent + b.len > MAX_STREAM)
		return;
	memcpy(w->stream + w->sent, b.bytes, b.len);
	for (size_t i = 0; i < b.len; i++)
		w->of[w->sent + i] = (int16_t)request;
	w->sent += b.len;
}

static void maybe_notice(struct world *w)
{
	const struct script_notice *n = &script_notices[random_below(COUNT(script_notices))];

	if (n->protocol == w->protocol && random_below(3) == 0)
		send_bytes(w, n->text, NOBODY);
}

/* The server works off some of what it was asked. */
static void serve(struct world *w)
{
	while (w->reply_first < w->reply_end && random_below(3) > 0) {
		int request = w->replies[w->reply_first] / 2;
		unsigned part = (unsigned)w->replies[w->reply_first] % 2;
		const struct script_request *script = w->requests[request].script;

		w->reply_first++;
		for (int i = 0; i < SCRIPT_PIECES && script->reply[part][i].len > 0; i++) {
			maybe_notice(w);
			send_bytes(w, script->reply[part][i], request);
		}
		w->requests[request].answered = part + 1;
	}
	if (random_below(8) == 0)
		maybe_notice(w);
}

/* --- truth ---------------------------------------------------------------------------------- */

/* The first exchange of another process that is not finished; NOBODY.  A part of an own request
 * that another process has begun to write counts too. */
static int find_unfinished(const struct world *w, int process)
{
	for (int i = 0; i < w->request_count; i++) {
		const struct request *r = &w->requests[i];

		if (i != w->message && reply_len(r->script, 0) == 0 && r->part == 0 && r->sent)
			continue;
		if (!is_finished(r) && (r->written > 0 || r->part > 0 || r->sent) &&
		    !is_own(w, process, r->owner))
			return i;
	}
	if (w->message != NOBODY && !is_own(w, process, w->requests[w->message].writer))
		return w->message;
	return NOBODY;
}

/* The server waits for the second part of another request than `request`: what comes instead has no
 * meaning to it. */
static bool is_between_parts(const struct world *w, int request)
{
	for (int i = 0; i < w->request_count; i++) {
		if (i != request && w->requests[i].part == 1 && !w->requests[i].sent)
			return true;
	}
	return false;
}

/* The actor's prepared bytes reach the server. */
static void act_write(struct world *w, int process)
{
	struct actor *a = &w->actors[process];

	a->other = find_unfinished(w, process);
	a->crossed = a->other != NOBODY;
	for (size_t i = 0; i < a->len;) {
		struct request *r = &w->requests[a->writing];
		size_t left = r->script->part[r->part].len - r->written;
		size_t n = a->len - i < left ? a->len - i : left;

		if ((w->message != NOBODY && w->message != a->writing) ||
		    is_between_parts(w, a->writing))
			w->broken = true;
		/* An heir has taken over what this process still writes: two go on with one. */
		if ((r->part > 0 || r->written > 0) && !is_own(w, process, r->owner))
			w->broken = true;
		if (r->written == 0)
			r->writer = (struct deed){process, ++w->time};
		if (r->part == 0 && r->written == 0)
			r->owner = r->writer;
		else if (is_own(w, process, r->owner))
			r->owner = (struct deed){process, ++w->time};
		r->written += n;
		i += n;
		w->message = a->writing;
		if (r->written < r->script->part[r->part].len)
			continue;
		w->message = NOBODY;
		if (reply_len(r->script, r->part) > 0)
			w->replies[w->reply_end++] = a->writing * 2 + (int)r->part;
		r->written = 0;
		r->part++;
		r->sent = !has_part(r->script, r->part);
		/* the request that was written after it, if any */
		a->writing = r->sent && i < a->len ? a->writing + 1 : a->writing;
	}
	if (w->requests[a->writing].sent)
		a->writing = NOBODY;
}

/* Up to `want` bytes come from the server; 0: there are none. */
static size_t act_read(struct world *w, int process, size_t want)
{
	struct actor *a = &w->actors[process];
	size_t n = w->sent - w->read;

	a->crossed = false;
	a->other = NOBODY;
	if (n > want)
		n = want;
	memcpy(a->bytes, w->stream + w->read, n);
	for (size_t i = 0; i < n; i++) {
		struct request *r;
		unsigned part;

		if (w->of[w->read + i] == NOBODY)
			continue;
		r = &w->requests[w->of[w->read + i]];
		part = r->replied[0] < reply_len(r->script, 0) ? 0 : 1;
		r->replied[part]++;
		if (is_own(w, process, r->owner)) {
			/* Whoever goes on with an inherited exchange has it from then on. */
			r->owner = (struct deed){process, ++w->time};
		} else if (!a->crossed) {
			a->crossed = true;
			a->other = w->of[w->read + i];
		}
	}
	w->read += n;
	a->len = n;
	return n;
}

/* --- what the actors want -------------------------------------------------------------------- */

static const struct script_request *random_request(const struct world *w)
{
	for (;;) {
		const struct script_request *s =
			&script_requests[random_below(COUNT(script_requests))];

		if (s->protocol == w->protocol)
			return s;
	}
}

static int count_unfinished(const struct world *w)
{
	int n = 0;

	for (int i = 0; i < w->request_count; i++)
		n += !is_finished(&w->requests[i]);
	return n;
}

/* Makes up the bytes of a write; false: nothing can be written now.  New requests are taken into
 * the table at once, one after the other, so that a write of several has consecutive numbers. */
static bool prepare_write(struct world *w, int process)
{
	struct actor *a = &w->actors[process];
	uint32_t several = random_below(4) == 0 ? 1 + random_below(4) : 1;

	a->len = 0;
	/* The queue holds ten; what a full one does is for the overlapping histories. */
	if (a->writing == NOBODY && w->haste < 5 && count_unfinished(w) > 4)
		return false;
	if (a->writing == NOBODY) {
		if (w->request_count + (int)several > MAX_REQUESTS)
			return false;
		a->writing = w->request_count;
		for (uint32_t i = 0; i < several; i++) {
			struct request *r = &w->requests[w->request_count];
			const struct script_request *s = random_request(w);

			/* Only the last one may have a second part. */
			while (i + 1 < several && has_part(s, 1))
				s = random_request(w);
			memset(r, 0, sizeof *r);
			r->script = s;
			r->owner = (struct deed){process, w->time};
			w->request_count++;
		}
	} else {
		/* A second part waits for the reply to the first to be read. */
		struct request *r = &w->requests[a->writing];

		several = 1;
		if (r->part == 1 && r->written == 0 && r->replied[0] < reply_len(r->script, 0))
			return false;
		/* Requests prepared and not yet begun follow. */
		while (a->writing + (int)several < w->request_count &&
		       w->requests[a->writing + (int)several].owner.process == process &&
		       w->requests[a->writing + (int)several].part == 0 &&
		       w->requests[a->writing + (int)several].written == 0 &&
		       !w->requests[a->writing + (int)several].sent && !has_part(r->script, 1))
			several++;
	}
	for (uint32_t i = 0; i < several; i++) {
		const struct request *r = &w->requests[a->writing + (int)i];
		const struct script_bytes *b = &r->script->part[r->part];

		memcpy(a->bytes + a->len, b->bytes + r->written, b->len - r->written);
		a->len += b->len - r->written;
	}
	if (random_below(4) == 0)
		a->len = 1 + random_below((uint32_t)a->len);
	return true;
}

/* --- the shim's view -------------------------------------------------------------------------- */

/* Bytes in one to three chunks, empty ones among them. */
static void record(struct world *w, int process, struct evidence_facts *facts)
{
	struct actor *a = &w->actors[process];
	size_t cut = random_below((uint32_t)a->len + 1);
	uint8_t *copy = malloc(a->len);
	struct iovec chunks[3] = {{NULL, 0}, {copy, cut}, {copy + cut, a->len - cut + 9}};
	struct evidence_operation operation = {
		.direction = a->direction,
		.ticket = a->ticket,
		.time_ns = (uint64_t)w->time * 1000,
		.chunks = chunks,
		.chunk_count = 3,
		.len_bytes = a->len,
	};

	if (copy == NULL)
		abort();
	memcpy(copy, a->bytes, a->len);
	evidence_record(&w->evidence, &a->lineage, &operation, facts);
	free(copy);
}

static const char *context(const struct world *w, int process)
{
	static char text[200];
	const struct actor *a = &w->actors[process];

	snprintf(text, sizeof text, "FORKSAN_SEED=%#llx: %s, process %d %s %zu bytes, truth: %s %d",
		 (unsigned long long)current_seed, wire_protocol_name(w->protocol), process + 1,
		 a->direction == WIRE_CLIENT ? "writes" : "reads", a->len,
		 a->crossed ? "crosses" : "does not cross", a->other);
	return text;
}

/* --- one at a time ---------------------------------------------------------------------------- */

struct tally {
	unsigned long operations, crossed, proven, likely, likely_false, histories, broken;
};

static struct tally tally;

static void judge_exactly(struct world *w, int process)
{
	struct actor *a = &w->actors[process];
	struct evidence_facts facts;
	const struct request *other = a->other != NOBODY ? &w->requests[a->other] : NULL;
	struct deed owner = {0};
	const char *name;

	/* What another process goes on writing of an own request is that process's. */
	if (other != NULL)
		owner = is_own(w, process, other->owner) ? other->writer : other->owner;
	record(w, process, &facts);
	tally.operations++;
	tally.crossed += a->crossed;
	tally.proven += a->crossed;
	if ((facts.crossing != EVIDENCE_NOT_CROSSED) != a->crossed)
		fail_msg("%s: judged %d", context(w, process), facts.crossing);
	if (!a->crossed)
		return;
	if (facts.certainty != EVIDENCE_PROVEN || facts.basis != EVIDENCE_MESSAGES)
		fail_msg("%s: not proven", context(w, process));
	if (facts.crossing != (a->direction == WIRE_CLIENT ? EVIDENCE_WROTE : EVIDENCE_READ))
		fail_msg("%s: the wrong kind", context(w, process));
	if (facts.other.serial.n != (uint32_t)owner.process + 1)
		fail_msg("%s: other is %u, meant %d", context(w, process), facts.other.serial.n,
			 owner.process + 1);
	name = wire_message_name(w->protocol, WIRE_CLIENT, facts.other_code);
	if (name != NULL && strcmp(name, other->script->name) != 0)
		fail_msg("%s: its request is %s, meant %s", context(w, process), name,
			 other->script->name);
}

/* The process that has written a part of a request, and not all of it; NOBODY. */
static int find_begun(const struct world *w)
{
	for (int i = 0; i < w->actor_count; i++) {
		int request = w->actors[i].writing;

		if (request != NOBODY &&
		    (w->requests[request].written > 0 || w->requests[request].part > 0))
			return i;
	}
	return NOBODY;
}

static void run_one_at_a_time(struct world *w)
{
	start_world(w);
	for (int step = 0; step < STEPS && !w->broken; step++) {
		int process = (int)random_below((uint32_t)w->actor_count);
		struct actor *a = &w->actors[process];

		if (random_below(25) == 0 && w->actor_count < MAX_PROCESSES)
			fork_actor(w, process);
		serve(w);
		a->direction = random_below(5) < 2 ? WIRE_CLIENT : WIRE_SERVER;
		/* Mostly one goes on with what it has begun: what stands in another's message ends
		 * the history. */
		if (find_begun(w) != NOBODY && a->direction == WIRE_CLIENT &&
		    random_below(20) > 0) {
			process = find_begun(w);
			a = &w->actors[process];
			a->direction = WIRE_CLIENT;
		}
		a->ticket = evidence_enter(&w->evidence, (struct serial){(uint32_t)process + 1},
					   a->direction);
		if (a->direction == WIRE_CLIENT ? prepare_write(w, process)
						: act_read(w, process, 1 + random_below(40)) > 0) {
			if (a->direction == WIRE_CLIENT)
				act_write(w, process);
			judge_exactly(w, process);
			if (!w->broken && w->evidence.state != EVIDENCE_PARSING &&
			    w->evidence.state != EVIDENCE_ALIGNING)
				fail_msg("%s: track was lost", context(w, process));
		}
		evidence_leave(&w->evidence, a->ticket, (struct serial){(uint32_t)process + 1});
	}
	tally.histories++;
	tally.broken += w->broken;
}

/* --- overlapping ------------------------------------------------------------------------------ */

/* Whoever is inside at the same time disturbs and is disturbed. */
static void note_overlaps(struct world *w, int process)
{
	struct actor *a = &w->actors[process];

	for (int i = 0; i < w->actor_count; i++) {
		struct actor *b = &w->actors[i];

		if (i == process || b->doing == IDLE)
			continue;
		if (b->direction == a->direction) {
			a->disturbed = b->disturbed = true;
		} else {
			a->disturbed_other = b->disturbed_other = true;
		}
	}
}

static void judge_overlapping(struct world *w, int process)
{
	struct actor *a = &w->actors[process];
	bool was_sure = !a->disturbed && !a->disturbed_other && !w->disturbed;
	struct evidence_facts facts;

	record(w, process, &facts);
	tally.operations++;
	tally.crossed += a->crossed;
	if (facts.crossing != EVIDENCE_NOT_CROSSED && facts.certainty == EVIDENCE_PROVEN &&
	    !a->crossed)
		fail_msg("%s: called proven", context(w, process));
	if (facts.crossing != EVIDENCE_NOT_CROSSED && facts.certainty == EVIDENCE_LIKELY) {
		tally.likely++;
		tally.likely_false += !a->crossed;
	}
	tally.proven +=
		facts.crossing != EVIDENCE_NOT_CROSSED && facts.certainty == EVIDENCE_PROVEN;
	if (was_sure && (facts.crossing != EVIDENCE_NOT_CROSSED) != a->crossed)
		fail_msg("%s: undisturbed, judged %d", context(w, process), facts.crossing);
	if (was_sure && a->crossed && facts.certainty != EVIDENCE_PROVEN)
		fail_msg("%s: undisturbed, not proven", context(w, process));
	if (a->crossed && facts.crossing == EVIDENCE_NOT_CROSSED)
		fail_msg("%s: nothing said", context(w, process));
	w->disturbed = w->disturbed || a->disturbed || a->disturbed_other;
}

static void step_overlapping(struct world *w, int process)
{
	struct actor *a = &w->actors[process];
	struct serial serial = {(uint32_t)process + 1};

	switch (a->doing) {
	case IDLE:
		a->direction = random_below(5) < 2 ? WIRE_CLIENT : WIRE_SERVER;
		a->disturbed = a->disturbed_other = false;
		a->ticket = evidence_enter(&w->evidence, serial, a->direction);
		if (a->direction == WIRE_CLIENT && !prepare_write(w, process)) {
			evidence_leave(&w->evidence, a->ticket, serial);
			return;
		}
		note_overlaps(w, process);
		a->doing = ENTERED;
		break;
	case ENTERED:
		if (a->direction == WIRE_CLIENT) {
			act_write(w, process);
			a->doing = ACTED;
		} else if (act_read(w, process, 1 + random_below(60)) > 0) {
			a->doing = ACTED;
		} else if (random_below(3) == 0) { /* EAGAIN, a signal */
			evidence_leave(&w->evidence, a->ticket, serial);
			a->doing = IDLE;
		}
		break;
	case ACTED:
		judge_overlapping(w, process);
		evidence_leave(&w->evidence, a->ticket, serial);
		a->doing = IDLE;
		break;
	}
}

static void go_overlapping(struct world *w, uint32_t haste)
{
	int process = 0;

	start_world(w);
	w->haste = haste;
	for (int step = 0; step < STEPS * 3 && !w->broken; step++) {
		if (w->actors[process].doing == IDLE || random_below(10) < w->haste)
			process = (int)random_below((uint32_t)w->actor_count);
		if (random_below(60) == 0 && w->actor_count < MAX_PROCESSES &&
		    w->actors[process].doing == IDLE)
			fork_actor(w, process);
		serve(w);
		if (find_begun(w) != NOBODY && random_below(20) > 0 &&
		    w->actors[process].doing == IDLE)
			process = find_begun(w);
		step_overlapping(w, process);
	}
	tally.histories++;
	tally.broken += w->broken;
}

static void run_overlapping(struct world *w)
{
	go_overlapping(w, 10);
}

static void run_rarely_overlapping(struct world *w)
{
	go_overlapping(w, 1);
}

/* --- threads ---------------------------------------------------------------------------------- */

/* One process: a thread that writes, two that read. */
static void run_threads(struct world *w)
{
	start_world(w);
	w->threads = true;
	w->actor_count = 3;
	for (int i = 0; i < 3; i++) {
		w->actors[i].lineage.self = (struct lineage_use){{1}, 0};
		w->actors[i].lineage.ancestor_count = 0;
		w->actors[i].writing = NOBODY;
	}
	for (int step = 0; step < STEPS * 3; step++) {
		int thread = (int)random_below(3);
		struct actor *a = &w->actors[thread];
		struct evidence_facts facts;

		serve(w);
		if (a->doing == IDLE) {
			a->direction = thread == 0 ? WIRE_CLIENT : WIRE_SERVER;
			a->ticket = evidence_enter(&w->evidence, (struct serial){1}, a->direction);
			a->doing = ENTERED;
			if (thread != 0 || prepare_write(w, 0))
				continue;
		} else if (a->doing == ENTERED) {
			if (thread == 0)
				act_write(w, 0);
			if (thread == 0 || act_read(w, thread, 1 + random_below(60)) > 0)
				a->doing = ACTED;
			continue;
		} else {
			record(w, thread, &facts);
			tally.operations++;
			if (facts.crossing != EVIDENCE_NOT_CROSSED)
				fail_msg("%s: threads crossed", context(w, thread));
		}
		evidence_leave(&w->evidence, a->ticket, (struct serial){1});
		a->doing = IDLE;
	}
	tally.histories++;
}

/* --- runs ------------------------------------------------------------------------------------- */

static void run(void (*history)(struct world *w), long histories)
{
	static struct world world;
	const char *seed = getenv("FORKSAN_SEED"), *number = getenv("FORKSAN_HISTORIES");
	uint64_t base = seed != NULL ? strtoull(seed, NULL, 0) : UINT64_C(0x5eed0f0e51de9ce1);

	if (number != NULL)
		histories = strtol(number, NULL, 0);
	memset(&tally, 0, sizeof tally);
	for (long i = 0; i < histories; i++) {
		/* Each history has a seed of its own, printed if it fails. */
		random_state = (base + (uint64_t)i * UINT64_C(0x9e3779b97f4a7c15)) | 1;
		current_seed = random_state;
		history(&world);
	}
	printf("%lu histories (%lu broken off), %lu operations: %lu crossed; proven %lu, likely "
	       "%lu, "
	       "%lu of these not so\n",
	       tally.histories, tally.broken, tally.operations, tally.crossed, tally.proven,
	       tally.likely, tally.likely_false);
}

static void one_at_a_time_every_answer_is_right(void **state)
{
	(void)state;
	run(run_one_at_a_time, 60000);
	assert_true(tally.crossed > tally.operations / 10);
}

static void overlapping_nothing_false_is_proven_and_nothing_is_left_out(void **state)
{
	(void)state;
	run(run_overlapping, 40000);
}

/* The same; here a proof must be the rule and a false suspicion the exception. */
static void rare_overlaps_leave_proofs_possible(void **state)
{
	(void)state;
	run(run_rarely_overlapping, 20000);
	assert_true(tally.proven > tally.crossed / 4);
}

static void threads_of_one_process_never_cross(void **state)
{
	(void)state;
	run(run_threads, 10000);
	assert_true(tally.operations > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_at_a_time_every_answer_is_right),
		cmocka_unit_test(overlapping_nothing_false_is_proven_and_nothing_is_left_out),
		cmocka_unit_test(rare_overlaps_leave_proofs_possible),
		cmocka_unit_test(threads_of_one_process_never_cross),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
