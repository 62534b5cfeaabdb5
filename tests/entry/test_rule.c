/* SPDX-License-Identifier: MIT */
/*
 * The lineage rule, from end to end: what is sound, what is a hazard, what breaks it.  Rows 23 and
 * 29 of the pitfalls.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

static void wait_for(pid_t pid)
{
	int status;

	require(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

static pid_t start(void)
{
	pid_t pid = fork();

	require(pid >= 0);
	return pid;
}

/* --- sound -------------------------------------------------------------------------------------
 */

static void connect_and_ping(int unused)
{
	int fd = peer_connect();

	(void)unused;
	for (int i = 0; i < 3; i++)
		peer_ping(fd);
	close(fd);
}

static void run_each_its_own(void)
{
	for (int i = 0; i < 3; i++)
		run_child(connect_and_ping, -1);
	connect_and_ping(-1);
}

static void run_closed_before(void)
{
	int fd = peer_connect();

	close(fd);
	run_child(connect_and_ping, -1);
	run_child(connect_and_ping, -1);
}

static void close_it(int fd)
{
	require(close(fd) == 0);
}

static void run_child_closes(void)
{
	int fd = peer_connect();

	for (int i = 0; i < 3; i++) {
		run_child(close_it, fd);
		peer_ping(fd);
	}
}

static void ignore_it(int fd)
{
	(void)fd;
}

static void run_child_ignores(void)
{
	int fd = peer_connect();

	for (int i = 0; i < 3; i++) {
		run_child(ignore_it, fd);
		peer_ping(fd);
	}
}

/* The parent connects, becomes a daemon, and only the daemon goes on: when both before it have
 * ended and with them the gate's other ends. */
static void run_daemon(void)
{
	struct gate over;
	int fd = peer_connect();

	gate_init(&over);
	if (start() != 0)
		return;
	setsid();
	if (start() != 0)
		_exit(0);
	gate_wait(&over);
	for (int i = 0; i < 3; i++)
		peer_ping(fd);
}

static void expect_daemon(const struct log *log, const struct entry_case *self)
{
	expect_nothing(log, self);
	expect(log_counter(log, "processes") == 3);
	expect(log_counter(log, "forks") == 2);
}

/* A server that accepts and forks: nobody connected, so nothing is watched but the clients' ends.
 */
static void run_forking_server(void)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof(in);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	char byte;

	require(bind(listener, (struct sockaddr *)&in, len) == 0 && listen(listener, 4) == 0);
	require(getsockname(listener, (struct sockaddr *)&in, &len) == 0);
	for (int i = 0; i < 2; i++) {
		int client = socket(AF_INET, SOCK_STREAM, 0);
		int served;
		pid_t pid;

		require(connect(client, (struct sockaddr *)&in, len) == 0);
		served = accept(listener, NULL, NULL);
		pid = start();
		if (pid == 0) {
			close(client);
			require(send(served, "a", 1, 0) == 1);
			_exit(0);
		}
		close(served);
		require(recv(client, &byte, 1, 0) == 1);
		wait_for(pid);
		close(client);
	}
}

/* --- hazards ------------------------------------------------------------------------------------
 */

static void ping_often(int fd)
{
	for (int i = 0; i < 3; i++)
		peer_ping(fd);
}

static void run_one_worker(void)
{
	run_child(ping_often, peer_connect());
}

static void run_first_user(void)
{
	run_child(ping_often, peer_connect_only(0));
}

static void expect_message(const struct log *log, const char *kind)
{
	const char *message = log_string(log, kind, 0, "operation.message");

	expect(message != NULL && strcmp(message, "PING") == 0);
}

static void expect_hazard(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "inherited-use") > 0);
	expect(log_count(log, "shared-use") == 0);
	expect(log_counter(log, "uses_hazard") > 0);
	expect(log_counter(log, "uses_violation") == 0);
	expect_message(log, "inherited-use");
}

/* --- violations ----------------------------------------------------------------------------------
 */

static void expect_relation(const struct log *log, const char *relation)
{
	const char *found = log_string(log, "shared-use", 0, "other.relation");

	expect(log_count(log, "shared-use") > 0);
	expect(found != NULL && strcmp(found, relation) == 0);
}

static void run_siblings(void)
{
	siblings_use(peer_ping);
}

static void expect_sibling(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_relation(log, "sibling");
	expect_message(log, "shared-use");
}

/* The child is long gone; the parent's memory never saw what it did. */
static void run_child_then_parent(void)
{
	int fd = peer_connect();

	run_child(peer_ping, fd);
	peer_ping(fd);
}

static void expect_child(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_relation(log, "child");
}

static void run_grandchild_then_grandparent(void)
{
	int fd = peer_connect();
	pid_t pid = start();

	if (pid == 0) {
		run_child(peer_ping, fd);
		_exit(0);
	}
	wait_for(pid);
	peer_ping(fd);
}

static void expect_descendant(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_relation(log, "descendant");
}

static void use_and_fork(int fd)
{
	peer_ping(fd);
	run_child(peer_ping, fd);
}

