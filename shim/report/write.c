/* SPDX-License-Identifier: MIT */
/*
 * Writes records to the log and to stderr.  See write.h.
 *
 * Whole lines.  write() to a file opened with O_APPEND is atomic towards other such writers on
 * local file systems (the inode is locked from the seek to the last byte; NFS does not promise it).
 * A line can still be cut by a full disk, a limit, or SIGKILL: write() of more than a page ends
 * early then.  So each writer looks at the file's last byte first and begins with a newline when
 * that is none.
 *
 * No descriptor is held between records, but by a process that has given up the right to open the
 * log (report_write_keep): there the alternative is silence.
 *
 * Symbolic links are followed (no O_NOFOLLOW): log_path=/dev/stderr and links into /var/log are
 * common, and fs.protected_symlinks guards /tmp.  O_NONBLOCK: a FIFO that nobody reads is an error
 * instead of a hang.
 */
#include "report/write.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "forksan/limits.h"
#include "options/options.h"
#include "base/sys.h"
#include "base/text.h"

/* Readable by whoever looks after the service and is not the user that runs it: a log holds
 * addresses, paths and function names, no data.  With payload=1 it does, and a log that is there
 * already is made private before anything is written to it; only its owner and root can do that. */
#define LOG_MODE 0644
#define LOG_MODE_PAYLOAD 0600

/* Looks at a last line without an end: see ends_in_newline(). */
#define TAIL_LOOKS 8

/* A log_path of full length behind a working directory. */
#define LOG_PATH_BYTES (2 * FORKSAN_PATH_BYTES)

#define KERNEL_SIGSET_BYTES 8

static char start_directory[FORKSAN_PATH_BYTES]; /* empty: not known or not needed */
static struct stat start_stderr;		 /* st_mode 0: not known */

/* fstat and newfstatat rather than statx, which older seccomp profiles do not know.  The kernel's
 * struct stat is libc's on both machines. */
static long look_at_fd(int fd, struct stat *stat)
{
	stat->st_mode = 0;
	return sys_call(SYS_fstat, fd, (long)(uintptr_t)stat, 0, 0, 0, 0);
}

static long look_at_path(const char *path, struct stat *stat)
{
	stat->st_mode = 0;
	return sys_call(SYS_newfstatat, AT_FDCWD, (long)(uintptr_t)path, (long)(uintptr_t)stat, 0,
			0, 0);
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_mode != 0 && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

void report_write_remember_stderr(void)
{
	look_at_fd(STDERR_FILENO, &start_stderr);
}

void report_write_remember_directory(void)
{
	long len;

	start_directory[0] = '\0';
	if (options.log_path[0] == '\0' || options.log_path[0] == '/')
		return;
	len = sys_call(SYS_getcwd, (long)(uintptr_t)start_directory, sizeof(start_directory), 0, 0,
		       0, 0);
	/* "(unreachable)/..." is no path: getcwd(2). */
	if (len <= 0 || start_directory[0] != '/')
		start_directory[0] = '\0';
}

/* --- signals that a write can raise -------------------------------------------------------- */

struct guard {
	uint64_t mask;	  /* the thread's own */
	uint64_t pending; /* before the write */
};

static void guard_begin(struct guard *guard)
{
	guard->mask = 0;
	guard->pending = 0;
	sys_block_signals(&guard->mask);
	sys_call(SYS_rt_sigpending, (long)(uintptr_t)&guard->pending, KERNEL_SIGSET_BYTES, 0, 0, 0,
		 0);
}

/* Takes the signal off this thread, unless it was there before the write. */
static void discard(const struct guard *guard, int signal)
{
	uint64_t set = UINT64_C(1) << (signal - 1);
	struct timespec now = {0};

	if ((guard->pending & set) == 0)
		sys_call(SYS_rt_sigtimedwait, (long)(uintptr_t)&set, 0, (long)(uintptr_t)&now,
			 KERNEL_SIGSET_BYTES, 0, 0);
}

static void guard_end(const struct guard *guard, long result)
{
	if (result == -EPIPE)
		discard(guard, SIGPIPE);
	else if (result == -EFBIG)
		discard(guard, SIGXFSZ);
	sys_restore_signals(guard->mask);
}

/* All of it; a second write() happens only after a short one.  0 or -errno. */
static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		long written = sys_write(fd, bytes, len);

		if (written < 0)
			return (int)written;
		if (written == 0)
			return -EIO;
		bytes += written;
		len -= (size_t)written;
	}
	return 0;
}

/* --- the log --------------------------------------------------------------------------------- */

/* log_path with %p replaced by the pid and %% by %; false when it does not fit. */
static bool find_path(char *path, size_t size, pid_t pid)
{
	struct text text;

	text_init(&text, path, size);
	if (start_directory[0] != '\0') {
		text_put_string(&text, start_directory);
		text_put_char(&text, '/');
	}
	for (const char *at = options.log_path; *at != '\0'; at++) {
		if (at[0] == '%' && at[1] == 'p') {
			text_put_int(&text, pid);
			at++;
		} else {
			text_put_char(&text, *at);
			if (at[0] == '%' && at[1] == '%')
				at++;
		}
	}
	return !text.truncated;
}

/* Files, terminals, /dev/null and FIFOs; never a socket, a disk or a directory. */
static bool is_place_for_logs(const struct stat *stat)
{
	return S_ISREG(stat->st_mode) || S_ISCHR(stat->st_mode) || S_ISFIFO(stat->st_mode);
}

/* A file is opened for reading, too, where that is allowed: for ends_in_newline().  A FIFO must not
 * be, or it would have a reader: us. */
