/* SPDX-License-Identifier: MIT */
/*
 * Results and errno are libc's, for good calls and bad ones, on descriptors that are not watched,
 * that are, and that were inherited: rows 13, 25 and 30 of the pitfalls.  The harness compares what
 * is printed with a bare run.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "harness.h"

#define CANARY 4242 /* an errno that no call sets */

static int errno_at_start = -1;

__attribute__((constructor)) static void note_errno(void)
{
	errno_at_start = errno;
}

/* The result of a call that was made with errno set to CANARY. */
static void show(const char *what, long result)
{
	int error = errno;

	printf("%s: %ld, errno %d\n", what, result, error);
}

#define SHOW(call) (errno = CANARY, show(#call, (long)(call)))

/* --- a stream that is watched
 * ------------------------------------------------------------------------ */

/* ends[0] was connected by connect() and its protocol is not told: the most attention there is. */
static void make_stream(int family, int ends[2])
{
	struct sockaddr_storage address = {.ss_family = (sa_family_t)family};
	/* Autobind (unix(7)), or any port. */
	socklen_t len = family == AF_UNIX ? sizeof(sa_family_t) : sizeof(struct sockaddr_in);
	int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	require(bind(listener, (struct sockaddr *)&address, len) == 0);
	len = sizeof(address);
	require(getsockname(listener, (struct sockaddr *)&address, &len) == 0);
	require(listen(listener, 1) == 0);
	ends[0] = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	require(connect(ends[0], (struct sockaddr *)&address, len) == 0);
	ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	require(ends[1] >= 0);
	close(listener);
}

/* The last `len` bytes of mapped memory; what follows is not mapped. */
static char *at_the_end(size_t len)
{
	const size_t page = 4096;
	char *pages =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	require(pages != MAP_FAILED && munmap(pages + page, page) == 0);
	memset(pages, 'm', page);
	return pages + page - len;
}

/* --- writes
 * -------------------------------------------------------------------------------------------- */

/* Compilers know what is wrong with these calls, and must not see it. */
static char *hidden(uintptr_t address)
{
	__asm__("" : "+r"(address));
	return (char *)address;
}

#define bad hidden(8) /* not mapped */
#define null hidden(0)
#define count(n) ((int)(intptr_t)hidden((uintptr_t)(n)))

static void write_badly(int fd)
{
	char *half = at_the_end(4);
	struct iovec third[3] = {{NULL, 0}, {bad, 0}, {(char *)(uintptr_t) "abc", 3}};
	struct iovec bad_second[2] = {{(char *)(uintptr_t) "abc", 3}, {bad, 3}};
	struct iovec halves[2] = {{half, 64}, {half, 2}};
	struct iovec nothing[2] = {{NULL, 0}, {NULL, 0}};
	struct msghdr good = {.msg_iov = third, .msg_iovlen = 3};
	struct msghdr faulty = {.msg_iov = bad_second, .msg_iovlen = 2};
	struct msghdr empty = {0};
	struct msghdr nowhere = {.msg_iov = (struct iovec *)(void *)bad, .msg_iovlen = 2};
	struct mmsghdr two[2] = {{.msg_hdr = good}, {.msg_hdr = faulty}};

	SHOW(write(fd, "a", 1));
	SHOW(write(fd, NULL, 0));
	SHOW(write(fd, null, 5));
	SHOW(write(fd, bad, 5));
	SHOW(write(fd, half, 64));
	SHOW(send(fd, "a", 1, MSG_NOSIGNAL));
	SHOW(send(fd, bad, 0, 0));
	SHOW(send(fd, bad, 5, 0));
	SHOW(send(fd, half, 64, 0));
	SHOW(send(fd, "a", 1, INT_MIN));
	SHOW(sendto(fd, bad, 5, 0, NULL, 0));
	SHOW(sendto(fd, "a", 1, 0, (struct sockaddr *)(void *)bad, 16));
	SHOW(writev(fd, third, 3));
	SHOW(writev(fd, nothing, 2));
	SHOW(writev(fd, bad_second, 2));
	SHOW(writev(fd, halves, 2));
	SHOW(writev(fd, (struct iovec *)(void *)null, 2));
	SHOW(writev(fd, (struct iovec *)(void *)bad, 1));
	SHOW(writev(fd, third, 0));
	SHOW(writev(fd, third, count(-1)));
	SHOW(writev(fd, third, count(100000)));
	SHOW(pwritev2(fd, third, 3, -1, 0));
	SHOW(pwritev2(fd, third, 3, 0, 0));
	SHOW(pwritev2(fd, third, 3, -1, 1 << 30));
	SHOW(sendmsg(fd, &good, 0));
	SHOW(sendmsg(fd, &faulty, 0));
	SHOW(sendmsg(fd, &empty, 0));
	SHOW(sendmsg(fd, &nowhere, 0));
	SHOW(sendmsg(fd, (struct msghdr *)(void *)bad, 0));
	SHOW(sendmmsg(fd, two, 2, 0));
	SHOW(two[0].msg_len);
	SHOW(sendmmsg(fd, (struct mmsghdr *)(void *)bad, 1, 0));
	SHOW(sendmmsg(fd, two, 0, 0));
	SHOW(sendfile(fd, -1, NULL, 5));
	SHOW(splice(-1, NULL, fd, NULL, 5, 0));
}