/* Down the line of ancestors all is sound but for holders; from there to a cousin it is not. */
static void run_cousins(void)
{
	int fd = peer_connect();

	run_child(use_and_fork, fd);
	run_child(peer_ping, fd);
}

static void expect_relative(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_relation(log, "relative");
}

/* --- deep trees
 * ----------------------------------------------------------------------------------- */

#define MORE_THAN_THE_JUDGE_REMEMBERS 70

/* Forks a line of processes, each the child of the one before; the last calls function(fd). */
static void descend(void (*function)(int fd), int fd)
{
	for (int depth = 0; depth < MORE_THAN_THE_JUDGE_REMEMBERS; depth++) {
		pid_t pid = start();

		if (pid != 0) {
			wait_for(pid);
			if (depth > 0)
				_exit(0);
			return;
		}
	}
	function(fd);
	_exit(0);
}

static void run_deep_and_alone(void)
{
	descend(connect_and_ping, -1);
}

static void expect_nothing_forgotten(const struct log *log, const struct entry_case *self)
{
	expect_nothing(log, self);
	expect(log_counter(log, "processes") == MORE_THAN_THE_JUDGE_REMEMBERS + 1);
	expect(log_counter(log, "lost_ancestors") == 0);
}

/* The first cannot be judged, the second breaks the rule over the first. */
static void ping_in_two_children(int fd)
{
	run_child(peer_ping, fd);
	run_child(peer_ping, fd);
}

static void run_deep(void)
{
	descend(ping_in_two_children, peer_connect());
}

/* Each in turn is not judged: one that is not known to be no ancestor was there before. */
static void run_strangers_above(void)
{
	int fd = peer_connect();

	for (int i = 0; i < 3; i++) {
		run_child(peer_ping, fd);
		descend(peer_ping, fd);
	}
}

static void expect_one_forgotten(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_counter(log, "uses_violation") == 1);
	expect(log_count(log, "shared-use") == 1);
	expect(log_count(log, "inherited-use") == 1);
	expect(strcmp(log_string(log, "inherited-use", 0, "other.relation"), "ancestor") == 0);
	expect(log_counter(log, "lost_ancestors") == 1);
}

/* Of the three children the second and the third break the rule over what was below. */
static void expect_forgotten_once(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_counter(log, "uses_violation") == 2);
	expect(log_counter(log, "lost_ancestors") == 1);
}

/* --- hand-overs
 * ----------------------------------------------------------------------------------- */

static void send_fd(int channel, int fd)
{
	char byte = 'f';
	struct iovec iov = {&byte, 1};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS}};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};

	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	require(sendmsg(channel, &message, 0) == 1);
}

static int receive_fd(int channel)
{
	char byte;
	struct iovec iov = {&byte, 1};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	int fd = -1;

	require(recvmsg(channel, &message, MSG_CMSG_CLOEXEC) == 1);
	require(message.msg_controllen >= CMSG_LEN(sizeof(int)));
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

/* A child that was forked before the connection was opened gets it in a message. */
static void hand_over(bool giver_goes_on)
{
	struct gate used;
	int channel[2];
	pid_t pid;
	int fd;

	gate_init(&used);
	require(socketpair(AF_UNIX, SOCK_STREAM, 0, channel) == 0);
	pid = start();
	if (pid == 0) {
		int given = receive_fd(channel[1]);

		peer_ping(given);
		peer_ping(given);
		gate_tell(&used);
		_exit(0);
	}
	fd = peer_connect();
	send_fd(channel[0], fd);
	if (giver_goes_on) {
		gate_wait(&used);
		peer_ping(fd);
	} else {
		close(fd);
	}
	wait_for(pid);
}

static void run_hand_over(void)
{
	hand_over(false);
}

static void run_hand_over_and_go_on(void)
{
	hand_over(true);
}

/* In between nobody has it but the message. */
static void run_only_the_message(void)
{
	struct gate closed;
	int channel[2];
	pid_t pid;
	int fd;

	gate_init(&closed);
	require(socketpair(AF_UNIX, SOCK_STREAM, 0, channel) == 0);
	pid = start();
	if (pid == 0) {
		int given;

		gate_wait(&closed);
		given = receive_fd(channel[1]);
		peer_ping(given);
		run_child(peer_ping, given);
		peer_ping(given);
		_exit(0);
	}
	fd = peer_connect();
	send_fd(channel[0], fd);
	require(close(fd) == 0);
	gate_tell(&closed);
	wait_for(pid);
}

/* --- one mistake over ever other stacks ---------------------------------------------------------
 */

#define DEPTHS 30

/* Uses the connection under `depth` frames of its own. */
static __attribute__((noinline)) void ping_under(int fd, int depth)
{
	if (depth > 0)
		ping_under(fd, depth - 1);
	else
		peer_ping(fd);
	__asm__ volatile("" ::: "memory"); /* no tail call: the frame stays */
}

static void run_many_stacks(void)
{
	struct gate child_may;
	struct gate parent_may;
	int fd = peer_connect();
	pid_t pid;

	gate_init(&child_may);
	gate_init(&parent_may);
	pid = start();
	for (int depth = 0; depth < DEPTHS; depth++) {
		if (pid == 0) {
			ping_under(fd, depth);
			gate_tell(&parent_may);
			gate_wait(&child_may);
		} else {
			gate_wait(&parent_may);
			ping_under(fd, depth);
			gate_tell(&child_may);
		}
	}
	if (pid == 0)
		_exit(0);
	wait_for(pid);
}

/* The first use of the child is a hazard, all others break the rule, twice in each round trip. */
static void expect_few_findings(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_counter(log, "uses_violation") == 2 * DEPTHS - 1);
	expect(log_counter(log, "violations") == 17);
	expect(log_counter(log, "lost_findings") == 0);
	/* The last is the one of all the others, written at once and at its tenth repeat. */
	expect(log_count(log, "shared-use") == 18);
	expect(strcmp(log_string(log, "shared-use", 16, "merged"), "places") == 0);
	expect(log_integer(log, "shared-use", 17, "repeat") == 10);
	expect(log_string(log, "shared-use", 15, "merged") == NULL);
}

