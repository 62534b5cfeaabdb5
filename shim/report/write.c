/* SPDX-License-Identifier: MIT */
/*
 * Writes records to the log.  See write.h; log_file.c opens the log, write_stderr.c writes text.
 *
 * Whole lines.  write() to a file opened with O_APPEND is atomic towards other such writers on
 * local file systems (the inode is locked from the seek to the last byte; NFS does not promise so).
 * A line can still be cut by a full disk, a limit, or SIGKILL: write() of more than a page ends
 * early then.  So each writer looks at the file's last byte first and begins with a newline when
 * that byte is another.  A pipe takes lines of at most PIPE_BUF bytes whole or not at all.
 *
 * No descriptor is held between records, but by a process that has given up the right to open the
 * log (report_write_keep): there the alternative is silence.  That process may be an enemy from
 * then on, so its descriptor can append, not read.  Its line may follow one that another process
 * has cut, and begins with a newline unless the file still ends where this process ended its last
 * one.
 */
#include "report/write.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/compiler.h"
#include "forksan/limits.h"
#include "options/options.h"
#include "registry/registry.h"
#include "report/write_parts.h"
#include "base/sys.h"
#include "base/text.h"

/* How often ends_in_newline() looks at a last line without an end. */
#define TAIL_LOOKS 8

/* The working directory at the start; empty: not known, or no option has a path in it, and then
 * the array is not touched. */
static char start_directory[PATH_MAX];
FORKSAN_AT_START static bool has_directory;

void report_write_remember_directory(void)
{
	long len;

	if (!report_write_is_relative(options.suppressions) &&
	    !(report_write_is_relative(options.log_path) &&
	      log_place_of(options.log_path) == PLACE_FILE))
		return;
	len = sys_call(SYS_getcwd, (long)(uintptr_t)start_directory, sizeof(start_directory), 0, 0,
		       0, 0);
	/* "(unreachable)/..." is no path: getcwd(2). */
	has_directory = len > 0 && start_directory[0] == '/';
}

const char *report_write_directory(void)
{
	return has_directory ? start_directory : "";
}

/* --- the log --------------------------------------------------------------------------------- */

/* log_path with %p replaced by the pid, %u by the effective user's number, and %% by %.  0 or a
 * negative refusal. */
static int find_path(struct log_scratch *scratch, pid_t pid)
{
	struct text text;

	text_init(&text, scratch->path, sizeof(scratch->path));
	if (options.log_path[0] != '/') {
		/* The current directory may be another one. */
		if (!has_directory)
			return -LOG_HAS_NO_DIRECTORY;
		text_put_string(&text, start_directory);
		text_put_char(&text, '/');
	}
	for (const char *at = options.log_path; *at != '\0'; at++) {
		if (at[0] == '%' && at[1] == 'p') {
			text_put_int(&text, pid);
			at++;
		} else if (at[0] == '%' && at[1] == 'u') {
			text_put_int(&text, sys_call(SYS_geteuid, 0, 0, 0, 0, 0, 0));
			at++;
		} else {
			text_put_char(&text, *at);
			if (at[0] == '%' && at[1] == '%')
				at++;
		}
	}
	return text.truncated ? -ENAMETOOLONG : 0;
}

/* Returns when nobody is in the middle of a write to the file, by calls without effect that take
 * the inode's lock: a write of no bytes on ext4, XFS, Btrfs and tmpfs, a seek on overlayfs.  On
 * other file systems the calls are at least a pause. */
static void wait_for_writer(int fd)
{
	sys_write(fd, "", 0);
	sys_call(SYS_lseek, fd, 0, SEEK_END, 0, 0, 0);
	sys_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

/*
 * True when the file's last line has an end.  A line without an end may be still growing under
 * another writer; such a line is broken when the size has not changed although nobody writes.
 */
static bool ends_in_newline(int fd)
{
	off_t last_size = 0;

	for (int i = 0; i < TAIL_LOOKS; i++) {
		struct stat stat;
		char byte = '\n';

		stat_fd(fd, &stat);
		if (!S_ISREG(stat.st_mode) || stat.st_size == 0)
			return true;
		sys_call(SYS_pread64, fd, (long)(uintptr_t)&byte, 1, stat.st_size - 1, 0, 0);
		if (byte == '\n')
			return true;
		if (stat.st_size == last_size)
			return false;
		last_size = stat.st_size;
		wait_for_writer(fd);
	}
	return true; /* others write all the time, and would have mended the line */
}

/* Writes a line to a pipe opened with O_NONBLOCK, which takes at most PIPE_BUF bytes whole or not
 * at all (pipe(7)).  -EMSGSIZE: the line is longer; -EAGAIN: the pipe stayed full. */
static int write_to_pipe(int fd, const char *line, size_t len)
{
	long written;

	if (len > PIPE_BUF)
		return -EMSGSIZE;
	written = sys_write(fd, line, len);
	if (written == -EAGAIN && wait_for_room(fd))
		written = sys_write(fd, line, len);
	return written < 0 ? (int)written : 0;
}

static int write_by_kind(int fd, const struct stat *stat, const char *line, size_t len)
{
	if (S_ISFIFO(stat->st_mode))
		return write_to_pipe(fd, line, len);
	return ends_in_newline(fd) ? write_all(fd, line, len) : write_all(fd, line - 1, len + 1);
}

/* --- a log that is kept ---------------------------------------------------------------------- */

/* The log kept open for a process that is about to lose the right to open the log; see
 * report_write_keep().  0: not kept. */
static int kept_fd;
static struct log_file kept;
static off_t kept_end; /* of the last line that this process wrote there */

/* Above the numbers that hosts use: select() takes 1024 descriptors, shells use 10 to 255. */
#define KEPT_FD_LOWEST 300

void report_write_keep(struct log_scratch *scratch, pid_t pid)
{
	struct log_file file;
	long fd;
	long higher;

	if (kept_fd > 0 || log_place_of(options.log_path) != PLACE_FILE ||
	    find_path(scratch, pid) < 0)
		return;
	fd = log_file_open(scratch, LOG_APPEND_ONLY, stderr_at_start(), &file);
	if (fd < 0)
		return;
	higher = sys_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, KEPT_FD_LOWEST, 0, 0, 0);
	sys_close((int)fd);
	if (higher < 0)
		return;
	kept = file;
	kept_fd = (int)higher;
}