static long open_log(const char *path, bool create)
{
	const int flags = O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | (create ? O_CREAT : 0);
	const mode_t mode = options.payload ? LOG_MODE_PAYLOAD : LOG_MODE;
	struct stat stat;
	long fd = -EACCES;

	if (look_at_path(path, &stat) == -ENOENT || S_ISREG(stat.st_mode))
		fd = sys_open(path, flags | O_RDWR, mode);
	if (fd == -EACCES)
		fd = sys_open(path, flags | O_WRONLY, mode);
	return fd;
}

/* Moves the descriptor above the standard ones: where the host has closed one of them, what another
 * of its threads prints must not get into the log. */
static long move_up(long fd)
{
	long higher;

	if (fd < 0 || fd > STDERR_FILENO)
		return fd;
	higher = sys_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1, 0, 0, 0);
	sys_close((int)fd);
	return higher;
}

/* Returns when nobody is in the middle of a write to the file, by calls without effect that take
 * its lock: one of no bytes on ext4, XFS, Btrfs and tmpfs, a seek on overlayfs.  Elsewhere it is at
 * least a pause. */
static void wait_for_writer(int fd)
{
	sys_write(fd, "", 0);
	sys_call(SYS_lseek, fd, 0, SEEK_END, 0, 0, 0);
	sys_call(SYS_sched_yield, 0, 0, 0, 0, 0, 0);
}

/*
 * Whether the file's last line has an end.  One without may be still growing under another writer;
 * it is broken when its size has not changed although nobody writes.
 */
static bool ends_in_newline(int fd)
{
	off_t last_size = 0;

	for (int i = 0; i < TAIL_LOOKS; i++) {
		struct stat stat;
		char byte = '\n';

		look_at_fd(fd, &stat);
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
	return true; /* others write all the time, and they would have mended it */
}

static int make_private(int fd, const struct stat *stat)
{
	if (!options.payload || !S_ISREG(stat->st_mode) || (stat->st_mode & 077) == 0)
		return 0;
	return (int)sys_call(SYS_fchmod, fd, LOG_MODE_PAYLOAD, 0, 0, 0, 0);
}

/* The log kept open for a process that is about to lose the right to open it.  Inherited by its
 * children; whoever closes it ends that, and what took its number is not written to. */
static int kept_fd = -1;
static struct stat kept;

/* Above what hosts count on for their own: select() takes 1024 descriptors, shells use 10 to 255.
 */
#define KEPT_FD_LOWEST 300

void report_write_keep(pid_t pid)
{
	char path[LOG_PATH_BYTES];
	long fd;
	long higher;

	if (options.log_path[0] == '\0' || kept_fd >= 0 || !find_path(path, sizeof(path), pid))
		return;
	fd = open_log(path, true);
	if (fd < 0)
		return;
	look_at_fd((int)fd, &kept);
	make_private((int)fd, &kept);
	higher = sys_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, KEPT_FD_LOWEST, 0, 0, 0);
	sys_close((int)fd);
	if (higher >= 0 && is_place_for_logs(&kept))
		kept_fd = (int)higher;
}

/* As long as the number is what was kept. */
static bool is_kept(void)
{
	struct stat now;

	if (kept_fd < 0)
		return false;
	look_at_fd(kept_fd, &now);
	return is_same(&kept, &now);
}

static int write_line(int fd, const char *line, size_t len)
{
	return ends_in_newline(fd) ? write_all(fd, line, len) : write_all(fd, line - 1, len + 1);
}

/* A process that keeps the log makes no other: its root directory may be another now. */
static int append(const char *path, const char *line, size_t len)
{
	bool have_kept = is_kept();
	long fd = move_up(open_log(path, !have_kept));
	struct stat opened;
	struct stat now;
	int result;

	if (fd < 0)
		return have_kept ? write_line(kept_fd, line, len) : (int)fd;
	result = (int)look_at_fd((int)fd, &opened);
	if (result == 0 && !is_place_for_logs(&opened))
		result = -EPERM;
	if (result == 0)
		result = make_private((int)fd, &opened);
	if (result == 0)
		result = write_line((int)fd, line, len);
	/* Another thread may have closed the number, and got it again, while we wrote. */
	look_at_fd((int)fd, &now);
	if (opened.st_mode == 0 || is_same(&opened, &now))
		sys_close((int)fd);
	return result;
}

int report_write_log(const char *line, size_t len, pid_t pid)
{
	char path[LOG_PATH_BYTES];
	struct guard guard;
	int result;

	if (!find_path(path, sizeof(path), pid))
		return -ENAMETOOLONG;
	guard_begin(&guard);
	result = append(path, line, len);
	guard_end(&guard, result);
	return result;
}

/* --- stderr ---------------------------------------------------------------------------------- */

/*
 * A terminal, a pipe, the file that stderr was at the start, or one that is only appended to, as
 * daemons open their logs.  Any other file may be the host's data: it closed descriptor 2, and the
 * next open() took the number.
 */
static bool is_place_for_messages(void)
{
	struct stat stat;

	look_at_fd(STDERR_FILENO, &stat);
	if (S_ISCHR(stat.st_mode) || S_ISFIFO(stat.st_mode))
		return true;
	if (!S_ISREG(stat.st_mode))
		return false;
	return is_same(&stat, &start_stderr) ||
	       (sys_call(SYS_fcntl, STDERR_FILENO, F_GETFL, 0, 0, 0, 0) & O_APPEND) != 0;
}

int report_write_stderr(const char *block, size_t len)
{
	struct guard guard;
	int result = -EPERM;

	guard_begin(&guard);
	if (is_place_for_messages())
		result = write_all(STDERR_FILENO, block, len);
	guard_end(&guard, result);
	return result;
}
