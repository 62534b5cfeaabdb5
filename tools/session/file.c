/* SPDX-License-Identifier: MIT */
/*
 * See file.h.
 */
#include "session/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/liveness.h"
#include "common/session.h"

bool session_file_read(int fd, void *out, size_t len_bytes, off_t offset)
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

int session_file_directory(uint32_t uid, const char **why)
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

enum session_registry_state session_file_open(uint32_t uid, const char *session,
					      struct registry_header *header, int *fd,
					      const char **why)
{
	int directory = session_file_directory(uid, why);

	*fd = -1;
	if (directory >= 0) {
		/* O_NONBLOCK: a fifo of that name must not block the tool. */
		*fd = openat(directory, session, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
		*why = strerror(errno);
		close(directory);
	}
	if (*fd < 0)
		return errno == ENOENT ? SESSION_REGISTRY_ABSENT : SESSION_REGISTRY_STRANGE;
	memset(header, 0, sizeof *header);
	if (!session_file_read(*fd, header, sizeof *header, 0))
		*why = "it is too short";
	else
		*why = find_fault(*fd, uid, header);
	if (*why == NULL)
		return SESSION_REGISTRY_READ;
	close(*fd);
	return SESSION_REGISTRY_STRANGE;
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

bool session_process_is_alive(const struct registry_process *process)
{
	struct liveness_claim claim = liveness_claim(process);
	char stat_text[LIVENESS_STAT_BYTES];
	int32_t pid;

	if (claim.pid == 0)
		return false;
	pid = liveness_pid_in(&claim, own_namespace());
	if (pid == 0)
		pid = liveness_first_pid_in(&claim, own_namespace());
	if (pid == 0)
		return true;
	return liveness_stat_agrees(&claim, own_boot(), stat_text, read_stat(pid, stat_text)) &&
	       (kill(pid, 0) == 0 || errno != ESRCH);
}
