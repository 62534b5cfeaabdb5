/* SPDX-License-Identifier: MIT */
/*
 * A program for `forksan attach`, linked statically: makes one connection to a Redis-like server of
 * its own and uses it in the way that the first argument names.
 *
 *   shared     parent, child and parent again use it
 *   thread     a thread that is not the first forks, and execs the program as "shared"
 *   leaderless the same, when the first thread has ended
 *   held       the same, and then says "ready" and waits for a line
 *   raw        the same by system calls made here, the child by a raw clone()
 *   uring      the same by io_uring
 *   sendfile   a child writes by sendfile(), its parent takes the answer
 *   splice     a child takes its parent's answer by splice()
 *   siblings   a child uses it, and a second later another one does; says what has become of that
 *   thief      the same, but the other takes an answer that waits for the first
 *   waiter     waits for bytes when a child ends the session, takes the answer to that, and says so
 *   poller     the same, but it waits by poll()
 *   idle       a child holds it for two seconds and does nothing
 *   goodbye    a child ends the session (QUIT) that its parent holds
 *   after      a child ends the session, and then its parent closes the connection
 *   before     the parent closes the connection, and then a child with two descriptors ends the
 *              session
 *   unread     a child uses it and ends; the memory from which the parent then writes is gone
 *              before the write has ended
 *   big        as shared, but each answer has 60000 bytes
 *   messages   as shared, but a child sends two questions by sendmmsg(), in two messages of which
 *              the first ends within the second question
 *   discards   as shared, but the beginning of each answer is discarded (MSG_TRUNC)
 *   left       a child holds it for two seconds and does nothing, its parent ends the session
 *   crossed    a child takes the answer to its parent's question
 *   unix       as shared, to a unix socket
 *   later      says "ready" when it is open and used, and waits for a line; then as shared
 *   forked     the same, but the child is there when it says "ready"
 *   clean      all that is sound
 *   busy       a child uses it hundreds of times, and then another one does
 *   outlived   parent and child hold it, the parent uses it and ends; a moment later its child does
 *   stays      a child that holds it says its number and lives on, for ever
 *   calls N    N questions and answers
 *   storm N M  N forks, M connections, nothing shared
 *
 * With LINGERS=MS in its environment it ends so much later, for who watches and has to read the
 * list of its mapped files; with WAITS it says "ready" and waits for a line before and after.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PING "*1\r\n$4\r\nPING\r\n"
#define BIG "*1\r\n$3\r\nBIG\r\n"
#define BIG_BYTES 60000
#define QUIT "*1\r\n$4\r\nQUIT\r\n"

extern char **environ;

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

/* --- the server ------------------------------------------------------------------------------- */

static struct sockaddr_storage address;
static socklen_t address_len;
static pid_t server;

static void stop_server(void)
{
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
}

static void serve(int connection)
{
	static char big[BIG_BYTES + 10] = "$60000\r\n";
	char bytes[4096];
	ssize_t n;

	memset(big + 8, 'x', BIG_BYTES);
	memcpy(big + 8 + BIG_BYTES, "\r\n", 2);
	while ((n = read(connection, bytes, sizeof bytes)) > 0)
		if (memmem(bytes, (size_t)n, "BIG", 3)) {
			if (write(connection, big, sizeof big) != sizeof big)
				_exit(1);
		} else
			for (ssize_t i = 0; i < n; i++)
				if (bytes[i] == '*' && write(connection, "+PONG\r\n", 7) != 7)
					_exit(1);
	close(connection);
}

static void start_server(const char *path)
{
	struct sockaddr_in *in = (void *)&address;
	struct sockaddr_un *un = (void *)&address;
	int listener;

	if (path) {
		un->sun_family = AF_UNIX;
		strncpy(un->sun_path, path, sizeof un->sun_path - 1);
		address_len = sizeof *un;
	} else {
		in->sin_family = AF_INET;
		in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		address_len = sizeof *in;
	}
	listener = socket(address.ss_family, SOCK_STREAM, 0);
	if (bind(listener, (struct sockaddr *)&address, address_len) != 0 ||
	    listen(listener, 1000) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &address_len) != 0)
		fail("server");
	server = fork();
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGCHLD, SIG_IGN);
		for (;;) {
			int connection = accept(listener, NULL, NULL);

			if (connection < 0)
				_exit(0);
			if (fork() == 0) {
				close(listener);
				serve(connection);
				_exit(0);
			}
			close(connection);
		}
	}
	close(listener);
}

