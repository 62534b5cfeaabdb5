/* SPDX-License-Identifier: MIT */
/*
 * mode=isolate: a process that would break the rule meets a closed connection, and the process that
 * used the connection first meets nothing.
 *
 * Most cases are one story: a connection is opened by the subject, a child ("owner") uses it first,
 * another ("second") then does what the case is about, and the owner uses the connection again.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "base/sys.h"

#define QUIT "*1\r\n$4\r\nQUIT\r\n"

static int status_of(pid_t pid)
{
	int status;

	require(pid > 0 && waitpid(pid, &status, 0) == pid);
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Without isolation the second process waits for ever for what the owner gets. */
static bool is_bare(void)
{
	return getenv("FORKSAN_OPTIONS") == NULL;
}

/* Runs second(fd) between two uses of the owner, use(fd), and prints its status. */
static void tell_of(int fd, void (*use)(int fd), void (*second)(int fd))
{
	struct gate used, go_on;
	pid_t owner, other;

	if (is_bare())
		return;
	gate_init(&used);
	gate_init(&go_on);
	fflush(stdout);
	owner = fork();
	require(owner >= 0);
	if (owner == 0) {
		use(fd);
		gate_tell(&used);
		gate_wait(&go_on);
		use(fd);
		exit(0);
	}
	gate_wait(&used);
	other = fork();
	require(other >= 0);
	if (other == 0) {
		second(fd);
		exit(0);
	}
	printf("second %d", status_of(other));
	gate_tell(&go_on);
	printf(", owner %d\n", status_of(owner));
	close(fd);
	for (int i = 0; i < 2; i++) {
		close(used.ends[i]);
		close(go_on.ends[i]);
	}
}

static void tell(int fd, void (*second)(int fd))
{
	tell_of(fd, peer_ping, second);
}

static const char *error_name(int error)
{
	switch (error) {
	case EAGAIN:
		return "EAGAIN";
	case ECONNRESET:
		return "ECONNRESET";
	case EEXIST:
		return "EEXIST";
	case ENOENT:
		return "ENOENT";
	case ENOTCONN:
		return "ENOTCONN";
	case EPIPE:
		return "EPIPE";
	default:
		return strerror(error);
	}
}

/* "recv 0", "send ECONNRESET" */
static void print(const char *call, ssize_t result)
{
	if (result < 0)
		printf("%s %s; ", call, error_name(errno));
	else
		printf("%s %zd; ", call, result);
	fflush(stdout);
}

static void expect_output(const struct log *log, const char *output)
{
	expect(strcmp(log_output(log), output) == 0);
}

static void expect_actions(const struct log *log, const char *kind, const char *action)
{
	expect(log_count(log, kind) >= 1);
	for (unsigned i = 0; i < log_count(log, kind); i++) {
		const char *found = log_string(log, kind, i, "action");

		expect(found != NULL && strcmp(found, action) == 0);
	}
}

/* --- what a closed connection is like ----------------------------------------------------------
 */

/* SIGPIPE is not ignored: the first write that fails must not raise it, as with a peer that has
 * closed a TCP connection. */
static void write_first(int fd)
{
	char reply[REPLY_BYTES];

	print("send", send(fd, REQUEST, REQUEST_BYTES, 0));
	print("recv", recv(fd, reply, sizeof(reply), 0));
	print("send", send(fd, REQUEST, REQUEST_BYTES, MSG_NOSIGNAL));
	peer_ping(peer_connect_only(0));
}

static void read_first(int fd)
{
	char reply[REPLY_BYTES];

	print("recv", recv(fd, reply, sizeof(reply), 0));
	print("write", write(fd, REQUEST, REQUEST_BYTES));
	print("recv", recv(fd, reply, sizeof(reply), 0));
	print("send", send(fd, REQUEST, REQUEST_BYTES, 0));
}

static void run_tcp(void)
{
	tell(peer_connect(), write_first);
	tell(peer_connect(), read_first);
}

static void expect_tcp(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "send ECONNRESET; recv 0; send EPIPE; second 0, owner 0\n"
			   "recv 0; write ECONNRESET; recv 0; second 141, owner 0\n");
	expect(log_count(log, "shared-use") == 2);
	expect(log_count(log, "crossed-reply") == 0);
	expect_actions(log, "shared-use", "isolated");
	expect(log_integer(log, "shared-use", 0, "operation.bytes") == 0);
	expect(strcmp(log_string(log, "shared-use", 0, "operation.message"), "PING") == 0);
	expect(strncmp(log_string(log, "shared-use", 0, "connection.local"), "127.0.0.1:", 10) ==
	       0);
	expect(log_integer(log, "shared-use", 0, "connection.isolated") == 1);
	expect(log_counter(log, "isolated") == 2);
	expect(log_counter(log, "reconnected") == 1);
	expect(log_counter(log, "isolate_failed") == 0);
	expect(log_counter(log, "stale_fds") == 0);
}

