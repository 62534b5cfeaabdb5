/* SPDX-License-Identifier: MIT */
/*
 * shim/track/use.c: what a use means, from the call to the finding, in real processes on a real
 * connection; warn mode and strict mode.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <fcntl.h>

#include <cmocka.h>

#include "track_stage.h"
#include "track/conversation.h"

/* --- sound ------------------------------------------------------------------------------------ */

static void alone(void)
{
	for (int i = 0; i < 3; i++)
		ping();
	require_nothing();
	require(counted(COUNT_CONNECTIONS) == 1);
	require(counted(COUNT_CONNECTIONS_INHERITED) == 0);
	require(counted(COUNT_USES_SOUND) == 0);
	/* Its protocol is identified and nobody else holds it: no call needs a look any more. */
	require(load_relaxed(&stage_socket()->last) == process_mine());
	require(track_is_fast(stage_socket()));
}

static void undecided(void)
{
	GIVE("*1\r");
	require(load_relaxed(&stage_socket()->protocol) == PROTOCOL_UNKNOWN);
	require(!track_is_fast(stage_socket()));
	GIVE("\n$4\r\nPING\r\n");
	PEER_SAYS(PONG);
	take_all();
	require(load_relaxed(&stage_socket()->protocol) == PROTOCOL_REDIS);
	require(track_is_fast(stage_socket()));
	for (size_t i = 0; i < sizeof stage_socket()->head[0]; i++)
		require(stage_socket()->head[0][i] == 0);
}

static void child_that_ends(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	stage_wait(child);
	ping();
	require_nothing();
	require(track_is_fast(stage_socket()));
}

static void child_that_waits(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	ping();
	ping();
	require_nothing();
	require(counted(COUNT_CONNECTIONS_INHERITED) == 1);
	require(counted(COUNT_USES_SOUND) == 4);
	stage_wait(child);
}

/* While another process holds the connection its opener's calls are noted; some time after the
 * other has gone no more. */
static void after_a_child_that_was_killed(void)
{
	struct actor child;
	int pings = 0;

	ping();
	child = stage_fork();
	ping();
	require(!track_is_fast(stage_socket()));
	require(load_relaxed(&stage_socket()->flags) & SOCKET_MEMO);
	for (int i = 0; i < 600; i++)
		ping();
	require(load_relaxed(&stage_socket()->flags) & SOCKET_MEMO);
	stage_kill(child);
	while (!track_is_fast(stage_socket()) && ++pings < 1000)
		ping();
	require(pings < 600);
	require(load_relaxed(&stage_socket()->last) == process_mine());
	require_nothing();
	/* The next child is another matter. */
	child = stage_fork();
	give_ping();
	PEER_SAYS(PONG);
	do_in(child, take_all);
	require(found_with("crossed-reply", 0, "\"certainty\":\"proven\""));
	stage_wait(child);
}

/* A hand-over: the child goes on alone. */
static void child_alone(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	let_go();
	ping_in(child);
	ping_in(child);
	stage_wait(child);
	require_nothing();
	require(counted(COUNT_USES_HAZARD) == 0);
}

static void require_fast(void)
{
	require(track_is_fast(stage_socket()));
}

static void child_alone_is_fast(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	let_go();
	ping_in(child);
	do_in(child, require_fast);
	require(stage_wait(child) == 0);
}

/* --- hazards and violations ----------------------------------------------------------------------
 */

static void one_heir(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	ping_in(child);
	ping_in(child);
	stage_wait(child);
	require(count_found("shared-use") == 0);
	require(count_found("inherited-use") == 1);
	require(count_found("open-at-fork") == 0);
	require(found_with("inherited-use", 0, "\"message\":\"PING\""));
	require(found_with("inherited-use", 0, "\"bytes\":14"));
	require(found_with("inherited-use", 0, "\"relation\":\"parent\""));
	require(counted(COUNT_USES_HAZARD) == 1);
	require(counted(COUNT_USES_VIOLATION) == 0);
	require(counted(COUNT_USES_SOUND) == 3);
	require(counted(COUNT_CONNECTIONS_INHERITED) == 1);
}