__attribute__((noinline)) static int open_connection(void)
{
	int connection = socket(address.ss_family, SOCK_STREAM, 0);

	if (connect(connection, (struct sockaddr *)&address, address_len) != 0)
		fail("connect");
	return connection;
}

/* --- ways to use it --------------------------------------------------------------------------- */

__attribute__((noinline)) static void ping(int connection)
{
	char bytes[100];

	if (send(connection, PING, sizeof PING - 1, 0) < 0 ||
	    recv(connection, bytes, sizeof bytes, 0) < 0)
		fail("ping");
}

#if defined(__x86_64__)
static long raw_call(long number, long a, long b, long c)
{
	register long r10 __asm__("r10") = 0;
	register long r8 __asm__("r8") = 0;
	register long r9 __asm__("r9") = 0;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#else
static long raw_call(long number, long a, long b, long c)
{
	return syscall(number, a, b, c, 0, 0, 0);
}
#endif

static void big_ping(int connection)
{
	static char bytes[BIG_BYTES];
	ssize_t n, left = BIG_BYTES + 10;

	if (send(connection, BIG, sizeof BIG - 1, 0) < 0)
		fail("big_ping");
	while (left > 0 && (n = recv(connection, bytes, sizeof bytes, 0)) > 0)
		left -= n;
}

static void discarding_ping(int connection)
{
	char bytes[100];

	if (send(connection, PING, sizeof PING - 1, 0) < 0 ||
	    recv(connection, NULL, 3, MSG_TRUNC) != 3 ||
	    recv(connection, bytes, sizeof bytes, 0) < 0)
		fail("discarding_ping");
}

/* Both questions in two messages: by the bytes of the first alone, both would have none. */
static void messages_ping(int connection)
{
	char bytes[100];
	struct iovec parts[] = {{PING "*1\r\n$4\r\n", 24}, {"PING\r\n", 6}};
	struct mmsghdr messages[] = {{.msg_hdr = {.msg_iov = &parts[0], .msg_iovlen = 1}},
				     {.msg_hdr = {.msg_iov = &parts[1], .msg_iovlen = 1}}};

	if (sendmmsg(connection, messages, 2, 0) != 2 ||
	    recv(connection, bytes, 14, MSG_WAITALL) != 14)
		fail("messages_ping");
}

static void messages(void)
{
	int connection = open_connection();
	pid_t child;

	ping(connection);
	child = fork();
	if (child == 0) {
		messages_ping(connection);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	ping(connection);
}

static void raw_ping(int connection)
{
	char bytes[100];

	if (raw_call(SYS_sendto, connection, (long)PING, sizeof PING - 1) < 0 ||
	    raw_call(SYS_recvfrom, connection, (long)bytes, sizeof bytes) < 0)
		fail("raw_ping");
}

struct ring {
	int fd;
	struct io_uring_params params;
	char *queue;
	char *completions;
	struct io_uring_sqe *entries;
};

static void ring_open(struct ring *ring)
{
	memset(ring, 0, sizeof *ring);
	ring->fd = (int)syscall(SYS_io_uring_setup, 8, &ring->params);
	if (ring->fd < 0) {
		perror("io_uring_setup");
		exit(77);
	}
	ring->queue =
		mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_SQ_RING);
	ring->completions =
		mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_SHARED, ring->fd, IORING_OFF_CQ_RING);
	ring->entries = mmap(NULL, 8 * sizeof *ring->entries, PROT_READ | PROT_WRITE, MAP_SHARED,
			     ring->fd, IORING_OFF_SQES);
}