/* A server on a unix socket whose name is free as long as the subject lives. */
static int unix_connect(void)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX};
	int listener = socket(AF_UNIX, SOCK_STREAM, 0), fd;
	socklen_t len;

	snprintf(un.sun_path + 1, sizeof(un.sun_path) - 1, "forksan-test-redis-%d.sock", getpid());
	len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(un.sun_path + 1));
	require(bind(listener, (struct sockaddr *)&un, len) == 0 && listen(listener, 1) == 0);
	fd = socket(AF_UNIX, SOCK_STREAM, 0);
	fflush(stdout);
	if (fork() == 0) {
		char request[REQUEST_BYTES];
		int served = (int)sys_call(SYS_accept, listener, 0, 0, 0, 0, 0);

		raw_close(fd);
		while (sys_call(SYS_recvfrom, served, (long)(uintptr_t)request, REQUEST_BYTES,
				MSG_WAITALL, 0, 0) == REQUEST_BYTES)
			require(raw_write(served, REPLY, REPLY_BYTES) == REPLY_BYTES);
		_exit(0);
	}
	require(connect(fd, (struct sockaddr *)&un, len) == 0);
	close(listener);
	peer_ping(fd);
	return fd;
}

static void use_unix(int fd)
{
	struct sockaddr_un un;
	socklen_t len = sizeof(un);
	char reply[REPLY_BYTES];

	print("send", send(fd, REQUEST, REQUEST_BYTES, MSG_NOSIGNAL));
	print("recv", recv(fd, reply, sizeof(reply), 0));
	require(getsockname(fd, (struct sockaddr *)&un, &len) == 0 && un.sun_family == AF_UNIX);
	len = sizeof(un);
	require(getpeername(fd, (struct sockaddr *)&un, &len) == 0 && un.sun_family == AF_UNIX);
	send(fd, REQUEST, REQUEST_BYTES, 0);
}

static void run_unix(void)
{
	if (!is_bare())
		tell(unix_connect(), use_unix);
}

static void expect_unix(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "send EPIPE; recv 0; second 141, owner 0\n");
	expect_actions(log, "shared-use", "isolated");
}

static int count_descriptors(void)
{
	int count = 0;

	for (int fd = 0; fd < 256; fd++)
		count += sys_call(SYS_fcntl, fd, F_GETFD, 0, 0, 0, 0) >= 0;
	return count;
}

/* The socket goes on to be one, and nothing but the connection has changed. */
static void look_at_socket(int fd)
{
	int before = count_descriptors();
	struct sockaddr_in in = {0};
	socklen_t len = sizeof(in);
	int copy, one = 1, error = 0;

	fcntl(fd, F_SETFD, FD_CLOEXEC);
	copy = dup(fd);
	print("send", send(fd, REQUEST, REQUEST_BYTES, 0));
	print("copy: send", send(copy, REQUEST, REQUEST_BYTES, MSG_NOSIGNAL));
	close(copy);
	require(count_descriptors() == before);
	require(fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0);
	require(getsockname(fd, (struct sockaddr *)&in, &len) == 0);
	require(in.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
	require(getpeername(fd, (struct sockaddr *)&in, &len) == -1 && errno == ENOTCONN);
	require(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one)) == 0);
	len = sizeof(error);
	require(getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == 0 && error == 0);
	print("shutdown", shutdown(fd, SHUT_RDWR));
	require(close(fd) == 0);
}

static void look_at_nonblocking(int fd)
{
	char byte;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	print("recv", recv(fd, &byte, 1, 0));
	raw_send_request(fd);
	require(poll(&(struct pollfd){fd, POLLIN, 0}, 1, -1) == 1);
	print("recv", recv(fd, &byte, 1, 0));
	require((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
	require(fcntl(fd, F_GETFD) == 0);
}

static void run_looks(void)
{
	int fd = peer_connect();

	if (is_bare())
		return;
	tell(peer_connect(), look_at_socket);
	fflush(stdout);
	run_child(peer_ping, fd);
	run_child(look_at_nonblocking, fd);
	/* The reply that the second did not get. */
	fcntl(fd, F_SETFL, 0);
	raw_receive_reply(fd);
	printf("\n");
}

static void expect_looks(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "send ECONNRESET; copy: send EPIPE; shutdown ENOTCONN; "
			   "second 0, owner 0\nrecv EAGAIN; recv 0; \n");
	expect(log_counter(log, "isolated") == 2);
}

/* --- every call --------------------------------------------------------------------------------
 */

static int scratch; /* a file with bytes in it */

static ssize_t call_write(int fd)
{
	return write(fd, REQUEST, REQUEST_BYTES);
}

static ssize_t call_sendto(int fd)
{
	return sendto(fd, REQUEST, REQUEST_BYTES, 0, NULL, 0);
}

static ssize_t call_writev(int fd)
{
	return writev(fd, &(struct iovec){(void *)(uintptr_t)REQUEST, REQUEST_BYTES}, 1);
}

static ssize_t call_pwritev2(int fd)
{
	return pwritev2(fd, &(struct iovec){(void *)(uintptr_t)REQUEST, REQUEST_BYTES}, 1, -1, 0);
}

static ssize_t call_sendmsg(int fd)
{
	struct iovec iov = {(void *)(uintptr_t)REQUEST, REQUEST_BYTES};

	return sendmsg(fd, &(struct msghdr){.msg_iov = &iov, .msg_iovlen = 1}, 0);
}

static ssize_t call_sendmmsg(int fd)
{
	struct iovec iov = {(void *)(uintptr_t)REQUEST, REQUEST_BYTES};
	struct mmsghdr messages[1] = {{.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}}};

	return sendmmsg(fd, messages, 1, 0);
}

