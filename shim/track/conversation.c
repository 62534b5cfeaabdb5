/* SPDX-License-Identifier: MIT */
/*
 * See conversation.h.
 */
#include "track/conversation.h"

#include <string.h>
#include <time.h>

#include "base/sys.h"
#include "registry/history.h"
#include "stack/peek.h"
#include "track/open_calls.h"
#include "wire/tls_hello.h"

_Static_assert(sizeof(struct evidence) <= sizeof((struct registry_socket *)0)->evidence,
	       "fits the slot");
_Static_assert(sizeof(struct tls_hello) <= sizeof((struct registry_socket *)0)->tls_hello,
	       "fits the slot");

/* conversation_foresee() looks at this many bytes of a write: the longest goodbye that can be
 * recognised by its beginning is AMQP's Connection.Close. */
#define FORESEEN_BYTES 64

/* The longest wait of a record for another process that is about to record: some time slices. */
#define WAIT_NS 10000000

/* At most one part in WAIT_SHARE of a process's time goes into waits in vain, the first
 * WAITS_IN_VAIN waits apart. */
#define WAIT_SHARE 20
#define WAITS_IN_VAIN 20

/* The longest wait of a process that has met the end for writes that may have been the goodbye: a
 * writer that has lost its processor gets the processor back by then.  A write that blocks, on a
 * connection that the server has ended in one direction alone, costs its reader this once. */
#define END_WAIT_NS 1000000000
#define END_PAUSE_NS 200000

/* Records between two looks at who else holds the connection: a look takes some system calls for
 * each process that is noted as a holder. */
#define RECORDS_PER_LOOK 32

/* The kernel is asked at most this often whether the processes inside a call are still alive: each
 * question reads a file. */
#define ASK_NS 100000000

static struct tls_hello *hello_of(struct registry_socket *socket)
{
	return (struct tls_hello *)socket->tls_hello;
}

static bool speaks_tls(const struct registry_socket *socket)
{
	return conversation_evidence(socket)->parser.mode == WIRE_MODE_TLS;
}

static enum wire_direction direction_of(const struct track_call *call)
{
	return call->way == TRACK_WRITE ? WIRE_CLIENT : WIRE_SERVER;
}

bool conversation_is_opaque(const struct registry_socket *socket)
{
	const struct wire_parser *parser = &conversation_evidence(socket)->parser;

	return parser->mode == WIRE_MODE_OPAQUE || parser->mode == WIRE_MODE_TLS;
}

static bool other_is_inside(const struct evidence *evidence, enum wire_direction direction)
{
	for (int i = 0; i < EVIDENCE_INSIDE; i++) {
		uint32_t serial = load_relaxed(&evidence->inside[direction][i]);

		if (serial != 0 && serial != process.lineage.self.serial.n)
			return true;
	}
	return false;
}

bool conversation_is_busy(const struct registry_socket *socket)
{
	const struct evidence *evidence = conversation_evidence(socket);

	return other_is_inside(evidence, WIRE_CLIENT) || other_is_inside(evidence, WIRE_SERVER);
}

/* --- recording ----------------------------------------------------------------------------- */

/* True while this thread records: a signal handler that interrupts the record must not wait for the
 * record's claim. */
static __thread bool recording;

void conversation_jump(void)
{
	/* In a child that has not entered, `process` is the parent's, and so are the claims. */
	struct serial self = {process_mine() != 0 ? process.lineage.self.serial.n : 0};

	recording = false;
	evidence_jump(self);
}

/* True when another process or thread should record first: one that holds the claim, or a process
 * inside a write that the bytes of this record may answer. */
static bool should_wait(const struct evidence *evidence, enum wire_direction direction)
{
	uint32_t holder = load_relaxed(&evidence->claimed_by);

	if (holder != 0)
		return holder != process.lineage.self.serial.n || !recording;
	return direction == WIRE_SERVER && evidence_is_parsing(evidence) &&
	       other_is_inside(evidence, WIRE_CLIENT);
}