static int ring_do(struct ring *ring, int operation, int fd, void *bytes, unsigned len)
{
	uint32_t *tail = (uint32_t *)(void *)(ring->queue + ring->params.sq_off.tail);
	uint32_t *array = (uint32_t *)(void *)(ring->queue + ring->params.sq_off.array);
	uint32_t *head = (uint32_t *)(void *)(ring->completions + ring->params.cq_off.head);
	struct io_uring_cqe *done =
		(struct io_uring_cqe *)(void *)(ring->completions + ring->params.cq_off.cqes);
	uint32_t index = *tail & (ring->params.sq_entries - 1);
	int result;

	memset(&ring->entries[index], 0, sizeof ring->entries[index]);
	ring->entries[index].opcode = (uint8_t)operation;
	ring->entries[index].fd = fd;
	ring->entries[index].addr = (uint64_t)(uintptr_t)bytes;
	ring->entries[index].len = len;
	array[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, ring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		fail("io_uring_enter");
	result = done[*head & (ring->params.cq_entries - 1)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}

static void ring_ping(int connection)
{
	struct ring ring;
	char bytes[100];

	ring_open(&ring);
	if (ring_do(&ring, IORING_OP_SEND, connection, (void *)(uintptr_t)PING, sizeof PING - 1) <
		    0 ||
	    ring_do(&ring, IORING_OP_RECV, connection, bytes, sizeof bytes) < 0)
		fail("ring_ping");
	close(ring.fd);
}

static void end_well(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		fail("child");
	if (WEXITSTATUS(status) != 0)
		exit(WEXITSTATUS(status));
}

/* parent, child, parent */
static void share(int connection, void (*use)(int), int raw)
{
	pid_t pid;

	use(connection);
	pid = raw ? (pid_t)raw_call(SYS_clone, SIGCHLD, 0, 0) : fork();
	if (pid == 0) {
		use(connection);
		_exit(0);
	}
	end_well(pid);
	use(connection);
}

/* --- sound programs --------------------------------------------------------------------------- */

static void send_descriptor(int channel, int fd)
{
	char control[CMSG_SPACE(sizeof fd)] = "", byte = 'd';
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof control};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof fd);
	memcpy(CMSG_DATA(header), &fd, sizeof fd);
	if (sendmsg(channel, &message, 0) != 1)
		fail("sendmsg");
}

static int receive_descriptor(int channel)
{
	char control[CMSG_SPACE(sizeof(int))] = "", byte;
	struct iovec iov = {&byte, 1};
	struct msghdr message = {.msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof control};
	int fd;

	if (recvmsg(channel, &message, 0) != 1)
		fail("recvmsg");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof fd);
	return fd;
}

static void clean(void)
{
	char *const command[] = {(char *)(uintptr_t) "true", NULL};
	int connection = open_connection();
	int channel[2];
	pid_t pid;

	/* each its own */
	ping(connection);
	pid = fork();
	if (pid == 0) {
		close(connection);
		ping(open_connection());
		_exit(0);
	}
	end_well(pid);
	ping(connection);
	/* a program that is spawned with it open */
	if (posix_spawn(&pid, "/bin/true", NULL, NULL, command, environ) == 0)
		end_well(pid);
	ping(connection);
	close(connection);
	/* only the child goes on */
	connection = open_connection();
	ping(connection);
	pid = fork();
	if (pid == 0) {
		usleep(50000);
		ping(connection);
		ping(connection);
		_exit(0);
	}
	close(connection);
	end_well(pid);
	/* sent to another process */
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, channel) != 0)
		fail("socketpair");
	pid = fork();
	if (pid == 0) {
		connection = receive_descriptor(channel[1]);
		ping(connection);
		ping(connection);
		_exit(0);
	}
	connection = open_connection();
	ping(connection);
	send_descriptor(channel[0], connection);
	close(connection);
	end_well(pid);
}

/* --- bytes that cannot be read after the call ---------------------------------------------------
 */

#define LONG_WRITE (32 << 20)

struct both_ends {
	int connection, peer;
	char *bytes;
};

static void open_both_ends(struct both_ends *ends)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	((struct sockaddr_in *)(void *)&address)->sin_port = 0;
	if (bind(listener, (struct sockaddr *)&address, address_len) != 0 ||
	    listen(listener, 1) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &address_len) != 0)
		fail("listener");
	ends->connection = open_connection();
	ends->peer = accept(listener, NULL, NULL);
}

