/* SPDX-License-Identifier: MIT */
/*
 * What a program can see of its own calls: results, errno on success and on failure, descriptors,
 * cancellation, restarts, bad pointers.  It prints all of it; test_host.py compares the output of a
 * bare run with one under the shim.  So nothing printed may differ between two runs: no addresses,
 * pids or times.
 *
 *	host SECTION
 *
 * Uses no function that libc lacks before version 2.36.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNTOUCHED 4242 /* no errno */

extern char **environ;

static void say_result(const char *what, long result, int error)
{
	if (result < 0)
		printf("%s: %ld, errno %d\n", what, result, error);
	else
		printf("%s: %ld%s\n", what, result,
		       error == UNTOUCHED ? "" : ", errno was touched");
}

/* Runs the call with errno at a known value and prints what came of it. */
#define SAY(call)                                                                                  \
	do {                                                                                       \
		long result_;                                                                      \
		int error_;                                                                        \
		errno = UNTOUCHED;                                                                 \
		result_ = (long)(call);                                                            \
		error_ = errno;                                                                    \
		say_result(#call, result_, error_);                                                \
	} while (0)

static void must(int good, const char *what)
{
	if (!good) {
		printf("cannot go on: %s: errno %d\n", what, errno);
		exit(2);
	}
}

/* A listening socket on a loopback port that counts as a database: watched when it is connected to.
 */
static int listener(struct sockaddr_in *address)
{
	socklen_t len = sizeof *address;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	memset(address, 0, sizeof *address);
	address->sin_family = AF_INET;
	address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	must(fd >= 0 && bind(fd, (struct sockaddr *)address, sizeof *address) == 0 &&
		     listen(fd, 64) == 0 && getsockname(fd, (struct sockaddr *)address, &len) == 0,
	     "listen");
	return fd;
}

/* Two ends of a TCP connection; pair[0] is the one that connected, and is watched. */
static void connected_pair(int pair[2])
{
	static const char greeting[] = "+PONG\r\n";
	char bytes[64];
	struct sockaddr_in address;
	int listening = listener(&address);

	pair[0] = socket(AF_INET, SOCK_STREAM, 0);
	must(pair[0] >= 0 && connect(pair[0], (struct sockaddr *)&address, sizeof address) == 0,
	     "connect");
	pair[1] = accept(listening, NULL, NULL);
	must(pair[1] >= 0, "accept");
	close(listening);
	/* As a Redis client would: the shim tells the protocol and watches on. */
	must(send(pair[0], "*1\r\n$4\r\nPING\r\n", 14, 0) == 14 &&
		     recv(pair[1], bytes, sizeof bytes, 0) == 14 &&
		     send(pair[1], greeting, 7, 0) == 7 &&
		     recv(pair[0], bytes, sizeof bytes, 0) == 7,
	     "greeting");
}

/* --- errno -------------------------------------------------------------------------------------
 */

static void moving(int here, int there, int first)
{
	char bytes[64] = "0123456789";
	struct iovec iov[2] = {{bytes, 3}, {bytes + 3, 4}};
	struct iovec empty[3] = {{NULL, 0}, {bytes, 0}, {bytes, 2}};
	struct msghdr message = {.msg_iov = iov, .msg_iovlen = 2};
	struct mmsghdr messages[2] = {{.msg_hdr = message}, {.msg_hdr = message}};
	int file = open("/etc/passwd", O_RDONLY);
	off_t offset = 0;
	volatile int minus_one = -1;
	int ends[2];

	must(pipe(ends) == 0 && file >= 0, "pipe");
	printf("-- moving %d\n", first);
	SAY(write(here, bytes, 5));
	SAY(send(here, bytes, 5, MSG_NOSIGNAL));
	SAY(sendto(here, bytes, 5, 0, NULL, 0));
	SAY(writev(here, iov, 2));
	SAY(writev(here, empty, 3));
	SAY(writev(here, empty, 1));
	SAY(writev(here, empty, 0));
	SAY(writev(here, iov, minus_one));
	SAY(sendmsg(here, &message, 0));
	SAY(sendmmsg(here, messages, 2, 0));
	SAY(sendfile(here, file, &offset, 8));
	SAY(write(ends[1], bytes, 6));
	SAY(splice(ends[0], NULL, here, NULL, 6, 0));
	SAY(read(there, bytes, 5));
	SAY(recv(there, bytes, 5, 0));
	SAY(recv(there, bytes, 5, MSG_PEEK));
	SAY(recvfrom(there, bytes, 5, 0, NULL, NULL));
	SAY(readv(there, iov, 2));
	SAY(readv(there, empty, 3));
	SAY(recvmsg(there, &message, 0));
	SAY(recvmmsg(there, messages, 2, MSG_DONTWAIT, NULL));
	SAY(splice(there, NULL, ends[1], NULL, 3, 0));
	SAY(recv(there, bytes, 0, 0));
	SAY(recv(there, bytes, sizeof bytes, MSG_DONTWAIT));
	SAY(recv(there, bytes, sizeof bytes, MSG_DONTWAIT));
	SAY(recv(there, bytes, sizeof bytes, MSG_DONTWAIT | MSG_ERRQUEUE));
	SAY(send(here, bytes, 1, MSG_OOB));
	SAY(recv(there, bytes, 1, MSG_OOB));
	close(ends[0]);
	close(ends[1]);
	close(file);
}

static void failing(int fd)
{
	char bytes[8];
	struct iovec iov = {bytes, sizeof bytes};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	struct mmsghdr messages = {.msg_hdr = message};
	struct sockaddr_in nobody = {
		.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons(1)};

	printf("-- failing on %s\n",
	       fd < 0 ? "a negative number" : "what is no socket or not open");
	SAY(read(fd, bytes, 8));
	SAY(write(fd, bytes, 0));
	SAY(readv(fd, &iov, 1));
	SAY(writev(fd, &iov, 0));
	SAY(recv(fd, bytes, 8, 0));
	SAY(send(fd, bytes, 8, MSG_NOSIGNAL));
	SAY(recvfrom(fd, bytes, 8, 0, NULL, NULL));
	SAY(sendto(fd, bytes, 8, 0, NULL, 0));
	SAY(recvmsg(fd, &message, 0));
	SAY(sendmsg(fd, &message, 0));
	SAY(recvmmsg(fd, &messages, 1, 0, NULL));
	SAY(sendmmsg(fd, &messages, 1, 0));
	SAY(preadv2(fd, &iov, 1, -1, 0));
	SAY(pwritev2(fd, &iov, 0, -1, 0));
	SAY(sendfile(fd, fd, NULL, 1));
	SAY(splice(fd, NULL, fd, NULL, 1, 0));
	SAY(connect(fd, (struct sockaddr *)&nobody, sizeof nobody));
	SAY(accept(fd, NULL, NULL));
	SAY(accept4(fd, NULL, NULL, SOCK_CLOEXEC));
	SAY(shutdown(fd, SHUT_RDWR));
	SAY(dup(fd) < 0 ? -1 : 0);
	SAY(dup2(fd, 1000));
	SAY(dup3(fd, 1000, O_CLOEXEC));
	SAY(dup3(5, 5, 0));
	SAY(fcntl(fd, F_GETFD));
	SAY(fcntl(fd, F_DUPFD, 1 << 30));
	SAY(fcntl(fd, F_SETLK, NULL));
	SAY(epoll_wait(fd, NULL, 1, 0));
	SAY(close(fd));
	SAY(close(fd));
}

static void section_errno(void)
{
	struct sockaddr_in nobody = {
		.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_port = htons(1)};
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	struct pollfd poller = {.fd = 0, .events = POLLNVAL};
	struct timespec now = {0};
	struct timeval soon = {0};
	char name[] = "lockXXXXXX";
	fd_set set;
	int pair[2];
	int fd;

	connected_pair(pair);
	moving(pair[0], pair[1], 1);
	moving(pair[1], pair[0], 2);
	must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0, "socketpair");
	moving(pair[0], pair[1], 3);
	failing(-1);
	failing(777);
	failing(1 << 28);
	fd = open("/dev/null", O_RDWR);
	failing(fd);
	signal(SIGPIPE, SIG_IGN);
	close(pair[1]);
	SAY(write(pair[0], "x", 1));
	fd = socket(AF_INET, SOCK_STREAM, 0);
	SAY(connect(fd, (struct sockaddr *)&nobody, sizeof nobody));
	SAY(connect(fd, (struct sockaddr *)&nobody, 1));
	SAY(connect(fd, NULL, sizeof nobody));
	SAY(connect(fd, NULL, 0));
	SAY(fcntl(fd, F_SETFL, O_NONBLOCK));
	SAY(fcntl(fd, F_DUPFD_CLOEXEC, 100));
	SAY(fcntl(100, F_GETFD));
	SAY(fcntl(100, F_SETFD, 0));
	SAY(fcntl(100, F_GETFL) & O_NONBLOCK);
	SAY(ioctl(100, FIOCLEX));
	SAY(fcntl(100, F_GETFD));
	SAY(dup2(100, 100));
	SAY(dup2(100, 101));
	SAY(dup3(100, 102, O_CLOEXEC));
	fd = mkstemp(name);
	unlink(name);
	SAY(fcntl(fd, F_SETLK, &lock));
	SAY(fcntl(fd, F_GETLK, &lock));
	SAY(flock(fd, LOCK_EX));
	SAY(poll(&poller, 1, 0));
	SAY(poll(NULL, 0, 0));
	SAY(ppoll(NULL, 0, &now, NULL));
	FD_ZERO(&set);
	SAY(select(0, &set, NULL, NULL, &soon));
	SAY(pselect(0, &set, NULL, NULL, &now, NULL));
	SAY(close_range(100, 102, 0));
	SAY(close_range(5, 4, 0));
	SAY(close_range(5, 6, 1 << 20));
	SAY(syscall(SYS_close, 100));
	SAY(syscall(-1));
	SAY(syscall(SYS_read, -1, NULL, 0));
	SAY(syscall(SYS_gettid) > 0);
	SAY(execl("/nonexistent", "x", (char *)NULL));
	SAY(execlp("", "x", (char *)NULL));
	SAY(execve("/etc/passwd", (char *[]){"x", NULL}, environ));
	SAY(execvp("nonexistent", (char *[]){"x", NULL}));
	SAY(fexecve(-1, (char *[]){"x", NULL}, environ));
	SAY(unshare(-1));
	SAY(setns(-1, 0));
	SAY(clone(NULL, NULL, 0, NULL));
	SAY(fclose(fopen("/dev/null", "r")));
	SAY(fdopen(999, "r") == NULL ? -1 : 0);
	SAY(fdopen(0, "nonsense") == NULL ? -1 : 0);
}

