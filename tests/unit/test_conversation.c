/* SPDX-License-Identifier: MIT */
/*
 * shim/track/conversation.c: the opening from which the rest is understood, who is inside a call,
 * and the wait for a record that another process is just making.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "registry/history.h"
#include "track/conversation.h"
#include "track/open_calls.h"
#include "track_stage.h"

static struct evidence *evidence(void)
{
	return (struct evidence *)stage_socket()->evidence;
}

static uint32_t flags(void)
{
	return load_relaxed(&stage_socket()->flags);
}

static struct track_call call_here(enum track_way way)
{
	return (struct track_call){
		.fd = stage_fd,
		.slot = stage_slot(),
		.socket = stage_socket(),
		.operation = way == TRACK_WRITE ? OPERATION_send : OPERATION_recv,
		.way = way,
	};
}

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* --- the opening
 * ----------------------------------------------------------------------------------- */

/* Bytes that came before the protocol was identified belong to the conversation. */
static void opening_in_pieces(void)
{
	struct actor child;

	GIVE("*1\r\n");
	GIVE("$4\r\nPING\r\n");
	require(evidence()->queued == 1);
	PEER_SAYS(PONG);
	take_all();
	require((flags() & SOCKET_UNIDENTIFIED) == 0);
	child = stage_fork();
	do_in(child, give_ping);
	PEER_SAYS(PONG);
	take_all();
	require(found_with("crossed-reply", 0, "\"certainty\":\"proven\""));
	stage_wait(child);
}

/* The server greets before the client has said a word. */
static void greeting_first(void)
{
	static const char greeting[] =
		"\x4a\x00\x00\x00\x0a"
		"8.0.36\x00"
		"\x08\x00\x00\x00"
		"12345678\x00"
		"\xff\xff\x2d\x02\x00\xff\xdf\x15\x00\x00\x00\x00\x00\x00\x00"
		"\x00\x00\x00"
		"123456789012\x00"
		"mysql_native_password";

	PEER_SAYS(greeting);
	take_all();
	require(load_relaxed(&stage_socket()->protocol) == PROTOCOL_MYSQL);
	require((flags() & SOCKET_UNIDENTIFIED) != 0);
	require(!conversation_is_opaque(stage_socket()));
}

/* --- TLS
 * ------------------------------------------------------------------------------------------------
 */

/* A ClientHello that offers ALPN "postgresql" and names a server "db" (RFC 8446 4.1.2,
 * RFC 7301, RFC 6066 3). */
#define HELLO_HEAD                                                                                 \
	"\x16\x03\x01\x00\x52\x01\x00\x00\x4e\x03\x03"                                             \
	"0123456789abcdef0123456789abcdef"
#define HELLO_TAIL                                                                                 \
	"\x00\x00\x02\x13\x01\x01\x00\x00\x23"                                                     \
	"\x00\x00\x00\x07\x00\x05\x00\x00\x02"                                                     \
	"db"                                                                                       \
	"\x00\x10\x00\x0d\x00\x0b\x0a"                                                             \
	"postgresql\x00\x2b\x00\x03\x02\x03\x04"

static void hello_in_one(void)
{
	GIVE(HELLO_HEAD HELLO_TAIL);
	require(load_relaxed(&stage_socket()->protocol) == PROTOCOL_POSTGRESQL);
	require(conversation_is_opaque(stage_socket()));
}

static void hello_in_pieces(void)
{
	GIVE("\x16\x03\x01");
	require(load_relaxed(&stage_socket()->protocol) == PROTOCOL_UNKNOWN);
	GIVE("\x00\x52\x01\x00\x00\x4e\x03\x03"
	     "0123456789abcdef0123456789abcdef");
	require(load_relaxed(&stage_socket()->protocol) == PROTOCOL_TLS);
	require((flags() & SOCKET_UNIDENTIFIED) != 0);
	GIVE(HELLO_TAIL);
	require(load_relaxed(&stage_socket()->protocol) == PROTOCOL_POSTGRESQL);
	require(conversation_is_opaque(stage_socket()));
}

