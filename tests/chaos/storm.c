/* SPDX-License-Identifier: MIT */
/*
 * Processes that open, use, copy and close connections and fork, and are killed at random instants.
 * Afterwards the session must be as good as new.
 *
 *	storm kill SEED ROUNDS		workers killed by SIGKILL, one after the other
 *	storm threads FORKS		8 threads talk while 2 threads fork FORKS children each
 *	storm alarms FORKS		forks, talk and malloc while SIGALRM's handler talks, too
 *	storm forks N			N children, one after the other, that share a connection
 *	storm mistakes N		N children that take each other's replies, on ever other
 *					connections and from many places
 *	storm live N			N children at once, each with a connection
 *	storm sockets N			N connections open at once
 *	storm orphans N			the same, and all their holders are killed
 *	storm connects N		N connections, one after the other
 *
 * Ends with one connection that is shared by mistake, in processes named "after": whoever looks at
 * the log sees whether the registry still works.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WORKERS 8
#define TALKERS 8
#define FORKERS 2

static struct sockaddr_in address;
static int lifeline;

static void must(int good, const char *what)
{
	if (good)
		return;
	printf("%s failed: errno %d\n", what, errno);
	fflush(stdout);
	_exit(99);
}

/* --- a server -----------------------------------------------------------------------------------
 */

static void serve(int listener, int end)
{
	int epoll = epoll_create1(0);
	struct epoll_event event = {.events = EPOLLIN, .data.fd = listener};

	must(epoll >= 0 && epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event) == 0, "epoll");
	event.data.fd = end;
	epoll_ctl(epoll, EPOLL_CTL_ADD, end, &event);
	for (;;) {
		char bytes[512];
		ssize_t n;

		if (epoll_wait(epoll, &event, 1, -1) != 1)
			continue;
		if (event.data.fd == end)
			_exit(0);
		if (event.data.fd == listener) {
			event.data.fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
			event.events = EPOLLIN;
			if (event.data.fd >= 0)
				epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
			continue;
		}
		n = recv(event.data.fd, bytes, sizeof bytes, 0);
		if (n > 0)
			send(event.data.fd, "+PONG\r\n", 7, MSG_NOSIGNAL);
		else if (n == 0 || errno != EAGAIN)
			close(event.data.fd);
	}
}

static void start_server(void)
{
	socklen_t len = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int ends[2];

	address.sin_family = AF_INET;
	address.sin_port = 0;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
		     listen(listener, 4096) == 0 &&
		     getsockname(listener, (struct sockaddr *)&address, &len) == 0 &&
		     pipe(ends) == 0,
	     "listen");
	lifeline = ends[1];
	if (fork() == 0) {
		close(ends[1]);
		serve(listener, ends[0]);
	}
	close(ends[0]);
	close(listener);
}

static int open_connection(void)
{
	/* Reset instead of TIME_WAIT, or the local ports run out. */
	struct linger reset = {1, 0};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0)
		return -1;
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	close(fd);
	return -1;
}

/* One request; its reply, or another's, when `waits`. */
static int talk(int fd, int waits)
{
	char reply[64];

	if (send(fd, "PING\r\n", 6, MSG_NOSIGNAL) != 6)
		return -1;
	return recv(fd, reply, sizeof reply, waits ? 0 : MSG_DONTWAIT) > 0 ? 0 : -1;
}

/* --- afterwards ------------------------------------------------------------------------------- */

static void *share_by_mistake(void *data)
{
	int fd;
	pid_t child;

	prctl(PR_SET_NAME, "after");
	fd = open_connection();
	must(fd >= 0 && talk(fd, 1) == 0, "a connection afterwards");
	child = fork();
	if (child == 0)
		_exit(talk(fd, 1) == 0 ? 0 : 1);
	must(child > 0 && waitpid(child, NULL, 0) == child && talk(fd, 1) == 0, "the last child");
	close(fd);
	return data;
}