static void child_then_parent(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	ping_in(child);
	ping();
	require(count_found("shared-use") == 1);
	require(found_with("shared-use", 0, "the child used the connection after the fork"));
	require(found_with("shared-use", 0, "\"relation\":\"child\""));
	/* Both have left the stack of their use where the other finds it. */
	require(!found_with("shared-use", 0, "\"other_use\":[]"));
	require(!found_with("shared-use", 0, "\"this_use\":[]"));
	require(counted(COUNT_USES_VIOLATION) == 1);
	require(process_has_violated());
	stage_wait(child);
}

static void parent_then_child(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	ping();
	ping_in(child);
	require(found_with("shared-use", 0,
			   "the parent used the connection again after it forked"));
	require(!found_with("shared-use", 0, "\"other_use\":[]"));
	require(!found_with("shared-use", 0, "changed O_NONBLOCK"));
	stage_wait(child);
}

static void siblings(void)
{
	struct actor one, other;

	ping();
	one = stage_fork();
	other = stage_fork();
	ping_in(one);
	ping_in(other);
	require(count_found("shared-use") == 1);
	require(found_with("shared-use", 0, "two processes with separate driver states"));
	require(found_with("shared-use", 0, "\"relation\":\"sibling\""));
	stage_wait(one);
	stage_wait(other);
}

static void successor(void)
{
	struct actor one, other;

	ping();
	one = stage_fork();
	ping_in(one);
	stage_kill(one);
	other = stage_fork();
	ping_in(other);
	require(found_with("shared-use", 0, "its predecessor used the connection and has ended"));
	stage_wait(other);
}

static struct actor grandchild;

static void fork_a_daemon(void)
{
	grandchild = stage_fork();
	do_in(grandchild, give_ping);
	require(stage_wait(grandchild) == 0);
}

/* The opener uses what a daemon, which its child forked, has used. */
static void descendant(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	do_in(child, fork_a_daemon);
	ping();
	require(found_with("shared-use", 0, "a descendant used the connection after the fork"));
	require(found_with("shared-use", 0, "\"relation\":\"descendant\""));
	stage_wait(child);
}

static void fork_a_reader(void)
{
	grandchild = stage_fork();
}

static void ping_in_grandchild(void)
{
	do_in(grandchild, give_ping);
	stage_wait(grandchild);
}

static void ancestor(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	do_in(child, fork_a_reader);
	ping();
	do_in(child, ping_in_grandchild);
	require(found_with("shared-use", 0, "an ancestor used the connection again"));
	stage_wait(child);
}

static uint32_t stacks_of(struct actor actor)
{
	const struct registry_process *process_ = registry_find_pid(actor.pid);

	for (int i = 0; process_ && i < FORKSAN_MAX_USERS; i++)
		if (load_relaxed(&stage_socket()->users[i].serial) ==
		    load_relaxed(&process_->serial))
			return load_relaxed(&stage_socket()->users[i].stack_count);
	return 0;
}

/* A use over another's leaves more stacks than a sound one: they are what a report is read for. */
static void stacks_of_uses(void)
{
	struct actor one, other;

	ping();
	one = stage_fork();
	other = stage_fork();
	for (int i = 0; i < 30; i++) {
		ping_in(one);
		ping_in(other);
	}
	require(stacks_of(one) == FORKSAN_USE_STACKS_PER_PROCESS);
	require(stacks_of(other) == FORKSAN_USE_STACKS_PER_PROCESS);
	stage_wait(one);
	stage_wait(other);
}

/* --- crossings
 * ------------------------------------------------------------------------------------ */

