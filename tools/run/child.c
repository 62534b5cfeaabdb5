/* SPDX-License-Identifier: MIT */
/*
 * See child.h.
 *
 * While CMD runs, `forksan run` blocks every signal and takes each with sigwaitinfo(), so there is
 * no handler and no race.  A signal's sender decides:
 *
 *   SIGCHLD          CMD ended, or the terminal stopped CMD; then `forksan run` stops as well, or
 *                    the shell that waits for `forksan run` would never get its prompt back
 *   from the kernel  the terminal's ^C, ^\, ^Z, hang-up and resize went to the whole process
 *                    group, so CMD has the signal already
 *   from a process   the signal was meant for CMD, and goes on to CMD.  A signal to the whole
 *                    group (kill -TERM -PGRP) looks the same: then CMD gets the signal twice
 */
#include "run/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/exit_status.h"

/* The signal state of `forksan run` from before block_signals(); the child gets this state back
 * before exec. */
struct saved_signals {
	sigset_t mask;
	struct sigaction child_action;
};

/* Blocks every signal.  SIGCHLD gets its default action: some callers leave SIGCHLD ignored, and
 * then waitpid() could not report how CMD ended. */
static void block_signals(struct saved_signals *saved)
{
	struct sigaction action = {.sa_handler = SIG_DFL};
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &saved->mask);
	sigaction(SIGCHLD, &action, &saved->child_action);
}

/* Takes the signals that are pending when CMD has ended.  A signal to the whole group that ended
 * CMD was meant for CMD, and must not end `forksan run` before the summary. */
static void drop_pending_signals(void)
{
	const struct timespec at_once = {0, 0};
	sigset_t all;

	sigfillset(&all);
	while (sigtimedwait(&all, NULL, &at_once) > 0)
		continue;
}

static void restore_signals(const struct saved_signals *saved)
{
	sigaction(SIGCHLD, &saved->child_action, NULL);
	sigprocmask(SIG_SETMASK, &saved->mask, NULL);
}

/* As execvp(): a file whose format the kernel does not know is a script for the shell.  Returns
 * only when execve() failed, with errno set. */
static void exec_target(const char *path, char *const argv[], char *const environment[])
{
	size_t count = 0;
	char **shell_argv;

	execve(path, argv, environment);
	if (errno != ENOEXEC)
		return;
	while (argv[count] != NULL)
		count++;
	shell_argv = calloc(count + 2, sizeof *shell_argv);
	if (shell_argv == NULL)
		return;
	shell_argv[0] = argv[0];
	shell_argv[1] = strdup(path);
	for (size_t i = 1; i < count; i++)
		shell_argv[i + 1] = argv[i];
	execve("/bin/sh", shell_argv, environment);
}

/* Returns the errno that the child wrote before its _exit(); 0 when exec closed the pipe. */
static int read_exec_error(int fd)
{
	int error = 0;
	ssize_t got;

	do {
		got = read(fd, &error, sizeof error);
	} while (got < 0 && errno == EINTR);
	close(fd);
	return got == (ssize_t)sizeof error ? error : 0;
}

static bool is_terminal_stop(int signal_number)
{
	return signal_number == SIGTSTP || signal_number == SIGTTIN || signal_number == SIGTTOU;
}

/* Waits until CMD has ended, and returns CMD's wait status. */
static int wait_for(pid_t pid)
{
	sigset_t all;
	int status;

	sigfillset(&all);
	for (;;) {
		siginfo_t info;
		pid_t found = waitpid(pid, &status, WNOHANG | WUNTRACED);

		if (found == pid && WIFSTOPPED(status)) {
			/* The caller's shell sees SIGSTOP, which cannot be blocked.  The SIGCONT
			 * that ends the stop stays pending, and goes on to CMD below. */
			if (is_terminal_stop(WSTOPSIG(status)))
				raise(SIGSTOP);
			continue;
		}
		if (found == pid)
			return status;
		if (sigwaitinfo(&all, &info) < 0 || info.si_signo == SIGCHLD)
			continue;
		if (info.si_code <= 0) /* SI_USER, SI_QUEUE, SI_TKILL: from a process */
			kill(pid, info.si_signo);
	}
}

/* Waits in the child until the parent has opened the gate.  False: it stays shut. */
static bool pass_gate(const int gate_fds[2])
{
	char byte;

	close(gate_fds[1]);
	return read(gate_fds[0], &byte, 1) == 1;
}

static int open_gate(const struct run_child_gate *gate, pid_t pid, const int gate_fds[2])
{
	int error = 0;

	close(gate_fds[0]);
	if (pid > 0 && (!gate->open(pid, gate->context) || write(gate_fds[1], "", 1) != 1))
		error = ECANCELED;
	close(gate_fds[1]);
	return error;
}

int run_child(const char *path, char *const argv[], char *const environment[],
	      const struct run_child_gate *gate, int *status)
{
	int pipe_fds[2], gate_fds[2], error, shut = 0;
	struct saved_signals saved;
	pid_t pid;

	if (pipe2(pipe_fds, O_CLOEXEC) != 0 || (gate && pipe2(gate_fds, O_CLOEXEC) != 0))
		return errno;
	block_signals(&saved);
	pid = fork();
	if (pid == 0) {
		if (gate && !pass_gate(gate_fds))
			_exit(STATUS_NOT_INSTRUMENTED);
		restore_signals(&saved);
		exec_target(path, argv, environment);
		error = errno;
		if (write(pipe_fds[1], &error, sizeof error) < 0)
			_exit(STATUS_NOT_INSTRUMENTED);
		_exit(STATUS_NOT_INSTRUMENTED);
	}
	error = pid < 0 ? errno : 0;
	close(pipe_fds[1]);
	if (gate)
		shut = open_gate(gate, pid, gate_fds);
	if (pid < 0)
		close(pipe_fds[0]);
	else
		error = read_exec_error(pipe_fds[0]);
	if (error == 0)
		error = shut;
	if (error == 0)
		*status = wait_for(pid);
	else if (pid > 0)
		waitpid(pid, status, 0);
	drop_pending_signals();
	restore_signals(&saved);
	return error;
}

void run_child_repeat(int status)
{
	if (WIFEXITED(status))
		exit(WEXITSTATUS(status));
	if (WIFSIGNALED(status)) {
		struct rlimit no_core = {0, 0};
		struct sigaction action = {.sa_handler = SIG_DFL};
		sigset_t none;

		/* CMD has left its core file; a core file of `forksan run` would replace CMD's. */
		setrlimit(RLIMIT_CORE, &no_core);
		sigaction(WTERMSIG(status), &action, NULL);
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		raise(WTERMSIG(status));
	}
	exit(STATUS_SIGNAL + (WIFSIGNALED(status) ? WTERMSIG(status) : 0));
}
