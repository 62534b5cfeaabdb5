/* SPDX-License-Identifier: MIT */
/*
 * shim/track/goodbye.c: who may end the session for whom, and the last holder's final writes inside
 * TLS, which may have been one.
 */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "track/conversation.h"
#include "track/goodbye.h"
#include "track_stage.h"

#define OK "+OK\r\n"

static void quit(void)
{
	give_quit();
	PEER_SAYS(OK);
	take_all();
}

/* --- the rule -----------------------------------------------------------------------------------
 */

static void alone(void)
{
	ping();
	quit();
	require_nothing();
}

static void opener_under_an_idle_child(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	quit();
	require_nothing();
	stage_wait(child);
}

static void heir_under_its_parent(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	do_in(child, give_quit);
	require(count_found("foreign-goodbye") == 1);
	require(found_with("foreign-goodbye", 0, "this process inherited the connection and ends"));
	require(found_with("foreign-goodbye", 0, "\"relation\":\"parent\""));
	require(found_with("foreign-goodbye", 0, "\"message\":\"QUIT\""));
	require(found_with("foreign-goodbye", 0, "\"bytes\":14"));
	require(!found_with("foreign-goodbye", 0, "\"this_use\":[]"));
	stage_wait(child);
}

/* The worker's goodbye is the last: its parent has let go of the connection. */
static void last_holder(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	let_go();
	do_in(child, give_quit);
	require_nothing();
	stage_wait(child);
}

static void opener_under_a_child_that_uses_it(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	ping_in(child);
	quit();
	require(count_found("foreign-goodbye") == 1);
	require(found_with("foreign-goodbye", 0, "which the other process uses and still"));
	require(found_with("foreign-goodbye", 0, "\"relation\":\"child\""));
	require(!found_with("foreign-goodbye", 0, "\"other_use\":[]"));
	require(process_has_violated());
	/* It is judged as a goodbye and not as a use, and so is the reading of its answer. */
	require(count_found("shared-use") == 0);
	stage_wait(child);
}

static void opener_after_its_child_has_gone(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	ping_in(child);
	stage_wait(child);
	quit();
	require(count_found("foreign-goodbye") == 0);
	require(count_found("shared-use") == 0);
}

/* It has used the connection itself since, which is a violation of its own, and the latest use. */
static void opener_that_used_it_last(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	ping();
	quit();
	require_nothing();
	stage_wait(child);
}

static void one_that_was_given_it(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	fetch_or_relaxed(&stage_socket()->flags, SOCKET_HANDED_OVER);
	exchange_acq_rel(&stage_socket()->last, LINEAGE_ATTENTION);
	do_in(child, give_quit);
	require(count_found("foreign-goodbye") == 0);
	stage_wait(child);
}

static void shut_down(void)
{
	track_shutdown(stage_fd, fdtable_lookup(stage_fd), SHUT_RDWR);
}

/* A driver shuts down what it has said goodbye on: one goodbye. */
static void shutdown_after_the_message(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	do_in(child, give_quit);
	do_in(child, shut_down);
	do_in(child, shut_down);
	require(count_found("foreign-goodbye") == 1);
	stage_wait(child);
}

static void message_after_the_shutdown(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	do_in(child, shut_down);
	do_in(child, give_quit);
	require(count_found("foreign-goodbye") == 2);
	stage_wait(child);
}

/* What was taken for a goodbye was none, since the same process writes on. */
static void give_quit_and_ping(void)
{
	give_quit();
	require(goodbye_was_said(stage_socket()));
	GIVE(PING);
	require(!goodbye_was_said(stage_socket()));
}

static void writes_on(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	do_in(child, give_quit_and_ping);
	stage_wait(child);
}

static void take_back(void)
{
	require(process_enter());
	goodbye_take_back(stage_socket());
}

static void another_writes_on(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	shut_down();
	do_in(child, take_back);
	require(goodbye_was_said(stage_socket()));
	stage_wait(child);
}

/* --- the child meets the end ------------------------------------------------------------------ */

static void meet_the_end(void)
{
	require(take() == 0);
}