static void stolen_reply(void)
{
	struct actor one, other;

	ping();
	one = stage_fork();
	other = stage_fork();
	ping_in(one);
	do_in(one, give_ping);
	PEER_SAYS(PONG);
	do_in(other, take_all);
	require(count_found("crossed-reply") == 1);
	require(found_with("crossed-reply", 0,
			   "this process took bytes of the reply to PING that process "));
	require(found_with("crossed-reply", 0, " sent "));
	require(found_with("crossed-reply", 0, " ms before"));
	require(found_with("crossed-reply", 0, "\"certainty\":\"proven\""));
	require(found_with("crossed-reply", 0, "\"basis\":\"messages\""));
	require(found_with("crossed-reply", 0, "\"relation\":\"sibling\""));
	require(counted(COUNT_REPLIES_CROSSED) == 1);
	stage_wait(one);
	stage_wait(other);
}

static void give_half(void)
{
	GIVE("*1\r\n$4\r\nPI");
}

static void wrote_into(void)
{
	struct actor one, other;

	ping();
	one = stage_fork();
	other = stage_fork();
	ping_in(one);
	ping_in(other);
	do_in(one, give_half);
	do_in(other, give_ping);
	require(found_with("crossed-reply", 0,
			   "this process wrote into the unfinished exchange of "));
	require(counted(COUNT_REPLIES_CROSSED) == 0);
	stage_wait(one);
	stage_wait(other);
}

/* Track is lost: of the other process is known that it uses the connection, not that it has asked.
 */
static void wrote_into_what_is_not_known(void)
{
	struct actor one, other;

	ping();
	one = stage_fork();
	other = stage_fork();
	ping_in(one);
	fetch_add_relaxed(&conversation_evidence(stage_socket())->missed, 1);
	do_in(one, give_half);
	do_in(other, give_ping);
	require(found_with("crossed-reply", 0,
			   "this process wrote, perhaps into an exchange of process "));
	require(found_with("crossed-reply", 0, ", which uses the connection too"));
	require(found_with("crossed-reply", 0, "\"certainty\":\"likely\""));
	stage_wait(one);
	stage_wait(other);
}

/* The first thing after the fork is the damage: the opener asks, its child takes the answer. */
static void stolen_from_the_opener(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	give_ping();
	PEER_SAYS(PONG);
	do_in(child, take_all);
	require(count_found("crossed-reply") == 1);
	require(found_with("crossed-reply", 0, "\"certainty\":\"proven\""));
	require(found_with("crossed-reply", 0, "\"call\":\"send\",\"bytes\":14"));
	require(counted(COUNT_REPLIES_CROSSED) == 1);
	stage_wait(child);
}

/* An exchange that ended before the other's began crosses nothing. */
static void one_after_the_other(void)
{
	struct actor one, other;

	ping();
	one = stage_fork();
	other = stage_fork();
	for (int i = 0; i < 3; i++) {
		ping_in(one);
		ping_in(other);
	}
	require(count_found("crossed-reply") == 0);
	require(counted(COUNT_REPLIES_CROSSED) == 0);
	require(counted(COUNT_USES_VIOLATION) == 5);
	stage_wait(one);
	stage_wait(other);
}

/* --- calls that are none
 * ---------------------------------------------------------------------------- */

static void take_nothing(void)
{
	require(take_flags(10, MSG_DONTWAIT) == -1 && errno == EAGAIN);
}

static void nothing_moved(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	do_in(child, take_nothing);
	ping();
	require_nothing();
	require(lineage_unpack(load_relaxed(&stage_socket()->last)).serial.n ==
		process.lineage.self.serial.n);
	stage_wait(child);
}

/* Closed behind our back, and the number is another socket's now. */
static void reused_number(void)
{
	int other, other_peer;

	ping();
	other = stage_connect(&other_peer);
	require(dup2(other, stage_fd) == stage_fd);
	GIVE(PING);
	require(counted(LOST_STALE_FDS) == 1);
	require(fdtable_lookup(stage_fd).n == 0);
	require_nothing();
}

