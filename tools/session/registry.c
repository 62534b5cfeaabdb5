/* SPDX-License-Identifier: MIT */
/*
 * See registry.h; the layout is include/forksan/registry.h.
 */
#include "session/registry.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "common/liveness.h"
#include "base/cli.h"
#include "wire/wire.h"

void session_registry_path(const char *session, char out[SESSION_REGISTRY_PATH_BYTES])
{
	session_put_path(out, geteuid(), session);
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

/* Reads /proc/PID/stat; returns the length in bytes, 0 when the file cannot be read. */
static size_t read_stat(int32_t pid, char out[LIVENESS_STAT_BYTES])
{
	char path[32];
	ssize_t len;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	len = read(fd, out, LIVENESS_STAT_BYTES);
	close(fd);
	return len > 0 ? (size_t)len : 0;
}

/* Returns the inode of the tool's pid namespace; 0: not known. */
static uint64_t own_namespace(void)
{
	struct stat stat_buffer;

	return stat("/proc/self/ns/pid", &stat_buffer) == 0 ? stat_buffer.st_ino : 0;
}

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) != 0)
		return 0;
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t own_boot(void)
{
	return liveness_boot(now_ns(CLOCK_REALTIME), now_ns(CLOCK_BOOTTIME));
}

static bool is_alive(const struct registry_process *process)
{
	struct liveness_claim claim = liveness_claim(process);
	char stat_text[LIVENESS_STAT_BYTES];

	if (claim.pid == 0)
		return false;
	if (!liveness_same_namespace(claim.pid_namespace, own_namespace()))
		return true;
	return liveness_stat_agrees(&claim, own_boot(), stat_text,
				    read_stat(claim.pid, stat_text)) &&
	       (kill(claim.pid, 0) == 0 || errno != ESRCH);
}

/* Adds a user in whose registry the session went on, once; `uid_plus_one` comes from the registry
 * and may be anything, 0: no such user. */
static void add_heir(struct session_registry *registry, uint32_t uid_plus_one)
{
	uint32_t uid = uid_plus_one - 1;

	if (uid_plus_one == 0 || uid == geteuid() || registry->heir_count == SESSION_REGISTRY_HEIRS)
		return;
	for (size_t i = 0; i < registry->heir_count; i++)
		if (registry->heirs[i] == uid)
			return;
	registry->heirs[registry->heir_count++] = uid;
}

static void add_processes(struct session_registry *registry, int fd, uint32_t process_high)
{
	struct registry_process process;

	if (process_high > FORKSAN_MAX_PROCESSES)
		process_high = FORKSAN_MAX_PROCESSES;
	for (uint32_t i = 0; i < process_high; i++) {
		off_t offset = (off_t)(offsetof(struct registry, processes) + i * sizeof process);

		if (!read_at(fd, &process, sizeof process, offset))
			break;
		registry->alive += is_alive(&process);
		add_heir(registry, load_relaxed(&process.heir_uid));
	}
}

/* --- the file ----------------------------------------------------------------------------- */

static const char *find_fault(int fd, uint32_t uid, const struct registry_header *header)
{
	struct stat stat_buffer;

	if (fstat(fd, &stat_buffer) != 0 || !S_ISREG(stat_buffer.st_mode))
		return "it is no regular file";
	if (stat_buffer.st_uid != uid)
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

/* Opens the directory of a user's registries.  -1, with *why and errno set: there is no such
 * directory, or another user made a directory or a link of that name. */
static int open_directory(uint32_t uid, const char **why)
{
	char path[SESSION_DIRECTORY_BYTES];
	struct stat stat_buffer;
	int fd;

	session_put_directory(path, uid);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0) {
		*why = strerror(errno);
		return -1;
	}
	if (fstat(fd, &stat_buffer) != 0 || stat_buffer.st_uid != uid) {
		*why = "another user made its directory";
		close(fd);
		errno = EPERM;
		return -1;
	}
	return fd;
}

/* Adds the peers that a registry names.  The names and numbers come from the registry and may be
 * anything. */
static void add_unwatched(struct session_registry *registry, int fd, uint64_t all)
{
	struct registry_unwatched entries[FORKSAN_UNWATCHED_PEERS];
	uint64_t named = 0;

	if (!read_at(fd, entries, sizeof entries, offsetof(struct registry, unwatched)))
		return;
	for (size_t i = 0; i < FORKSAN_UNWATCHED_PEERS; i++) {
		enum protocol protocol = (enum protocol)entries[i].protocol;
		uint64_t connections = load_relaxed(&entries[i].connections);

		entries[i].peer[sizeof entries[i].peer - 1] = '\0';
		if (connections == 0 || connections > all - named)
			continue;
		unwatched_add(&registry->unwatched, entries[i].peer, wire_protocol_name(protocol),
			      wire_class_name(wire_class(protocol)), connections);
		named += connections;
	}
	registry->unwatched.more += all - named;
}