/* --- reads
 * --------------------------------------------------------------------------------------------- */

static void fill(int other)
{
	char drain[64];

	while (recv(other, drain, sizeof(drain), MSG_DONTWAIT) > 0)
		continue;
	require(write(other, "0123456789", 10) == 10);
}

static void empty_out(int fd)
{
	char drain[64];

	errno = CANARY;
	while (recv(fd, drain, sizeof(drain), MSG_DONTWAIT) > 0)
		continue;
}

/* One call at a time with ten bytes to read. */
#define SHOW_READ(call) (fill(other), SHOW(call), empty_out(fd))

static void read_badly(int fd, int other)
{
	char good[64];
	char *half = at_the_end(4);
	struct iovec third[3] = {{NULL, 0}, {bad, 0}, {good, 3}};
	struct iovec bad_second[2] = {{good, 3}, {bad, 3}};
	struct iovec halves[2] = {{half, 64}, {half, 2}};
	struct msghdr message = {.msg_iov = third, .msg_iovlen = 3};
	struct msghdr faulty = {.msg_iov = bad_second, .msg_iovlen = 2};
	struct msghdr empty = {0};
	struct mmsghdr two[2] = {{.msg_hdr = message}, {.msg_hdr = faulty}};

	SHOW_READ(read(fd, good, 3));
	SHOW_READ(read(fd, NULL, 0));
	SHOW_READ(read(fd, bad, 5));
	SHOW_READ(read(fd, half, 64));
	SHOW_READ(recv(fd, good, 3, 0));
	SHOW_READ(recv(fd, bad, 5, 0));
	SHOW_READ(recv(fd, bad, 5, MSG_PEEK));
	SHOW_READ(recv(fd, good, 5, MSG_TRUNC));
	SHOW_READ(recv(fd, half, 64, 0));
	SHOW_READ(recvfrom(fd, bad, 5, 0, NULL, NULL));
	SHOW_READ(
		recvfrom(fd, good, 5, 0, (struct sockaddr *)(void *)bad, (socklen_t *)(void *)bad));
	SHOW_READ(readv(fd, third, 3));
	SHOW_READ(readv(fd, bad_second, 2));
	SHOW_READ(readv(fd, halves, 2));
	SHOW_READ(readv(fd, (struct iovec *)(void *)null, 2));
	SHOW_READ(readv(fd, third, count(-1)));
	SHOW_READ(preadv2(fd, third, 3, -1, 0));
	SHOW_READ(preadv2(fd, third, 3, 0, 0));
	SHOW_READ(recvmsg(fd, &message, 0));
	SHOW_READ(recvmsg(fd, &faulty, 0));
	SHOW_READ(recvmsg(fd, &empty, 0));
	SHOW_READ(recvmsg(fd, (struct msghdr *)(void *)bad, 0));
	SHOW_READ(recvmmsg(fd, two, 1, 0, NULL));
	SHOW_READ(recvmmsg(fd, two, 2, MSG_WAITFORONE, NULL));
	SHOW_READ(recvmmsg(fd, (struct mmsghdr *)(void *)bad, 1, 0, NULL));
	SHOW_READ(splice(fd, NULL, -1, NULL, 5, 0));
	SHOW(recv(fd, good, 1, MSG_DONTWAIT));
	SHOW(read(fd, good, 0));
}

static void bad_buffers(int fd, int other)
{
	write_badly(fd);
	read_badly(fd, other);
}

/* At once on a unix socket; TCP takes its time. */
static void end_badly(int fd, int other)
{
	shutdown(other, SHUT_RDWR);
	empty_out(fd);
	SHOW(recv(fd, NULL, 0, 0));
	SHOW(send(fd, "a", 1, MSG_NOSIGNAL));
	SHOW(shutdown(fd, SHUT_RDWR));
	SHOW(shutdown(fd, 99));
	SHOW(close(fd));
	SHOW(close(fd));
}