/* Waits, WAIT_NS at most, while another should record first.  A process that lost its processor on
 * the way out of a call, or while it recorded, gets the processor back: without that process's
 * record nothing is proven until an exchange has ended cleanly.  A record waits only where two
 * speak on one connection at once.  For a dead process's claim, and for a write that blocks, the
 * wait is in vain. */
static void let_others_record(const struct evidence *evidence, enum wire_direction direction)
{
	static _Atomic uint64_t paid_off_ns; /* when the waits in vain so far are paid off */
	uint64_t now, began;

	if (!should_wait(evidence, direction))
		return;
	began = now = sys_clock_ns(CLOCK_MONOTONIC);
	if (load_relaxed(&paid_off_ns) > now + WAITS_IN_VAIN * WAIT_SHARE * (uint64_t)WAIT_NS)
		return;
	do {
		sys_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
		if (!should_wait(evidence, direction))
			return;
		now = sys_clock_ns(CLOCK_MONOTONIC);
	} while (now - began < WAIT_NS);
	if (load_relaxed(&paid_off_ns) > began)
		began = load_relaxed(&paid_off_ns);
	store_relaxed(&paid_off_ns, began + WAIT_SHARE * (uint64_t)WAIT_NS);
}

static void record(struct registry_socket *socket, const struct evidence_operation *operation,
		   struct evidence_facts *facts)
{
	struct evidence *evidence = conversation_evidence(socket);
	bool interrupts = recording;

	let_others_record(evidence, operation->direction);
	recording = true;
	evidence_record(evidence, &process.lineage, operation, facts);
	recording = interrupts;
	if (facts->missed) {
		const struct registry_process *claimer = registry_find_process(facts->claimed_by);

		/* The claimer was killed while it recorded, or is slow: only the claim of a dead
		 * process is broken. */
		if (!claimer || !registry_process_alive(claimer))
			evidence_forget(evidence, facts->claimed_by);
	}
}

/* Records the `len` bytes of a head, which were kept while the protocol was not identified. */
static noinline void replay(struct registry_socket *socket, enum wire_direction direction,
			    uint32_t len)
{
	uint8_t head[FORKSAN_HEAD_BYTES];
	struct iovec chunk = {head, len};
	struct evidence_operation operation = {
		.direction = direction,
		.time_ns = sys_clock_ns(CLOCK_MONOTONIC),
		.chunks = &chunk,
		.chunk_count = 1,
		.len_bytes = len,
	};
	struct evidence_facts facts;

	if (len == 0 || len > sizeof head)
		return;
	memcpy(head, socket->head[direction], sizeof head);
	operation.ticket = evidence_enter(conversation_evidence(socket),
					  process.lineage.self.serial, direction);
	record(socket, &operation, &facts);
	evidence_leave(conversation_evidence(socket), operation.ticket,
		       process.lineage.self.serial);
}

static noinline void replay_hello(struct registry_socket *socket, uint32_t len)
{
	struct tls_hello hello = *hello_of(socket);
	uint8_t head[FORKSAN_HEAD_BYTES];

	memcpy(head, socket->head[WIRE_CLIENT], sizeof head);
	tls_hello_take(&hello, head, len);
	*hello_of(socket) = hello;
}

void conversation_open(const struct track_call *call, const uint32_t earlier[2])
{
	struct registry_socket *socket = call->socket;
	struct evidence *evidence = conversation_evidence(socket);
	enum wire_direction now = direction_of(call);
	enum wire_direction other = now == WIRE_CLIENT ? WIRE_SERVER : WIRE_CLIENT;

	evidence_start(evidence, (enum protocol)load_relaxed(&socket->protocol));
	/* Bytes that came after a full head are not kept. */
	if (earlier[0] >= FORKSAN_HEAD_BYTES || earlier[1] >= FORKSAN_HEAD_BYTES) {
		fetch_add_relaxed(&evidence->missed, 1);
		return;
	}
	replay(socket, other, earlier[other]);
	replay(socket, now, earlier[now]);
	if (load_relaxed(&socket->protocol) == PROTOCOL_TLS)
		replay_hello(socket, earlier[WIRE_CLIENT]);
}