static void ask_own_peer(const struct both_ends *ends)
{
	char bytes[100];

	if (send(ends->connection, PING, sizeof PING - 1, 0) < 0 ||
	    recv(ends->peer, bytes, sizeof bytes, 0) < 0 ||
	    send(ends->peer, "+PONG\r\n", 7, 0) < 0 ||
	    recv(ends->connection, bytes, sizeof bytes, 0) < 0)
		fail("ask");
}

static void *write_long(void *argument)
{
	const struct both_ends *ends = argument;

	if (send(ends->connection, ends->bytes, LONG_WRITE, 0) != LONG_WRITE)
		fail("send");
	return NULL;
}

static void unread(void)
{
	struct both_ends ends;
	static char taken[65536];
	pthread_t thread;
	size_t left = LONG_WRITE;
	pid_t pid;

	open_both_ends(&ends);
	ends.bytes =
		mmap(NULL, LONG_WRITE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ask_own_peer(&ends);
	pid = fork();
	if (pid == 0) {
		ask_own_peer(&ends);
		_exit(0);
	}
	end_well(pid);
	if (pthread_create(&thread, NULL, write_long, &ends) != 0)
		fail("pthread_create");
	/* The write waits once the buffers are full, behind the first page. */
	while (left > LONG_WRITE - 2 * sizeof taken)
		left -= (size_t)recv(ends.peer, taken, sizeof taken, 0);
	munmap(ends.bytes, 4096);
	while (left > 0)
		left -= (size_t)recv(ends.peer, taken, sizeof taken, 0);
	pthread_join(thread, NULL);
}

/* The opener shuts down what the server has ended; the child then meets the end. */
static void ended(void)
{
	struct both_ends ends;
	int gate[2];
	struct pollfd end;
	char byte;
	pid_t pid;

	if (pipe(gate) != 0)
		fail("pipe");
	open_both_ends(&ends);
	ask_own_peer(&ends);
	pid = fork();
	if (pid == 0) {
		close(ends.peer);
		close(gate[1]);
		if (read(gate[0], &byte, 1) != 0 || recv(ends.connection, &byte, 1, 0) != 0)
			_exit(1);
		_exit(0);
	}
	close(ends.peer);
	end = (struct pollfd){.fd = ends.connection, .events = POLLRDHUP};
	if (poll(&end, 1, -1) != 1 || shutdown(ends.connection, SHUT_RDWR) != 0)
		fail("end");
	close(gate[1]);
	end_well(pid);
}

/* --- others ----------------------------------------------------------------------------------- */

static void idle(void)
{
	int connection = open_connection();
	pid_t pid;

	ping(connection);
	pid = fork();
	if (pid == 0) {
		sleep(2);
		_exit(0);
	}
	end_well(pid);
	ping(connection);
}

static void left(void)
{
	int connection = open_connection();
	pid_t pid;

	ping(connection);
	pid = fork();
	if (pid == 0) {
		sleep(2);
		_exit(0);
	}
	if (write(connection, QUIT, sizeof QUIT - 1) < 0)
		fail("left");
	close(connection);
	end_well(pid);
}

static void say_quit(int connection)
{
	if (write(connection, QUIT, sizeof QUIT - 1) < 0)
		fail("quit");
	_exit(0);
}

/* A connection whose session a child has ended. */
static int open_and_ended(void)
{
	int connection = open_connection();
	pid_t pid;

	ping(connection);
	pid = fork();
	if (pid == 0)
		say_quit(connection);
	end_well(pid);
	return connection;
}

static void goodbye(void)
{
	(void)open_and_ended();
}

static void closed_after(void)
{
	close(open_and_ended());
}

static void closed_before(void)
{
	int connection = open_connection();
	int go[2];
	char byte;
	pid_t pid;

	ping(connection);
	if (pipe(go) != 0)
		fail("pipe");
	pid = fork();
	if (pid == 0) {
		if (dup(connection) < 0 || read(go[0], &byte, 1) != 1)
			fail("child");
		say_quit(connection);
	}
	close(connection);
	if (write(go[1], "g", 1) != 1)
		fail("pipe");
	end_well(pid);
}

static void crossed(void)
{
	int connection = open_connection();
	char bytes[100];
	pid_t pid;

	ping(connection);
	if (send(connection, PING, sizeof PING - 1, 0) < 0)
		fail("send");
	pid = fork();
	if (pid == 0)
		_exit(0);
	end_well(pid);
	if (recv(connection, bytes, sizeof bytes, 0) <= 0)
		fail("recv");
	pid = fork();
	if (pid == 0) {
		usleep(100000);
		if (recv(connection, bytes, sizeof bytes, 0) <= 0)
			fail("recv");
		_exit(0);
	}
	if (send(connection, PING, sizeof PING - 1, 0) < 0)
		fail("send");
	end_well(pid);
}

static void by_sendfile(void)
{
	int connection = open_connection();
	int question = (int)syscall(SYS_memfd_create, "question", 0);
	char bytes[100];
	pid_t pid;

	ping(connection);
	if (write(question, PING, sizeof PING - 1) != sizeof PING - 1)
		fail("write");
	pid = fork();
	if (pid == 0) {
		off_t from = 0;

		if (sendfile(connection, question, &from, sizeof PING - 1) != sizeof PING - 1)
			fail("sendfile");
		_exit(0);
	}
	end_well(pid);
	if (recv(connection, bytes, sizeof bytes, 0) <= 0)
		fail("recv");
}

static void by_splice(void)
{
	int connection = open_connection();
	int pipes[2];
	pid_t pid;

	ping(connection);
	if (pipe(pipes) != 0 || send(connection, PING, sizeof PING - 1, 0) < 0)
		fail("send");
	pid = fork();
	if (pid == 0) {
		if (splice(connection, NULL, pipes[1], NULL, 100, 0) <= 0)
			fail("splice");
		_exit(0);
	}
	end_well(pid);
	ping(connection);
}

/* The first of two siblings: uses the connection, says so, and when told takes its second answer:
 * nothing else is there to be taken. */
static void be_first(int connection, int ready, int go)
{
	char bytes[100];

	ping(connection);
	if (send(connection, PING, sizeof PING - 1, 0) < 0 || write(ready, "r", 1) != 1 ||
	    read(go, bytes, 1) != 1)
		fail("first");
	_exit(recv(connection, bytes, sizeof bytes, MSG_DONTWAIT) != 7 ||
	      recv(connection, bytes, sizeof bytes, MSG_DONTWAIT) >= 0);
}

static void be_second(int connection, int takes)
{
	char bytes[100];
	ssize_t moved = takes ? recv(connection, bytes, sizeof bytes, 0)
			      : send(connection, PING, sizeof PING - 1, 0);

	_exit(moved < 0);
}

static void siblings(int takes)
{
	int connection = open_connection();
	int ready[2], go[2], status;
	pid_t first, second;
	char byte;

	ping(connection);
	if (pipe(ready) != 0 || pipe(go) != 0)
		fail("pipe");
	first = fork();
	if (first == 0)
		be_first(connection, ready[1], go[0]);
	if (read(ready[0], &byte, 1) != 1)
		fail("pipe");
	sleep(1);
	second = fork();
	if (second == 0)
		be_second(connection, takes);
	waitpid(second, &status, 0);
	printf("the second: %s\n",
	       WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT ? "aborted" : "went on");
	if (write(go[1], "g", 1) != 1 || waitpid(first, &status, 0) != first)
		fail("first");
	printf("the first: %s\n", status == 0 ? "undisturbed" : "disturbed");
}

/* What an innocent process does when a child says goodbye on its connection. */
static void bystander(int polls)
{
	int connection = open_connection();
	struct pollfd polled = {connection, POLLIN, 0};
	char bytes[100];
	pid_t pid;

	ping(connection);
	pid = fork();
	if (pid == 0) {
		usleep(200000);
		say_quit(connection);
	}
	if (polls && poll(&polled, 1, -1) != 1)
		fail("poll");
	if (recv(connection, bytes, sizeof bytes, 0) != 7)
		fail("recv");
	waitpid(pid, NULL, 0);
	puts("the bystander: undisturbed");
}

static void wait_for_line(void)
{
	char line[16];

	puts("ready");
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		exit(0);
}

static void held(void)
{
	share(open_connection(), ping, 0);
	wait_for_line();
}

static void later(void)
{
	int connection = open_connection();

	ping(connection);
	wait_for_line();
	share(connection, ping, 0);
}

static void forked(void)
{
	int connection = open_connection();
	int go[2];
	char byte;
	pid_t pid;

	ping(connection);
	if (pipe(go) != 0)
		fail("pipe");
	pid = fork();
	if (pid == 0) {
		if (read(go[0], &byte, 1) == 1)
			ping(connection);
		_exit(0);
	}
	wait_for_line();
	ping(connection);
	if (write(go[1], "g", 1) != 1)
		fail("pipe");
	end_well(pid);
}

static void busy(void)
{
	int connection = open_connection();

	ping(connection);
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (int j = 0; j < 300; j++)
				ping(connection);
			_exit(0);
		}
		end_well(pid);
	}
}