/* Adds without overflow, so that no user's registry can make the sum smaller. */
static void add_count(uint64_t *sum, uint64_t more)
{
	*sum = *sum + more < *sum ? UINT64_MAX : *sum + more;
}

/* Adds the counts and processes of one user's registry of the session. */
static enum session_registry_state add_registry(struct session_registry *registry, uint32_t uid,
						const char *session, const char **why)
{
	int directory = open_directory(uid, why);
	struct registry_header header;
	int fd = -1;

	if (directory >= 0) {
		/* O_NONBLOCK: a fifo of that name must not block the tool. */
		fd = openat(directory, session, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		*why = strerror(errno);
		close(directory);
	}
	if (fd < 0 && errno == ENOENT)
		return SESSION_REGISTRY_ABSENT;
	if (fd < 0)
		return SESSION_REGISTRY_STRANGE;
	memset(&header, 0, sizeof header);
	if (!read_at(fd, &header, sizeof header, 0))
		*why = "it is too short";
	else
		*why = find_fault(fd, uid, &header);
	if (*why == NULL) {
		for (int i = 0; i < COUNTER_COUNT; i++)
			add_count(&registry->counters[i], load_relaxed(&header.counters[i]));
		if (load_relaxed(&header.records) > registry->records)
			registry->records = load_relaxed(&header.records);
		registry->summary_written = load_relaxed(&header.summary_written) != 0;
		add_unwatched(registry, fd,
			      load_relaxed(&header.counters[COUNT_CONNECTIONS_OTHER]));
		add_processes(registry, fd, load_relaxed(&header.process_high));
	}
	close(fd);
	return *why == NULL ? SESSION_REGISTRY_READ : SESSION_REGISTRY_STRANGE;
}

enum session_registry_state
session_registry_read(const char *session, struct session_registry *registry, const char **why)
{
	enum session_registry_state state;
	const char *ignored;

	memset(registry, 0, sizeof *registry);
	state = add_registry(registry, geteuid(), session, why);
	/* A registry may name further heirs, which the loop then reaches. */
	for (size_t i = 0; state == SESSION_REGISTRY_READ && i < registry->heir_count; i++)
		add_registry(registry, registry->heirs[i], session, &ignored);
	/* No process can write one summary of several registries. */
	if (registry->heir_count > 0)
		registry->summary_written = false;
	return state;
}

void session_registry_explain_absence(char why[SESSION_REGISTRY_WHY_BYTES])
{
	const char *reason = NULL;
	struct statvfs file_system;
	int directory;

	why[0] = '\0';
	if (statvfs(REGISTRY_DIRECTORY, &file_system) != 0) {
		snprintf(why, SESSION_REGISTRY_WHY_BYTES, ": " REGISTRY_DIRECTORY ": %s",
			 strerror(errno));
		return;
	}
	if (file_system.f_bavail * file_system.f_frsize < FORKSAN_SHM_NEEDED_BYTES) {
		snprintf(why, SESSION_REGISTRY_WHY_BYTES,
			 ": " REGISTRY_DIRECTORY " has %lu bytes free, and %llu are needed",
			 file_system.f_bavail * file_system.f_frsize,
			 (unsigned long long)FORKSAN_SHM_NEEDED_BYTES);
		return;
	}
	directory = open_directory(geteuid(), &reason);
	if (directory >= 0)
		close(directory);
	else if (errno != ENOENT || access(REGISTRY_DIRECTORY, W_OK) != 0)
		snprintf(why, SESSION_REGISTRY_WHY_BYTES, ": " REGISTRY_DIRECTORY ": %s",
			 errno == EPERM ? reason : strerror(errno));
}

static void remove_at(uint32_t uid, const char *session)
{
	const char *why;
	int directory = open_directory(uid, &why);

	if (directory < 0)
		return;
	unlinkat(directory, session, 0);
	close(directory);
}

void session_registry_remove(const char *session, const struct session_registry *registry)
{
	remove_at(geteuid(), session);
	for (size_t i = 0; i < registry->heir_count; i++)
		remove_at(registry->heirs[i], session);
}
