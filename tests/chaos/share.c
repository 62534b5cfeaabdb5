/* SPDX-License-Identifier: MIT */
/*
 * Shares a connection by mistake, in whatever plight the words of its command line put it.  It
 * prints what it sees, the same in every run, so that runs with and without the shim compare.
 *
 *	share WORD...
 *
 *	connect			open a connection to a server of our own, which counts as Redis
 *	use			a request and its reply on the latest connection
 *	fork{ WORD... }		in a child, which ends by _exit(); its status is printed
 *	leave{ WORD... }	the same, ended by exit()
 *	raw{ WORD... }		the same by the system call clone
 *	thread{ WORD... }	in a thread with a stack of 16 KiB
 *	signal{ WORD... }	in a signal handler
 *	altstack{ WORD... }	in a signal handler on a stack of 16 KiB of its own
 *	exec{ WORD... }		in ourselves, executed again; the connection comes along
 *	repeat=N{ WORD... }	N times
 *	spawn			vfork and exec, posix_spawn, system and popen of something small
 *	nobody			gives up root
 *	chroot=PATH		and cd /
 *	close=FD, close-all, close-from, close-range
 *	stderr-socket		descriptor 2 becomes a socket, whose bytes are counted
 *	stderr-bytes		prints how many arrived
 *	limit-as=MIB limit-fsize=BYTES limit-nofile=N limit-nproc=N limit-stack=KIB
 *	seccomp-errno		from now on all calls but a few fail with EPERM
 *	seccomp-kill		... or kill
 *	fds			lists the open descriptors
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define SMALL_STACK_BYTES 16384

extern char **environ;

static int connection = -1;
static uint16_t server_port;
static int stderr_peer = -1;
static pid_t server; /* 0 in children */
static int lifeline; /* closed by all of us: the server ends */

/* Without stdio: after fork in threads, in signal handlers, with few descriptors. */
static void say(const char *format, ...)
{
	char line[256];
	va_list arguments;
	int len;

	va_start(arguments, format);
	len = vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	if (len > 0)
		syscall(SYS_write, 1, line, (size_t)len);
}

static void must(int good, const char *what)
{
	if (good)
		return;
	say("%s failed: errno %d\n", what, errno);
	_exit(99);
}

/* Answers every request until nobody holds the other end of `lifeline_end`. */
static void serve(int listener, int lifeline_end)
{
	int clients[512];
	int count = 0;
	fd_set set;

	for (;;) {
		int top = listener > lifeline_end ? listener : lifeline_end;

		FD_ZERO(&set);
		FD_SET(listener, &set);
		FD_SET(lifeline_end, &set);
		for (int i = 0; i < count; i++) {
			FD_SET(clients[i], &set);
			top = clients[i] > top ? clients[i] : top;
		}
		if (select(top + 1, &set, NULL, NULL, NULL) < 0)
			_exit(1);
		if (FD_ISSET(lifeline_end, &set))
			_exit(0);
		if (FD_ISSET(listener, &set)) {
			int client = accept(listener, NULL, NULL);

			if (client >= 0 && client < FD_SETSIZE && count < 512)
				clients[count++] = client;
		}
		for (int i = 0; i < count; i++) {
			char bytes[64];
			ssize_t n;

			if (!FD_ISSET(clients[i], &set))
				continue;
			n = recv(clients[i], bytes, sizeof bytes, 0);
			if (n > 0 && send(clients[i], "+PONG\r\n", 7, MSG_NOSIGNAL) == 7)
				continue;
			close(clients[i]);
			clients[i] = clients[--count];
			i--;
		}
	}
}

/* In a process of its own that ends after us. */
static void start_server(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	int ends[2];

	must(listener >= 0 && bind(listener, (struct sockaddr *)&address, sizeof address) == 0 &&
		     listen(listener, 64) == 0 &&
		     getsockname(listener, (struct sockaddr *)&address, &len) == 0,
	     "listen");
	server_port = ntohs(address.sin_port);
	must(pipe(ends) == 0, "pipe");
	lifeline = ends[1];
	server = fork();
	if (server == 0) {
		int up = fcntl(listener, F_DUPFD, 10);
		int end = fcntl(ends[0], F_DUPFD, 10);

		for (int fd = 0; fd < 10; fd++)
			close(fd);
		serve(up, end);
	}
	close(ends[0]);
	close(listener);
}

static void do_connect(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr = {htonl(INADDR_LOOPBACK)},
				      .sin_port = htons(server_port)};

	connection = socket(AF_INET, SOCK_STREAM, 0);
	if (connection < 0 || connect(connection, (struct sockaddr *)&address, sizeof address) != 0)
		say("connect: errno %d\n", errno);
}

