/* SPDX-License-Identifier: MIT */
/*
 * An epoll instance is shared by fork, with its registrations: who takes another's connection out
 * of it, and who only looks after its own.
 */
#include <string.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"

static int instance;

static void control(int epfd, int operation, int fd)
{
	struct epoll_event event = {.events = EPOLLIN};

	require(epoll_ctl(epfd, operation, fd, &event) == 0);
}

static int connect_and_register(void)
{
	int fd = peer_connect();

	instance = epoll_create1(EPOLL_CLOEXEC);
	require(instance >= 0);
	control(instance, EPOLL_CTL_ADD, fd);
	return fd;
}

/* What transport.close(), loop.remove_reader() and the like do in a child. */
static void unregister(int fd)
{
	control(instance, EPOLL_CTL_DEL, fd);
	raw_close(fd);
}

static void change(int fd)
{
	control(instance, EPOLL_CTL_MOD, fd);
}

static void run_removed(void)
{
	int fd = connect_and_register();

	run_child(unregister, fd);
	peer_ping(fd);
}

static void run_changed(void)
{
	int fd = connect_and_register();

	run_child(change, fd);
	peer_ping(fd);
}

static void expect_met(const struct log *log, const struct entry_case *self)
{
	const char *relation = log_string(log, "shared-epoll", 0, "other.relation");

	(void)self;
	expect(log_count(log, NULL) == 1);
	expect(log_count(log, "shared-epoll") == 1);
	expect(relation != NULL && strcmp(relation, "child") == 0);
	expect(log_has_frame(log, "shared-epoll", 0, "this_use", "peer_ping"));
	expect(log_has_frame(log, "shared-epoll", 0, "other_use", "entry_main"));
}

/* The parent goes on before the child does it: it relies on its loop. */
static void run_removed_later(void)
{
	int fd = connect_and_register();
	struct gate child_may;
	pid_t pid;

	gate_init(&child_may);
	pid = fork();
	if (pid == 0) {
		gate_wait(&child_may);
		unregister(fd);
		_exit(0);
	}
	peer_ping(fd);
	gate_tell(&child_may);
	require(waitpid(pid, NULL, 0) == pid);
	peer_ping(fd);
}

static void expect_seen(const struct log *log, const struct entry_case *self)
{
	const char *relation = log_string(log, "shared-epoll", 0, "other.relation");
	const char *call = log_string(log, "shared-epoll", 0, "operation.call");

	(void)self;
	expect(log_count(log, "shared-epoll") == 1);
	expect(relation != NULL && strcmp(relation, "parent") == 0);
	expect(call != NULL && strcmp(call, "epoll_ctl") == 0);
	expect(log_has_frame(log, "shared-epoll", 0, "this_use", "entry_main"));
	expect(log_has_frame(log, "shared-epoll", 0, "other_use", "entry_main"));
}

/* A loop of the child's own, with the connection that it inherited. */
static void poll_otherwise(int fd)
{
	int own = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {0};

	control(own, EPOLL_CTL_ADD, fd);
	control(own, EPOLL_CTL_MOD, fd);
	control(own, EPOLL_CTL_DEL, fd);
	require(epoll_ctl(own, EPOLL_CTL_DEL, fd, &event) == -1);
}

static void run_own_instance(void)
{
	int fd = connect_and_register();

	peer_ping(fd);
	run_child(poll_otherwise, fd);
	peer_ping(fd);
	control(instance, EPOLL_CTL_MOD, fd);
	control(instance, EPOLL_CTL_DEL, fd);
}

/* A daemon goes on with connection and loop; its parent waits and does nothing. */
static void run_daemon(void)
{
	run_child(unregister, connect_and_register());
}

/* The parent has noticed, and registers again before it goes on. */
static void run_registered_again(void)
{
	int fd = connect_and_register();

	run_child(unregister, fd);
	control(instance, EPOLL_CTL_ADD, fd);
	peer_ping(fd);
}

/* --- the use of an instance ------------------------------------------------------------------ */

/* A connection that is ready to be written to, so that each wait on the instance ends at once. */
static int connect_and_wait_to_write(int epfd)
{
	struct epoll_event event = {.events = EPOLLOUT};
	int fd = peer_connect();

	instance = epfd;
	require(instance >= 0);
	require(epoll_ctl(instance, EPOLL_CTL_ADD, fd, &event) == 0);
	return fd;
}

static void take_event(int fd)
{
	struct epoll_event event;

	(void)fd;
	require(epoll_wait(instance, &event, 1, -1) == 1);
}