static ssize_t call_sendfile(int fd)
{
	off_t at = 0;

	return sendfile(fd, scratch, &at, REQUEST_BYTES);
}

static ssize_t call_splice_out(int fd)
{
	int pipes[2];

	require(pipe(pipes) == 0 && write(pipes[1], REQUEST, REQUEST_BYTES) == REQUEST_BYTES);
	return splice(pipes[0], NULL, fd, NULL, REQUEST_BYTES, 0);
}

static ssize_t call_syscall_out(int fd)
{
	return syscall(SYS_sendto, fd, REQUEST, REQUEST_BYTES, 0, NULL, 0);
}

static char buffer[64];

static ssize_t call_read(int fd)
{
	return read(fd, buffer, sizeof(buffer));
}

static ssize_t call_readv(int fd)
{
	return readv(fd, &(struct iovec){buffer, sizeof(buffer)}, 1);
}

static ssize_t call_preadv2(int fd)
{
	return preadv2(fd, &(struct iovec){buffer, sizeof(buffer)}, 1, -1, 0);
}

static ssize_t call_recvfrom(int fd)
{
	struct sockaddr_in in;
	socklen_t len = sizeof(in);

	return recvfrom(fd, buffer, sizeof(buffer), 0, (struct sockaddr *)&in, &len);
}

static ssize_t call_recvmsg(int fd)
{
	struct iovec iov = {buffer, sizeof(buffer)};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	return recvmsg(fd, &message, 0);
}

static ssize_t call_recvmmsg(int fd)
{
	struct iovec iov = {buffer, sizeof(buffer)};
	struct mmsghdr messages[1] = {{.msg_hdr = {.msg_iov = &iov, .msg_iovlen = 1}}};
	int n = recvmmsg(fd, messages, 1, 0, NULL);

	return n == 1 ? (ssize_t)messages[0].msg_len : n;
}

static ssize_t call_splice_in(int fd)
{
	int pipes[2];

	require(pipe(pipes) == 0);
	return splice(fd, NULL, pipes[1], NULL, sizeof(buffer), 0);
}

static ssize_t call_syscall_in(int fd)
{
	return syscall(SYS_recvfrom, fd, buffer, sizeof(buffer), 0, NULL, NULL);
}

static const struct call {
	const char *name;
	ssize_t (*make)(int fd);
} calls[] = {
	{"write", call_write},	     {"sendto", call_sendto},	   {"writev", call_writev},
	{"pwritev2", call_pwritev2}, {"sendmsg", call_sendmsg},	   {"sendmmsg", call_sendmmsg},
	{"sendfile", call_sendfile}, {"splice", call_splice_out},  {"syscall", call_syscall_out},
	{"read", call_read},	     {"readv", call_readv},	   {"preadv2", call_preadv2},
	{"recvfrom", call_recvfrom}, {"recvmsg", call_recvmsg},	   {"recvmmsg", call_recvmmsg},
	{"splice", call_splice_in},  {"syscall", call_syscall_in},
};
static const struct call *now;

static void make_call(int fd)
{
	print(now->name, now->make(fd));
}

static void run_calls(void)
{
	char path[] = "/tmp/forksan-isolate-XXXXXX";

	call_preadv2(-1); /* a libc without it skips the case in both runs */
	scratch = mkstemp(path);
	unlink(path);
	require(write(scratch, REQUEST, REQUEST_BYTES) == REQUEST_BYTES);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		now = &calls[i];
		tell(peer_connect(), make_call);
	}
}

static void expect_calls(const struct log *log, const struct entry_case *self)
{
	char expected[4096];
	size_t len = 0;

	(void)self;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		len += (size_t)snprintf(expected + len, sizeof(expected) - len,
					"%s %s; second 0, owner 0\n", calls[i].name,
					i < 9 ? "ECONNRESET" : "0");
	expect_output(log, expected);
	expect(log_counter(log, "isolated") == (long long)(sizeof(calls) / sizeof(calls[0])));
	expect_actions(log, "shared-use", "isolated");
}

/* --- waiting -----------------------------------------------------------------------------------
 */

static void print_events(uint32_t events)
{
	printf("%s%s%s%s; ", events & EPOLLIN ? "in" : "", events & EPOLLHUP ? " hup" : "",
	       events & EPOLLRDHUP ? " rdhup" : "", events & EPOLLERR ? " err" : "");
}

/* The registrations go along, with their events and data; the old ones are gone, although the owner
 * still has the connection: they would report the owner's replies. */
