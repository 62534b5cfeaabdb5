/* SPDX-License-Identifier: MIT */
/*
 * A process of the session that went wild: it has another user, knows the registry's layout, and
 * writes whatever it likes into it, at random and by plan, while the master forks, talks, reports
 * and ends.  Findings may be missing or false; nobody may crash or hang, and no file may change
 * that is not the session's own.
 *
 * FORKSAN_HOSTILE_SECONDS says how long (3), FORKSAN_HOSTILE_SEED with which numbers.  Under
 * AddressSanitizer: `make asan`, `make fuzz`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <time.h>

#include "track_stage.h"

#include "common/session.h"
#include "registry/parts.h"
#include "report/finding_count.h"
#include "track/blind.h"

#define OTHER_UID 6001
#define CONNECTIONS 4
#define BAIT "another session's"

static uint64_t seed;

static uint64_t next_random(void)
{
	/* xorshift64* (Vigna 2016). */
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * UINT64_C(0x2545f4914f6cdd1d);
}

static uint32_t below(uint32_t limit)
{
	return (uint32_t)(next_random() >> 32) % limit;
}

/* --- the hostile process --------------------------------------------------------------------- */

/* What code that does not bound it trips over. */
static uint64_t wild_value(void)
{
	static const uint64_t values[] = {0,
					  1,
					  2,
					  UINT64_MAX,
					  INT32_MAX,
					  UINT32_MAX,
					  UINT64_C(0x8000000000000000),
					  UINT64_C(0x7fffffffffffffff),
					  FORKSAN_MAX_PROCESSES,
					  FORKSAN_MAX_SOCKETS,
					  FORKSAN_MAX_STACKS,
					  FORKSAN_MAX_HISTORIES,
					  FORKSAN_HOLD_WORDS,
					  FORKSAN_HOLD_WORDS + 1,
					  UINT64_C(0x4141414141414141),
					  UINT64_C(0xff00ff00ff00ff00)};

	switch (below(4)) {
	case 0:
		return next_random();
	case 1:
		return below(300);
	case 2:
		return (uint64_t)(uint32_t)getpid() << 8 | below(4);
	default:
		return values[below(sizeof values / sizeof values[0])];
	}
}

static void write_wild(void *at, size_t len_bytes)
{
	uint64_t value = wild_value();

	if (registry_reach(at, len_bytes))
		memcpy(at, &value, len_bytes);
}

#define SPOIL(field) write_wild(&(field), sizeof(field) <= 8 ? sizeof(field) : 8)

static void spoil_header(void)
{
	struct registry_header *header = &registry_mapping->header;

	switch (below(8)) {
	case 0:
		SPOIL(header->next_serial);
		break;
	case 1:
		SPOIL(header->process_high);
		break;
	case 2:
		SPOIL(header->socket_high);
		break;
	case 3:
		SPOIL(header->socket_hint);
		break;
	case 4:
		SPOIL(header->reclaim_after_ns);
		SPOIL(header->socket_lot_end);
		SPOIL(header->holds_set);
		break;
	case 5:
		SPOIL(header->creator_pid);
		break;
	case 6:
		SPOIL(header->counters[below(64)]);
		break;
	default:
		write_wild((char *)header + below(sizeof *header - 8), 8);
	}
}

static void spoil_process(void)
{
	/* Those of the beginning, the master among them, or those that the master is about to use.
	 */
	uint32_t next = load_relaxed(&registry_mapping->header.next_serial) + below(4);
	struct registry_process *slot =
		&registry_mapping->processes[below(2) ? below(8) : next % FORKSAN_MAX_PROCESSES];

	if (!registry_reach(slot, sizeof *slot))
		return;

	switch (below(8)) {
	case 0:
		SPOIL(slot->state);
		break;
	case 1:
		SPOIL(slot->serial);
		break;
	case 2:
		SPOIL(slot->pid);
		break;
	case 3:
		SPOIL(slot->parent_serial);
		break;
	case 4:
		SPOIL(slot->hold_words);
		break;
	case 5:
		SPOIL(slot->fork_stack);
		break;
	case 6:
		memset(slot->comm, 'A', sizeof slot->comm);
		break;
	default:
		write_wild((char *)slot + below(sizeof *slot - 8), 8);
	}
}

static void spoil_evidence(struct evidence *evidence)
{
	switch (below(5)) {
	case 0:
		SPOIL(evidence->queued);
		evidence->state = EVIDENCE_PARSING;
		break;
	case 1:
		SPOIL(evidence->state);
		SPOIL(evidence->flags);
		break;
	case 2:
		SPOIL(evidence->claimed_by);
		break;
	case 3:
		write_wild((char *)&evidence->parser + below(sizeof evidence->parser - 8), 8);
		break;
	default:
		write_wild((char *)evidence + below(sizeof *evidence - 8), 1 + below(8));
	}
}