/* The opener ends the session at its exit; the daemon that it forked waits for an event. */
static void child_that_waits(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	quit();
	let_go();
	require_nothing();
	require(shutdown(stage_peer, SHUT_WR) == 0);
	do_in(child, meet_the_end);
	require(count_found("foreign-goodbye") == 1);
	require(found_with("foreign-goodbye", 0, " ended (QUIT) after this process's memory was"));
	require(found_with("foreign-goodbye", 0, "\"relation\":\"parent\""));
	require(!found_with("foreign-goodbye", 0, "\"this_use\":[]"));
	require(!found_with("foreign-goodbye", 0, "\"other_use\":[]"));
	require(count_found("shared-use") == 0);
	stage_wait(child);
}

static int about_to_end[2], ended[2];

static void begin_to_quit(void)
{
	static const struct iovec iov = {(void *)(uintptr_t)QUIT, sizeof(QUIT) - 1};
	struct track_call call;

	require(track_begin(&call, stage_fd, fdtable_lookup(stage_fd), OPERATION_send, TRACK_WRITE,
			    MSG_NOSIGNAL, &iov, 1));
}

static void meet_the_end_at_once(void)
{
	char buffer[64], told = 't';
	struct iovec iov = {buffer, sizeof buffer};
	struct track_call call;

	require(track_begin(&call, stage_fd, fdtable_lookup(stage_fd), OPERATION_recv, TRACK_READ,
			    0, NULL, 0));
	require(recv(stage_fd, buffer, sizeof buffer, 0) == 0);
	require(write(about_to_end[1], &told, 1) == 1);
	track_end(&call, &iov, 1, 0);
	require(write(ended[1], &told, 1) == 1);
}

/* The server closes and the child finds out while the opener is on its way out of the call that
 * says goodbye.  `before`: what the opener does between the fork and its goodbye. */
static void child_before_the_goodbye_is_noted(void (*before)(void))
{
	struct iovec iov = {(void *)(uintptr_t)QUIT, sizeof(QUIT) - 1};
	struct pollfd ready = {.events = POLLIN};
	struct actor child;
	struct track_call call;
	char told;

	require(pipe(about_to_end) == 0 && pipe(ended) == 0);
	ping();
	child = stage_fork();
	before();
	require(track_begin(&call, stage_fd, fdtable_lookup(stage_fd), OPERATION_send, TRACK_WRITE,
			    MSG_NOSIGNAL, &iov, 1));
	require(send(stage_fd, QUIT, iov.iov_len, MSG_NOSIGNAL) == (ssize_t)iov.iov_len);
	require(shutdown(stage_peer, SHUT_WR) == 0);
	do_begin(child, meet_the_end_at_once);
	require(read(about_to_end[0], &told, 1) == 1);
	/* Time for a child that does not wait. */
	ready.fd = ended[0];
	require(poll(&ready, 1, 50) == 0);
	track_end(&call, &iov, 1, (ssize_t)iov.iov_len);
	require(do_end(child));
	require(count_found("foreign-goodbye") == 1);
	require(found_with("foreign-goodbye", 0, "\"needed\":true"));
	require(found_with("foreign-goodbye", 0, " ended (QUIT) after this process's memory was"));
	stage_wait(child);
}

static void nothing(void)
{
}

static void ping_twice(void)
{
	ping();
	ping();
}

static void child_before_the_first_call_is_noted(void)
{
	child_before_the_goodbye_is_noted(nothing);
}

static void child_before_a_later_call_is_noted(void)
{
	child_before_the_goodbye_is_noted(ping_twice);
}

/* Nobody waits for the call of a process that was killed in it. */
static void child_of_one_that_was_killed(void)
{
	struct actor sibling, child;

	ping();
	sibling = stage_fork();
	child = stage_fork();
	do_in(sibling, begin_to_quit);
	stage_kill(sibling);
	require(shutdown(stage_peer, SHUT_WR) == 0);
	do_in(child, meet_the_end);
	require(!conversation_is_busy(stage_socket()));
	require(count_found("foreign-goodbye") == 0);
	stage_wait(child);
}