static void do_use(void)
{
	static const char ping[] = "*1\r\n$4\r\nPING\r\n";
	char reply[16];
	size_t got = 0;

	errno = 0;
	if (send(connection, ping, sizeof ping - 1, MSG_NOSIGNAL) != sizeof ping - 1) {
		say("send: errno %d\n", errno);
		return;
	}
	while (got < 7) {
		ssize_t n = recv(connection, reply + got, 7 - got, 0);

		if (n <= 0) {
			say("recv: %zd, errno %d\n", n, errno);
			return;
		}
		got += (size_t)n;
	}
	if (memcmp(reply, "+PONG\r\n", 7) != 0 || errno != 0)
		say("wrong reply or errno %d\n", errno);
}

static void say_status(const char *what, pid_t pid)
{
	int status = 0;

	if (pid < 0) {
		say("%s: errno %d\n", what, errno);
		return;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		say("%s: killed by %d\n", what, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		say("%s: status %d\n", what, WEXITSTATUS(status));
}

static void do_spawn(void)
{
	char *argv[] = {"true", NULL};
	FILE *stream;
	pid_t pid = vfork();

	if (pid == 0) {
		execv("/bin/true", argv);
		_exit(98);
	}
	say_status("vfork", pid);
	errno = posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ);
	say_status("posix_spawn", errno == 0 ? pid : -1);
	say("system: %d\n", system("exit 3") >> 8);
	stream = popen("echo popen", "r");
	if (stream) {
		char line[32] = "";

		must(fgets(line, sizeof line, stream) != NULL, "fgets");
		say("%s: %d\n", strtok(line, "\n"), pclose(stream));
	}
}

static void give_up_root(void)
{
	must(setgroups(0, NULL) == 0 && setgid(65534) == 0 && setuid(65534) == 0, "setuid");
}

static void limit(int resource, rlim_t value)
{
	struct rlimit both = {value, value};

	must(setrlimit(resource, &both) == 0, "setrlimit");
}

/* What a program may still do that has decided to talk and fork only. */
static void seccomp(uint32_t otherwise)
{
	static const int allowed[] = {
		SYS_read,  SYS_write,	   SYS_close,	     SYS_sendto,	  SYS_recvfrom,
		SYS_exit,  SYS_wait4,	   SYS_rt_sigreturn, SYS_clone,		  SYS_fork,
		SYS_vfork, SYS_exit_group, SYS_futex,	     SYS_set_robust_list, SYS_rseq,
	};
	enum { COUNT = sizeof allowed / sizeof allowed[0] };
	struct sock_filter filter[2 * COUNT + 2];
	struct sock_fprog program = {2 * COUNT + 2, filter};

	filter[0] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
						 offsetof(struct seccomp_data, nr));
	for (int i = 0; i < COUNT; i++) {
		filter[1 + 2 * i] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
								 (uint32_t)allowed[i], 0, 1);
		filter[2 + 2 * i] =
			(struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	}
	filter[2 * COUNT + 1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, otherwise);
	must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
		     prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0,
	     "seccomp");
}