static void spoil_socket(void)
{
	uint32_t slot = below(CONNECTIONS * 2);
	struct registry_socket *socket = &registry_mapping->sockets[slot];

	switch (below(10)) {
	case 0:
		SPOIL(registry_mapping->socket_state[slot]);
		break;
	case 1:
		SPOIL(socket->last);
		break;
	case 2:
		SPOIL(socket->protocol);
		SPOIL(socket->hint);
		break;
	case 3:
		SPOIL(socket->peer_len_bytes);
		break;
	case 4:
		SPOIL(socket->head_len[below(2)]);
		break;
	case 5:
		SPOIL(socket->history);
		break;
	case 6:
		SPOIL(socket->users[below(FORKSAN_MAX_USERS)].stack);
		SPOIL(socket->next_user);
		break;
	case 7:
		spoil_evidence((struct evidence *)socket->evidence);
		break;
	case 8:
		write_wild((char *)socket->tls_hello + below(sizeof socket->tls_hello - 8),
			   1 + below(8));
		break;
	default:
		write_wild((char *)socket + below(sizeof *socket - 8), 8);
	}
}

static void spoil_stack(void)
{
	struct registry_stack *stack = &registry_mapping->stacks[below(64)];
	struct registry_module *module = &registry_mapping->modules[below(FORKSAN_MAX_MODULES)];

	if (!registry_reach(stack, sizeof *stack) || !registry_reach(module, sizeof *module))
		return;
	switch (below(7)) {
	case 0:
		SPOIL(stack->native_count);
		break;
	case 1:
		SPOIL(stack->text_count);
		SPOIL(stack->text_len_bytes);
		break;
	case 2:
		SPOIL(stack->native[below(FORKSAN_MAX_NATIVE_FRAMES)]);
		break;
	case 3:
		memset(stack->text, 'A', sizeof stack->text);
		break;
	case 4:
		memset(module->path, 'A', sizeof module->path);
		SPOIL(module->build_id_len);
		break;
	case 5:
		write_wild((char *)stack + below(sizeof *stack - 8), 8);
		break;
	default:
		write_wild((char *)module + below(sizeof *module - 8), 8);
	}
}

static void spoil_history(void)
{
	struct registry_history *history = &registry_mapping->histories[below(4)];
	struct registry_operation *operation =
		&history->operations[below(FORKSAN_HISTORY_OPERATIONS)];

	switch (below(6)) {
	case 0:
		SPOIL(history->next);
		break;
	case 1:
		SPOIL(history->owner);
		break;
	case 2:
		SPOIL(history->has_payloads);
		break;
	case 3:
		SPOIL(operation->payload_len_bytes);
		break;
	case 4:
		SPOIL(operation->operation);
		SPOIL(operation->message);
		SPOIL(operation->protocol);
		break;
	default:
		write_wild((char *)history + below(sizeof *history - 8), 8);
	}
}

static void spoil_holds(void)
{
	write_wild(registry_hold_word((struct process_slot){below(8)}, below(FORKSAN_HOLD_WORDS)),
		   8);
}

static void go_wild(void)
{
	static void (*const ways[])(void) = {spoil_header, spoil_process, spoil_socket,
					     spoil_stack,  spoil_history, spoil_holds};

	pid_t master = getppid();

	seed += 77;
	if (geteuid() == 0)
		require(setresuid(OTHER_UID, OTHER_UID, OTHER_UID) == 0);
	/* After that: a new user clears it. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != master)
		_exit(1);
	for (;;) {
		ways[below(sizeof ways / sizeof ways[0])]();
		/* The others shall get further than their first step at times. */
		if (below(64) == 0)
			poll(NULL, 0, 1);
	}
}

/* --- the master and its workers -------------------------------------------------------------- */

static int ours[CONNECTIONS], theirs[CONNECTIONS];

static void open_connection(int i)
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof in;
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	require(bind(listener, (struct sockaddr *)&in, len) == 0 && listen(listener, 1) == 0);
	require(getsockname(listener, (struct sockaddr *)&in, &len) == 0);
	ours[i] = socket(AF_INET, SOCK_STREAM, 0);
	require(connect(ours[i], (struct sockaddr *)&in, len) == 0);
	theirs[i] = accept(listener, NULL, NULL);
	require(theirs[i] >= 0);
	close(listener);
	track_connected(ours[i], (struct sockaddr *)&in, len);
}

static void close_connection(int i)
{
	track_closing(ours[i]);
	close(ours[i]);
	close(theirs[i]);
}