/* --- bad pointers -------------------------------------------------------------------------------
 */

/* The last bytes before a page that is not there. */
static char *edge(void)
{
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	must(pages != MAP_FAILED && munmap(pages + 4096, 4096) == 0, "mmap");
	return pages + 4096;
}

static void bad_pointers(int here, int there)
{
	char *end = edge();
	char bytes[4096];
	char *volatile hidden = (char *)16; /* from the compiler, which would object */
	char *nowhere = hidden;
	struct iovec bad = {nowhere, 5};
	struct iovec half = {end - 5, 50};
	struct iovec mixed[2] = {{bytes, 5}, {nowhere, 5}};
	struct msghdr message = {.msg_iov = &bad, .msg_iovlen = 1};
	struct msghdr nothing = {.msg_iov = (struct iovec *)nowhere, .msg_iovlen = 1};

	memset(bytes, 'x', sizeof bytes);
	fcntl(here, F_SETFL, O_NONBLOCK);
	fcntl(there, F_SETFL, O_NONBLOCK);
	SAY(write(here, nowhere, 5));
	SAY(send(here, nowhere, 5, 0));
	SAY(writev(here, &bad, 1));
	SAY(writev(here, (struct iovec *)nowhere, 1));
	SAY(sendmsg(here, &message, 0));
	SAY(sendmsg(here, &nothing, 0));
	SAY(sendmsg(here, (struct msghdr *)nowhere, 0));
	SAY(sendmmsg(here, (struct mmsghdr *)nowhere, 1, 0));
	SAY(sendto(here, bytes, 5, 0, (struct sockaddr *)nowhere, 16));
	SAY(write(here, end - 5, 50));
	SAY(writev(here, &half, 1));
	SAY(writev(here, mixed, 2));
	SAY(sendfile(here, there, (off_t *)nowhere, 5));
	SAY(send(here, bytes, 100, 0));
	SAY(read(there, nowhere, 5));
	SAY(recv(there, nowhere, 5, 0));
	SAY(readv(there, &bad, 1));
	SAY(readv(there, (struct iovec *)nowhere, 1));
	SAY(recvmsg(there, &message, 0));
	SAY(recvmsg(there, (struct msghdr *)nowhere, 0));
	SAY(recvmmsg(there, (struct mmsghdr *)nowhere, 1, 0, NULL));
	SAY(recvfrom(there, bytes, 1, 0, (struct sockaddr *)bytes, (socklen_t *)nowhere));
	SAY(read(there, end - 5, 50) <= 50);
	SAY(connect(here, (struct sockaddr *)nowhere, 16));
	SAY(accept(here, (struct sockaddr *)nowhere, (socklen_t *)nowhere));
	SAY(poll((struct pollfd *)nowhere, 1, 0));
	SAY(epoll_wait(here, (struct epoll_event *)nowhere, 1, 0));
	SAY(execve(nowhere, NULL, NULL));
	SAY(execve("/nonexistent", (char **)nowhere, environ));
	SAY(execve("/bin/true", (char *[]){"true", NULL}, (char **)nowhere));
	SAY(syscall(SYS_sendto, here, nowhere, 5, 0, NULL, 0));
	SAY(syscall(SYS_clone3, nowhere, 88));
}

