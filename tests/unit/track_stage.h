/* SPDX-License-Identifier: MIT */
/*
 * A stage for the room track/: a session of its own, one watched TCP connection with a real peer,
 * and real processes that use it one after the other.
 *
 *   cmocka's process
 *     +-- the opener: stage_run() forks it for each test, so that a test begins with no memory.  It
 *           joins a new session, connects, and keeps the peer's end of the connection too.
 *           +-- actors: stage_fork(); each does what it is told by do_in() and nothing else
 *
 * Nothing is interposed: give() and take() call the tracker around the system call as the wrappers
 * do.  Findings are read from the log that the session really writes.
 */
#ifndef FORKSAN_TESTS_TRACK_STAGE_H
#define FORKSAN_TESTS_TRACK_STAGE_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "options/options.h"
#include "process/fdtable.h"
#include "process/process.h"
#include "report/report.h"
#include "track/track.h"

#define STAGE_LOG_BYTES (1 << 20)

static char stage_log_path[128];
static char stage_log_text[STAGE_LOG_BYTES];
static int stage_fd;   /* the connection, watched */
static int stage_peer; /* its other end */

/* Ends the process that runs the test (or an actor of it) as failed. */
#define require(condition)                                                                         \
	((condition) ? (void)0 : stage_failed(__FILE__, __LINE__, #condition, errno))

__attribute__((noreturn)) static void stage_failed(const char *file, int line,
						   const char *condition, int error)
{
	fprintf(stderr, "%s:%d: %s (pid %d, errno %d)\n", file, line, condition, (int)getpid(),
		error);
	_exit(1);
}

static void stage_complain(const char *line)
{
	fprintf(stderr, "%s\n", line);
	abort();
}

/* Whatever was set so far is default again; `more` begins with ':' or is empty. */
static inline void stage_options(const char *more)
{
	char text[256];

	snprintf(text, sizeof text, "log_path=%s%s", stage_log_path, more);
	options_parse(text, stage_complain);
	report_start();
}

/* --- the connection ----------------------------------------------------------------------------
 */

/* Connects and has the descriptor watched; *peer is the accepted end.  The port is nobody's. */
static inline int stage_connect(int *peer)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof in;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	require(bind(listener, (struct sockaddr *)&in, len) == 0 && listen(listener, 1) == 0);
	require(getsockname(listener, (struct sockaddr *)&in, &len) == 0);
	require(connect(fd, (struct sockaddr *)&in, len) == 0);
	*peer = accept(listener, NULL, NULL);
	require(*peer >= 0);
	close(listener);
	track_connected(fd, (struct sockaddr *)&in, len);
	require(fdtable_lookup(fd).n != 0);
	return fd;
}

static inline struct socket_slot stage_slot(void)
{
	return socket_ref_slot(fdtable_lookup(stage_fd));
}

static inline struct registry_socket *stage_socket(void)
{
	return &registry_mapping->sockets[stage_slot().n];
}

/* --- uses ----------------------------------------------------------------------------------------
 */

static inline ssize_t give_bytes(const void *bytes, size_t len)
{
	struct iovec iov = {(void *)(uintptr_t)bytes, len};
	struct socket_ref ref = fdtable_lookup(stage_fd);
	struct track_call call;
	ssize_t n;

	if (ref.n == 0)
		return send(stage_fd, bytes, len, MSG_NOSIGNAL);
	if (!track_begin(&call, stage_fd, ref, OPERATION_send, TRACK_WRITE, MSG_NOSIGNAL, &iov, 1))
		return -1;
	n = send(stage_fd, bytes, len, MSG_NOSIGNAL);
	track_end(&call, &iov, 1, n);
	return n;
}

#define GIVE(text) require(give_bytes(text, sizeof(text) - 1) == (ssize_t)sizeof(text) - 1)

/* Takes what is there, at most `len` bytes; with `flags` of recv(2). */
static inline ssize_t take_flags(size_t len, int flags)
{
	char buffer[4096];
	struct iovec iov = {buffer, len};
	struct socket_ref ref = fdtable_lookup(stage_fd);
	struct track_call call;
	ssize_t n;

	if (ref.n == 0)
		return recv(stage_fd, buffer, len, flags);
	if (!track_begin(&call, stage_fd, ref, OPERATION_recv, TRACK_READ, flags, NULL, 0))
		return -1;
	n = recv(stage_fd, buffer, len, flags);
	track_end(&call, &iov, 1, n);
	return n;
}

static inline ssize_t take(void)
{
	return take_flags(4096, 0);
}

/* Redis, on a port that is nobody's. */
#define PING "*1\r\n$4\r\nPING\r\n"
#define PONG "+PONG\r\n"
#define QUIT "*1\r\n$4\r\nQUIT\r\n"

static inline void peer_says_bytes(const void *bytes, size_t len)
{
	require(send(stage_peer, bytes, len, MSG_NOSIGNAL) == (ssize_t)len);
}

#define PEER_SAYS(text) peer_says_bytes(text, sizeof(text) - 1)

/* --- other processes
 * ------------------------------------------------------------------------------ */

struct actor {
	pid_t pid;
	int orders;
	int answers;
};

static inline void stage_serve(int orders, int answers)
{
	void (*act)(void);
	char done = 'd';

	while (read(orders, &act, sizeof act) == (ssize_t)sizeof act && act) {
		act();
		require(write(answers, &done, 1) == 1);
	}
	_exit(0);
}

/* fork(), as its wrapper does it; ends the test when there can be no further process. */
static inline pid_t stage_make_process(void)
{
	struct process_fork under_way;
	pid_t pid;

	process_before_fork(&under_way);
	pid = fork();
	process_after_fork(&under_way, pid);
	require(pid >= 0);
	return pid;
}

/* A process that is forked now and obeys. */
static inline struct actor stage_fork(void)
{
	int orders[2], answers[2];
	struct actor actor;

	require(pipe(orders) == 0 && pipe(answers) == 0);
	actor.pid = stage_make_process();
	if (actor.pid == 0) {
		/* A test that fails leaves nobody behind. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(orders[1]);
		close(answers[0]);
		if (stage_peer >= 0)
			close(stage_peer);
		stage_peer = -1;
		stage_serve(orders[0], answers[1]);
	}
	close(orders[0]);
	close(answers[1]);
	actor.orders = orders[1];
	actor.answers = answers[0];
	return actor;
}

static inline void do_begin(struct actor actor, void (*act)(void))
{
	require(write(actor.orders, &act, sizeof act) == (ssize_t)sizeof act);
}

/* False: the actor has ended instead. */
static inline bool do_end(struct actor actor)
{
	char done;

	return read(actor.answers, &done, 1) == 1;
}

static inline void do_in(struct actor actor, void (*act)(void))
{
	do_begin(actor, act);
	require(do_end(actor));
}

/* Its exit status, a signal as 128 + number.  It says goodbye to the session as a program's end
 * does, unless a signal ended it. */
static inline int stage_wait(struct actor actor)
{
	void (*end)(void) = NULL;
	int status;

	/* One that was killed reads no orders. */
	signal(SIGPIPE, SIG_IGN);
	(void)!write(actor.orders, &end, sizeof end);
	close(actor.orders);
	close(actor.answers);
	require(waitpid(actor.pid, &status, 0) == actor.pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static inline void stage_kill(struct actor actor)
{
	require(kill(actor.pid, SIGKILL) == 0);
	require(stage_wait(actor) == 128 + SIGKILL);
}

/* What actors are told. */
static inline void give_ping(void)
{
	GIVE(PING);
}

static inline void give_quit(void)
{
	GIVE(QUIT);
}

static inline void take_all(void)
{
	require(take() > 0);
}

/* Closes the connection as close() does. */
static inline void let_go(void)
{
	track_closing(stage_fd);
	close(stage_fd);
}

/* One exchange of this process, with the peer that it holds itself (the opener's). */
static inline void ping(void)
{
	GIVE(PING);
	PEER_SAYS(PONG);
	require(take() == (ssize_t)sizeof(PONG) - 1);
}

/* One exchange of the actor, the opener being the peer. */
static inline void ping_in(struct actor actor)
{
	do_in(actor, give_ping);
	PEER_SAYS(PONG);
	do_in(actor, take_all);
}

/* --- what was found
 * ------------------------------------------------------------------------------- */

static inline void stage_read_log(void)
{
	FILE *file = fopen(stage_log_path, "r");
	size_t n = 0;

	if (file) {
		n = fread(stage_log_text, 1, sizeof stage_log_text - 1, file);
		fclose(file);
	}
	stage_log_text[n] = '\0';
}

/* The finding of that kind (NULL: any), the index-th; NULL: there is none.  Valid until the next
 * call. */
static inline const char *found(const char *kind, int index)
{
	char member[64];
	char *line;

	snprintf(member, sizeof member, "\"kind\":\"%s", kind ? kind : "");
	stage_read_log();
	for (line = strtok(stage_log_text, "\n"); line; line = strtok(NULL, "\n"))
		if (strstr(line, member) && index-- == 0)
			return line;
	return NULL;
}

static inline int count_found(const char *kind)
{
	int n = 0;

	while (found(kind, n))
		n++;
	return n;
}

/* The index-th finding of that kind has that text, part of its line. */
static inline bool found_with(const char *kind, int index, const char *text)
{
	const char *line = found(kind, index);

	return line && strstr(line, text);
}

#define require_nothing() require(count_found(NULL) == 0)

static inline uint64_t counted(enum registry_counter counter)
{
	return load_relaxed(&registry_mapping->header.counters[counter]);
}

/* --- a test
 * ------------------------------------------------------------------------------------------ */

/* Runs `test` in a new process, which is the opener; 0 when it passed. */
static inline int stage_run(void (*test)(void))
{
	pid_t pid;
	int status;

	snprintf(stage_log_path, sizeof stage_log_path, "/tmp/forksan-track-%d.jsonl",
		 (int)getpid());
	unlink(stage_log_path);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		char session[REGISTRY_SESSION_BYTES];
		bool created = false;

		alarm(10);
		snprintf(session, sizeof session, "%016llx", (unsigned long long)getpid() << 32);
		stage_options("");
		process_start();
		track_stop_by(abort);
		require(process_join(session, REGISTRY_FIND_OR_BEGIN, &created) == 0 && created);
		registry_map_rest();
		registry_unlink();
		stage_fd = stage_connect(&stage_peer);
		test();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	unlink(stage_log_path);
	return status;
}

/* A line of cmocka's list. */
struct stage_case {
	void (*test)(void);
};

static inline void stage_run_case(void **state)
{
	const struct stage_case *stage_case = *state;

	assert_int_equal(stage_run(stage_case->test), 0);
}

#define STAGE_TEST(name, test)                                                                     \
	{                                                                                          \
		name, stage_run_case, NULL, NULL, (struct stage_case[])                            \
		{                                                                                  \
			{                                                                          \
				test                                                               \
			}                                                                          \
		}                                                                                  \
	}

#endif