static void wait_for_events(int fd)
{
	struct epoll_event level = {.events = EPOLLIN | EPOLLRDHUP, .data.u64 = 0x123456789a};
	struct epoll_event edge = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET, .data.u64 = 42};
	struct epoll_event got[4];
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	int one = epoll_create1(0), two = epoll_create1(0);
	int copy = dup(fd);

	require(epoll_ctl(one, EPOLL_CTL_ADD, fd, &level) == 0);
	require(epoll_ctl(two, EPOLL_CTL_ADD, fd, &edge) == 0);
	require(epoll_ctl(two, EPOLL_CTL_ADD, copy, &level) == 0);
	level.data.u64 = 7;
	require(epoll_ctl(two, EPOLL_CTL_MOD, copy, &level) == 0);
	print("send", send(fd, REQUEST, REQUEST_BYTES, 0));
	require(epoll_wait(one, got, 4, -1) == 1 && got[0].data.u64 == 0x123456789a);
	print_events(got[0].events);
	require(epoll_wait(two, got, 4, -1) == 2);
	require(got[0].data.u64 + got[1].data.u64 == 49);
	print_events(got[0].events);
	require(epoll_wait(two, got, 4, 0) == 1 && got[0].data.u64 == 7);
	require(epoll_ctl(one, EPOLL_CTL_DEL, fd, NULL) == 0);
	require(epoll_wait(one, got, 4, 0) == 0);
	require(epoll_ctl(two, EPOLL_CTL_DEL, copy, NULL) == 0);
	require(poll(&polled, 1, -1) == 1);
	print_events((uint32_t)polled.revents);
}

static void run_wait(void)
{
	tell(peer_connect(), wait_for_events);
}

static void expect_wait(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "send ECONNRESET; in hup rdhup; in hup rdhup; in hup; "
			   "second 0, owner 0\n");
	expect(log_count(log, "shared-epoll") == 0);
}

/* The child keeps the connection, and waits on the epoll instance that it shares with its parent:
 * the parent's registration, without which it would not be woken, stays when the parent is
 * isolated. */
static void wait_on_inherited(int fd, int epfd, struct gate *used, struct gate *go_on)
{
	struct epoll_event got;

	peer_ping(fd);
	gate_tell(used);
	gate_wait(go_on);
	require(send(fd, REQUEST, REQUEST_BYTES, 0) == REQUEST_BYTES);
	require(epoll_wait(epfd, &got, 1, 5000) == 1 && got.data.u64 == 5);
	raw_receive_reply(fd);
	exit(0);
}

static void run_inherited_epoll(void)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 5};
	int fd = peer_connect(), epfd = epoll_create1(0);
	struct gate used, go_on;
	pid_t child;

	if (is_bare())
		return;
	require(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event) == 0);
	gate_init(&used);
	gate_init(&go_on);
	child = fork();
	require(child >= 0);
	if (child == 0)
		wait_on_inherited(fd, epfd, &used, &go_on);
	gate_wait(&used);
	print("send", send(fd, REQUEST, REQUEST_BYTES, 0));
	close(fd); /* as its driver would */
	gate_tell(&go_on);
	printf("child %d\n", status_of(child));
}

static void expect_inherited_epoll(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "send ECONNRESET; child 0\n");
	expect(log_counter(log, "isolated") == 1);
}

static int instance;

static bool has_event(int epfd)
{
	struct epoll_event got;

	return epoll_wait(epfd, &got, 1, 2000) == 1 && got.data.u64 == 5;
}

static void unregister(int fd)
{
	print("remove", epoll_ctl(instance, EPOLL_CTL_DEL, fd, NULL));
}

static void silence(int fd)
{
	struct epoll_event nothing = {0};

	print("change", epoll_ctl(instance, EPOLL_CTL_MOD, fd, &nothing));
}

static int connect_and_register(void)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = 5};
	int fd = peer_connect();

	instance = epoll_create1(0);
	require(epoll_ctl(instance, EPOLL_CTL_ADD, fd, &event) == 0);
	return fd;
}

/* Asks, and is woken by the answer. */
static void ask_and_wait(int fd)
{
	require(send(fd, REQUEST, REQUEST_BYTES, 0) == REQUEST_BYTES);
	print("woken", has_event(instance));
	raw_receive_reply(fd);
}

/* The parent waits for an answer when its child takes the connection out of the loop that both
 * have. */
static void run_kept_registration(void)
{
	int fd = connect_and_register();
	struct gate asked;
	pid_t child;

	if (is_bare())
		return;
	gate_init(&asked);
	child = fork();
	require(child >= 0);
	if (child == 0) {
		gate_wait(&asked);
		unregister(fd);
		_exit(0);
	}
	peer_ping(fd);
	gate_tell(&asked);
	require(status_of(child) == 0);
	ask_and_wait(fd);
	printf("\n");
}

static void expect_kept(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "remove 0; woken 1; \n");
	expect(log_count(log, "shared-epoll") == 1);
	expect_actions(log, "shared-epoll", "held-back");
}

/* Nobody relies on the registration yet: the removal is let pass, and made good when the parent
 * goes on.  One that the parent itself has removed stays so. */
static void run_restored(void)
{
	int fd = connect_and_register();

	if (is_bare())
		return;
	fflush(stdout);
	run_child(unregister, fd);
	ask_and_wait(fd);
	run_child(silence, fd);
	ask_and_wait(fd);
	require(epoll_ctl(instance, EPOLL_CTL_DEL, fd, NULL) == 0);
	run_child(unregister, fd);
	ask_and_wait(fd);
	printf("\n");
}

static void expect_restored(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "remove 0; woken 1; change 0; woken 1; remove ENOENT; woken 0; \n");
	expect(log_counter(log, "isolated") == 0);
}

