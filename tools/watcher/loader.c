/* SPDX-License-Identifier: MIT */
/* See loader.h. */
#include "watcher/loader.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "watcher/hooks.h"
#include "watcher/process_state.h"
#include "base/sys.h"
#include <forksan.skel.h>

/* The ring's size is in forksan.bpf.c. */
static struct forksan *skeleton;
static struct ring_buffer *ring;
static void (*take_record)(const void *record, size_t len_bytes);
static bool gate_works;

/* Of what libbpf said the first line that names a program, or else the first: kept for the sentence
 * about the failure, and for hooks_give_up(). */
static char complaint[200];

static int keep_complaint(enum libbpf_print_level level, const char *format, va_list arguments)
{
	char line[sizeof complaint];

	if (level != LIBBPF_WARN)
		return 0;
	vsnprintf(line, sizeof line, format, arguments);
	line[strcspn(line, "\n")] = '\0';
	if (complaint[0] == '\0' || (!hooks_are_named(complaint) && hooks_are_named(line)))
		memcpy(complaint, line, sizeof complaint);
	return 0;
}

/* Where the whole machine is watched, records may come as fast as they are taken, or faster: after
 * so long the caller looks whether it is to end, and at the end those that are left are counted. */
#define TAKE_NS UINT64_C(50000000)
#define TAKE_LAST_NS UINT64_C(10000000000)
static uint64_t take_until_ns;
static bool is_ending;
static uint64_t untaken;

static int on_record(void *context, void *record, size_t len_bytes)
{
	bool is_late = sys_clock_ns(CLOCK_MONOTONIC) > take_until_ns;

	(void)context;
	if (is_ending && is_late) {
		untaken++;
		return 0;
	}
	take_record(record, len_bytes);
	return is_late ? -EAGAIN : 0; /* the next call goes on behind this record */
}

bool loader_is_permitted(void)
{
	FILE *file = fopen("/proc/self/status", "re");
	unsigned long long effective = 0;
	char line[128];

	while (file && fgets(line, sizeof line, file))
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			break;
	if (file)
		fclose(file);
	/* linux/capability.h: CAP_SYS_ADMIN 21, CAP_PERFMON 38, CAP_BPF 39 */
	return (effective >> 21 & 1) != 0 ||
	       ((effective >> 38 & 1) != 0 && (effective >> 39 & 1) != 0);
}

static char refusal[400];

const char *loader_why_not(void)
{
	return refusal;
}

/* Processes have the same numbers in /proc as for this process. */
static bool is_own_proc(void)
{
	char self[16] = "";

	return readlink("/proc/self", self, sizeof self - 1) > 0 && atoi(self) == getpid();
}

static bool refuse(const char *what, int error)
{
	if (!is_own_proc())
		snprintf(refusal, sizeof refusal,
			 "/proc is not that of this pid namespace (unshare --mount-proc)");
	else if (!loader_is_permitted())
		snprintf(refusal, sizeof refusal,
			 "it needs the capabilities CAP_BPF and CAP_PERFMON (and CAP_SYS_PTRACE "
			 "for other users' stacks), which root has");
	else if (access("/sys/kernel/btf/vmlinux", R_OK) != 0)
		snprintf(refusal, sizeof refusal,
			 "this kernel does not describe its types (/sys/kernel/btf/vmlinux, "
			 "CONFIG_DEBUG_INFO_BTF)");
	else
		snprintf(refusal, sizeof refusal, "the kernel refuses to %s: %s%s%s", what,
			 strerror(error), complaint[0] != '\0' ? "; " : "", complaint);
	return false;
}

/* -1: it has ended, even if nobody has waited for it yet (a zombie). */
static int open_process(pid_t pid)
{
	struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};

	if (end.fd < 0 || poll(&end, 1, 0) <= 0)
		return end.fd;
	close(end.fd);
	errno = ESRCH;
	return -1;
}

/* Runs an iterator's program over all that it goes through. */
static bool run_iterator(const struct bpf_program *program,
			 const struct bpf_iter_attach_opts *options)
{
	struct bpf_link *link = bpf_program__attach_iter(program, options);
	char bytes[64];
	int fd;

	if (!link)
		return false;
	fd = bpf_iter_create(bpf_link__fd(link));
	while (fd >= 0 && read(fd, bytes, sizeof bytes) > 0)
		continue;
	if (fd >= 0)
		close(fd);
	bpf_link__destroy(link);
	return fd >= 0;
}