/* --- kill ---------------------------------------------------------------------------------------
 */

static unsigned below(unsigned *seed, unsigned n)
{
	return (unsigned)rand_r(seed) % n;
}

/* Until killed. */
static void work(int shared, unsigned seed)
{
	int fds[4] = {-1, -1, -1, -1};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		unsigned i = below(&seed, 4);
		unsigned j = below(&seed, 4);
		pid_t child;

		switch (below(&seed, 8)) {
		case 0:
		case 1:
			if (fds[i] < 0)
				fds[i] = open_connection();
			break;
		case 2:
			talk(fds[i] >= 0 ? fds[i] : shared, 0);
			break;
		case 3:
			talk(shared, 0);
			break;
		case 4:
			if (fds[i] >= 0)
				close(fds[i]);
			fds[i] = -1;
			break;
		case 5:
			if (fds[i] >= 0 && fds[j] < 0)
				fds[j] = dup(fds[i]);
			else if (fds[i] >= 0 && i != j)
				dup2(fds[i], fds[j]);
			break;
		case 6:
			child = fork();
			if (child == 0) {
				prctl(PR_SET_PDEATHSIG, SIGKILL);
				talk(shared, 0);
				/* Rarely: each is a finding of its own, and 4096 are kept. */
				if (fds[i] >= 0 && below(&seed, 50) == 0)
					talk(fds[i], 0);
				_exit(0);
			}
			if (child > 0)
				waitpid(child, NULL, 0);
			break;
		case 7:
			child = vfork();
			if (child == 0) {
				execl("/bin/true", "true", (char *)NULL);
				_exit(1);
			}
			if (child > 0)
				waitpid(child, NULL, 0);
			break;
		}
	}
}

static void storm_kill(unsigned seed, long rounds)
{
	pid_t workers[WORKERS] = {0};
	int shared = open_connection();

	must(shared >= 0, "connect");
	for (long round = 0; round < rounds; round++) {
		struct timespec pause = {0, (long)below(&seed, 1000) * 1000};
		unsigned i = below(&seed, WORKERS);

		if (workers[i] > 0) {
			kill(workers[i], SIGKILL);
			must(waitpid(workers[i], NULL, 0) == workers[i], "waitpid");
		}
		workers[i] = fork();
		must(workers[i] >= 0, "fork");
		if (workers[i] == 0)
			work(shared, seed + (unsigned)round);
		nanosleep(&pause, NULL);
		if (below(&seed, 4) == 0)
			talk(shared, 0);
	}
	for (int i = 0; i < WORKERS; i++)
		if (workers[i] > 0) {
			kill(workers[i], SIGKILL);
			waitpid(workers[i], NULL, 0);
		}
	close(shared);
}

/* --- threads ------------------------------------------------------------------------------------
 */

static _Atomic int forkers_left = FORKERS;
static long forks_each;

static void *talk_on(void *data)
{
	int fd = open_connection();

	must(fd >= 0, "connect");
	while (forkers_left > 0)
		must(talk(fd, 1) == 0, "a thread's talk");
	close(fd);
	return data;
}

static void *fork_on(void *data)
{
	for (long i = 0; i < forks_each; i++) {
		int status = -1;
		pid_t child = fork();

		if (child == 0)
			_exit(7);
		must(child > 0 && waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7,
		     "a child");
	}
	forkers_left--;
	return data;
}

static void storm_threads(long forks)
{
	pthread_t threads[TALKERS + FORKERS];

	forks_each = forks;
	for (int i = 0; i < TALKERS + FORKERS; i++)
		must(pthread_create(&threads[i], NULL, i < TALKERS ? talk_on : fork_on, NULL) == 0,
		     "pthread_create");
	for (int i = 0; i < TALKERS + FORKERS; i++)
		pthread_join(threads[i], NULL);
}

/* --- alarms -------------------------------------------------------------------------------------
 */

