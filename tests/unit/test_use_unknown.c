/* SPDX-License-Identifier: MIT */
/*
 * shim/track/use_unknown.c: connections of which nobody knows the protocol are judged by direction,
 * whichever process speaks first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "track/use_parts.h"
#include "track/use_parts.h"
#include "track_stage.h"

/* More than a head, so that it decides. */
#define ASK "ask me something, whatever it may be\n"
#define ANSWER "this is the answer to your question\n"

static void ask(void)
{
	GIVE(ASK);
}

static void converse(void)
{
	ask();
	PEER_SAYS(ANSWER);
	take_all();
}

static void converse_in(struct actor actor)
{
	do_in(actor, ask);
	PEER_SAYS(ANSWER);
	do_in(actor, take_all);
}

static void alone(void)
{
	for (int i = 0; i < 3; i++)
		converse();
	require_nothing();
	require(use_is_unknown(stage_socket()));
	require(counted(COUNT_CONNECTIONS) == 1);
	require(counted(COUNT_CONNECTIONS_OTHER) == 0);
	/* No call needs a look any more. */
	require(load_relaxed(&stage_socket()->last) == process_mine());
	require(track_is_fast(stage_socket()));
	require((load_relaxed(&stage_socket()->flags) & SOCKET_UNIDENTIFIED) == 0);
}

static void two_that_converse(bool parent_first)
{
	struct actor child;

	converse();
	child = stage_fork();
	if (parent_first)
		converse();
	converse_in(child);
	if (!parent_first)
		converse();
	require(count_found("shared-use") == 1);
	require(found_with("shared-use", 0, "nobody knows the protocol, but two processes take"));
	require(found_with("shared-use", 0, "\"class\":\"unknown\""));
	require(found_with("shared-use", 0, "\"call\":\"recv\""));
	require(!found_with("shared-use", 0, "\"other_use\":[]"));
	require(!found_with("shared-use", 0, "\"history\":[]"));
	require(count_found("crossed-reply") == 0);
	stage_wait(child);
}

static void parent_first(void)
{
	two_that_converse(true);
}

static void child_first(void)
{
	two_that_converse(false);
}

static void siblings(void)
{
	struct actor one, other;

	converse();
	one = stage_fork();
	other = stage_fork();
	converse_in(one);
	converse_in(other);
	require(count_found("shared-use") == 1);
	stage_wait(one);
	stage_wait(other);
}

/* The opener writes first, so that its next read is not the first call after the fork. */
static void reads_after_writes(void)
{
	struct actor child;

	converse();
	child = stage_fork();
	ask();
	ask();
	PEER_SAYS(ANSWER);
	take_all();
	do_in(child, ask);
	PEER_SAYS(ANSWER);
	do_in(child, take_all);
	require(count_found("shared-use") == 1);
	stage_wait(child);
}

/* A log or metrics stream: no hazard either. */
static void many_writers(void)
{
	struct actor one, other;

	ask();
	one = stage_fork();
	other = stage_fork();
	for (int i = 0; i < 40; i++) {
		do_in(one, ask);
		do_in(other, ask);
		ask();
	}
	require_nothing();
	require(counted(COUNT_CONNECTIONS_INHERITED) == 1);
	stage_wait(one);
	stage_wait(other);
}

/* One reads what another writes, as shells do with /dev/tcp. */
static void reader_and_writer(void)
{
	struct actor child;

	ask();
	child = stage_fork();
	for (int i = 0; i < 3; i++) {
		do_in(child, ask);
		PEER_SAYS(ANSWER);
		take_all();
	}
	require_nothing();
	stage_wait(child);
}

/* A child that writes what its parent reads answers to, among what the parent writes. */
static void writer_beside_a_conversation(void)
{
	struct actor child;

	converse();
	child = stage_fork();
	for (int i = 0; i < 3; i++) {
		do_in(child, ask);
		converse();
	}
	require_nothing();
	stage_wait(child);
}

static void heir(void)
{
	struct actor child;

	converse();
	child = stage_fork();
	converse_in(child);
	converse_in(child);
	require_nothing();
	stage_wait(child);
}

static void goes_on_alone(void)
{
	struct actor child;

	converse();
	child = stage_fork();
	do_in(child, ask);
	PEER_SAYS(ANSWER);
	take_all();
	require(!track_is_fast(stage_socket()));
	stage_wait(child);
	for (int i = 0; i < 40; i++)
		ask();
	require_nothing();
	require(track_is_fast(stage_socket()));
}

static void fast_after_an_idle_child(void)
{
	struct actor child;

	converse();
	child = stage_fork();
	converse();
	require(!track_is_fast(stage_socket()));
	stage_kill(child);
	for (int i = 0; i < 40; i++)
		converse();
	require(track_is_fast(stage_socket()));
	require(load_relaxed(&stage_socket()->last) == process_mine());
}