static void section_pointers(void)
{
	int pair[2];

	signal(SIGPIPE, SIG_IGN);
	connected_pair(pair);
	bad_pointers(pair[0], pair[1]);
	connected_pair(pair);
	bad_pointers(pair[1], pair[0]);
	must(pipe(pair) == 0, "pipe");
	bad_pointers(pair[1], pair[0]);
}

/* --- descriptors --------------------------------------------------------------------------------
 */

static void list_descriptors(const char *when)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	char open_[4096] = "";

	must(directory != NULL, "opendir");
	for (int fd = 0; fd < 1024; fd++) {
		char text[16];
		int flags = fcntl(fd, F_GETFD);

		if (fd == dirfd(directory) || flags < 0)
			continue;
		snprintf(text, sizeof text, " %d%s", fd, flags & FD_CLOEXEC ? "c" : "");
		strcat(open_, text);
	}
	/* Numbers beyond the loop. */
	while ((entry = readdir(directory)))
		if (atoi(entry->d_name) >= 1024) {
			strcat(open_, " ");
			strcat(open_, entry->d_name);
		}
	closedir(directory);
	printf("descriptors %s:%s\n", when, open_);
	fflush(stdout);
}

static int wait_status(pid_t pid)
{
	int status = -1;

	must(pid > 0 && waitpid(pid, &status, 0) == pid, "waitpid");
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static void in_fork_child(const char *what, void (*act)(void))
{
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		act();
		fflush(stdout);
		_exit(0);
	}
	printf("%s: child status %d\n", what, wait_status(pid));
}