static void wait_for_end(uint64_t data, int timeout_ms)
{
	struct epoll_event got = {0};
	int count = epoll_wait(instance, &got, 1, timeout_ms);

	print("woken", count);
	require(count != 1 || (got.data.u64 == data && (got.events & EPOLLHUP) != 0));
}

static void register_as(int operation, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = {.events = events, .data.u64 = data};

	print(operation == EPOLL_CTL_ADD ? "add" : "change",
	      epoll_ctl(instance, operation, fd, &event));
}

/* The event loop that both have goes on in the isolated process, as after the peer's end; then the
 * number is another connection's. */
static void go_on_with_loop(int fd)
{
	int again;

	print("send", send(fd, REQUEST, REQUEST_BYTES, 0));
	wait_for_end(5, 2000);
	register_as(EPOLL_CTL_MOD, fd, EPOLLOUT, 6);
	wait_for_end(6, 2000);
	register_as(EPOLL_CTL_ADD, fd, EPOLLIN, 7);
	register_as(EPOLL_CTL_MOD, fd, EPOLLIN | EPOLLET, 8);
	wait_for_end(8, 2000);
	wait_for_end(8, 0);
	unregister(fd);
	unregister(fd);
	close(fd);
	again = peer_connect();
	require(again == fd);
	register_as(EPOLL_CTL_MOD, again, EPOLLIN, 9);
	wait_for_end(9, 0);
}

static void run_left_registration(void)
{
	tell(connect_and_register(), go_on_with_loop);
}

static void expect_left(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "send ECONNRESET; woken 1; change 0; woken 1; add EEXIST; change 0; "
			   "woken 1; woken 0; remove 0; remove ENOENT; change ENOENT; woken 0; "
			   "second 0, owner 0\n");
	expect(log_counter(log, "isolated") == 1);
}

/* --- in the middle -----------------------------------------------------------------------------
 */

static _Atomic pid_t waiter;

/* True when that thread of this process sleeps. */
static bool is_asleep(pid_t tid)
{
	char path[64], text[512];
	const char *state;
	ssize_t len;
	int file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", tid);
	file = (int)sys_call(SYS_openat, AT_FDCWD, (long)(uintptr_t)path, O_RDONLY, 0, 0, 0);
	require(file >= 0);
	len = raw_read(file, text, sizeof(text) - 1);
	raw_close(file);
	require(len > 0);
	text[len] = '\0';
	state = strrchr(text, ')');
	return state != NULL && state[2] == 'S';
}

static void *wait_and_read(void *fd)
{
	struct pollfd polled = {.fd = *(int *)fd, .events = POLLIN};
	char byte;

	waiter = (pid_t)sys_call(SYS_gettid, 0, 0, 0, 0, 0, 0);
	require(poll(&polled, 1, -1) == 1);
	print("recv", recv(*(int *)fd, &byte, 1, 0));
	return NULL;
}

/* A thread waits in poll() when another thread of its process is isolated: it is woken by what
 * comes for the process that has the connection, and does not get that. */
static void wait_in_thread(int fd)
{
	int live = (int)sys_call(SYS_dup, fd, 0, 0, 0, 0, 0); /* which nobody sees */
	pthread_t thread;

	require(pthread_create(&thread, NULL, wait_and_read, &fd) == 0);
	while (waiter == 0 || !is_asleep(waiter))
		sched_yield();
	print("send", send(fd, REQUEST, REQUEST_BYTES, 0));
	raw_send_request(live);
	require(pthread_join(thread, NULL) == 0);
	raw_receive_reply(live);
}

static void run_threads(void)
{
	tell(peer_connect(), wait_in_thread);
}

static void expect_threads(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "send ECONNRESET; recv 0; second 0, owner 0\n");
}

static void *read_reply(void *fd)
{
	char reply[REPLY_BYTES];

	waiter = (pid_t)sys_call(SYS_gettid, 0, 0, 0, 0, 0, 0);
	print("recv", recv(*(int *)fd, reply, sizeof(reply), MSG_WAITALL));
	return NULL;
}

/* A thread waits in recv() since before the fork of a child that then uses the connection: it takes
 * what comes, once, and its process is isolated; so is the child, whose answer that was. */
static void run_blocked_read(void)
{
	char reply[REPLY_BYTES];
	int fd = peer_connect();
	struct gate forked, go_on;
	pthread_t thread;
	pid_t child;

	if (is_bare())
		return;
	gate_init(&forked);
	gate_init(&go_on);
	require(pthread_create(&thread, NULL, read_reply, &fd) == 0);
	while (waiter == 0 || !is_asleep(waiter))
		sched_yield();
	child = fork();
	require(child >= 0);
	if (child == 0) {
		gate_wait(&forked);
		require(send(fd, REQUEST, REQUEST_BYTES, 0) == REQUEST_BYTES);
		gate_wait(&go_on);
		print("child's recv", recv(fd, reply, sizeof(reply), MSG_WAITALL));
		exit(0);
	}
	gate_tell(&forked);
	require(pthread_join(thread, NULL) == 0);
	print("send", send(fd, REQUEST, REQUEST_BYTES, 0));
	gate_tell(&go_on);
	printf("child %d\n", status_of(child));
}