static void child_that_asks(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	quit();
	let_go();
	do_in(child, give_ping);
	require(found_with("foreign-goodbye", 0, " ended (QUIT) after this process's memory was"));
	require(found_with("foreign-goodbye", 0, "\"message\":\"PING\""));
	require(count_found("shared-use") == 0);
	stage_wait(child);
}

static void fail_to_ask(void)
{
	while (give_bytes(PING, 14) == 14)
		;
	require(errno == EPIPE || errno == ECONNRESET);
}

static void child_that_is_reset(void)
{
	struct linger linger = {1, 0};
	struct actor child;

	ping();
	child = stage_fork();
	shut_down();
	require(setsockopt(stage_peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0);
	close(stage_peer);
	do_in(child, fail_to_ask);
	require(found_with("foreign-goodbye", 0, " ended (shutdown) after this process's memory"));
	stage_wait(child);
}

static void fail_to_quit(void)
{
	while (give_bytes(QUIT, 14) == 14)
		;
	require(errno == EPIPE || errno == ECONNRESET);
}

/* Its driver's destructor says goodbye too: nobody needed the session. */
static void child_that_quits_too(void)
{
	struct linger linger = {1, 0};
	struct actor child;

	ping();
	child = stage_fork();
	quit();
	require(setsockopt(stage_peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0);
	close(stage_peer);
	let_go();
	do_in(child, fail_to_quit);
	require(count_found("foreign-goodbye") == 0);
	stage_wait(child);
}

/* It was told, by its memory. */
static void child_that_was_forked_later(void)
{
	struct actor child;

	ping();
	shut_down();
	child = stage_fork();
	require(shutdown(stage_peer, SHUT_WR) == 0);
	do_in(child, meet_the_end);
	require_nothing();
	stage_wait(child);
}

static void read_into_no_room(void)
{
	require(take_flags(0, 0) == 0);
}

static void child_that_reads_into_no_room(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	quit();
	PEER_SAYS(PONG);
	do_in(child, read_into_no_room);
	require_nothing();
	stage_wait(child);
}

/* The server hangs up: nobody ended anything. */
static void server_that_hangs_up(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	ping();
	require(shutdown(stage_peer, SHUT_WR) == 0);
	do_in(child, meet_the_end);
	require_nothing();
	stage_wait(child);
}

/* Reported once, by the one that ended it for another that was using it. */
static void child_whose_end_was_reported(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	ping_in(child);
	quit();
	require(shutdown(stage_peer, SHUT_WR) == 0);
	do_in(child, meet_the_end);
	require(count_found("foreign-goodbye") == 1);
	stage_wait(child);
}

static void strict_child_that_asks(void)
{
	struct actor child;
	char buffer[64];

	stage_options(":strict=1");
	ping();
	child = stage_fork();
	quit();
	while (recv(stage_peer, buffer, sizeof buffer, MSG_DONTWAIT) > 0)
		;
	do_begin(child, give_ping);
	require(!do_end(child));
	require(stage_wait(child) == 128 + SIGABRT);
	require(recv(stage_peer, buffer, sizeof buffer, MSG_DONTWAIT) < 0);
	require(found_with("foreign-goodbye", 0, "; strict mode aborts this process"));
}

static void strict_child_that_waits(void)
{
	struct actor child;

	stage_options(":strict=1");
	ping();
	child = stage_fork();
	quit();
	require(shutdown(stage_peer, SHUT_WR) == 0);
	do_begin(child, meet_the_end);
	require(!do_end(child));
	require(stage_wait(child) == 128 + SIGABRT);
}

/* Its own goodbye says more than that it was forked with the connection open. */
static void no_notice_after_it(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	do_in(child, give_quit);
	do_in(child, track_worker_goes_on);
	require(count_found("open-at-fork") == 0);
	stage_wait(child);
}

/* --- inside TLS
 * -------------------------------------------------------------------------------------- */

/* A ClientHello's beginning, a ServerHello's, and one record of 32 encrypted bytes. */
#define HELLO "\x16\x03\x01\x00\x06\x01\x00\x00\x02\x03\x03"
#define SERVER_HELLO "\x16\x03\x03\x00\x06\x02\x00\x00\x02\x03\x03"
#define RECORD                                                                                     \
	"\x17\x03\x03\x00\x20"                                                                     \
	"0123456789abcdef0123456789abcdef"
#define CLOSE_NOTIFY                                                                               \
	"\x17\x03\x03\x00\x13"                                                                     \
	"0123456789abcdef012"

static void give_record(void)
{
	GIVE(RECORD);
}

static void give_close_notify(void)
{
	GIVE(CLOSE_NOTIFY);
}

static void begin_tls(void)
{
	GIVE(HELLO);
	PEER_SAYS(SERVER_HELLO);
	take_all();
	GIVE(RECORD);
	PEER_SAYS(RECORD);
	take_all();
}

static struct actor heir_that_used_it(void)
{
	struct actor child;

	begin_tls();
	child = stage_fork();
	do_in(child, give_record);
	PEER_SAYS(RECORD);
	do_in(child, take_all);
	return child;
}

/* The master at its end, after its worker has gone: SSL_write and nothing read. */
static void last_holders_final_write(void)
{
	stage_wait(heir_that_used_it());
	give_record();
	give_record();
	require(count_found("shared-use") == 0);
	require(counted(COUNT_GOODBYES_PRESUMED) ==
		1); /* its first; the second is sound by itself */
}

static void last_holder_that_reads_on(void)
{
	stage_wait(heir_that_used_it());
	give_record();
	PEER_SAYS(RECORD);
	take_all();
	require(count_found("shared-use") == 1);
	require(found_with("shared-use", 0, "\"call\":\"send\""));
	require(found_with("shared-use", 0, "\"bytes\":37"));
	require(!found_with("shared-use", 0, "the write had gone out")); /* nothing was stopped */
	require(counted(COUNT_GOODBYES_PRESUMED) == 0);
	/* Told once. */
	take_flags(1, MSG_DONTWAIT);
	require(count_found("shared-use") == 1);
}

static void last_holder_that_reads_the_end(void)
{
	stage_wait(heir_that_used_it());
	give_record();
	require(shutdown(stage_peer, SHUT_WR) == 0);
	require(take() == 0);
	require(count_found("shared-use") == 1);
}

static void last_holder_that_is_reset(void)
{
	struct linger linger = {1, 0};

	stage_wait(heir_that_used_it());
	give_record();
	require(setsockopt(stage_peer, SOL_SOCKET, SO_LINGER, &linger, sizeof linger) == 0);
	close(stage_peer);
	require(take() == -1 && errno == ECONNRESET);
	require(count_found("shared-use") == 1);
}

static void last_holder_that_has_to_wait(void)
{
	stage_wait(heir_that_used_it());
	give_record();
	require(take_flags(10, MSG_DONTWAIT) == -1 && errno == EAGAIN);
	require(count_found("shared-use") == 0);
}

/* The answer to a goodbye that can be told is no use, nor does it tell of one. */
static void close_notify_and_its_answer(void)
{
	stage_wait(heir_that_used_it());
	give_close_notify();
	PEER_SAYS(CLOSE_NOTIFY);
	take_all();
	require(take_flags(10, MSG_DONTWAIT) == -1);
	require(count_found("shared-use") == 0);
	require(count_found("foreign-goodbye") == 0);
}

/* Its opener has ended the session inside TLS; the child's driver says goodbye too, in a record
 * that nobody can read (COM_QUIT) and a close_notify. */
static struct actor child_whose_opener_closed(void)
{
	struct actor child;

	begin_tls();
	child = stage_fork();
	give_record();
	give_close_notify();
	let_go();
	require_nothing();
	return child;
}

static void tls_child_that_quits_too(void)
{
	struct actor child = child_whose_opener_closed();

	do_in(child, give_record);
	do_in(child, give_close_notify);
	require(shutdown(stage_peer, SHUT_WR) == 0);
	do_in(child, meet_the_end);
	require_nothing();
	stage_wait(child);
}

static void tls_child_that_asks(void)
{
	struct actor child = child_whose_opener_closed();

	do_in(child, give_record);
	require(shutdown(stage_peer, SHUT_WR) == 0);
	do_in(child, meet_the_end);
	require(count_found("foreign-goodbye") == 1);
	require(found_with("foreign-goodbye", 0, "\"certainty\":\"likely\""));
	require(found_with("foreign-goodbye", 0, "\"needed\":true"));
	stage_wait(child);
}

static void close_notify_under_another(void)
{
	struct actor child;

	begin_tls();
	child = stage_fork();
	do_in(child, give_close_notify);
	require(count_found("foreign-goodbye") == 1);
	require(found_with("foreign-goodbye", 0, "\"certainty\":\"likely\""));
	stage_wait(child);
}

static void take_answer(void)
{
	GIVE(RECORD);
	take();
}

/* Strict mode cannot know the write for a use; the read shows it, and takes nothing. */
static void strict_last_holder_that_reads_on(void)
{
	struct actor child, last;

	stage_options(":strict=1");
	begin_tls();
	child = stage_fork();
	last = stage_fork();
	do_in(child, give_record);
	PEER_SAYS(RECORD);
	do_in(child, take_all);
	stage_wait(child);
	let_go();
	do_begin(last, take_answer);
	PEER_SAYS(RECORD);
	require(!do_end(last));
	require(stage_wait(last) == 128 + SIGABRT);
	require(found_with("shared-use", 0,
			   "; strict mode aborts this process now that it reads: the write had "
			   "gone out"));
}

/* Not the last holder: its write is a use at once. */
static void one_of_two_holders(void)
{
	struct actor child = heir_that_used_it();

	give_record();
	require(count_found("shared-use") == 1);
	stage_wait(child);
}

/* --- what is kept back
 * ------------------------------------------------------------------------------------ */

static struct track_call call_here(void)
{
	return (struct track_call){
		.fd = stage_fd,
		.slot = stage_slot(),
		.socket = stage_socket(),
		.operation = OPERATION_send,
		.way = TRACK_WRITE,
	};
}

static bool recall(struct track_call *call, int64_t *moved)
{
	struct track_call read = call_here();
	struct lineage_use last;

	return goodbye_recall(&read, call, &last, moved);
}

static void kept_until_full(void)
{
	struct lineage_use last = {{7}, 3};
	struct track_call call = call_here(), got;
	int64_t moved;
	int kept = 0;

	require(!recall(&got, &moved));
	while (kept < 1000 && goodbye_defer(&call, last, 100 + kept))
		kept++;
	require(kept == 16);
	for (int i = 0; i < kept; i++) {
		require(recall(&got, &moved));
		require(got.fd == stage_fd && moved == 100 + i);
	}
	require(!recall(&got, &moved));
	require(goodbye_defer(&call, last, 1));
}

static void recall_nothing(void)
{
	struct track_call got;
	int64_t moved;

	require(process_enter());
	require(!recall(&got, &moved));
}

static void defer_until_full(void)
{
	struct track_call call = call_here();
	int kept = 0;

	require(process_enter());
	while (kept < 1000 && goodbye_defer(&call, (struct lineage_use){{7}, 3}, 1))
		kept++;
	require(kept == 16);
}

/* A child has the memory and not the writes. */
static void kept_by_the_parent_only(void)
{
	struct track_call call = call_here(), got;
	struct actor child, other;
	int64_t moved;

	for (int i = 0; i < 16; i++)
		require(goodbye_defer(&call, (struct lineage_use){{7}, 3}, 42));
	child = stage_fork();
	other = stage_fork();
	do_in(child, recall_nothing);
	do_in(other, defer_until_full);
	require(recall(&got, &moved) && moved == 42);
	stage_wait(child);
	stage_wait(other);
}

/* What was kept for a connection that is gone makes room, and is not told of the next one. */
static void kept_for_one_that_is_gone(void)
{
	struct track_call call = call_here(), got;
	int64_t moved;

	for (int i = 0; i < 16; i++)
		require(goodbye_defer(&call, (struct lineage_use){{7}, 3}, 42));
	let_go();
	close(stage_peer);
	stage_fd = stage_connect(&stage_peer);
	require(stage_socket() == call.socket);
	require(!recall(&got, &moved));
	defer_until_full();
}

static void kept_for_another_connection(void)
{
	struct track_call call = call_here(), got;
	int first = stage_fd, other_peer;
	int64_t moved;

	require(goodbye_defer(&call, (struct lineage_use){{7}, 3}, 42));
	stage_fd = stage_connect(&other_peer);
	require(!recall(&got, &moved));
	stage_fd = first;
	require(recall(&got, &moved));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST("a process alone", alone),
		STAGE_TEST("the opener under an idle child is clean", opener_under_an_idle_child),
		STAGE_TEST("an heir under its parent is foreign", heir_under_its_parent),
		STAGE_TEST("the last holder is clean", last_holder),
		STAGE_TEST("the opener under a child that uses it is foreign",
			   opener_under_a_child_that_uses_it),
		STAGE_TEST("the opener after its child has gone", opener_after_its_child_has_gone),
		STAGE_TEST("the opener that was the last to use it", opener_that_used_it_last),
		STAGE_TEST("one that was given it has not inherited it", one_that_was_given_it),
		STAGE_TEST("a shutdown after the message is the same goodbye",
			   shutdown_after_the_message),
		STAGE_TEST("a message after the shutdown is another", message_after_the_shutdown),
		STAGE_TEST("who writes on has said none", writes_on),
		STAGE_TEST("another that writes on takes none back", another_writes_on),
		STAGE_TEST("a child that waits meets the opener's goodbye", child_that_waits),
		STAGE_TEST("a child that meets the end before the opener's goodbye is noted",
			   child_before_the_first_call_is_noted),
		STAGE_TEST("the same, and the goodbye is a later call",
			   child_before_a_later_call_is_noted),
		STAGE_TEST("nobody waits for one that was killed in its goodbye",
			   child_of_one_that_was_killed),
		STAGE_TEST("a child that asks meets the opener's goodbye", child_that_asks),
		STAGE_TEST("a child that is reset meets the opener's shutdown",
			   child_that_is_reset),
		STAGE_TEST("a child whose goodbye comes too late needs nothing",
			   child_that_quits_too),
		STAGE_TEST("a child that was forked after the goodbye knows",
			   child_that_was_forked_later),
		STAGE_TEST("a read into no room meets nothing", child_that_reads_into_no_room),
		STAGE_TEST("the server's end is nobody's goodbye", server_that_hangs_up),
		STAGE_TEST("a goodbye that was reported is not met again",
			   child_whose_end_was_reported),
		STAGE_TEST("strict: a child that asks is stopped", strict_child_that_asks),
		STAGE_TEST("strict: a child that waits is stopped", strict_child_that_waits),
		STAGE_TEST("no open-at-fork after a goodbye", no_notice_after_it),
		STAGE_TEST("strict, TLS: the last holder is stopped at its read",
			   strict_last_holder_that_reads_on),
		STAGE_TEST("TLS: the last holder's final writes", last_holders_final_write),
		STAGE_TEST("TLS: the last holder reads on", last_holder_that_reads_on),
		STAGE_TEST("TLS: the last holder reads the end", last_holder_that_reads_the_end),
		STAGE_TEST("TLS: the last holder is reset", last_holder_that_is_reset),
		STAGE_TEST("TLS: a read that has to wait tells nothing",
			   last_holder_that_has_to_wait),
		STAGE_TEST("TLS: close_notify and its answer", close_notify_and_its_answer),
		STAGE_TEST("TLS: a child that quits after its opener", tls_child_that_quits_too),
		STAGE_TEST("TLS: a child that asks after its opener's goodbye",
			   tls_child_that_asks),
		STAGE_TEST("TLS: close_notify under another", close_notify_under_another),
		STAGE_TEST("TLS: one of two holders", one_of_two_holders),
		STAGE_TEST("sixteen are kept, oldest first", kept_until_full),
		STAGE_TEST("a child keeps nothing of its parent's", kept_by_the_parent_only),
		STAGE_TEST("nothing is kept of a connection that is gone",
			   kept_for_one_that_is_gone),
		STAGE_TEST("each connection has its own", kept_for_another_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