static void close_each(void)
{
	int closed = 0;

	for (int fd = 3; fd < 1024; fd++)
		closed += close(fd) == 0;
	printf("closed %d\n", closed);
	list_descriptors("after close of each");
	printf("next is %d\n", open("/dev/null", O_RDONLY));
}

static void close_from(void)
{
	closefrom(3);
	list_descriptors("after closefrom");
	printf("next is %d\n", socket(AF_INET, SOCK_STREAM, 0));
}

static void close_all(void)
{
	printf("close_range %d\n", close_range(3, ~0U, 0));
	list_descriptors("after close_range");
	printf("close_range of nothing %d\n", close_range(3, ~0U, 0));
}

static void close_later(void)
{
	printf("close_range cloexec %d\n", close_range(3, ~0U, CLOSE_RANGE_CLOEXEC));
	list_descriptors("after CLOSE_RANGE_CLOEXEC");
}

static void close_own_copy(void)
{
	printf("close_range unshare %d\n", close_range(3, ~0U, CLOSE_RANGE_UNSHARE));
	list_descriptors("after CLOSE_RANGE_UNSHARE");
}

static void section_descriptors(void)
{
	int pair[2];
	pid_t pid;

	list_descriptors("at the start");
	connected_pair(pair);
	list_descriptors("after connect");
	fcntl(pair[0], F_SETFD, FD_CLOEXEC);
	in_fork_child("close of each", close_each);
	in_fork_child("closefrom", close_from);
	in_fork_child("close_range", close_all);
	in_fork_child("CLOSE_RANGE_CLOEXEC", close_later);
	in_fork_child("CLOSE_RANGE_UNSHARE", close_own_copy);
	list_descriptors("in the parent");
	fflush(stdout);
	pid = vfork();
	if (pid == 0) {
		dup2(pair[1], 50);
		close(pair[0]);
		close(pair[1]);
		_exit(3);
	}
	printf("vfork: child status %d\n", wait_status(pid));
	list_descriptors("after vfork");
	printf("send still works: %zd\n", send(pair[0], "x", 1, 0));
	must(posix_spawn(&pid, "/bin/sh", NULL, NULL, (char *[]){"sh", "-c", "exit 4", NULL},
			 environ) == 0,
	     "posix_spawn");
	printf("posix_spawn: child status %d\n", wait_status(pid));
	printf("system: %d\n", WEXITSTATUS(system("exit 5")));
	printf("pclose: %d\n", WEXITSTATUS(pclose(popen("exit 6", "r"))));
	list_descriptors("at the end");
	execl("/proc/self/exe", "host", "descriptors-again", (char *)NULL);
}