static void expect_blocked_read(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "recv 7; send ECONNRESET; child's recv 0; child 0\n");
	expect_actions(log, "shared-use", "isolated");
	expect(log_counter(log, "isolated") == 2);
}

/* --- a protocol that nobody knows
 * -----------------------------------------------------------------------------
 */

#define QUESTION                                                                                   \
	"\x81"                                                                                     \
	"ask"
#define ANSWER                                                                                     \
	"\x82"                                                                                     \
	"yes"
#define WORD_BYTES 4

/* Answers questions until all connections are closed.  No call of it is interposed. */
static void answer_questions(int listener)
{
	int fd = (int)sys_call(SYS_accept4, listener, 0, 0, 0, 0, 0);
	char question[WORD_BYTES];

	require(fd >= 0);
	while (raw_read(fd, question, sizeof(question)) == WORD_BYTES)
		require(raw_write(fd, ANSWER, WORD_BYTES) == WORD_BYTES);
	_exit(0);
}

static int connect_to_unknown(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	pid_t server;

	require(bind(listener, (struct sockaddr *)&address, len) == 0);
	require(listen(listener, 1) == 0);
	require(getsockname(listener, (struct sockaddr *)&address, &len) == 0);
	server = fork();
	require(server >= 0);
	if (server == 0) {
		raw_close(fd);
		answer_questions(listener);
	}
	close(listener);
	require(connect(fd, (struct sockaddr *)&address, len) == 0);
	return fd;
}

static void ask_unknown(int fd)
{
	char answer[WORD_BYTES];

	require(send(fd, QUESTION, WORD_BYTES, 0) == WORD_BYTES);
	require(recv(fd, answer, sizeof(answer), MSG_WAITALL) == WORD_BYTES);
	require(memcmp(answer, ANSWER, WORD_BYTES) == 0);
}

static void take_unknown(int fd)
{
	char answer[WORD_BYTES];

	print("send", send(fd, QUESTION, WORD_BYTES, 0));
	print("recv", recv(fd, answer, sizeof(answer), MSG_WAITALL));
	print("send", send(fd, QUESTION, WORD_BYTES, 0));
}

/* The question is no violation, taking the answer is. */
static void run_unknown(void)
{
	int fd = connect_to_unknown();

	ask_unknown(fd);
	tell_of(fd, ask_unknown, take_unknown);
}

static void expect_unknown(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "send 4; recv 0; send ECONNRESET; second 0, owner 0\n");
	expect_actions(log, "shared-use", "isolated");
	expect(log_counter(log, "isolated") == 1);
}

/* --- half of a message --------------------------------------------------------------------------
 */

static void use_any(int fd)
{
	char byte;

	print("recv", recv(fd, &byte, 1, 0));
	print("send", send(fd, REQUEST, REQUEST_BYTES, MSG_NOSIGNAL));
}

/* The owner has written half of a request, then read half of an answer, when another comes. */
static void run_halves(void)
{
	struct gate owner_has, owner_may;
	char reply[REPLY_BYTES];
	int fd = peer_connect();
	pid_t owner;

	if (is_bare())
		return;
	gate_init(&owner_has);
	gate_init(&owner_may);
	fflush(stdout);
	owner = fork();
	require(owner >= 0);
	if (owner == 0) {
		require(send(fd, REQUEST, 7, 0) == 7);
		gate_tell(&owner_has);
		gate_wait(&owner_may);
		require(send(fd, &REQUEST[7], REQUEST_BYTES - 7, 0) == REQUEST_BYTES - 7);
		require(recv(fd, reply, 3, MSG_WAITALL) == 3);
		gate_tell(&owner_has);
		gate_wait(&owner_may);
		require(recv(fd, reply + 3, REPLY_BYTES - 3, MSG_WAITALL) == REPLY_BYTES - 3);
		require(memcmp(reply, REPLY, REPLY_BYTES) == 0);
		exit(0);
	}
	for (int i = 0; i < 2; i++) {
		gate_wait(&owner_has);
		run_child(use_any, fd);
		gate_tell(&owner_may);
	}
	printf("owner %d\n", status_of(owner));
}

static void expect_halves(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "recv 0; send ECONNRESET; recv 0; send ECONNRESET; owner 0\n");
	expect(log_count(log, "crossed-reply") == 0);
}

/* --- where little is allowed -------------------------------------------------------------------
 */

static void use_in_jail(int fd)
{
	require(chroot("/usr/share") == 0 && chdir("/") == 0);
	print("send", send(fd, REQUEST, REQUEST_BYTES, 0));
}

static void run_jail(void)
{
	if (getuid() != 0)
		skip("needs root");
	tell(peer_connect(), use_in_jail);
}

static void expect_jail(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "send ECONNRESET; second 0, owner 0\n");
	expect(log_counter(log, "isolated") == 1);
}

/* A filter that came unseen, and allows no new socket. */
static void use_without_sockets(int fd)
{
	refuse_call(SYS_socket);
	print("send", send(fd, REQUEST, REQUEST_BYTES, 0));
	raw_receive_reply(fd);
}

static void run_without_sockets(void)
{
	int fd = peer_connect();

	fflush(stdout);
	run_child(peer_ping, fd);
	run_child(use_without_sockets, fd);
	printf("\n");
}