/* A vector of two, of which the kernel took a part. */
static void hello_in_a_vector(void)
{
	struct iovec iov[2] = {{(void *)(uintptr_t)HELLO_HEAD, sizeof(HELLO_HEAD) - 1},
			       {(void *)(uintptr_t)HELLO_TAIL, sizeof(HELLO_TAIL) - 1}};
	struct socket_ref ref = fdtable_lookup(stage_fd);
	struct track_call call;
	ssize_t moved = (ssize_t)(iov[0].iov_len + iov[1].iov_len - 12);

	require(track_begin(&call, stage_fd, ref, OPERATION_writev, TRACK_WRITE, 0, iov, 2));
	track_end(&call, iov, 2, moved);
	require(load_relaxed(&stage_socket()->protocol) == PROTOCOL_TLS);
	/* The rest ends the hello. */
	GIVE("resql\x00\x2b\x00\x03\x02\x03\x04");
	require(load_relaxed(&stage_socket()->protocol) == PROTOCOL_POSTGRESQL);
}

static void plain_is_not_opaque(void)
{
	ping();
	require(!conversation_is_opaque(stage_socket()));
	require(evidence()->parser.mode == WIRE_MODE_EXCHANGES);
}

/* --- who is inside
 * ---------------------------------------------------------------------------------------- */

static uint32_t inside(enum wire_direction direction)
{
	return load_relaxed(&evidence()->inside[direction][0]);
}

static void inside_and_outside(void)
{
	struct track_call call = call_here(TRACK_READ);
	uint32_t self = process.lineage.self.serial.n;

	ping();
	conversation_enter(&call);
	require(inside(WIRE_SERVER) == self && inside(WIRE_CLIENT) == 0);
	/* Its own calls are not another's. */
	require(!conversation_is_busy(stage_socket()));
	conversation_leave(&call);
	conversation_leave(&call);
	require(inside(WIRE_SERVER) == 0);
	call = call_here(TRACK_WRITE);
	conversation_enter(&call);
	require(inside(WIRE_CLIENT) == self && inside(WIRE_SERVER) == 0);
	conversation_leave(&call);
	require(inside(WIRE_CLIENT) == 0);
}

/* A signal handler's call, below the one that it interrupts. */
static noinline void call_below(void)
{
	struct track_call call = call_here(TRACK_WRITE);

	conversation_enter(&call);
	require(inside(WIRE_CLIENT) != 0 && inside(WIRE_SERVER) != 0);
	conversation_leave(&call);
}

static void interrupted(void)
{
	struct track_call call = call_here(TRACK_READ);

	ping();
	conversation_enter(&call);
	call_below();
	require(inside(WIRE_SERVER) != 0 && open_calls_has(&call));
	conversation_leave(&call);
	require(inside(WIRE_SERVER) == 0);
}

static noinline void enter_and_go(void)
{
	struct track_call call = call_here(TRACK_READ);

	conversation_enter(&call);
}

/* An exception out of a handler, say: nobody says so, but the next call begins above. */
static void left_without_a_word(void)
{
	struct track_call call = call_here(TRACK_WRITE);

	ping();
	enter_and_go();
	require(inside(WIRE_SERVER) != 0);
	conversation_enter(&call);
	require(inside(WIRE_SERVER) == 0 && inside(WIRE_CLIENT) != 0);
	conversation_leave(&call);
}

static void left_by_a_jump(void)
{
	struct track_call call = call_here(TRACK_READ);

	ping();
	conversation_enter(&call);
	track_jumping();
	require(inside(WIRE_SERVER) == 0);
	/* A call that was taken for over is one that overlapped everything. */
	require(!open_calls_has(&call));
	conversation_leave(&call);
	require(inside(WIRE_SERVER) == 0);
}

static void *enter_in_a_thread(void *tid)
{
	*(pid_t *)tid = (pid_t)gettid();
	enter_and_go();
	return NULL;
}