static void section_descriptors_again(void)
{
	list_descriptors("after exec");
}

/* --- threads and signals -----------------------------------------------------------------------
 */

struct blocked {
	const char *name;
	int fd;
	long (*call)(int fd);
};

static long call_read(int fd)
{
	char byte;

	return read(fd, &byte, 1);
}

static long call_recv(int fd)
{
	char byte;

	return recv(fd, &byte, 1, 0);
}

static long call_recvfrom(int fd)
{
	char byte;

	return recvfrom(fd, &byte, 1, 0, NULL, NULL);
}

static long call_recvmsg(int fd)
{
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	return recvmsg(fd, &message, 0);
}

static long call_readv(int fd)
{
	char byte;
	struct iovec iov = {&byte, 1};

	return readv(fd, &iov, 1);
}

static long call_poll(int fd)
{
	struct pollfd poller = {.fd = fd, .events = POLLIN};

	return poll(&poller, 1, -1);
}

static long call_select(int fd)
{
	fd_set set;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	return select(fd + 1, &set, NULL, NULL, NULL);
}

static long call_epoll(int fd)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll = epoll_create1(0);

	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	return epoll_wait(epoll, &event, 1, -1);
}

static long call_accept(int fd)
{
	struct sockaddr_in address;

	(void)fd;
	return accept(listener(&address), NULL, NULL);
}

/* Fills the send buffer until the call blocks. */
static long call_send(int fd)
{
	static char many[1 << 20];
	long n;

	while ((n = send(fd, many, sizeof many, 0)) == (long)sizeof many)
		;
	return n < 0 ? n : 1; /* how much went before the signal is the kernel's affair */
}

static const struct {
	const char *name;
	long (*call)(int fd);
} blocking[] = {
	{"read", call_read},	   {"recv", call_recv},	  {"recvfrom", call_recvfrom},
	{"recvmsg", call_recvmsg}, {"readv", call_readv}, {"poll", call_poll},
	{"select", call_select},   {"epoll", call_epoll}, {"accept", call_accept},
	{"send", call_send},
};

#define BLOCKING (sizeof blocking / sizeof blocking[0])

static _Atomic pid_t blocked_tid;

static void note_cleanup(void *name)
{
	printf("%s: cleanup ran\n", (const char *)name);
}

static void *block(void *data)
{
	struct blocked *blocked = data;
	long result;

	blocked_tid = (pid_t)syscall(SYS_gettid);
	pthread_cleanup_push(note_cleanup, (void *)blocked->name);
	errno = UNTOUCHED;
	result = blocked->call(blocked->fd);
	printf("%s: came back with %ld, errno %d\n", blocked->name, result, errno);
	pthread_cleanup_pop(0);
	return NULL;
}

/* Until the thread sleeps in the kernel. */
static void wait_until_asleep(pid_t tid)
{
	char path[64];
	char text[256];

	for (;;) {
		int fd;
		ssize_t n;
		const char *at;

		snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)tid);
		fd = open(path, O_RDONLY);
		if (fd < 0)
			return;
		n = read(fd, text, sizeof text - 1);
		close(fd);
		if (n <= 0)
			return;
		text[n] = '\0';
		at = strrchr(text, ')');
		if (at && at[2] == 'S')
			return;
		sched_yield();
	}
}