static void outlived(void)
{
	int connection = open_connection();
	int end[2];
	char byte;

	ping(connection);
	if (pipe(end) != 0)
		fail("pipe");
	if (fork() == 0) {
		close(end[1]);
		if (read(end[0], &byte, 1) != 0) /* its parent's end */
			fail("read");
		usleep(300000);
		ping(connection);
		_exit(0);
	}
	ping(connection);
}

static void stays(void)
{
	int connection = open_connection();

	ping(connection);
	if (fork() == 0) {
		printf("%d\n", (int)getpid());
		fflush(stdout);
		for (;;)
			pause();
	}
}

static void calls(int count)
{
	int connection = open_connection();

	for (int i = 0; i < count; i++)
		ping(connection);
}

static void storm(int forks, int connections)
{
	int rounds = forks / 50;

	for (int i = 0; i < rounds; i++) {
		for (int j = 0; j < 50; j++) {
			pid_t pid = fork();

			if (pid == 0)
				_exit(0);
			if (pid < 0)
				fail("fork");
		}
		while (waitpid(-1, NULL, WNOHANG) > 0)
			continue;
		for (int j = 0; j < connections / rounds; j++) {
			int connection = socket(AF_INET, SOCK_STREAM, 0);
			struct linger hard = {1, 0}; /* no TIME_WAIT: ports are few */

			if (connect(connection, (struct sockaddr *)&address, address_len) != 0)
				fail("connect");
			setsockopt(connection, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
			close(connection);
		}
	}
}

/* Accepts and closes, in one process. */
static void start_sink(void)
{
	struct sockaddr_in *in = (void *)&address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	in->sin_family = AF_INET;
	in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address_len = sizeof *in;
	if (bind(listener, (struct sockaddr *)&address, address_len) != 0 ||
	    listen(listener, 4096) != 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &address_len) != 0)
		fail("sink");
	server = fork();
	if (server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			close(accept(listener, NULL, NULL));
	}
	close(listener);
}