static void expect_not_isolated(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "send 14; \n");
	expect(log_counter(log, "isolated") == 0);
	expect(log_counter(log, "isolate_failed") == 1);
	expect(strcmp(log_string(log, "shared-use", 0, "action"), "not-isolated") == 0);
}

/* --- a look -------------------------------------------------------------------------------------
 */

/* Drivers look with MSG_PEEK whether the connection is alive, before they use it. */
static void look_first(int fd)
{
	char byte;

	print("peek", recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT));
	print("send", send(fd, REQUEST, REQUEST_BYTES, 0));
	peer_ping(peer_connect_only(0));
}

static void run_look(void)
{
	tell(peer_connect(), look_first);
}

static void expect_look(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "peek 0; send ECONNRESET; second 0, owner 0\n");
	expect(log_counter(log, "violations") == 0);
	expect(log_counter(log, "isolated") == 1);
	expect(log_counter(log, "reconnected") == 1);
	expect(log_count(log, "inherited-use") == 2);
	expect(strcmp(log_string(log, "inherited-use", 1, "action"), "isolated") == 0);
}

/* --- goodbyes ----------------------------------------------------------------------------------
 */

static void say_goodbye(int fd)
{
	char reply[REPLY_BYTES];

	print("quit", send(fd, QUIT, sizeof(QUIT) - 1, 0));
	print("recv", recv(fd, reply, sizeof(reply), 0));
	print("shutdown", shutdown(fd, SHUT_RDWR));
	require(close(fd) == 0);
}

static void shut_down(int fd)
{
	char reply[REPLY_BYTES];

	print("shutdown", shutdown(fd, SHUT_RDWR));
	print("recv", recv(fd, reply, sizeof(reply), 0));
	require(close(fd) == 0);
}

static void run_goodbyes(void)
{
	tell(peer_connect(), say_goodbye);
	tell(peer_connect(), shut_down);
}

static void expect_goodbyes(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "quit 14; recv 0; shutdown ENOTCONN; second 0, owner 0\n"
			   "shutdown 0; recv 0; second 0, owner 0\n");
	expect_actions(log, "foreign-goodbye", "held-back");
	expect(log_count(log, "shared-use") == 0);
	expect(log_counter(log, "goodbyes_held") == 2);
	expect(log_counter(log, "isolated") == 0);
}

/* --- who keeps the connection ------------------------------------------------------------------
 */

static void run_sound(void)
{
	int fd = peer_connect();
	char byte;

	/* One child alone, then that child's child. */
	fflush(stdout);
	if (fork() == 0) {
		require(recv(fd, &byte, 1, MSG_DONTWAIT) == -1);
		peer_ping(fd);
		run_child(peer_ping, fd);
		_exit(0);
	}
	require(wait(NULL) > 0);
	close(fd);
	/* A process that finds nothing to read takes nothing from anybody. */
	fd = peer_connect();
	if (fork() == 0) {
		require(recv(fd, &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN);
		_exit(0);
	}
	require(wait(NULL) > 0);
	peer_ping(fd);
}

static void expect_sound(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_counter(log, "violations") == 0);
	expect(log_counter(log, "isolated") == 0);
	expect(log_counter(log, "goodbyes_held") == 0);
}

static struct gate go;

/* 0: kept the connection; 1: was isolated. */
static int ping_at_once(int fd)
{
	gate_wait(&go);
	raw_close(go.ends[0]);
	if (send(fd, REQUEST, REQUEST_BYTES, 0) == -1) {
		require(errno == ECONNRESET);
		return 1;
	}
	raw_receive_reply(fd);
	return 0;
}

static pid_t start_ping(int fd)
{
	pid_t pid = fork();

	require(pid >= 0);
	if (pid == 0)
		_exit(ping_at_once(fd));
	return pid;
}

static void run_race(void)
{
	unsigned isolated[3] = {0};

	for (int round = 0; round < 60; round++) {
		int fd = peer_connect();
		pid_t one, two;

		gate_init(&go);
		one = start_ping(fd);
		two = start_ping(fd);
		raw_close(go.ends[0]);
		raw_close(go.ends[1]);
		isolated[status_of(one) + status_of(two)]++;
		close(fd);
	}
	printf("%u %u %u\n", isolated[0], isolated[1], isolated[2]);
}

static void expect_one_of_two(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "0 60 0\n");
	expect(log_counter(log, "isolated") == 60);
}

/* --- descriptors that come and go meanwhile ----------------------------------------------------
 */

static _Atomic bool stop;
static int copied;

/* Copies the connection and closes the copy, and finds every other file that it opens to be the one
 * that it opened: isolation must not put a dead connection in the place of a number that has gone
 * to another file meanwhile. */
static void *copy_and_close(void *unused)
{
	(void)unused;
	while (!stop) {
		int copy = dup(copied), file, flags;

		require(copy >= 0);
		close(copy);
		file = open("/dev/null", O_WRONLY | O_APPEND);
		require(file >= 0);
		sched_yield();
		flags = fcntl(file, F_GETFL);
		require(flags >= 0 && (flags & O_ACCMODE) == O_WRONLY && (flags & O_APPEND) != 0);
		close(file);
	}
	return NULL;
}

