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
	{.name = "nobody goes on with the connection", .run = run_daemon, .check = expect_nothing},
	{.name = "the parent registers again",
	 .run = run_registered_again,
	 .check = expect_nothing},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