/* True as long as kept_fd is still the kept file. */
static bool is_kept(void)
{
	struct stat now;

	if (kept_fd == 0)
		return false;
	stat_fd(kept_fd, &now);
	return stat_is_same(&kept.stat, &now);
}

/* True when the path leads to another file now, or to no file in the same directory: the log was
 * renamed, and this process cannot open the successor.  False where the path cannot be walked, as
 * in another root. */
static bool has_moved(struct log_scratch *scratch)
{
	struct log_file now;

	if (log_file_look(scratch, &now) != 0)
		return false;
	if (now.stat.st_mode != 0)
		return !stat_is_same(&kept.stat, &now.stat);
	return stat_is_same(&kept.directory, &now.directory);
}

/* True when the kept file was removed: nobody would ever read a line there. */
static bool is_removed(const struct stat *stat)
{
	return S_ISREG(stat->st_mode) && stat->st_nlink == 0;
}

static int write_to_kept(const char *line, size_t len)
{
	struct stat stat;
	int result;

	stat_fd(kept_fd, &stat);
	if (!S_ISREG(stat.st_mode))
		return write_by_kind(kept_fd, &stat, line, len);
	if (stat.st_size == kept_end)
		result = write_all(kept_fd, line, len);
	else
		result = write_all(kept_fd, line - 1, len + 1);
	kept_end = result == 0 ? sys_call(SYS_lseek, kept_fd, 0, SEEK_CUR, 0, 0, 0) : -1;
	return result;
}

/* Opens the log, or takes the kept one.  A process that keeps the log makes no other, since the
 * root directory may be another now; but each user has a log where the user asked for that (%u).
 * 0, -errno or a negative refusal. */
static int open_or_keep(struct report_log *log)
{
	bool have_kept = is_kept();
	struct log_file file;
	bool makes = !have_kept || strstr(options.log_path, "%u");
	long fd = sys_move_up(log_file_open(log->scratch, makes ? LOG_APPEND : LOG_APPEND_IF_MADE,
					    stderr_at_start(), &file));

	log->is_kept = fd < 0 && have_kept;
	if (!log->is_kept) {
		log->fd = (int)fd;
		log->stat = file.stat;
		return fd < 0 ? (int)fd : 0;
	}
	log->fd = kept_fd;
	stat_fd(kept_fd, &log->stat);
	if (is_removed(&log->stat))
		return -ESTALE;
	if (has_moved(log->scratch))
		registry_count(LOST_LOG);
	return 0;
}

static int open_place(struct report_log *log)
{
	long fd = log_place_open(log->place, &log->stat);

	log->fd = (int)fd;
	log->is_kept = false;
	return fd < 0 ? (int)fd : 0;
}

static uint64_t number_of(const struct report_log *log)
{
	if (log->place == PLACE_SYSLOG || log->place == PLACE_JOURNAL)
		return log->place;
	return stat_identity(&log->stat);
}

int report_write_open(struct report_log *log, struct log_scratch *scratch, pid_t pid)
{
	int result;

	log->place = log_place_of(options.log_path);
	result = log->place == PLACE_FILE ? find_path(scratch, pid) : 0;
	if (result != 0)
		return result;
	log->scratch = scratch;
	guard_begin(&log->guard);
	result = log->place == PLACE_FILE ? open_or_keep(log) : open_place(log);
	if (result != 0)
		return result;
	log->line_bytes = log_place_line_bytes(log->place, &log->stat);
	log->takes_lines = log->place == PLACE_FILE && !S_ISFIFO(log->stat.st_mode);
	log->identity = number_of(log);
	return 0;
}

/* What says how a session begins and ends is written although the log is full. */
bool report_write_has_room(const struct record_tags *tags, size_t len)
{
	struct registry *registry = registry_get();
	bool is_bounded = strcmp(tags->record, "finding") == 0 ||
			  strcmp(tags->record, "stack") == 0 ||
			  strcmp(tags->record, "process") == 0;

	if (!registry || options.log_max_size == 0)
		return true;
	if (is_bounded && load_relaxed(&registry->header.log_bytes) + len > options.log_max_size)
		return false;
	fetch_add_relaxed(&registry->header.log_bytes, len);
	return true;
}

int report_write_lines(struct report_log *log, const struct record_tags *tags, const char *lines,
		       size_t len)
{
	int result;

	if (log->place != PLACE_FILE)
		result = log_place_write(log->place, log->fd, &log->stat, tags, lines, len);
	else if (log->is_kept)
		result = write_to_kept(lines, len);
	else
		result = write_by_kind(log->fd, &log->stat, lines, len);
	guard_take(&log->guard, result);
	return result;
}

void report_write_close(struct report_log *log)
{
	if (log->is_kept || (log->place != PLACE_FILE && !log_place_is_ours(log->place)))
		return;
	identity_close(log->fd, identity_in(&log->stat));
}