static bool run_on_thread(const struct bpf_program *program, pid_t thread)
{
	/* Since Linux 6.1 the kernel goes to this thread alone; before, it goes through all. */
	union bpf_iter_link_info only = {.task = {.tid = (uint32_t)thread}};
	struct bpf_iter_attach_opts options = {
		.sz = sizeof options, .link_info = &only, .link_info_len = sizeof only};

	return run_iterator(program, &options);
}

/* Has the kernel's part know this process, and number all others as this process sees them.  0 or
 * an errno. */
static int introduce_self(void)
{
	struct process_state state = {.flags = PROCESS_WATCHER};
	int self = open_process(getpid());
	int error = self < 0 ? errno : 0;

	if (error == 0 && bpf_map_update_elem(bpf_map__fd(skeleton->maps.processes), &self, &state,
					      BPF_NOEXIST) != 0)
		error = errno;
	if (self >= 0)
		close(self);
	run_on_thread(skeleton->progs.look_at_self, getpid());
	return -error;
}

/* One attempt, with the programs that hooks.c has chosen.  0 or an errno. */
static int try_to_start(bool all, bool strict)
{
	int error;

	complaint[0] = '\0';
	skeleton = forksan__open();
	if (!skeleton)
		return errno;
	skeleton->rodata->watch_all = all;
	skeleton->rodata->is_strict = strict && hooks_error(HOOK_GATE) == 0;
	skeleton->rodata->has_witness = hooks_have_witness();
	skeleton->rodata->ring_bytes = bpf_map__max_entries(skeleton->maps.events);
	bpf_program__set_autoattach(skeleton->progs.old_files, false);
	bpf_program__set_autoattach(skeleton->progs.look_at_thread, false);
	bpf_program__set_autoattach(skeleton->progs.look_at_self, false);
	hooks_choose(skeleton->obj, strict);
	error = forksan__load(skeleton);
	if (error == 0)
		error = introduce_self();
	if (error == 0)
		error = forksan__attach(skeleton);
	if (error == 0)
		return 0;
	forksan__destroy(skeleton);
	skeleton = NULL;
	return -error;
}

/* A kernel can take the programs and never run them: bpf has to be one of the security modules that
 * it was booted with (lsm=). */
static void try_gate(void)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return;
	if (send(ends[0], "", 1, 0) == 1)
		gate_works = skeleton->bss->gate_works;
	close(ends[0]);
	close(ends[1]);
}

const char *loader_why_not_strict(void)
{
	if (hooks_error(HOOK_GATE) == ESRCH)
		return "it was built without CONFIG_BPF_LSM";
	if (hooks_error(HOOK_GATE) != 0)
		return strerror(hooks_error(HOOK_GATE));
	return gate_works ? NULL : "bpf is none of the security modules it was booted with (lsm=)";
}

bool loader_start(bool all, bool strict, void (*take)(const void *record, size_t len_bytes))
{
	int error;

	take_record = take;
	if (!is_own_proc())
		return refuse("", 0);
	libbpf_set_print(keep_complaint);
	do {
		error = try_to_start(all, strict);
	} while (error != 0 && hooks_give_up(complaint, error));
	if (error != 0)
		return refuse("load the programs (Linux 6.1 has all that they need)", error);
	if (strict)
		try_gate();
	ring = ring_buffer__new(bpf_map__fd(skeleton->maps.events), on_record, NULL, NULL);
	return ring || refuse("share the ring buffer", errno);
}

void loader_poll(int wake, int timeout_ms)
{
	struct pollfd polled[] = {{ring_buffer__epoll_fd(ring), POLLIN, 0}, {wake, POLLIN, 0}};

	poll(polled, wake >= 0 ? 2 : 1, timeout_ms);
	take_until_ns = sys_clock_ns(CLOCK_MONOTONIC) + TAKE_NS;
	ring_buffer__consume(ring);
}

/* Those that may have been watched. */
static uint64_t missed_uses(void)
{
	uint64_t missed = hooks_missed(skeleton->obj, false);
	uint64_t foreign = skeleton->bss->foreign_missed;

	return missed > foreign ? missed - foreign : 0;
}

