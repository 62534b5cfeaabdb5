/* SPDX-License-Identifier: MIT */
/*
 * Which processes of the session are still there: asks the kernel, and common/liveness.h decides.
 */
#include "registry/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/compiler.h"
#include "base/sys.h"
#include "common/liveness.h"

bool registry_knows_pids_of(uint64_t pid_namespace)
{
	return liveness_same_namespace(pid_namespace, registry_pid_namespace);
}

/* --- /proc, which may show another pid namespace than this process's ----------------------------
 */

/* The pid namespace that /proc showed when an ancestor in that namespace looked, and the file
 * system that was mounted there.  A later mount has another device number: since Linux 5.8 each
 * mount of proc has its own, before that each pid namespace had.  Inherited by forked processes. */
static struct {
	uint64_t pid_namespace; /* 0: nothing noted */
	uint64_t device;
} noted;

/* The pid of this process in the pid namespace of /proc; 0: there is no /proc. */
static pid_t own_pid_in_proc(void)
{
	char text[16];
	pid_t pid = 0;
	long n = sys_readlink("/proc/self", text, sizeof text);

	for (long i = 0; i < n && text[i] >= '0' && text[i] <= '9'; i++)
		pid = pid * 10 + (text[i] - '0');
	return pid;
}

/* The pid namespace for which /proc was seen to be the own one; 0: none.  Inherited by forked
 * processes, and asked for anew in another namespace.  A process that then mounts the /proc of
 * another namespace is not noticed. */
static _Atomic uint64_t own_proc;

/* False in a process that was born in a pid namespace of its own and still has its parent's /proc:
 * its own pids mean other processes there. */
static bool proc_is_own(void)
{
	if (registry_pid_namespace != 0 && load_relaxed(&own_proc) == registry_pid_namespace)
		return true;
	if (own_pid_in_proc() != (pid_t)sys_getpid())
		return false;
	store_relaxed(&own_proc, registry_pid_namespace);
	return true;
}

void registry_look_at_proc(void)
{
	proc_is_own();
}

/* The device number of /proc; 0: there is none. */
static uint64_t proc_device(void)
{
	struct stat stat = {.st_dev = 0};

	sys_fstatat(AT_FDCWD, "/proc", &stat, 0);
	return stat.st_dev;
}

void registry_note_proc(void)
{
	if (!proc_is_own())
		return; /* what was noted in an outer namespace stays true */
	noted.pid_namespace = registry_pid_namespace;
	noted.device = proc_device();
}

static bool proc_is_as_noted(void)
{
	return noted.pid_namespace != 0 && noted.device != 0 && proc_device() == noted.device;
}

void registry_note_proc_of(uint64_t seen_outside)
{
	pid_t pid = own_pid_in_proc();

	if (seen_outside >> 32 == registry_pid_namespace || pid == (pid_t)sys_getpid() ||
	    seen_outside != liveness_pack_outside(seen_outside >> 32, pid))
		return;
	noted.pid_namespace = seen_outside >> 32;
	noted.device = proc_device();
}

uint64_t registry_seen_in_proc(void)
{
	if (noted.pid_namespace == registry_pid_namespace || !proc_is_as_noted())
		return 0;
	return liveness_pack_outside(noted.pid_namespace, own_pid_in_proc());
}

/* --- the questions ------------------------------------------------------------------------------
 */

static bool pid_exists(pid_t pid)
{
	return sys_kill(pid, 0) != -ESRCH;
}

/* Appends the decimal digits of `value` at `out`; returns their number. */
static size_t put_decimal(char *out, uint32_t value)
{
	char digits[10];
	size_t n = 0;
	size_t len;

	do {
		digits[n++] = (char)('0' + value % 10);
		value /= 10;
	} while (value != 0);
	len = n;
	while (n > 0)
		*out++ = digits[--n];
	return len;
}

/* The content of /proc/PID/stat; returns its length, 0 when it cannot be read. */
static size_t read_stat(pid_t pid, char out[LIVENESS_STAT_BYTES])
{
	char path[32] = "/proc/";
	size_t len = 6 + put_decimal(path + 6, (uint32_t)pid);
	long fd;
	long n;

	memcpy(path + len, "/stat", sizeof "/stat");
	fd = sys_open(path, O_RDONLY | O_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	n = sys_read((int)fd, out, LIVENESS_STAT_BYTES);
	sys_close((int)fd);
	return n > 0 ? (size_t)n : 0;
}

uint64_t registry_boot_realtime_ns(void)
{
	return liveness_boot(sys_clock_ns(CLOCK_REALTIME), sys_clock_ns(CLOCK_BOOTTIME));
}

/* The process `pid` of this pid namespace, which was there at the claim's birth. */
static bool runs_here(const struct liveness_claim *claim, pid_t pid)
{
	char stat[LIVENESS_STAT_BYTES];
	size_t len = read_stat(pid, stat);

	return liveness_stat_agrees(claim, registry_boot_realtime_ns(), stat, len) &&
	       (len > 0 || pid_exists(pid));
}

/* The claim's process by the noted /proc.  True also when it cannot be found out. */
static bool runs_in_noted_proc(const struct liveness_claim *claim)
{
	char stat[LIVENESS_STAT_BYTES];
	pid_t pid = 0;
	size_t len;

	if (claim->pid_namespace != 0 && proc_is_as_noted())
		pid = liveness_pid_in(claim, noted.pid_namespace);
	if (pid <= 0)
		return true;
	len = read_stat(pid, stat);
	/* Mounted with hidepid, /proc hides other users' processes, and first of all process 1. */
	if (len == 0)
		return read_stat(1, stat) == 0;
	return liveness_stat_agrees(claim, registry_boot_realtime_ns(), stat, len);
}

/* The pid by which this process can ask for the claim's; 0: there is none. */
static pid_t pid_here(const struct liveness_claim *claim)
{
	pid_t pid = liveness_pid_in(claim, registry_pid_namespace);

	/* The claim's birth is later than that of its namespace's first process. */
	return pid > 0 ? pid : liveness_first_pid_in(claim, registry_pid_namespace);
}

bool registry_claim_is_gone(const struct liveness_claim *claim)
{
	pid_t pid = pid_here(claim);

	return pid > 0 && !pid_exists(pid);
}

noinline bool registry_claim_runs(const struct liveness_claim *claim)
{
	pid_t pid = pid_here(claim);

	if (claim->pid <= 0)
		return false;
	if (pid > 0 && proc_is_own())
		return runs_here(claim, pid);
	return (pid <= 0 || pid_exists(pid)) && runs_in_noted_proc(claim);
}

bool registry_slot_is_killed(const struct registry_process *process)
{
	struct liveness_claim claim = liveness_claim(process);
	char stat[LIVENESS_STAT_BYTES];
	pid_t pid = pid_here(&claim);

	return pid > 0 && proc_is_own() && liveness_stat_is_killed(stat, read_stat(pid, stat));
}

bool registry_pid_runs(pid_t pid)
{
	struct liveness_claim claim = {.pid = pid, .born_boottime_ns = UINT64_MAX};

	return registry_claim_runs(&claim);
}

bool registry_slot_runs(const struct registry_process *process)
{
	struct liveness_claim claim = liveness_claim(process);

	return claim.pid != 0 && registry_claim_runs(&claim);
}

pid_t registry_parent_of(pid_t pid)
{
	char stat[LIVENESS_STAT_BYTES];

	return proc_is_own() ? liveness_stat_parent(stat, read_stat(pid, stat)) : 0;
}
