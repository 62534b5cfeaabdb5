/* SPDX-License-Identifier: MIT */
/*
 * See log_place.h.  /dev/log: RFC 3164, section 4.1, without a time, which the receiver knows
 * better; the journal: systemd's "Native Journal Protocol".
 */
#include "report/log_place.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "common/names.h"
#include "forksan/atomics.h"
#include "forksan/limits.h"
#include "options/options.h"
#include "registry/registry.h"
#include "report/log_file.h"
#include "report/write_parts.h"

#define SYSLOG_PATH "/dev/log"
#define JOURNAL_PATH "/run/systemd/journal/socket"

/* rsyslog cuts messages of more than 8 KiB ($MaxMessageSize), header included. */
#define SYSLOG_LINE_BYTES 8000

/* journald cuts lines of more than 48 KiB that come by a stream (LineMax=). */
#define STREAM_LINE_BYTES (47 * 1024)

#define HEADER_BYTES 256

enum log_place log_place_of(const char *log_path)
{
	static const char *const names[] = {
		[PLACE_STDERR] = "stderr",
		[PLACE_STDOUT] = "stdout",
		[PLACE_SYSLOG] = "syslog",
		[PLACE_JOURNAL] = "journald",
	};

	for (enum log_place place = PLACE_STDERR; place <= PLACE_JOURNAL; place++)
		if (strcmp(log_path, names[place]) == 0)
			return place;
	return PLACE_FILE;
}

/* --- opening ------------------------------------------------------------------------------- */

/* True for the first descriptor of the session, and for each that is the same file. */
static bool is_of_session(const struct stat *stat)
{
	struct registry *registry = registry_get();
	uint64_t mine = stat_identity(stat), first = 0;

	if (!registry)
		return false;
	return compare_exchange_acq_rel(&registry->header.log_place, &first, mine) || first == mine;
}

static long open_standard(int fd, struct stat *stat)
{
	if (!standard_is_place(fd, stat))
		return -EBADF;
	return is_of_session(stat) ? fd : -LOG_IS_OTHER_OUTPUT;
}

static long open_socket(const char *path, struct stat *stat)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	long fd, result;

	memset(stat, 0, sizeof(*stat));
	if (options.payload)
		return -LOG_IS_READABLE;
	fd = sys_call(SYS_socket, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, 0, 0, 0);
	if (fd < 0)
		return fd;
	memcpy(address.sun_path, path, strlen(path) + 1);
	result = sys_call(SYS_connect, fd, (long)(uintptr_t)&address, sizeof(address), 0, 0, 0);
	if (result == 0)
		result = stat_fd(fd, stat);
	if (result == 0)
		return fd;
	sys_close((int)fd);
	return result;
}

long log_place_open(enum log_place place, struct stat *stat)
{
	switch (place) {
	case PLACE_STDERR:
		return open_standard(STDERR_FILENO, stat);
	case PLACE_STDOUT:
		return open_standard(STDOUT_FILENO, stat);
	case PLACE_SYSLOG:
		return open_socket(SYSLOG_PATH, stat);
	case PLACE_JOURNAL:
		return open_socket(JOURNAL_PATH, stat);
	case PLACE_FILE:
		break;
	}
	return -EBADF;
}

bool log_place_is_ours(enum log_place place)
{
	return place == PLACE_SYSLOG || place == PLACE_JOURNAL;
}

size_t log_place_line_bytes(enum log_place place, const struct stat *stat)
{
	if (place == PLACE_SYSLOG)
		return SYSLOG_LINE_BYTES;
	if (place == PLACE_JOURNAL)
		return FORKSAN_RECORD_BYTES;
	if (S_ISFIFO(stat->st_mode))
		return PIPE_BUF;
	return S_ISSOCK(stat->st_mode) ? STREAM_LINE_BYTES : FORKSAN_RECORD_BYTES;
}

/* --- writing ------------------------------------------------------------------------------- */

static int severity_of(enum level level)
{
	switch (level) {
	case LEVEL_VIOLATION:
		return LOG_ERR;
	case LEVEL_HAZARD:
		return LOG_WARNING;
	case LEVEL_NOTICE:
		return LOG_NOTICE;
	case LEVEL_COUNT:
		break;
	}
	return LOG_INFO;
}

static void put_syslog_header(struct text *text, const struct record_tags *tags)
{
	text_put_char(text, '<');
	text_put_int(text, LOG_DAEMON | severity_of(tags->level));
	text_put_string(text, ">forksan[");
	text_put_int(text, tags->pid);
	text_put_string(text, "]: @cee: ");
}

/* A field is NAME=VALUE and a newline, in any order; a value without newlines needs no more. */
static void put_journal_header(struct text *text, const struct record_tags *tags)
{
	text_put_string(text, "SYSLOG_IDENTIFIER=forksan\nPRIORITY=");
	text_put_int(text, severity_of(tags->level));
	text_put_string(text, "\nFORKSAN_RECORD=");
	text_put_string(text, tags->record);
	text_put_string(text, "\nFORKSAN_SESSION=");
	text_put_string(text, tags->session);
	if (tags->kind) {
		text_put_string(text, "\nFORKSAN_KIND=");
		text_put_string(text, tags->kind);
	}
	text_put_string(text, "\nMESSAGE=");
}

/* Sends header and line as one datagram. */
static int send_datagram(int fd, const struct text *header, const char *line, size_t len)
{
	struct iovec parts[] = {
		{(void *)header->bytes, header->len},
		{(void *)(uintptr_t)line, len},
	};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	int result = -EAGAIN;

	for (int i = 0; i < 2 && result == -EAGAIN; i++) {
		if (i > 0 && !wait_for_room(fd))
			break;
		result = (int)sys_call(SYS_sendmsg, fd, (long)(uintptr_t)&message,
				       MSG_NOSIGNAL | MSG_DONTWAIT, 0, 0, 0);
	}
	return result < 0 ? result : 0;
}

/* Writes to standard output or error, which may block: a pipe with room takes PIPE_BUF bytes. */
static int write_standard(int fd, const struct stat *stat, const char *line, size_t len)
{
	if ((S_ISFIFO(stat->st_mode) || S_ISSOCK(stat->st_mode)) && !wait_for_room(fd))
		return -EAGAIN;
	return write_all(fd, line, len);
}

int log_place_write(enum log_place place, int fd, const struct stat *stat,
		    const struct record_tags *tags, const char *line, size_t len)
{
	char bytes[HEADER_BYTES];
	struct text header;

	text_init(&header, bytes, sizeof(bytes));
	switch (place) {
	case PLACE_SYSLOG:
		put_syslog_header(&header, tags);
		return send_datagram(fd, &header, line, len - 1);
	case PLACE_JOURNAL:
		put_journal_header(&header, tags);
		return send_datagram(fd, &header, line, len);
	case PLACE_STDERR:
	case PLACE_STDOUT:
		return write_standard(fd, stat, line, len);
	case PLACE_FILE:
		break;
	}
	return -EBADF;
}