void conversation_watch(const struct track_call *call, bool idle)
{
	struct registry_socket *socket = call->socket;
	struct evidence *evidence = conversation_evidence(socket);

	if (fetch_or_relaxed(&socket->flags, SOCKET_EVIDENCE) & SOCKET_EVIDENCE)
		return;
	evidence_resume(evidence, (enum protocol)load_relaxed(&socket->protocol));
	if (!idle)
		fetch_add_relaxed(&evidence->missed, 1);
	history_start(call->slot);
}

void conversation_unwatch(struct registry_socket *socket)
{
	fetch_and_relaxed(&socket->flags, ~(uint32_t)SOCKET_EVIDENCE);
}

bool conversation_is_due(const struct registry_socket *socket)
{
	return load_relaxed(&conversation_evidence(socket)->sequence) % RECORDS_PER_LOOK == 0;
}

/* True when the process with that serial has ended; `ask`: the kernel is asked, too. */
static bool is_gone(struct serial serial, bool ask)
{
	const struct registry_process *other = registry_find_process(serial);

	if (!other || load_acquire(&other->state) == PROCESS_EXITED)
		return true;
	return ask && !registry_process_alive(other);
}

void conversation_forget_dead(const struct track_call *call)
{
	static _Atomic uint64_t asked_ns;
	const struct registry_socket *socket = call->socket;
	struct evidence *evidence = conversation_evidence(socket);
	uint64_t now;
	bool ask;

	open_calls_forget_dead(socket);
	if (!conversation_is_busy(socket))
		return;
	now = sys_clock_ns(CLOCK_MONOTONIC);
	ask = now - load_relaxed(&asked_ns) >= ASK_NS;
	if (ask)
		store_relaxed(&asked_ns, now);
	for (int i = 0; i < 2 * EVIDENCE_INSIDE; i++) {
		struct serial serial = {load_relaxed(&evidence->inside[i & 1][i / 2])};

		if (serial.n != 0 && !serial_is(serial, process.lineage.self.serial) &&
		    is_gone(serial, ask))
			evidence_forget(evidence, serial);
	}
}

void conversation_await_writers(const struct track_call *call)
{
	const struct evidence *evidence = conversation_evidence(call->socket);
	const struct timespec pause = {.tv_nsec = END_PAUSE_NS};
	uint64_t until = 0;

	while (other_is_inside(evidence, WIRE_CLIENT)) {
		uint64_t now = sys_clock_ns(CLOCK_MONOTONIC);

		if (until == 0)
			until = now + END_WAIT_NS;
		if (now >= until)
			return;
		conversation_forget_dead(call);
		sys_call(SYS_nanosleep, (long)(uintptr_t)&pause, 0, 0, 0, 0, 0);
	}
}

void conversation_enter(struct track_call *call)
{
	open_calls_enter(call, conversation_evidence(call->socket), direction_of(call));
}

void conversation_leave(struct track_call *call)
{
	if (call->inside)
		open_calls_leave(call, conversation_evidence(call->socket));
}

/* --- the opening --------------------------------------------------------------------------- */

/* A protocol that a hello names better. */
static bool is_only_tls(enum protocol protocol)
{
	return protocol == PROTOCOL_TLS || protocol == PROTOCOL_HTTPS;
}

/* Reads the `moved` bytes as part of a TLS hello.  The client's may name the server (SNI) and the
 * protocol inside (ALPN); where it offers several, the server's may name the choice.  `tls`: the
 * connection spoke TLS before the call; a message that asks for TLS is no part of the hello.  True
 * when there is no hello, or the rest of both says nothing more. */
static noinline bool read_hello(const struct track_call *call, const struct iovec *iov, int count,
				size_t moved, bool tls)
{
	struct registry_socket *socket = call->socket;
	enum protocol inside = PROTOCOL_UNKNOWN;
	struct tls_hello hello;
	bool answers;

	if (!speaks_tls(socket))
		return true;
	hello = *hello_of(socket); /* a copy: others write there */
	answers = tls_hello_wants_answer(&hello);
	if (answers != (call->way == TRACK_READ) || !tls)
		return false;
	for (int i = 0; i < count && moved > 0 && inside == PROTOCOL_UNKNOWN; i++) {
		size_t n = iov[i].iov_len < moved ? iov[i].iov_len : moved;

		inside = answers ? tls_hello_take_answer(&hello, iov[i].iov_base, n)
				 : tls_hello_take(&hello, iov[i].iov_base, n);
		moved -= n;
	}
	*hello_of(socket) = hello;
	if (inside == PROTOCOL_UNKNOWN)
		return false;
	if ((inside != PROTOCOL_TLS || answers) && is_only_tls(registry_socket_protocol(socket))) {
		store_relaxed(&socket->protocol, inside);
		evidence_encrypt(conversation_evidence(socket), inside);
	}
	return !tls_hello_wants_answer(&hello);
}