/* --- what becomes known -------------------------------------------------------------------------
 */

static void give_first_half(void)
{
	GIVE("*1\r");
}

static void give_second_half(void)
{
	GIVE("\n$4\r\nPING\r\n");
}

/* Until the bytes decide the connection is judged by direction, afterwards by the whole rule. */
static void known_later(void)
{
	struct actor child;

	give_first_half();
	require(use_is_unknown(stage_socket()));
	child = stage_fork();
	do_in(child, give_second_half);
	require(!use_is_unknown(stage_socket()));
	require(count_found("shared-use") == 0);
	ping();
	require(count_found("shared-use") == 1);
	stage_wait(child);
}

/* Bytes that nobody knows on a known port: watched on, under the port's name. */
static void known_port(void)
{
	struct actor child;

	store_relaxed(&stage_socket()->hint, PROTOCOL_REDIS);
	converse();
	require(use_is_unknown(stage_socket()));
	child = stage_fork();
	converse_in(child);
	converse();
	require(count_found("shared-use") == 1);
	require(found_with("shared-use", 0, "\"protocol\":\"Redis\""));
	stage_wait(child);
}

static void not_wanted(void)
{
	stage_options(":watch=-unknown");
	ask();
	require(fdtable_lookup(stage_fd).n == 0);
	require(counted(COUNT_CONNECTIONS_OTHER) == 1);
	require(counted(COUNT_CONNECTIONS) == 0);
}

/* --- open at the fork
 * ------------------------------------------------------------------------------ */

static void idle_child(void)
{
	struct actor child;

	converse();
	child = stage_fork();
	do_in(child, track_worker_goes_on);
	require_nothing();
	stage_wait(child);
}

static void idle_child_verbosely(void)
{
	struct actor child;

	stage_options(":verbosity=1");
	converse();
	child = stage_fork();
	do_in(child, track_worker_goes_on);
	require(count_found("open-at-fork") == 1);
	stage_wait(child);
}

/* --- strict mode
 * ------------------------------------------------------------------------------------- */

static void strict_read(void)
{
	struct actor child;

	stage_options(":strict=1");
	converse();
	child = stage_fork();
	converse();
	do_in(child, ask);
	do_begin(child, take_all);
	PEER_SAYS(ANSWER);
	require(!do_end(child));
	require(stage_wait(child) == 128 + SIGABRT);
	require(found_with("shared-use", 0, "; strict mode aborts this process"));
	/* The answer is still there. */
	take_all();
	require(count_found("shared-use") == 1);
}

static void take_nothing(void)
{
	require(take_flags(10, MSG_DONTWAIT) == -1 && errno == EAGAIN);
}

static void strict_read_of_nothing(void)
{
	struct actor child;

	stage_options(":strict=1");
	converse();
	child = stage_fork();
	do_in(child, take_nothing);
	converse();
	do_in(child, take_nothing);
	require_nothing();
	require(stage_wait(child) == 0);
}

static void shut_down_one_way(void)
{
	track_shutdown(stage_fd, fdtable_lookup(stage_fd), SHUT_WR);
	require(shutdown(stage_fd, SHUT_WR) == 0);
}

static void half_close(void)
{
	struct actor child;

	ask();
	child = stage_fork();
	do_in(child, ask);
	do_in(child, shut_down_one_way);
	PEER_SAYS(ANSWER);
	take_all();
	require_nothing();
	stage_wait(child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST("a process alone is sound and fast", alone),
		STAGE_TEST("two that converse, the parent first", parent_first),
		STAGE_TEST("two that converse, the child first", child_first),
		STAGE_TEST("two siblings that converse", siblings),
		STAGE_TEST("a read is seen though a write came before it", reads_after_writes),
		STAGE_TEST("many writers are sound", many_writers),
		STAGE_TEST("a reader and a writer are sound", reader_and_writer),
		STAGE_TEST("a writer beside a conversation is sound", writer_beside_a_conversation),
		STAGE_TEST("an heir is sound, and no hazard", heir),
		STAGE_TEST("after a child that wrote and ended the owner is fast again",
			   goes_on_alone),
		STAGE_TEST("after an idle child that was killed the owner is fast again",
			   fast_after_an_idle_child),
		STAGE_TEST("a protocol that is identified later", known_later),
		STAGE_TEST("bytes that nobody knows on a known port", known_port),
		STAGE_TEST("watch=-unknown", not_wanted),
		STAGE_TEST("an idle child is no notice", idle_child),
		STAGE_TEST("an idle child is a notice at verbosity 1", idle_child_verbosely),
		STAGE_TEST("strict: a violating read takes nothing", strict_read),
		STAGE_TEST("strict: a read of nothing goes on", strict_read_of_nothing),
		STAGE_TEST("a way that is shut down is nobody's goodbye", half_close),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