static void not_watched(void)
{
	stage_options(":watch=-cache");
	GIVE(PING);
	require(fdtable_lookup(stage_fd).n == 0);
	require(counted(COUNT_CONNECTIONS_OTHER) == 1);
	require(counted(COUNT_CONNECTIONS) == 0);
}

/* Another process found out; this one stops at its next call. */
static void not_watched_elsewhere(void)
{
	struct actor child;

	stage_options(":watch=-cache");
	child = stage_fork();
	do_in(child, give_ping);
	require(fdtable_lookup(stage_fd).n != 0);
	GIVE(PING);
	require(fdtable_lookup(stage_fd).n == 0);
	require(counted(COUNT_CONNECTIONS_OTHER) == 1);
	require_nothing();
	stage_wait(child);
}

/* --- what others change
 * --------------------------------------------------------------------------------- */

static void set_nonblocking(void)
{
	long before = track_file_flags(stage_fd);

	require(fcntl(stage_fd, F_SETFL, (int)before | O_NONBLOCK) == 0);
	track_changed(stage_fd, fdtable_lookup(stage_fd), OPERATION_fcntl, before);
}

static void set_something_else(void)
{
	track_changed(stage_fd, fdtable_lookup(stage_fd), OPERATION_setsockopt,
		      track_file_flags(stage_fd));
}

static void wait_until_inside(void)
{
	const struct evidence *evidence = (const void *)stage_socket()->evidence;

	while (load_relaxed(&evidence->inside[WIRE_SERVER][0]) == 0)
		usleep(1000);
}

static void changed_while_inside(void (*change)(void), bool is_told)
{
	struct actor one, other;

	ping();
	one = stage_fork();
	other = stage_fork();
	ping_in(one);
	ping_in(other);
	do_begin(one, take_all);
	do_in(other, wait_until_inside);
	do_in(other, change);
	PEER_SAYS(PONG);
	require(do_end(one));
	do_in(other, give_ping);
	require((load_relaxed(&stage_socket()->unblocked_by) != 0) == is_told);
	require(found_with("shared-use", count_found("shared-use") - 1, " changed O_NONBLOCK") ==
		is_told);
	stage_wait(one);
	stage_wait(other);
}

static void made_nonblocking(void)
{
	changed_while_inside(set_nonblocking, true);
}

static void otherwise_changed(void)
{
	changed_while_inside(set_something_else, false);
}

static void changed_while_idle(void)
{
	struct actor one, other;

	ping();
	one = stage_fork();
	other = stage_fork();
	ping_in(one);
	ping_in(other);
	do_in(other, set_nonblocking);
	require(load_relaxed(&stage_socket()->unblocked_by) == 0);
	stage_wait(one);
	stage_wait(other);
}

/* --- late: the call began on the fast path
 * ------------------------------------------------------------ */

static void ping_late(void)
{
	struct track_fast fast = {stage_socket(), PING, 0, stage_fd};

	require(send(stage_fd, PING, 14, 0) == 14);
	errno = E2BIG;
	track_late_buffer(&fast, OPERATION_send, TRACK_WRITE, 14);
	require(errno == E2BIG);
}

static void late(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	ping_in(child);
	ping_late();
	require(found_with("shared-use", 0, "\"message\":\"PING\""));
	require(found_with("shared-use", 0, "the child used the connection"));
	stage_wait(child);
}

/* --- strict mode
 * ------------------------------------------------------------------------------------------ */

#define ABORTED (128 + SIGABRT)

/* Bytes that wait at the peer. */
static size_t waiting(void)
{
	char buffer[4096];
	ssize_t n = recv(stage_peer, buffer, sizeof buffer, MSG_DONTWAIT | MSG_PEEK);

	return n > 0 ? (size_t)n : 0;
}

static void empty_peer(void)
{
	char buffer[4096];

	while (recv(stage_peer, buffer, sizeof buffer, MSG_DONTWAIT) > 0)
		;
}