static void run_loop_lives_on(void)
{
	int fd = connect_and_wait_to_write(epoll_create1(EPOLL_CLOEXEC));

	take_event(fd);
	run_child(take_event, fd);
	take_event(fd);
}

static void add_own(int fd)
{
	int own = peer_connect();

	(void)fd;
	control(instance, EPOLL_CTL_ADD, own);
}

static void run_child_adds(void)
{
	run_child(add_own, connect_and_wait_to_write(epoll_create(1)));
}

static void expect_hazard(const struct log *log, const char *call)
{
	const char *relation = log_string(log, "inherited-epoll", 0, "other.relation");
	const char *made = log_string(log, "inherited-epoll", 0, "operation.call");

	expect(log_count(log, "inherited-epoll") == 1);
	expect(log_count(log, "shared-epoll") == 0);
	expect(relation != NULL && strcmp(relation, "parent") == 0);
	expect(made != NULL && strcmp(made, call) == 0);
	expect(log_has_frame(log, "inherited-epoll", 0, "this_use", "entry_main"));
	expect(log_has_frame(log, "inherited-epoll", 0, "other_use", "entry_main"));
}

static void expect_loop(const struct log *log, const struct entry_case *self)
{
	(void)self;
	/* The worker that waits has the connection open, too. */
	expect(log_count(log, "open-at-fork") == 1);
	expect_hazard(log, "epoll_wait");
}

static void expect_no_hazard(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_count(log, "inherited-epoll") == 0);
	expect(log_count(log, "shared-epoll") == 0);
	expect(log_counter(log, "connections_watched") > 0);
}

static void expect_added(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_hazard(log, "epoll_ctl");
}

/* What asyncio.new_event_loop() in a child does, when the first loop was closed: the kernel gives
 * the same number again. */
static void loop_anew(int fd)
{
	int inherited = instance;

	require(close(inherited) == 0);
	require(epoll_create1(EPOLL_CLOEXEC) == inherited);
	require(close(fd) == 0);
	fd = connect_and_wait_to_write(inherited);
	take_event(fd);
}

static void run_loop_anew(void)
{
	run_child(loop_anew, connect_and_wait_to_write(epoll_create1(EPOLL_CLOEXEC)));
}

/* The number is given to another instance by dup2(). */
static void loop_instead(int fd)
{
	int own = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = {.events = EPOLLOUT};

	require(epoll_ctl(own, EPOLL_CTL_ADD, fd, &event) == 0);
	require(dup2(own, instance) == instance);
	require(epoll_wait(instance, &event, 1, -1) == 1);
}

static void run_loop_instead(void)
{
	run_child(loop_instead, connect_and_wait_to_write(epoll_create1(EPOLL_CLOEXEC)));
}

static struct gate parent_ended, child_ended;

static void leave_to_child(int unused)
{
	int fd = connect_and_wait_to_write(epoll_create1(EPOLL_CLOEXEC));

	(void)unused;
	if (fork() == 0) {
		gate_wait(&parent_ended);
		take_event(fd);
		gate_tell(&child_ended);
	}
	_exit(0);
}

/* The loop was handed over: who registered is gone. */
static void run_handed_over(void)
{
	gate_init(&parent_ended);
	gate_init(&child_ended);
	run_child(leave_to_child, -1);
	gate_tell(&parent_ended);
	gate_wait(&child_ended);
}

static const struct entry_case cases[] = {
	{.entry = "epoll_ctl",
	 .name = "a child removes its parent's registration",
	 .run = run_removed,
	 .check = expect_met},
	{.name = "a child changes its parent's registration",
	 .run = run_changed,
	 .check = expect_met},
	{.name = "a child removes the registration of a parent that went on",
	 .run = run_removed_later,
	 .check = expect_seen},
	{.name = "a child polls in an instance of its own",
	 .run = run_own_instance,
	 .check = expect_nothing},
	{.entry = "epoll_create1",
	 .name = "an event loop lives on in a child",
	 .run = run_loop_lives_on,
	 .check = expect_loop},
	{.entry = "epoll_create",
	 .name = "a child adds to its parent's instance",
	 .run = run_child_adds,
	 .check = expect_added},
	{.name = "a child makes an instance of its own after closing the inherited one",
	 .run = run_loop_anew,
	 .check = expect_no_hazard},
	{.name = "a child puts an instance of its own in the place of the inherited one",
	 .run = run_loop_instead,
	 .check = expect_no_hazard},
	{.name = "the process that registered has ended",
	 .run = run_handed_over,
	 .check = expect_nothing},
	{.name = "nobody goes on with the connection", .run = run_daemon, .check = expect_nothing},
	{.name = "the parent registers again",
	 .run = run_registered_again,
	 .check = expect_nothing},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