static void left_by_a_thread(void)
{
	struct track_call call = call_here(TRACK_WRITE);
	pthread_t thread;
	pid_t tid;

	ping();
	require(pthread_create(&thread, NULL, enter_in_a_thread, &tid) == 0);
	require(pthread_join(thread, NULL) == 0);
	/* The kernel wakes who joins a moment before the thread has gone. */
	while (tgkill(getpid(), tid, 0) == 0)
		sched_yield();
	require(inside(WIRE_SERVER) != 0);
	conversation_forget_dead(&call);
	require(inside(WIRE_SERVER) == 0);
}

static void forget_nobody(void)
{
	struct track_call call = call_here(TRACK_WRITE);

	require(process_enter());
	conversation_forget_dead(&call);
	track_jumping();
}

/* A child has the memory and not the calls. */
static void entered_by_the_parent_only(void)
{
	struct track_call call = call_here(TRACK_READ);
	struct actor child;

	ping();
	conversation_enter(&call);
	child = stage_fork();
	do_in(child, forget_nobody);
	require(inside(WIRE_SERVER) == process.lineage.self.serial.n);
	conversation_leave(&call);
	stage_wait(child);
}

static void more_than_have_room(void)
{
	struct track_call calls[100];

	ping();
	/* The first lies lowest, the last highest: entered downwards, none is below a later one. */
	for (int i = 99; i >= 0; i--) {
		calls[i] = call_here(TRACK_READ);
		conversation_enter(&calls[i]);
	}
	require(load_relaxed(&evidence()->uncounted[WIRE_SERVER]) == 100 - EVIDENCE_INSIDE);
	for (int i = 0; i < 100; i++)
		conversation_leave(&calls[i]);
	require(load_relaxed(&evidence()->uncounted[WIRE_SERVER]) == 0);
	require(inside(WIRE_SERVER) == 0);
}

static struct track_call actors_call;

static void enter_read(void)
{
	require(process_enter());
	actors_call = call_here(TRACK_READ);
	conversation_enter(&actors_call);
}

static void enter_write(void)
{
	require(process_enter());
	actors_call = call_here(TRACK_WRITE);
	conversation_enter(&actors_call);
}

static void leave(void)
{
	conversation_leave(&actors_call);
}

static void busy(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	require(!conversation_is_busy(stage_socket()));
	do_in(child, enter_read);
	require(conversation_is_busy(stage_socket()));
	do_in(child, leave);
	do_in(child, enter_write);
	require(conversation_is_busy(stage_socket()));
	do_in(child, leave);
	require(!conversation_is_busy(stage_socket()));
	stage_wait(child);
}

static void forgotten_when_killed(void)
{
	struct track_call call = call_here(TRACK_READ);
	struct actor child, other;

	ping();
	child = stage_fork();
	other = stage_fork();
	do_in(child, enter_read);
	do_in(other, enter_write);
	stage_kill(child);
	conversation_forget_dead(&call);
	/* The one that lives is still inside. */
	require(load_relaxed(&evidence()->inside[WIRE_SERVER][0]) == 0);
	require(load_relaxed(&evidence()->inside[WIRE_CLIENT][0]) != 0);
	stage_kill(other);
	/* The kernel was asked a moment ago and is not asked again for every call. */
	conversation_forget_dead(&call);
	require(load_relaxed(&evidence()->inside[WIRE_CLIENT][0]) != 0);
	while (load_relaxed(&evidence()->inside[WIRE_CLIENT][0]) != 0)
		conversation_forget_dead(&call);
}

/* One that says goodbye to the session needs no question to the kernel. */
static void forgotten_when_ended(void)
{
	struct track_call call = call_here(TRACK_READ);
	struct actor child;

	ping();
	child = stage_fork();
	do_in(child, enter_read);
	conversation_forget_dead(&call);
	require(conversation_is_busy(stage_socket()));
	do_in(child, process_leave);
	conversation_forget_dead(&call);
	require(!conversation_is_busy(stage_socket()));
	stage_wait(child);
}