static void strict_write(void)
{
	struct actor one, other;

	stage_options(":strict=1");
	ping();
	one = stage_fork();
	other = stage_fork();
	ping_in(one);
	empty_peer();
	do_begin(other, give_ping);
	require(!do_end(other));
	require(stage_wait(other) == ABORTED);
	require(waiting() == 0);
	require(count_found("shared-use") == 1);
	require(found_with("shared-use", 0, "; strict mode aborts this process"));
	/* It claimed nothing: the one that does nothing wrong goes on, and is told of nothing.
	 */
	ping_in(one);
	require(count_found("shared-use") == 1);
	require(count_found("crossed-reply") == 0);
	stage_wait(one);
}

static void strict_sound(void)
{
	struct actor child;

	stage_options(":strict=1");
	ping();
	child = stage_fork();
	let_go();
	ping_in(child);
	ping_in(child);
	require(stage_wait(child) == 0);
	require_nothing();
}

static void strict_read(void)
{
	struct actor one, other;

	stage_options(":strict=1");
	ping();
	one = stage_fork();
	other = stage_fork();
	ping_in(one);
	do_begin(other, take_all);
	PEER_SAYS(PONG);
	require(!do_end(other));
	require(stage_wait(other) == ABORTED);
	/* The bytes are still there, for whom they are meant. */
	do_in(one, take_all);
	stage_wait(one);
}

static void strict_read_of_nothing(void)
{
	struct actor one, other;

	stage_options(":strict=1");
	ping();
	one = stage_fork();
	other = stage_fork();
	ping_in(one);
	do_in(other, take_nothing);
	ping_in(one);
	require(count_found("shared-use") == 0);
	stage_wait(other);
	stage_wait(one);
}

static void fail_to_give(void)
{
	struct iovec iov = {(void *)(uintptr_t)PING, 14};
	struct socket_ref ref = fdtable_lookup(stage_fd);
	struct track_call call;

	require(track_begin(&call, stage_fd, ref, OPERATION_send, TRACK_WRITE, 0, &iov, 1));
	require(lineage_unpack(load_relaxed(&stage_socket()->last)).serial.n ==
		process.lineage.self.serial.n);
	errno = EAGAIN;
	track_end(&call, &iov, 1, -1);
	require(errno == EAGAIN);
}

/* A claim whose call moved nothing is no use. */
static void strict_failed_call(void)
{
	struct actor child;

	stage_options(":strict=1");
	ping();
	child = stage_fork();
	do_in(child, fail_to_give);
	ping();
	require(count_found("shared-use") == 0);
	require(counted(COUNT_USES_VIOLATION) == 0);
	stage_wait(child);
}

/* Judged after the call, where the claim came too late. */
static void ping_late_stopped(void)
{
	ping_late();
}

static void strict_late(void)
{
	struct actor one, other;

	stage_options(":strict=1");
	ping();
	one = stage_fork();
	other = stage_fork();
	ping_in(one);
	do_begin(other, ping_late_stopped);
	require(!do_end(other));
	require(stage_wait(other) == ABORTED);
	stage_wait(one);
}

static void strict_goodbye(void)
{
	struct actor child;

	stage_options(":strict=1");
	ping();
	child = stage_fork();
	empty_peer();
	do_begin(child, give_quit);
	require(!do_end(child));
	require(stage_wait(child) == ABORTED);
	require(waiting() == 0);
	require(count_found("foreign-goodbye") == 1);
	ping();
}

/* The end of the session that nobody else holds, and its answer. */
static void strict_own_goodbye(void)
{
	stage_options(":strict=1");
	ping();
	stage_fork();
	GIVE(QUIT);
	PEER_SAYS("+OK\r\n");
	take_all();
	require_nothing();
}

static void shut_down(void)
{
	errno = E2BIG;
	track_shutdown(stage_fd, fdtable_lookup(stage_fd), SHUT_RDWR);
	require(errno == E2BIG);
}