static int alarm_fd = -1;
static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
	int saved_errno = errno;
	static volatile sig_atomic_t turn;

	(void)number;
	alarms++;
	talk(alarm_fd, 0);
	if (++turn % 64 == 0) {
		int fd = open_connection();

		if (fd >= 0) {
			talk(fd, 0);
			close(fd);
		}
	}
	errno = saved_errno;
}

static void storm_alarms(long forks)
{
	struct sigaction action = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	struct itimerval often = {{0, 300}, {0, 300}};
	int fd = open_connection();

	alarm_fd = open_connection();
	must(fd >= 0 && alarm_fd >= 0, "connect");
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (long i = 0; i < forks; i++) {
		int status = -1;
		char *memory = malloc((size_t)i % 5000 + 1);
		pid_t child = fork();

		if (child == 0) {
			/* Timers are not inherited (setitimer(2)); the child's own alarm. */
			raise(SIGALRM);
			_exit(talk(alarm_fd, 0) == 99 ? 1 : 7);
		}
		must(child > 0, "fork");
		while (waitpid(child, &status, 0) < 0 && errno == EINTR)
			;
		must(WIFEXITED(status) && WEXITSTATUS(status) == 7, "a child");
		must(talk(fd, 1) == 0, "talk between alarms");
		free(memory);
	}
	often = (struct itimerval){{0, 0}, {0, 0}};
	setitimer(ITIMER_REAL, &often, NULL);
	must(alarms > 0, "alarms");
	close(fd);
	close(alarm_fd);
}

/* --- many ---------------------------------------------------------------------------------------
 */

static void storm_forks(long count)
{
	int fd = open_connection();

	must(fd >= 0 && talk(fd, 1) == 0, "connect");
	for (long i = 0; i < count; i++) {
		int status = -1;
		pid_t child = fork();

		if (child == 0)
			_exit(talk(fd, 1) == 0 ? 7 : 1);
		must(child > 0 && waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7,
		     "a child");
	}
	close(fd);
}

/* Takes the reply to the request before, and leaves one to the next; `depth` calls deep. */
static __attribute__((noinline)) int cross(int fd, long depth)
{
	char reply[7];
	int failed;

	if (depth > 0)
		failed = cross(fd, depth - 1);
	else
		failed = recv(fd, reply, sizeof reply, MSG_WAITALL) != sizeof reply ||
			 send(fd, "PING\r\n", 6, MSG_NOSIGNAL) != 6;
	__asm__ volatile("" ::: "memory"); /* no jump instead of the call */
	return failed;
}

static void storm_mistakes(long count)
{
	enum { WORKERS_OF_A_MASTER = 8, PLACES = 40 };
	int fd = -1;

	for (long i = 0; i < count; i++) {
		int status = -1;
		pid_t child;

		if (i % WORKERS_OF_A_MASTER == 0) {
			if (fd >= 0)
				close(fd);
			fd = open_connection();
			must(fd >= 0 && send(fd, "PING\r\n", 6, MSG_NOSIGNAL) == 6, "connect");
		}
		child = fork();
		if (child == 0)
			_exit(cross(fd, i % PLACES) == 0 ? 7 : 1);
		must(child > 0 && waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7,
		     "a child");
	}
	close(fd);
}

static void storm_live(long count)
{
	int ready[2];
	int go[2];
	char byte;

	must(pipe(ready) == 0 && pipe(go) == 0, "pipe");
	for (long i = 0; i < count; i++) {
		pid_t child = fork();

		must(child >= 0, "fork");
		if (child > 0)
			continue;
		close(go[1]);
		{
			int fd = open_connection();

			must(fd >= 0 && talk(fd, 1) == 0, "a child's connection");
			must(write(ready[1], "x", 1) == 1, "write");
			must(read(go[0], &byte, 1) == 0, "read");
			must(talk(fd, 1) == 0, "a child's second talk");
			close(fd);
			_exit(7);
		}
	}
	for (long i = 0; i < count; i++)
		must(read(ready[0], &byte, 1) == 1, "read");
	share_by_mistake(NULL);
	prctl(PR_SET_NAME, "storm");
	close(go[0]);
	close(go[1]);
	for (long i = 0; i < count; i++) {
		int status = -1;

		must(wait(&status) > 0 && WEXITSTATUS(status) == 7, "a child's status");
	}
	close(ready[0]);
	close(ready[1]);
}