static void run_unwatched_buffers(void)
{
	int ends[2];

	require(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
	bad_buffers(ends[0], ends[1]);
	end_badly(ends[0], ends[1]);
}

static void run_watched_buffers(void)
{
	int ends[2];

	make_stream(AF_INET, ends);
	bad_buffers(ends[0], ends[1]);
	make_stream(AF_UNIX, ends);
	bad_buffers(ends[0], ends[1]);
	end_badly(ends[0], ends[1]);
}

static int other_end;

static void bad_buffers_in_child(int fd)
{
	bad_buffers(fd, other_end);
	fflush(stdout);
}

static void end_badly_in_child(int fd)
{
	end_badly(fd, other_end);
	fflush(stdout);
}

static void run_inherited_buffers(void)
{
	int ends[2];

	make_stream(AF_INET, ends);
	other_end = ends[1];
	run_child(bad_buffers_in_child, ends[0]);
	run_child(bad_buffers_in_child, ends[0]);
	make_stream(AF_UNIX, ends);
	other_end = ends[1];
	run_child(bad_buffers_in_child, ends[0]);
	run_child(end_badly_in_child, ends[0]);
}

/* --- no descriptor at all
 * ------------------------------------------------------------------------------- */

static void run_no_descriptor(void)
{
	static const int numbers[] = {-1, 900, INT_MAX, INT_MIN};
	char byte = 0;
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};
	struct mmsghdr messages = {.msg_hdr = message};
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	struct epoll_event event;

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		int fd = numbers[i];

		SHOW(read(fd, &byte, 1));
		SHOW(readv(fd, &iov, 1));
		SHOW(preadv2(fd, &iov, 1, -1, 0));
		SHOW(recv(fd, &byte, 1, 0));
		SHOW(recvfrom(fd, &byte, 1, 0, NULL, NULL));
		SHOW(recvmsg(fd, &message, 0));
		SHOW(recvmmsg(fd, &messages, 1, 0, NULL));
		SHOW(write(fd, &byte, 1));
		SHOW(writev(fd, &iov, 1));
		SHOW(pwritev2(fd, &iov, 1, -1, 0));
		SHOW(send(fd, &byte, 1, 0));
		SHOW(sendto(fd, &byte, 1, 0, NULL, 0));
		SHOW(sendmsg(fd, &message, 0));
		SHOW(sendmmsg(fd, &messages, 1, 0));
		SHOW(sendfile(fd, STDIN_FILENO, NULL, 1));
		SHOW(splice(fd, NULL, fd, NULL, 1, 0));
		SHOW(connect(fd, (struct sockaddr *)&un, sizeof(un)));
		SHOW(accept(fd, NULL, NULL));
		SHOW(accept4(fd, NULL, NULL, 0));
		SHOW(shutdown(fd, SHUT_RDWR));
		SHOW(close(fd));
		SHOW(dup(fd));
		SHOW(dup2(fd, 100));
		SHOW(dup2(STDOUT_FILENO, fd));
		SHOW(dup3(fd, 100, O_CLOEXEC));
		SHOW(dup3(STDOUT_FILENO, STDOUT_FILENO, 0));
		SHOW(fcntl(fd, F_GETFD));
		SHOW(fcntl(fd, F_DUPFD, 0));
		SHOW(epoll_wait(fd, &event, 1, 0));
		SHOW(fdopen(fd, "r") == NULL);
		close(INT_MAX);
	}
}

/* --- blocking
 * -------------------------------------------------------------------------------------------- */

static void on_alarm(int signal)
{
	(void)signal;
}

static void interrupt_soon(void)
{
	struct itimerval soon = {.it_value = {.tv_usec = 20000}};

	require(setitimer(ITIMER_REAL, &soon, NULL) == 0);
}

