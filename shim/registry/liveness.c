/* SPDX-License-Identifier: MIT */
/*
 * Which processes of the session are still there: asks the kernel, and common/liveness.h decides.
 */
#include "registry/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include "base/compiler.h"
#include "base/sys.h"
#include "common/liveness.h"

bool registry_knows_pids_of(uint64_t pid_namespace)
{
	return liveness_same_namespace(pid_namespace, registry_pid_namespace);
}

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

noinline bool registry_claim_runs(const struct liveness_claim *claim)
{
	char stat[LIVENESS_STAT_BYTES];
	size_t len;

	if (claim->pid <= 0 || !pid_exists(claim->pid))
		return false;
	len = read_stat(claim->pid, stat);
	return liveness_stat_agrees(claim, registry_boot_realtime_ns(), stat, len) &&
	       (len > 0 || pid_exists(claim->pid));
}

bool registry_pid_runs(pid_t pid)
{
	struct liveness_claim claim = {.pid = pid, .born_boottime_ns = UINT64_MAX};

	return registry_claim_runs(&claim);
}

pid_t registry_parent_of(pid_t pid)
{
	char stat[LIVENESS_STAT_BYTES];

	return liveness_stat_parent(stat, read_stat(pid, stat));
}