/* --- recording
 * ------------------------------------------------------------------------------------------------
 */

static void watched_once(void)
{
	struct track_call call = call_here(TRACK_WRITE);

	ping();
	require(load_relaxed(&stage_socket()->history) == 0);
	require((flags() & SOCKET_EVIDENCE) == 0);
	conversation_watch(&call, true);
	require((flags() & SOCKET_EVIDENCE) != 0);
	require(load_relaxed(&stage_socket()->history) != 0);
	require(load_relaxed(&evidence()->missed) == 0);
	conversation_watch(&call, false);
	require(load_relaxed(&evidence()->missed) == 0);
}

static void watched_late(void)
{
	struct track_call call = call_here(TRACK_WRITE);

	ping();
	conversation_watch(&call, false);
	require(load_relaxed(&evidence()->missed) == 1);
}

static void recorded_in_history(void)
{
	struct track_call call = call_here(TRACK_WRITE);
	struct history_entry entry;
	struct history_cursor from = {0};

	ping();
	conversation_watch(&call, true);
	ping();
	require(history_next(registry_mapping, stage_slot(), &from, &entry));
	require(entry.operation.operation == OPERATION_send && entry.operation.writes == 1);
	require(entry.operation.result == 14 && entry.operation.message != 0);
	require(history_next(registry_mapping, stage_slot(), &from, &entry));
	require(entry.operation.operation == OPERATION_recv && entry.operation.writes == 0);
	require(entry.operation.result == 7);
	require(!history_next(registry_mapping, stage_slot(), &from, &entry));
}

static struct evidence_facts record(enum track_way way, const char *bytes)
{
	struct iovec iov = {(void *)(uintptr_t)bytes, strlen(bytes)};
	struct track_call call = call_here(way);
	struct evidence_facts facts;

	conversation_enter(&call);
	conversation_record(&call, &iov, 1, iov.iov_len, &facts);
	require(!call.inside);
	return facts;
}

static void claim_it(void)
{
	require(process_enter());
	store_relaxed(&evidence()->claimed_by, process.lineage.self.serial.n);
}

static struct actor one_that_claims(void)
{
	struct track_call call = call_here(TRACK_WRITE);
	struct actor child;

	ping();
	child = stage_fork();
	conversation_watch(&call, true);
	do_in(child, claim_it);
	return child;
}

/* The wait is bounded: 10 ms each, and in all a twentieth of the time. */
static void claimed_for_long(void)
{
	struct actor child = one_that_claims();
	double began = now_ms(), each;

	require(record(TRACK_WRITE, PING).missed);
	each = now_ms() - began;
	require(each >= 9 && each < 1000);
	began = now_ms();
	for (int i = 0; i < 2000; i++)
		record(TRACK_WRITE, PING);
	require(now_ms() - began < 10000); /* each for its own would be 20 s at least */
	/* It lives: its claim stands. */
	require(load_relaxed(&evidence()->claimed_by) != 0);
	stage_wait(child);
}

static void claimed_by_one_that_was_killed(void)
{
	struct actor child = one_that_claims();

	stage_kill(child);
	require(record(TRACK_WRITE, PING).missed);
	require(load_relaxed(&evidence()->claimed_by) == 0);
	require(!record(TRACK_WRITE, PING).missed);
}

static void write_a_moment_later(void)
{
	usleep(3000);
	record(TRACK_WRITE, PING);
}

/* A reply that was read before its request was recorded: the read waits for the write. */
static void answer_before_its_request(void)
{
	struct track_call call = call_here(TRACK_WRITE);
	struct evidence_facts facts;
	struct actor child;

	ping();
	child = stage_fork();
	conversation_watch(&call, true);
	record(TRACK_WRITE, PING);
	record(TRACK_READ, PONG);
	do_in(child, enter_write);
	do_begin(child, write_a_moment_later);
	facts = record(TRACK_READ, PONG);
	require(do_end(child));
	require(facts.crossing == EVIDENCE_READ);
	stage_wait(child);
}

