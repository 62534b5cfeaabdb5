/* SPDX-License-Identifier: MIT */
/*
 * See registry.h; the layout is include/forksan/registry.h.
 */
#include "run/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cli.h"

#define NS_PER_S UINT64_C(1000000000)

void run_registry_path(const char *session, char out[RUN_REGISTRY_PATH_BYTES])
{
	snprintf(out, RUN_REGISTRY_PATH_BYTES, "%s/%s%s", REGISTRY_DIRECTORY, REGISTRY_FILE_PREFIX,
		 session);
}

static bool read_at(int fd, void *out, size_t len_bytes, off_t offset)
{
	char *at = out;

	while (len_bytes > 0) {
		ssize_t got = pread(fd, at, len_bytes, offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		at += got;
		offset += got;
		len_bytes -= (size_t)got;
	}
	return true;
}

/* --- who is alive ------------------------------------------------------------------------- */

/* The state letter and the start time of a process, from /proc/PID/stat (proc(5), fields 3 and 22;
 * the name in field 2 may hold anything, so the last ')' counts). */
static bool read_stat(int32_t pid, char *state, uint64_t *start_ticks)
{
	char path[32], text[1024];
	unsigned long long ticks;
	const char *rest;
	ssize_t len;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	len = read(fd, text, sizeof text - 1);
	close(fd);
	if (len <= 0)
		return false;
	text[len] = '\0';
	rest = strrchr(text, ')');
	if (rest == NULL || sscanf(rest + 1,
				   " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
				   "%*d %*d %*d %*d %llu",
				   state, &ticks) != 2)
		return false;
	*start_ticks = ticks;
	return true;
}

/* The inode of our pid namespace; 0: not known. */
static uint64_t own_namespace(void)
{
	struct stat stat_buffer;

	return stat("/proc/self/ns/pid", &stat_buffer) == 0 ? stat_buffer.st_ino : 0;
}

/*
 * A later process with the same pid has started after the one that the registry knows was born.  A
 * process of another pid namespace cannot be asked after by its pid: it is taken to be alive, so
 * that the registry stays for it.
 */
static bool is_alive(const struct registry_process *process)
{
	uint64_t namespace = load_relaxed(&process->pid_namespace);
	long ticks_per_s = sysconf(_SC_CLK_TCK);
	int32_t pid = load_relaxed(&process->pid);
	uint64_t start_ticks, start_ns;
	char state;

	if (load_relaxed(&process->state) != PROCESS_LIVE || pid <= 0 || ticks_per_s <= 0)
		return false;
	if (namespace != 0 && namespace != own_namespace())
		return true;
	if (!read_stat(pid, &state, &start_ticks) || state == 'Z' || state == 'X')
		return false;
	start_ns = start_ticks / (uint64_t)ticks_per_s * NS_PER_S +
		   start_ticks % (uint64_t)ticks_per_s * (NS_PER_S / (uint64_t)ticks_per_s);
	return start_ns <= process->born_boottime_ns;
}

static size_t count_alive(int fd, uint32_t process_high)
{
	struct registry_process process;
	size_t alive = 0;

	if (process_high > FORKSAN_MAX_PROCESSES)
		process_high = FORKSAN_MAX_PROCESSES;
	for (uint32_t i = 0; i < process_high; i++) {
		off_t offset = (off_t)(offsetof(struct registry, processes) + i * sizeof process);

		if (!read_at(fd, &process, sizeof process, offset))
			break;
		alive += is_alive(&process);
	}
	return alive;
}

/* --- the file ----------------------------------------------------------------------------- */

static const char *find_fault(int fd, const struct registry_header *header)
{
	struct stat stat_buffer;

	if (fstat(fd, &stat_buffer) != 0 || !S_ISREG(stat_buffer.st_mode))
		return "it is no regular file";
	if (stat_buffer.st_uid != geteuid() && stat_buffer.st_uid != 0)
		return "another user made it";
	if (header->magic != REGISTRY_MAGIC)
		return "it does not begin as one";
	if (header->version != REGISTRY_VERSION)
		return "it is of another version of forksan";
	if (header->header_size_bytes != sizeof *header ||
	    header->total_size_bytes != sizeof(struct registry) ||
	    (uint64_t)stat_buffer.st_size < sizeof(struct registry))
		return "its size is wrong";
	return NULL;
}

enum run_registry_state run_registry_read(const char *path, struct run_registry *registry,
					  const char **why)
{
	/* O_NONBLOCK: a fifo of that name must not hold us. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct registry_header header;

	memset(registry, 0, sizeof *registry);
	if (fd < 0 && errno == ENOENT)
		return RUN_REGISTRY_ABSENT;
	if (fd < 0) {
		*why = strerror(errno);
		return RUN_REGISTRY_STRANGE;
	}
	memset(&header, 0, sizeof header);
	if (!read_at(fd, &header, sizeof header, 0))
		*why = "it is too short";
	else
		*why = find_fault(fd, &header);
	if (*why == NULL) {
		for (int i = 0; i < COUNTER_COUNT; i++)
			registry->counters[i] = load_relaxed(&header.counters[i]);
		registry->summary_written = load_relaxed(&header.summary_written) != 0;
		registry->alive = count_alive(fd, load_relaxed(&header.process_high));
	}
	close(fd);
	return *why == NULL ? RUN_REGISTRY_READ : RUN_REGISTRY_STRANGE;
}

void run_registry_remove(const char *path)
{
	unlink(path);
}