/* An exchange; whoever holds the peer's end answers. */
static void exchange(int i)
{
	static const char *const words[] = {PING, QUIT,
					    "\x16\x03\x01\x00\x20\x01\x00\x00\x1c\x03\x03",
					    "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "GET / HTTP/1.1\r\n"};
	static const char *const answers[] = {PONG, "$-1\r\n", "-ERR no\r\n",
					      "HTTP/1.1 200 OK\r\n"};
	const char *word = words[below(sizeof words / sizeof words[0])];
	const char *answer = answers[below(sizeof answers / sizeof answers[0])];

	stage_fd = ours[i];
	give_bytes(word, strlen(word));
	if (send(theirs[i], answer, strlen(answer), MSG_NOSIGNAL | MSG_DONTWAIT) > 0)
		take_flags(4096, MSG_DONTWAIT);
}

static void work(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(60); /* hangs are failures */
	seed += (uint64_t)getpid();
	track_look_for_inherited();
	for (int i = 0; i < 4; i++)
		exchange((int)below(CONNECTIONS));
	if (below(2))
		track_adopt();
	if (process_enter())
		process_leave();
	_exit(0);
}

static void fork_worker(void)
{
	struct process_fork under_way;
	pid_t pid;
	int status;

	process_before_fork(&under_way);
	pid = fork();
	process_after_fork(&under_way, pid);
	require(pid >= 0);
	if (pid == 0)
		work();
	require(waitpid(pid, &status, 0) == pid);
	if (status != 0) {
		fprintf(stderr, "a worker ended with %x\n", status);
		require(!"a worker was harmed");
	}
}

static double now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static double seconds(void)
{
	const char *text = getenv("FORKSAN_HOSTILE_SECONDS");

	return text ? atof(text) : 3;
}

/* Another session of the same user: what a name or path from the registry might lead to. */
static int make_bait(char path[SESSION_PATH_BYTES])
{
	char session[REGISTRY_SESSION_BYTES];
	int fd;

	/* Another run of this test has another. */
	session_put_number(session, (uint64_t)getpid() << 32 | 0xba);
	session_put_path(path, geteuid(), session);
	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	require(fd >= 0 && write(fd, BAIT, sizeof BAIT) == sizeof BAIT);
	return fd;
}

static void require_bait(const char *path, int fd)
{
	struct stat by_name, by_fd;
	char text[64] = {0};

	require(stat(path, &by_name) == 0 && fstat(fd, &by_fd) == 0);
	require(by_name.st_ino == by_fd.st_ino && by_fd.st_size == sizeof BAIT);
	require(by_fd.st_nlink == 1 && (by_fd.st_mode & 07777) == 0600);
	require(pread(fd, text, sizeof BAIT, 0) == sizeof BAIT && strcmp(text, BAIT) == 0);
	unlink(path);
}

static void a_master_survives(void)
{
	char bait[SESSION_PATH_BYTES], own[SESSION_PATH_BYTES], session[REGISTRY_SESSION_BYTES];
	double end = now_s() + seconds();
	int bait_fd;
	unsigned rounds = 0;
	bool created = false;
	pid_t hostile;

	alarm((unsigned)seconds() + 120);
	snprintf(session, sizeof session, "%016llx", (unsigned long long)getpid() << 32 | 1);
	/* A session of its own, not the one that stage_run() has unlinked. */
	registry_unmap();
	process.shared = NULL;
	process_start();
	require(process_join(session, REGISTRY_FIND_OR_BEGIN, &created) == 0 && created);
	bait_fd = make_bait(bait);
	session_put_path(own, geteuid(), session);
	require(access(own, F_OK) == 0);
	signal(SIGPIPE, SIG_IGN);
	for (int i = 0; i < CONNECTIONS; i++)
		open_connection(i);
	hostile = fork();
	require(hostile >= 0);
	if (hostile == 0)
		go_wild();
	while (now_s() < end) {
		int i = (int)below(CONNECTIONS);

		fork_worker();
		exchange(i);
		track_look_for_inherited();
		blind_tell(LOST_DEEPBIND);
		registry_others_alive(process.shared);
		if (below(4) == 0) {
			close_connection(i);
			open_connection(i);
		}
		if (below(16) == 0)
			require(truncate(stage_log_path, 0) == 0 || errno == ENOENT);
		rounds++;
	}
	require(kill(hostile, 0) == 0);
	report_summary(registry_get());
	process_leave();
	registry_unlink();
	require(kill(hostile, SIGKILL) == 0 && waitpid(hostile, NULL, 0) == hostile);
	require(access(own, F_OK) != 0);
	require_bait(bait, bait_fd);
	require(rounds > 0);
	printf("%u rounds\n", rounds);
	fflush(stdout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST("a master survives a worker that went wild", a_master_survives),
	};
	const char *text = getenv("FORKSAN_HOSTILE_SEED");

	seed = text ? strtoull(text, NULL, 0) : (uint64_t)time(NULL) << 20 | (uint64_t)getpid();
	printf("FORKSAN_HOSTILE_SEED=%#llx\n", (unsigned long long)seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