static void count_stderr_bytes(void)
{
	char bytes[4096];
	long sum = 0;
	ssize_t n;

	while ((n = recv(stderr_peer, bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
		sum += n;
	say("bytes on descriptor 2: %ld\n", sum);
}

static void list_descriptors(void)
{
	say("descriptors:");
	for (int fd = 0; fd < 1100; fd++)
		if (fcntl(fd, F_GETFD) >= 0)
			say(" %d", fd);
	say("\n");
}

static void run(char **words);

/* The words of the block that begins after words[0], and where it ends. */
static char **end_of_block(char **words)
{
	int depth = 1;

	for (words++; *words; words++) {
		size_t len = strlen(*words);

		if (strcmp(*words, "}") == 0 && --depth == 0)
			return words;
		if (len > 0 && (*words)[len - 1] == '{')
			depth++;
	}
	say("} is missing\n");
	_exit(99);
}

static char **handler_words;

static void handle(int number)
{
	(void)number;
	run(handler_words);
}

static void in_handler(char **block, int flags)
{
	static char stack[SMALL_STACK_BYTES];
	stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
	struct sigaction action = {.sa_handler = handle, .sa_flags = flags};

	handler_words = block;
	must(sigaltstack(&alternate, NULL) == 0 && sigaction(SIGUSR1, &action, NULL) == 0 &&
		     raise(SIGUSR1) == 0,
	     "raise");
}

static void *run_thread(void *words)
{
	run(words);
	return NULL;
}

static void in_small_thread(char **block)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	must(pthread_attr_setstacksize(&attributes, SMALL_STACK_BYTES) == 0, "stack size");
	must(pthread_create(&thread, &attributes, run_thread, block) == 0, "pthread_create");
	pthread_join(thread, NULL);
}

static void exec_again(char **block)
{
	char *argv[128] = {"share"};
	char state[64];
	int count = 2;

	snprintf(state, sizeof state, "again=%d,%d,%d,%d", connection, server_port, (int)server,
		 lifeline);
	argv[1] = state;
	for (; *block && count < 126; block++)
		argv[count++] = *block;
	execv("/proc/self/exe", argv);
	say("exec: errno %d\n", errno);
	_exit(97);
}

static void run_block(const char *word, char **block)
{
	pid_t pid = -1;

	if (strcmp(word, "thread{") == 0) {
		in_small_thread(block);
		return;
	}
	if (strcmp(word, "signal{") == 0 || strcmp(word, "altstack{") == 0) {
		in_handler(block, word[0] == 'a' ? SA_ONSTACK : 0);
		return;
	}
	if (strncmp(word, "repeat=", 7) == 0) {
		for (int i = atoi(word + 7); i > 0; i--)
			run(block);
		return;
	}
	if (strcmp(word, "exec{") == 0)
		exec_again(block);
	if (strcmp(word, "raw{") == 0)
		pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
	else
		pid = fork();
	if (pid == 0) {
		server = 0;
		run(block);
		if (strcmp(word, "leave{") == 0)
			exit(0);
		_exit(0);
	}
	say_status(word, pid);
}

static const char *value_of(const char *word, const char *name)
{
	size_t len = strlen(name);

	return strncmp(word, name, len) == 0 && word[len] == '=' ? word + len + 1 : NULL;
}

static void run_valued(const char *word)
{
	const char *value;

	if ((value = value_of(word, "chroot")))
		must(chroot(value) == 0 && chdir("/") == 0, "chroot");
	else if ((value = value_of(word, "close")))
		close(atoi(value));
	else if ((value = value_of(word, "limit-as")))
		limit(RLIMIT_AS, (rlim_t)atol(value) << 20);
	else if ((value = value_of(word, "limit-fsize")))
		limit(RLIMIT_FSIZE, (rlim_t)atol(value));
	else if ((value = value_of(word, "limit-nofile")))
		limit(RLIMIT_NOFILE, (rlim_t)atol(value));
	else if ((value = value_of(word, "limit-nproc")))
		limit(RLIMIT_NPROC, (rlim_t)atol(value));
	else if ((value = value_of(word, "limit-stack")))
		limit(RLIMIT_STACK, (rlim_t)atol(value) << 10);
	else {
		say("unknown word %s\n", word);
		_exit(99);
	}
}

static void run_simple(const char *word)
{
	int pair[2];

	if (strcmp(word, "connect") == 0)
		do_connect();
	else if (strcmp(word, "use") == 0)
		do_use();
	else if (strcmp(word, "spawn") == 0)
		do_spawn();
	else if (strcmp(word, "nobody") == 0)
		give_up_root();
	else if (strcmp(word, "fds") == 0)
		list_descriptors();
	else if (strcmp(word, "close-from") == 0)
		closefrom(3);
	else if (strcmp(word, "close-range") == 0)
		close_range(3, ~0U, 0);
	else if (strcmp(word, "seccomp-errno") == 0)
		seccomp(SECCOMP_RET_ERRNO | EPERM);
	else if (strcmp(word, "seccomp-kill") == 0)
		seccomp(SECCOMP_RET_KILL_PROCESS);
	else if (strcmp(word, "stderr-bytes") == 0)
		count_stderr_bytes();
	else if (strcmp(word, "close-all") == 0)
		for (int fd = 3; fd < 1100; fd++)
			close(fd);
	else if (strcmp(word, "stderr-socket") == 0) {
		must(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && dup2(pair[0], 2) == 2,
		     "socketpair");
		close(pair[0]);
		stderr_peer = pair[1];
	} else
		run_valued(word);
}

static void run(char **words)
{
	for (; *words && strcmp(*words, "}") != 0; words++) {
		size_t len = strlen(*words);

		if (len > 0 && (*words)[len - 1] == '{') {
			run_block(*words, words + 1);
			words = end_of_block(words);
		} else {
			run_simple(*words);
		}
	}
}

int main(int argc, char **argv)
{
	int port;

	signal(SIGPIPE, SIG_IGN);
	if (argc > 1 &&
	    sscanf(argv[1], "again=%d,%d,%d,%d", &connection, &port, &server, &lifeline) == 4) {
		server_port = (uint16_t)port;
		argv++;
	} else {
		start_server();
	}
	run(argv + 1);
	/* It goes first, so that we are the session's last process. */
	close(lifeline);
	if (server != 0)
		waitpid(server, NULL, 0);
	return 0;
}