static void isolate_amid_copies(int fd)
{
	pthread_t threads[3];

	copied = fd;
	for (int i = 0; i < 3; i++)
		require(pthread_create(&threads[i], NULL, copy_and_close, NULL) == 0);
	for (int i = 0; i < 50; i++)
		sched_yield();
	require(send(fd, REQUEST, REQUEST_BYTES, 0) == -1);
	for (int i = 0; i < 50; i++)
		sched_yield();
	stop = true;
	for (int i = 0; i < 3; i++)
		require(pthread_join(threads[i], NULL) == 0);
	/* A copy that was made while the descriptors were replaced is another matter. */
	require(send(fd, REQUEST, REQUEST_BYTES, MSG_NOSIGNAL) == -1);
}

static void run_copies(void)
{
	for (int i = 0; i < 20; i++)
		tell(peer_connect(), isolate_amid_copies);
}

static void expect_copies(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(strstr(log_output(log), "second 0, owner 0\n") != NULL);
	for (const char *line = log_output(log); *line != '\0'; line = strchr(line, '\n') + 1)
		expect(strncmp(line, "second 0, owner 0\n", 18) == 0);
	expect(log_counter(log, "isolated") >= 20);
}

/* --- no descriptor to be had -------------------------------------------------------------------
 */

static void use_without_room(int fd)
{
	struct rlimit none = {(rlim_t)fd + 1, (rlim_t)fd + 1};

	while (dup(0) >= 0) { /* numbers below */
		if (dup(0) > fd)
			break;
	}
	require(setrlimit(RLIMIT_NOFILE, &none) == 0);
	require(open("/dev/null", O_RDONLY) == -1 && errno == EMFILE);
	print("send", send(fd, REQUEST, REQUEST_BYTES, 0));
}

static void run_full(void)
{
	int fd = peer_connect();

	fflush(stdout);
	run_child(peer_ping, fd);
	run_child(use_without_room, fd);
	raw_receive_reply(fd);
	printf("\n");
}

static void expect_full(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "send 14; \n");
	expect(log_counter(log, "isolated") == 0);
	expect(log_counter(log, "isolate_failed") == 1);
	/* The report needs a descriptor as well, and is on standard error instead. */
	expect(log_counter(log, "lost_reports") == 1);
	expect(log_counter(log, "uses_violation") == 1);
}

/* --- other modes -------------------------------------------------------------------------------
 */

static void run_dry(void)
{
	int fd = peer_connect();

	fflush(stdout);
	run_child(peer_ping, fd);
	run_child(peer_ping, fd);
	printf("both\n");
}

static void expect_dry(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect_output(log, "both\n");
	expect_actions(log, "shared-use", "would-isolate");
	expect(log_counter(log, "would_isolate") >= 1);
	expect(log_counter(log, "isolated") == 0);
}

static const struct entry_case cases[] = {
	{.name = "isolate: a TCP connection is closed for the second process alone",
	 .run = run_tcp,
	 .check = expect_tcp,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: a unix connection",
	 .run = run_unix,
	 .check = expect_unix,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: number, flags, copies and socket options",
	 .run = run_looks,
	 .check = expect_looks,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: every call that moves bytes",
	 .run = run_calls,
	 .check = expect_calls,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: poll and epoll",
	 .run = run_wait,
	 .check = expect_wait,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: an epoll instance that the keeper shares",
	 .run = run_inherited_epoll,
	 .check = expect_inherited_epoll,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: a registration on which the parent relies stays",
	 .run = run_kept_registration,
	 .check = expect_kept,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: an event loop of both ends in the isolated process",
	 .run = run_left_registration,
	 .check = expect_left,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: a registration that is taken away comes back",
	 .run = run_restored,
	 .check = expect_restored,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: a thread that waits in poll()",
	 .run = run_threads,
	 .check = expect_threads,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: a thread that waits in recv()",
	 .run = run_blocked_read,
	 .check = expect_blocked_read,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: a protocol that nobody knows",
	 .run = run_unknown,
	 .check = expect_unknown,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: half a request, half an answer",
	 .run = run_halves,
	 .check = expect_halves,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: in a jail",
	 .run = run_jail,
	 .check = expect_jail,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: where no socket is allowed the use is reported alone",
	 .run = run_without_sockets,
	 .check = expect_not_isolated,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: a look with MSG_PEEK comes in time",
	 .run = run_look,
	 .check = expect_look,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: goodbyes are held back",
	 .run = run_goodbyes,
	 .check = expect_goodbyes,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: nothing that is sound is isolated",
	 .run = run_sound,
	 .check = expect_sound,
	 .options = ":mode=isolate"},
	{.name = "isolate: one of two siblings keeps the connection",
	 .run = run_race,
	 .check = expect_one_of_two,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: descriptors that are closed meanwhile",
	 .run = run_copies,
	 .check = expect_copies,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: without a free descriptor the use is reported alone",
	 .run = run_full,
	 .check = expect_full,
	 .options = ":mode=isolate",
	 .differs = true},
	{.name = "isolate: a dry run isolates nothing",
	 .run = run_dry,
	 .check = expect_dry,
	 .options = ":mode=isolate:dry_run=1"},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