/* Interrupted without SA_RESTART, timed out, would block, would kill by SIGPIPE. */
static void block_on(int fd, int other)
{
	struct sigaction action = {.sa_handler = on_alarm};
	struct timeval timeout = {.tv_usec = 20000};
	struct pollfd waiting = {.fd = fd, .events = POLLIN};
	char byte;

	require(sigaction(SIGALRM, &action, NULL) == 0);
	interrupt_soon();
	SHOW(recv(fd, &byte, 1, 0));
	interrupt_soon();
	SHOW(read(fd, &byte, 1));
	interrupt_soon();
	SHOW(poll(&waiting, 1, 5000));
	require(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) == 0);
	SHOW(recv(fd, &byte, 1, 0));
	require(fcntl(fd, F_SETFL, O_NONBLOCK) == 0);
	SHOW(read(fd, &byte, 1));
	while (send(fd, "0123456789", 10, MSG_NOSIGNAL) == 10)
		continue;
	SHOW(send(fd, "0123456789", 10, MSG_NOSIGNAL));
	close(other);
	SHOW(write(fd, "0123456789", 10));
	SHOW(recv(fd, &byte, 1, 0));
}

static void block_in_child(int fd)
{
	signal(SIGPIPE, SIG_IGN);
	block_on(fd, other_end);
	fflush(stdout);
}

static void run_blocking(void)
{
	int ends[2];

	make_stream(AF_UNIX, ends);
	other_end = ends[1];
	block_in_child(ends[0]);
	make_stream(AF_UNIX, ends);
	other_end = ends[1];
	run_child(block_in_child, ends[0]);
}

/* --- the rest
 * --------------------------------------------------------------------------------------------- */

static void run_start(void)
{
	require(errno_at_start == 0);
}

static void run_success(void)
{
	struct timeval at_once = {0};
	struct pollfd none = {.fd = -1};
	char byte;
	int ends[2];
	int fd;

	make_stream(AF_UNIX, ends);
	fd = ends[0];
	for (int i = 0; i < 3; i++) {
		SHOW(send(fd, "a", 1, 0));
		SHOW(send(ends[1], "a", 1, 0));
		SHOW(recv(fd, &byte, 1, 0));
		SHOW(write(fd, "a", 1));
		SHOW(poll(&none, 1, 0));
		SHOW(select(0, NULL, NULL, NULL, &at_once));
		SHOW(dup2(fd, 100));
		SHOW(close(100));
		SHOW(fcntl(fd, F_GETFD));
		SHOW(close_range(200, 300, 0));
		errno = CANARY;
		closefrom(500);
		show("closefrom", 0);
		SHOW(fork() == 0 ? (_exit(0), 0) : 0);
	}
	errno = CANARY;
	fd = peer_connect_only(0);
	show("socket and connect", 0);
	SHOW(close(fd));
}

/* Three kinds of third argument, and none (row 25). */
static void run_fcntl(void)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};
	struct f_owner_ex owner = {F_OWNER_PID, 0};
	FILE *file = tmpfile();
	int fd = fileno(file);
	int ends[2];

	require(pipe(ends) == 0);
	SHOW(fcntl(fd, F_GETFD));
	SHOW(fcntl(fd, F_SETFD, FD_CLOEXEC));
	SHOW(fcntl(fd, F_GETFD));
	SHOW(fcntl(fd, F_GETFL) & O_ACCMODE);
	SHOW(fcntl(fd, F_SETLK, &lock));
	SHOW(fcntl(fd, F_GETLK, &lock));
	SHOW(lock.l_type);
	SHOW(fcntl(fd, F_OFD_GETLK, &lock));
	SHOW(fcntl(fd, F_SETLK, NULL));
	SHOW(fcntl(fd, F_SETLK, bad));
	SHOW(fcntl(ends[1], F_SETPIPE_SZ, 8192));
	SHOW(fcntl(ends[1], F_GETPIPE_SZ));
	SHOW(fcntl(fd, F_GETOWN_EX, &owner));
	SHOW(fcntl(fd, F_DUPFD, 70));
	SHOW(fcntl(fd, F_DUPFD_CLOEXEC, 70));
	SHOW(fcntl(71, F_GETFD));
	SHOW(fcntl(fd, F_DUPFD, -1));
	SHOW(fcntl(fd, F_DUPFD, INT_MAX));
	SHOW(fcntl(fd, 99999));
	SHOW(fcntl(fd, 99999, -1L));
}

static const struct entry_case cases[] = {
	{.name = "errno is 0 when the program starts", .run = run_start},
	{.name = "success leaves errno alone", .run = run_success},
	{.name = "what is no descriptor gives libc's errors", .run = run_no_descriptor},
	{.name = "bad buffers on a socket that is not watched", .run = run_unwatched_buffers},
	{.name = "bad buffers on a watched connection", .run = run_watched_buffers},
	{.name = "bad buffers on an inherited connection", .run = run_inherited_buffers},
	{.name = "interrupted, timed out, full and broken", .run = run_blocking},
	{.name = "fcntl takes what fcntl takes", .run = run_fcntl},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