static void shut_down_by_child(void)
{
	struct actor child;

	ping();
	child = stage_fork();
	do_in(child, shut_down);
	require(count_found("foreign-goodbye") == 1);
	require(found_with("foreign-goodbye", 0, "\"call\":\"shutdown\""));
	stage_wait(child);
}

static void shut_down_by_opener(void)
{
	struct actor child;

	stage_options(":strict=1");
	ping();
	child = stage_fork();
	shut_down();
	require_nothing();
	stage_wait(child);
}

static void shut_down_strictly(void)
{
	struct actor child;

	stage_options(":strict=1");
	ping();
	child = stage_fork();
	do_begin(child, shut_down);
	require(!do_end(child));
	require(stage_wait(child) == ABORTED);
}

/* --- the list
 * ------------------------------------------------------------------------------------------------
 */

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST("a process alone is sound and fast", alone),
		STAGE_TEST("a head that decides nothing yet is wanted on", undecided),
		STAGE_TEST("after a child that ended the owner is fast again", child_that_ends),
		STAGE_TEST("the owner beside an idle child is sound and counted", child_that_waits),
		STAGE_TEST("after a child that was killed the owner is fast again",
			   after_a_child_that_was_killed),
		STAGE_TEST("a child that goes on alone is sound", child_alone),
		STAGE_TEST("a child that goes on alone is fast", child_alone_is_fast),
		STAGE_TEST("one heir beside its parent is a hazard, once", one_heir),
		STAGE_TEST("a child, then its parent", child_then_parent),
		STAGE_TEST("a parent, then its child", parent_then_child),
		STAGE_TEST("two siblings", siblings),
		STAGE_TEST("a successor of one that was killed", successor),
		STAGE_TEST("after a daemon that a child has forked", descendant),
		STAGE_TEST("after a parent's parent", ancestor),
		STAGE_TEST("stacks are taken of uses, up to a limit", stacks_of_uses),
		STAGE_TEST("a reply in the wrong hands", stolen_reply),
		STAGE_TEST("the opener's reply in its child's hands", stolen_from_the_opener),
		STAGE_TEST("a write into another's request", wrote_into),
		STAGE_TEST("a write into what is not known", wrote_into_what_is_not_known),
		STAGE_TEST("exchanges one after the other cross nothing", one_after_the_other),
		STAGE_TEST("a call that moves nothing is no use", nothing_moved),
		STAGE_TEST("a descriptor that was reused is forgotten", reused_number),
		STAGE_TEST("a class that is not watched is forgotten", not_watched),
		STAGE_TEST("a class that another found is forgotten here too",
			   not_watched_elsewhere),
		STAGE_TEST("O_NONBLOCK set under another's call is said", made_nonblocking),
		STAGE_TEST("another change under another's call is not", otherwise_changed),
		STAGE_TEST("O_NONBLOCK set between calls is not", changed_while_idle),
		STAGE_TEST("a call that began fast is judged after it", late),
		STAGE_TEST("strict: a violating write does not leave", strict_write),
		STAGE_TEST("strict: sound uses go on", strict_sound),
		STAGE_TEST("strict: a violating read takes nothing", strict_read),
		STAGE_TEST("strict: a read of nothing goes on", strict_read_of_nothing),
		STAGE_TEST("strict: a call that fails claims nothing", strict_failed_call),
		STAGE_TEST("strict: a call that began fast stops after it", strict_late),
		STAGE_TEST("strict: a foreign goodbye does not leave", strict_goodbye),
		STAGE_TEST("strict: the opener's goodbye leaves", strict_own_goodbye),
		STAGE_TEST("a child's shutdown ends the session", shut_down_by_child),
		STAGE_TEST("the opener's shutdown under an idle child is clean",
			   shut_down_by_opener),
		STAGE_TEST("strict: a child's shutdown is stopped", shut_down_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