/* --- exec by another thread ---------------------------------------------------------------- */

static const char *own_path;

static void *exec_shared(void *argument)
{
	if (argument)
		pthread_join(*(pthread_t *)argument, NULL);
	/* a fork, which begins an epoch */
	if (fork() == 0)
		_exit(0);
	wait(NULL);
	/* /proc/self/exe is the first thread's */
	execl(own_path, "program", "shared", NULL);
	fail("execl");
	return NULL;
}

static void exec_by_thread(int leader_ends)
{
	static pthread_t first;
	pthread_t thread;

	first = pthread_self();
	if (pthread_create(&thread, NULL, exec_shared, leader_ends ? &first : NULL) != 0)
		fail("pthread_create");
	if (leader_ends)
		pthread_exit(NULL);
	pthread_join(thread, NULL);
}

/* --- a program that is started by vfork() -------------------------------------------------------
 */

static void be_heir(int connection, int go)
{
	char byte;

	if (read(go, &byte, 1) != 1)
		fail("read");
	ping(connection);
}

/* The starter goes on while the exec is still under way. */
static void vforked(void)
{
	char connection_text[12], go_text[12];
	char *const again[] = {(char *)(uintptr_t)own_path, (char *)(uintptr_t) "heir",
			       connection_text, go_text, NULL};

	for (int i = 0; i < 5; i++) {
		int connection = open_connection(), gate[2];
		pid_t pid;

		ping(connection);
		if (pipe(gate) != 0)
			fail("pipe");
		snprintf(connection_text, sizeof connection_text, "%d", connection);
		snprintf(go_text, sizeof go_text, "%d", gate[0]);
		pid = vfork();
		if (pid == 0) {
			execv(own_path, again);
			_exit(1);
		}
		ping(connection);
		if (write(gate[1], "", 1) != 1)
			fail("write");
		end_well(pid);
		close(connection);
		close(gate[0]);
		close(gate[1]);
	}
}