static void expect_hand_over(const struct log *log, const struct entry_case *self)
{
	expect_nothing(log, self);
	expect(log_counter(log, "hand_overs") == 1);
}

static void expect_both(const struct log *log, const struct entry_case *self)
{
	expect_child(log, self);
	expect(log_counter(log, "hand_overs") == 1);
}

/* --- proof --------------------------------------------------------------------------------------
 */

static void receive_reply(int fd)
{
	char reply[REPLY_BYTES];

	require(recv(fd, reply, sizeof reply, 0) == REPLY_BYTES);
}

static void send_request(int fd)
{
	require(send(fd, REQUEST, REQUEST_BYTES, MSG_NOSIGNAL) == REQUEST_BYTES);
}

/* One is killed while it waits for a reply; another's request is answered to the parent. */
static void run_killed_inside(void)
{
	int fd = peer_connect();
	pid_t pid;

	run_child(peer_ping, fd);
	pid = start();
	if (pid == 0) {
		receive_reply(fd);
		_exit(1);
	}
	usleep(100000);
	require(kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	run_child(send_request, fd);
	receive_reply(fd);
}

static void expect_proven(const struct log *log, const struct entry_case *self)
{
	const char *certainty = log_string(log, "crossed-reply", 0, "certainty");

	(void)self;
	expect(log_count(log, "crossed-reply") == 1);
	expect(certainty != NULL && strcmp(certainty, "proven") == 0);
}

static const struct entry_case cases[] = {
	{.name = "each process with its own connection is sound",
	 .run = run_each_its_own,
	 .check = expect_nothing},
	{.name = "closed before the fork is sound",
	 .run = run_closed_before,
	 .check = expect_nothing},
	{.name = "a child that only closes is sound",
	 .run = run_child_closes,
	 .check = expect_nothing},
	{.name = "a child that only ends is sound",
	 .run = run_child_ignores,
	 .check = expect_nothing},
	{.name = "a daemon that goes on alone is sound", .run = run_daemon, .check = expect_daemon},
	{.name = "a server that accepts and forks is sound", .run = run_forking_server},
	{.name = "one worker beside its idle master is a hazard",
	 .run = run_one_worker,
	 .check = expect_hazard},
	{.name = "also one whose master has never used the connection",
	 .run = run_first_user,
	 .check = expect_hazard},
	{.name = "two siblings break the rule", .run = run_siblings, .check = expect_sibling},
	{.name = "a child and then its parent break the rule",
	 .run = run_child_then_parent,
	 .check = expect_child},
	{.name = "a grandchild and then its grandparent break the rule",
	 .run = run_grandchild_then_grandparent,
	 .check = expect_descendant},
	{.name = "a nephew and then its uncle break the rule",
	 .run = run_cousins,
	 .check = expect_relative},
	{.name = "a process below many others misses none of them",
	 .run = run_deep_and_alone,
	 .check = expect_nothing_forgotten},
	{.name = "a use that a forgotten ancestor leaves open is counted",
	 .run = run_deep,
	 .check = expect_one_forgotten},
	{.name = "uses of one connection that are left open are counted once",
	 .run = run_strangers_above,
	 .check = expect_forgotten_once},
	{.name = "one killed inside a call keeps no proof away",
	 .run = run_killed_inside,
	 .check = expect_proven},
	{.name = "one mistake over many stacks is few findings",
	 .run = run_many_stacks,
	 .check = expect_few_findings},
	{.name = "a descriptor handed over in a message is sound",
	 .run = run_hand_over,
	 .check = expect_hand_over},
	{.name = "a connection that was in a message alone is still watched",
	 .run = run_only_the_message,
	 .check = expect_child},
	{.name = "a giver that goes on breaks the rule",
	 .run = run_hand_over_and_go_on,
	 .check = expect_both},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