/* The messages of one call are in order: the record of one is no overlap for the next.  Where
 * another call was recorded as well, the order stays unknown. */
static void go_on(struct track_call *call)
{
	uint32_t sequence = load_acquire(&conversation_evidence(call->socket)->sequence);

	if (sequence == call->ticket.sequence + 1)
		call->ticket.sequence = sequence;
}

void conversation_record(struct track_call *call, const struct iovec *iov, int count, size_t moved,
			 struct evidence_facts *facts)
{
	struct registry_socket *socket = call->socket;
	struct evidence_operation operation = {
		.direction = direction_of(call),
		.time_ns = sys_clock_ns(CLOCK_MONOTONIC),
		.chunks = iov,
		.chunk_count = (size_t)count,
		.len_bytes = moved,
	};
	bool tls = speaks_tls(socket), hello_read;

	/* A call that has no ticket from before its bytes moved overlapped everything. */
	operation.ticket = open_calls_has(call)
				   ? call->ticket
				   : (struct evidence_ticket){0, EVIDENCE_INSIDE,
							      (uint8_t)operation.direction};
	record(socket, &operation, facts);
	/* The call leaves here, before the findings are written: a call that is still inside
	 * overlaps every later one.  A goodbye leaves when it is noted (goodbye.c). */
	if (call->more)
		go_on(call);
	else if (facts->goodbye == WIRE_NO_GOODBYE)
		conversation_leave(call);
	if (load_relaxed(&socket->flags) & SOCKET_UNIDENTIFIED) {
		hello_read = read_hello(call, iov, count, moved, tls);
		if (hello_read && evidence_opened(conversation_evidence(socket)))
			fetch_and_relaxed(&socket->flags, ~(uint32_t)SOCKET_UNIDENTIFIED);
	}
	history_add(call->slot,
		    &(struct history_act){.by = process.lineage.self.serial,
					  .tid = process_tid(),
					  .operation = call->operation,
					  .writes = call->way == TRACK_WRITE,
					  .message = facts->code,
					  .protocol = facts->protocol},
		    iov, count, moved);
}

/* --- before the call ----------------------------------------------------------------------- */

void conversation_foresee(const struct track_call *call, const struct iovec *iov, int count,
			  struct evidence_facts *facts)
{
	uint8_t bytes[FORESEEN_BYTES];
	struct iovec chunk = {bytes, 0};
	struct evidence *evidence = conversation_evidence(call->socket);
	/* A call that has not entered would enter now. */
	const struct evidence_ticket now = {load_acquire(&evidence->sequence), EVIDENCE_UNCOUNTED,
					    WIRE_CLIENT};
	struct evidence_operation operation = {
		.direction = WIRE_CLIENT,
		.ticket = call->inside ? call->ticket : now,
		.time_ns = sys_clock_ns(CLOCK_MONOTONIC),
		.chunks = &chunk,
		.chunk_count = 1,
	};

	memset(facts, 0, sizeof *facts);
	for (int i = 0; i < count; i++) {
		size_t room = sizeof bytes - chunk.iov_len;
		struct iovec piece = {0};
		size_t n;

		if (!peek_own(&iov[i], &piece, sizeof piece))
			return;
		operation.len_bytes += piece.iov_len;
		n = piece.iov_len < room ? piece.iov_len : room;
		if (n > 0 && !peek_own(piece.iov_base, bytes + chunk.iov_len, n))
			return;
		chunk.iov_len += n;
	}
	evidence_foresee(evidence, &process.lineage, &operation, facts);
}