static pthread_t start_blocked(struct blocked *blocked)
{
	pthread_t thread;
	pid_t tid;

	blocked_tid = 0;
	must(pthread_create(&thread, NULL, block, blocked) == 0, "pthread_create");
	while ((tid = blocked_tid) == 0)
		sched_yield();
	wait_until_asleep(tid);
	return thread;
}

static void section_cancel(void)
{
	for (size_t i = 0; i < BLOCKING; i++) {
		struct blocked blocked = {blocking[i].name, -1, blocking[i].call};
		pthread_t thread;
		void *result;
		int pair[2];

		connected_pair(pair);
		blocked.fd = pair[0];
		thread = start_blocked(&blocked);
		pthread_cancel(thread);
		pthread_join(thread, &result);
		printf("%s: %s\n", blocked.name,
		       result == PTHREAD_CANCELED ? "cancelled" : "not cancelled");
		fflush(stdout);
		close(pair[0]);
		close(pair[1]);
	}
}

static void on_signal(int number)
{
	(void)number;
}

static void interrupt_all(int flags)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};

	sigaction(SIGUSR1, &action, NULL);
	for (size_t i = 0; i < BLOCKING; i++) {
		struct blocked blocked = {blocking[i].name, -1, blocking[i].call};
		pthread_t thread;
		int pair[2];

		/* With SA_RESTART these go on for ever; the others give up (signal(7)). */
		if ((flags & SA_RESTART) != 0 &&
		    (blocking[i].call == call_accept || blocking[i].call == call_send))
			continue;
		connected_pair(pair);
		blocked.fd = pair[0];
		thread = start_blocked(&blocked);
		pthread_kill(thread, SIGUSR1);
		if ((flags & SA_RESTART) != 0) {
			wait_until_asleep(blocked_tid);
			must(write(pair[1], "x", 1) == 1, "write");
		}
		pthread_join(thread, NULL);
		fflush(stdout);
		close(pair[0]);
		close(pair[1]);
	}
}

static void section_interrupt(void)
{
	interrupt_all(0);
	interrupt_all(SA_RESTART);
}

/* --- the end ------------------------------------------------------------------------------------
 */

static int last_pair[2];

static void at_exit(void)
{
	char byte;

	printf("atexit: send %zd\n", send(last_pair[0], "x", 1, 0));
	printf("atexit: recv %zd\n", recv(last_pair[1], &byte, 1, 0));
	fflush(stdout);
}

__attribute__((destructor)) static void at_the_very_end(void)
{
	char byte;

	if (last_pair[0] == 0)
		return;
	printf("destructor: write %zd\n", write(last_pair[0], "x", 1));
	printf("destructor: read %zd\n", read(last_pair[1], &byte, 1));
	printf("destructor: close %d\n", close(last_pair[0]));
	fflush(stdout);
}

static void section_exit(void)
{
	connected_pair(last_pair);
	atexit(at_exit);
	exit(11);
}

static void section_abort(void)
{
	connected_pair(last_pair);
	abort();
}

static void section_quick_exit(void)
{
	connected_pair(last_pair);
	at_quick_exit(at_exit);
	quick_exit(12);
}

/* A thread that ends the process, another that sits in a call. */
static void *exit_now(void *data)
{
	exit(13);
	return data;
}

static void section_thread_exit(void)
{
	pthread_t thread;
	char byte;

	connected_pair(last_pair);
	pthread_create(&thread, NULL, exit_now, NULL);
	for (;;)
		recv(last_pair[0], &byte, 1, 0);
}

static const struct {
	const char *name;
	void (*run)(void);
} sections[] = {
	{"errno", section_errno},
	{"pointers", section_pointers},
	{"descriptors", section_descriptors},
	{"descriptors-again", section_descriptors_again},
	{"cancel", section_cancel},
	{"interrupt", section_interrupt},
	{"exit", section_exit},
	{"abort", section_abort},
	{"quick_exit", section_quick_exit},
	{"thread_exit", section_thread_exit},
};

int main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < sizeof sections / sizeof sections[0]; i++)
		if (strcmp(argv[1], sections[i].name) == 0) {
			/* Programs may rely on it (C11 7.5). */
			if (errno != 0)
				printf("errno is %d at the start\n", errno);
			sections[i].run();
			return 0;
		}
	fputs("usage: host SECTION\n", stderr);
	return 2;
}