/* Each holder has a server of its own: both ends of a connection need a descriptor.  False when it
 * could not open all. */
static int hold_sockets(long count, int ready, int go)
{
	int *fds = calloc((size_t)count, sizeof *fds);
	long opened = 0;
	char byte = 'y';

	must(fds != NULL, "calloc");
	start_server();
	for (; opened < count; opened++) {
		fds[opened] = socket(AF_INET, SOCK_STREAM, 0);
		if (fds[opened] < 0 ||
		    connect(fds[opened], (struct sockaddr *)&address, sizeof address) != 0)
			break;
	}
	if (opened < count)
		byte = 'n';
	else
		must(talk(fds[0], 1) == 0 && talk(fds[count - 1], 1) == 0, "the first and last");
	must(write(ready, &byte, 1) == 1 && read(go, &byte, 1) == 0, "a holder's pipe");
	return opened == count;
}

static void storm_sockets(long count, int killed)
{
	pid_t pids[64];
	struct rlimit limit = {0, 0};
	int ready[2];
	int go[2];
	int holders = 0;
	int all = 1;
	char byte;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &limit) == 0 && pipe(ready) == 0 && pipe(go) == 0,
	     "setrlimit");
	while (count > 0 && holders < 64) {
		long room = limit.rlim_max > 20000 ? 19000 : (long)limit.rlim_max - 200;
		long part = count < room ? count : room;

		pids[holders] = fork();
		must(pids[holders] >= 0, "fork"); /* kill(-1) would end everything */
		if (pids[holders] == 0) {
			close(go[1]);
			_exit(hold_sockets(part, ready[1], go[0]) ? 7 : 8);
		}
		holders++;
		count -= part;
	}
	close(ready[1]);
	for (int i = 0; i < holders; i++)
		all &= read(ready[0], &byte, 1) == 1 && byte == 'y';
	printf("%s\n", all ? "all open" : "not all could be opened");
	fflush(stdout);
	for (int i = 0; killed && i < holders; i++)
		kill(pids[i], SIGKILL);
	close(go[1]);
	close(go[0]);
	for (int i = 0; i < holders; i++)
		waitpid(pids[i], NULL, 0);
	close(ready[0]);
}

static void storm_connects(long count)
{
	for (long i = 0; i < count; i++) {
		int fd = open_connection();

		must(fd >= 0, "connect");
		if (i % 100 == 0)
			must(talk(fd, 1) == 0, "talk");
		close(fd);
	}
}

int main(int argc, char **argv)
{
	long n = argc > 2 ? atol(argv[argc - 1]) : 0;

	if (argc < 3)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	start_server();
	if (strcmp(argv[1], "kill") == 0)
		storm_kill((unsigned)atol(argv[2]), n);
	else if (strcmp(argv[1], "threads") == 0)
		storm_threads(n);
	else if (strcmp(argv[1], "alarms") == 0)
		storm_alarms(n);
	else if (strcmp(argv[1], "forks") == 0)
		storm_forks(n);
	else if (strcmp(argv[1], "mistakes") == 0)
		storm_mistakes(n);
	else if (strcmp(argv[1], "live") == 0)
		storm_live(n);
	else if (strcmp(argv[1], "sockets") == 0)
		storm_sockets(n, 0);
	else if (strcmp(argv[1], "orphans") == 0)
		storm_sockets(n, 1);
	else if (strcmp(argv[1], "connects") == 0)
		storm_connects(n);
	else
		return 2;
	share_by_mistake(NULL);
	printf("through\n");
	fflush(stdout);
	close(lifeline);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	return 0;
}
