/* SPDX-License-Identifier: MIT */
/*
 * Entry tests: real programs, run twice, bare and under build/libforksan.so, against a real TCP
 * peer.  What a program prints and its exit status must be the same both times; then the log of the
 * second run is judged.
 *
 *     driver (not preloaded) ---- forks the peer, runs each case, reads its log
 *       +-- subject, bare    \
 *       +-- subject, preloaded  the same executable, started again with `--run CASE`
 *             +-- its children
 *
 * A test program lists its cases and calls entry_main().  Case and line belong together: a case
 * with `entry` set must fail when that line is removed from shim/entries.def, which check_lines.sh
 * tries (FORKSAN_SHIM names another libforksan.so).
 *
 *     test_send             runs every case
 *     test_send sendmsg     runs the cases of one line; 77 when there is none
 *     test_send --list      prints "line name" for each
 *
 * FORKSAN_SUBJECT names the same test built for another libc: that program is the subject then, and
 * this one drives it.
 *
 * Exit status: 0 all passed, 1 some failed, 77 all were skipped.
 */
#ifndef FORKSAN_TESTS_HARNESS_H
#define FORKSAN_TESTS_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct log;

struct entry_case {
	const char *entry; /* the line of entries.def; NULL: none in particular */
	const char *name;  /* what is shown */
	void (*run)(void); /* the subject; it returns or exits with 0, or calls require() */
	/* Judges the log of the preloaded run with expect(); NULL: the runs were equal, that is
	 * all. */
	void (*check)(const struct log *log, const struct entry_case *self);
	const char *operation; /* what findings call it; NULL: as `entry` */
	const char *options;   /* more FORKSAN_OPTIONS, ':' in front; NULL: none */
	/* A library preloaded before or after ours, and in the bare run, too; NULL: none.  A name
	 * without '.' is a plugin's. */
	const char *before;
	const char *after;
	int exit_status; /* of the subject, in both runs; a signal: 128 + number */
	bool differs; /* the runs are not equal, and need not be: `check` looks at log_output() */
};

int entry_main(int argc, char **argv, const struct entry_case cases[], size_t count);

/* --- for subjects ------------------------------------------------------------------------- */

/* The whole conversation: REQUEST is answered with REPLY, any number of times.  It is Redis'. */
#define REQUEST "*1\r\n$4\r\nPING\r\n"
#define REQUEST_BYTES (sizeof(REQUEST) - 1)
#define REPLY "+PONG\r\n"
#define REPLY_BYTES (sizeof(REPLY) - 1)

/* Connects to the peer with connect() and pings once with send() and recv(). */
int peer_connect(void);

/* connect() alone.  `flags`: SOCK_CLOEXEC, SOCK_NONBLOCK. */
int peer_connect_only(int flags);

void peer_ping(int fd);

/* The same by system calls of our own, which nothing preloaded sees. */
void raw_send_request(int fd);
void raw_receive_reply(int fd);
void raw_ping(int fd);
long raw_close(int fd);
ssize_t raw_read(int fd, void *buffer, size_t len);
ssize_t raw_write(int fd, const void *buffer, size_t len);

/* Forks with fork(), runs function(fd) in the child, which then ends by _exit(0), and waits. */
void run_child(void (*function)(int fd), int fd);

/* A connection is opened and used by the parent, then used by one child, then by another whose only
 * use is use(fd). */
void siblings_use(void (*use)(int fd));

/* Processes that wait for each other without any call that is interposed: wait returns when told,
 * or when the teller has gone. */
struct gate {
	int ends[2];
};
void gate_init(struct gate *gate);
void gate_tell(struct gate *gate);
void gate_wait(struct gate *gate);

/* The arguments with which the same case starts again; bytes[0..size) holds them. */
void subject_arguments(char *argv[4], char *bytes, size_t size);

/* Starts the same case again by execv(), with the variable set to the number. */
void subject_start_again(const char *variable, int number) __attribute__((noreturn));

/* The plugin tests/entry/plugin_NAME.c, built for the subject's libc. */
const char *plugin_path(const char *name);

/* A seccomp filter, entered by a system call of our own: the shim knows of no sandbox.  Skips where
 * that is not allowed. */
struct sock_filter;
void sandbox_unseen(struct sock_filter *filter, size_t count);

/* The same: from now on the system call fails with EPERM. */
void refuse_call(long number);

/* Ends the case as skipped. */
void skip(const char *reason) __attribute__((noreturn));

/* Ends the subject (the calling process) as failed. */
#define require(condition) ((condition) ? (void)0 : require_failed(__FILE__, __LINE__, #condition))
void require_failed(const char *file, int line, const char *condition) __attribute__((noreturn));

/* --- for checks --------------------------------------------------------------------------- */

/* Records of the log that have `kind` (a finding's kind); NULL: any finding. */
unsigned log_count(const struct log *log, const char *kind);

/* Summaries that were written on the way: not the session's last. */
unsigned log_heartbeats(const struct log *log);

/* A counter of the last summary, -1 when there is none. */
long long log_counter(const struct log *log, const char *counter);

/* The n-th finding of that kind: a member by its path, such as "operation.call".  Strings: NULL
 * when it is missing, null or no string; integers: -1. */
const char *log_string(const struct log *log, const char *kind, unsigned n, const char *path);
long long log_integer(const struct log *log, const char *kind, unsigned n, const char *path);

/* True when a native frame of that stack has that function. */
bool log_has_frame(const struct log *log, const char *kind, unsigned n, const char *stack,
		   const char *function);

/* What the preloaded subject printed. */
const char *log_output(const struct log *log);

#define expect(condition) ((condition) ? (void)0 : expect_failed(__FILE__, __LINE__, #condition))
void expect_failed(const char *file, int line, const char *condition);

/* Checks that cases share. */
void expect_shared_use(const struct log *log, const struct entry_case *self);
void expect_open_at_fork(const struct log *log, const struct entry_case *self);
void expect_nothing(const struct log *log, const struct entry_case *self); /* but an active shim */

#endif