uint64_t loader_stop(void)
{
	uint64_t until_ns = sys_clock_ns(CLOCK_REALTIME);

	forksan__detach(skeleton);
	is_ending = true;
	take_until_ns = sys_clock_ns(CLOCK_MONOTONIC) + TAKE_LAST_NS;
	ring_buffer__consume(ring);
	skeleton->bss->lost[EVENT_LOST_PROCESS] += hooks_missed(skeleton->obj, true);
	skeleton->bss->lost[EVENT_LOST_USE] += missed_uses();
	return until_ns;
}

/* False: the process is not watched. */
static bool read_state(int process, struct process_state *state)
{
	return process >= 0 &&
	       bpf_map_lookup_elem(bpf_map__fd(skeleton->maps.processes), &process, state) == 0;
}

static void set_ancestors(struct process_state *state, pid_t parent)
{
	struct process_state forker;
	int process = open_process(parent);
	uint32_t number = state->lineage.self.serial.n;

	if (read_state(process, &forker)) {
		forker.lineage.self = (struct lineage_use){{(uint32_t)(forker.word >> 32)}, 0};
		lineage_fork(&forker.lineage, (struct serial){number}, &state->lineage);
	}
	if (process >= 0)
		close(process);
}

uint32_t loader_watch(pid_t pid, pid_t parent)
{
	struct process_state state = {0};
	int process = open_process(pid);
	uint32_t number;
	int result;

	if (process < 0)
		return 0;
	number = __atomic_add_fetch(&skeleton->bss->next_number, 1, __ATOMIC_RELAXED);
	state.word = event_word(number, 1);
	state.lineage.self.serial.n = number;
	if (parent > 0)
		set_ancestors(&state, parent);
	result = bpf_map_update_elem(bpf_map__fd(skeleton->maps.processes), &process, &state,
				     BPF_NOEXIST);
	close(process);
	return result == 0 ? number : 0;
}

void loader_tell_judged(uint64_t cookie, const struct event_judged *judged)
{
	int map = bpf_map__fd(skeleton->maps.judged);
	struct event_judged is;

	if (bpf_map_lookup_elem(map, &cookie, &is) != 0 || is.rule != EVENT_RULE_NONE)
		bpf_map_update_elem(map, &cookie, judged, BPF_ANY);
}

void loader_forget_judged(uint64_t cookie)
{
	bpf_map_delete_elem(bpf_map__fd(skeleton->maps.judged), &cookie);
}

/* A descriptor of the process that has that number, whoever has had the pid before; -1: it has
 * ended. */
static int open_numbered(pid_t pid, uint32_t number)
{
	struct process_state state;
	int process = open_process(pid);

	if (read_state(process, &state) && state.word >> 32 == number)
		return process;
	if (process >= 0)
		close(process);
	return -1;
}

bool loader_is_there(pid_t pid, uint32_t number)
{
	int process = open_numbered(pid, number);

	if (process >= 0)
		close(process);
	return process >= 0;
}

void loader_abort(pid_t pid, uint32_t number)
{
	int process = open_numbered(pid, number);

	if (process < 0)
		return;
	syscall(SYS_pidfd_send_signal, process, SIGABRT, NULL, 0);
	close(process);
}

static bool look_at_files(uint32_t pass)
{
	skeleton->bss->pass = pass;
	return run_iterator(skeleton->progs.old_files, NULL);
}

bool loader_tell_old(void)
{
	return look_at_files(0) && look_at_files(1);
}

bool loader_may_tell_old(void)
{
	struct bpf_link *link = bpf_program__attach_iter(skeleton->progs.old_files, NULL);

	bpf_link__destroy(link);
	return link != NULL;
}

void loader_set_interpreter(pid_t pid, const struct event_interpreter *interpreter)
{
	int fd = bpf_map__fd(skeleton->maps.interpreters);

	if (interpreter)
		bpf_map_update_elem(fd, &pid, interpreter, BPF_ANY);
	else
		bpf_map_delete_elem(fd, &pid);
}

uint64_t loader_thread_pointer(pid_t pid)
{
	skeleton->bss->asked_thread = pid;
	skeleton->bss->asked_thread_pointer = 0;
	run_on_thread(skeleton->progs.look_at_thread, pid);
	return skeleton->bss->asked_thread_pointer;
}

void loader_losses(uint64_t lost[EVENT_LOST_COUNT])
{
	for (int i = 0; i < EVENT_LOST_COUNT; i++)
		lost[i] = __atomic_load_n(&skeleton->bss->lost[i], __ATOMIC_RELAXED);
	lost[EVENT_LOST_USE] += untaken;
}