/* --- before the call
 * ---------------------------------------------------------------------------------------------- */

static struct evidence_facts foresee(const struct iovec *iov, int count)
{
	struct track_call call = call_here(TRACK_WRITE);
	struct evidence_facts facts;

	conversation_enter(&call);
	conversation_foresee(&call, iov, count, &facts);
	conversation_leave(&call);
	return facts;
}

#define CHUNK(text)                                                                                \
	{                                                                                          \
		(void *)(uintptr_t)(text), sizeof(text) - 1                                        \
	}

static void foreseen(void)
{
	struct track_call call = call_here(TRACK_WRITE);
	struct iovec whole[] = {CHUNK(QUIT)};
	struct iovec cut[] = {CHUNK("*1\r\n"), CHUNK(""), CHUNK("$4\r\nQU"), CHUNK("IT\r\n")};
	struct iovec use[] = {CHUNK(PING)};
	struct iovec bad[] = {CHUNK("*1\r\n"), {(void *)8, 10}};

	ping();
	conversation_watch(&call, true);
	require(foresee(whole, 1).goodbye == WIRE_GOODBYE);
	require(foresee(cut, 4).goodbye == WIRE_GOODBYE);
	require(foresee(use, 1).goodbye == WIRE_NO_GOODBYE);
	require(foresee(use, 1).code != 0);
	/* The caller's pointers are not believed. */
	require(foresee(bad, 2).goodbye == WIRE_NO_GOODBYE);
	require(foresee((struct iovec *)8, 1).goodbye == WIRE_NO_GOODBYE);
	/* Nothing of it was recorded. */
	require(evidence()->queued == 0);
}

/* Only the beginning of a long write is looked at. */
static void foreseen_long(void)
{
	struct track_call call = call_here(TRACK_WRITE);
	static char text[4096] = "*2\r\n$4\r\nECHO\r\n$4000\r\n";
	struct iovec iov[] = {{text, sizeof text}, {text, sizeof text}};

	memset(text + 21, 'x', sizeof text - 21);
	ping();
	conversation_watch(&call, true);
	require(foresee(iov, 2).goodbye == WIRE_NO_GOODBYE);
	require(evidence()->queued == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST("an opening in pieces is followed", opening_in_pieces),
		STAGE_TEST("the server's greeting identifies it", greeting_first),
		STAGE_TEST("a TLS hello names what is inside", hello_in_one),
		STAGE_TEST("a TLS hello in pieces", hello_in_pieces),
		STAGE_TEST("a TLS hello in a vector, taken in part", hello_in_a_vector),
		STAGE_TEST("what can be read is not opaque", plain_is_not_opaque),
		STAGE_TEST("a call is inside from enter to leave", inside_and_outside),
		STAGE_TEST("a call of a signal handler ends none", interrupted),
		STAGE_TEST("a call whose frame is gone is over", left_without_a_word),
		STAGE_TEST("a call that was jumped out of is over", left_by_a_jump),
		STAGE_TEST("a call whose thread has ended is over", left_by_a_thread),
		STAGE_TEST("a child is in no call of its parent's", entered_by_the_parent_only),
		STAGE_TEST("more calls than have room", more_than_have_room),
		STAGE_TEST("another's call makes it busy", busy),
		STAGE_TEST("who was killed inside is forgotten", forgotten_when_killed),
		STAGE_TEST("who ended inside is forgotten", forgotten_when_ended),
		STAGE_TEST("watching begins once", watched_once),
		STAGE_TEST("watching that begins late proves nothing yet", watched_late),
		STAGE_TEST("operations are in the history", recorded_in_history),
		STAGE_TEST("waits for a claim are bounded", claimed_for_long),
		STAGE_TEST("the claim of one that was killed is broken",
			   claimed_by_one_that_was_killed),
		STAGE_TEST("an answer waits for its request", answer_before_its_request),
		STAGE_TEST("a write is foreseen", foreseen),
		STAGE_TEST("of a long write the beginning is foreseen", foreseen_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