int main(int argc, char **argv)
{
	const char *way = argc > 1 ? argv[1] : "";

	own_path = argv[0];
	if (strcmp(way, "storm") == 0 && argc == 4) {
		start_sink();
		storm(atoi(argv[2]), atoi(argv[3]));
		stop_server();
		return 0;
	}
	if (strcmp(way, "heir") == 0 && argc == 4) {
		be_heir(atoi(argv[2]), atoi(argv[3]));
		return 0;
	}
	if (strcmp(way, "thread") == 0 || strcmp(way, "leaderless") == 0)
		exec_by_thread(strcmp(way, "leaderless") == 0);
	start_server(strcmp(way, "unix") == 0 && argc > 2 ? argv[2] : NULL);
	if (getenv("WAITS"))
		wait_for_line();
	if (strcmp(way, "shared") == 0 || strcmp(way, "unix") == 0)
		share(open_connection(), ping, 0);
	else if (strcmp(way, "held") == 0)
		held();
	else if (strcmp(way, "raw") == 0)
		share(open_connection(), raw_ping, 1);
	else if (strcmp(way, "uring") == 0)
		share(open_connection(), ring_ping, 0);
	else if (strcmp(way, "sendfile") == 0)
		by_sendfile();
	else if (strcmp(way, "splice") == 0)
		by_splice();
	else if (strcmp(way, "siblings") == 0)
		siblings(0);
	else if (strcmp(way, "thief") == 0)
		siblings(1);
	else if (strcmp(way, "waiter") == 0 || strcmp(way, "poller") == 0)
		bystander(strcmp(way, "poller") == 0);
	else if (strcmp(way, "big") == 0)
		share(open_connection(), big_ping, 0);
	else if (strcmp(way, "discards") == 0)
		share(open_connection(), discarding_ping, 0);
	else if (strcmp(way, "messages") == 0)
		messages();
	else if (strcmp(way, "idle") == 0)
		idle();
	else if (strcmp(way, "left") == 0)
		left();
	else if (strcmp(way, "goodbye") == 0)
		goodbye();
	else if (strcmp(way, "after") == 0)
		closed_after();
	else if (strcmp(way, "before") == 0)
		closed_before();
	else if (strcmp(way, "unread") == 0)
		unread();
	else if (strcmp(way, "ended") == 0)
		ended();
	else if (strcmp(way, "vforked") == 0)
		vforked();
	else if (strcmp(way, "crossed") == 0)
		crossed();
	else if (strcmp(way, "later") == 0)
		later();
	else if (strcmp(way, "forked") == 0)
		forked();
	else if (strcmp(way, "clean") == 0)
		clean();
	else if (strcmp(way, "busy") == 0)
		busy();
	else if (strcmp(way, "outlived") == 0)
		outlived();
	else if (strcmp(way, "stays") == 0)
		stays();
	else if (strcmp(way, "calls") == 0 && argc == 3)
		calls(atoi(argv[2]));
	else
		return 2;
	if (getenv("WAITS"))
		wait_for_line();
	if (getenv("LINGERS"))
		usleep((useconds_t)atoi(getenv("LINGERS")) * 1000);
	stop_server();
	return 0;
}
