/* SPDX-License-Identifier: MIT */
/*
 * Writes records: claims a buffer, has the record rendered, hands it to where it belongs.  See
 * report.h.
 *
 * Buffers: a flag each, claimed by compare-exchange and given back with a store, by the thread that
 * claimed it.  A thread that is killed with its process leaves nothing behind; in the child of a
 * fork, flags of the parent's other threads are cleared.  The pages of a buffer that is never used
 * are never touched.
 */
#include "report/report.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>

#include "forksan/atomics.h"
#include "options/options.h"
#include "report/render.h"
#include "report/write.h"
#include "base/sys.h"
#include "registry/registry.h"
#include "base/text.h"
#include "base/wiped.h"

/* "forksan: " and the longest warning about options, which names every key. */
#define WARNING_BYTES 512

struct buffer {
	char bytes[1 + FORKSAN_RECORD_BYTES]; /* a newline, then the record: report_write_log() */
	struct log_scratch scratch;
};

/* Mapped when first claimed: most processes report nothing, and RLIMIT_DATA would count them. */
static struct buffer *buffers[WIPED_REPORT_BUFFERS];

/* Warnings of the constructor, until it knows whether descriptor 2 is a connection that is watched.
 */
static char early_bytes[9 * WARNING_BYTES];
static struct text early = {early_bytes, sizeof(early_bytes), 0, false};
static _Atomic uint32_t speaks;

static bool logs(void)
{
	return options.log_path[0] != '\0';
}

/* NULL: there is no memory. */
static struct buffer *map_buffer(void)
{
	long pages = sys_mmap(NULL, sizeof(struct buffer), PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	struct buffer *buffer = (struct buffer *)pages;

	if (pages < 0 && pages > -4096)
		return NULL;
	buffer->bytes[0] = '\n';
	return buffer;
}

static struct buffer *claim(void)
{
	for (size_t i = 0; i < WIPED_REPORT_BUFFERS; i++) {
		uint32_t free = 0;

		if (!compare_exchange_acq_rel(&wiped.report.buffers_taken[i], &free, 1))
			continue;
		if (!buffers[i])
			buffers[i] = map_buffer();
		if (buffers[i])
			return buffers[i];
		store_release(&wiped.report.buffers_taken[i], 0);
	}
	return NULL;
}

static char *record_of(struct buffer *buffer)
{
	return buffer->bytes + 1;
}

static void give_back(struct buffer *buffer)
{
	size_t i = 0;

	while (buffers[i] != buffer)
		i++;
	store_release(&wiped.report.buffers_taken[i], 0);
}

void report_start(void)
{
	report_write_remember_stderr();
}

void report_start_log(void)
{
	report_write_remember_directory();
}

void report_warn(const char *line)
{
	char bytes[WARNING_BYTES];
	struct text text;

	text_init(&text, bytes, sizeof(bytes) - 1); /* the newline */
	text_put_string(&text, "forksan: ");
	text_put_string(&text, line);
	bytes[text.len] = '\n';
	if (load_relaxed(&speaks) != 0)
		report_write_stderr(bytes, text.len + 1);
	else
		text_put_bytes(&early, bytes, text.len + 1);
}

void report_speak(void)
{
	if (early.len > 0)
		report_write_stderr(early.bytes, early.len);
	store_relaxed(&speaks, 1);
}

void report_keep_log(pid_t pid)
{
	struct buffer *buffer = logs() ? claim() : NULL;

	if (buffer == NULL)
		return;
	report_write_keep(&buffer->scratch, pid);
	give_back(buffer);
}

/* What goes wrong with logs; strerror() takes locks and memory.  NULL: nothing to add to the
 * number. */
static const char *error_name(int error)
{
	switch (error) {
	case LOG_IS_FOREIGN:
		return "the file, or a link on its path, belongs to another user";
	case LOG_HAS_OTHER_NAMES:
		return "the file has another name, which another user may have given it";
	case LOG_IS_READABLE:
		return "with payload=1 it must be readable by its owner alone (chmod 600)";
	case LOG_IS_NO_FILE:
		return "it is no file, terminal or pipe";
	case LOG_HAS_NO_DIRECTORY:
		return "it is relative to a directory whose path is unknown; give an absolute path";
	case EACCES:
	case EPERM:
		return "not permitted";
	case EAGAIN:
		return "the pipe is full and its reader does not read";
	case EFBIG:
		return "the file is as large as this process may make it";
	case EISDIR:
		return "it is a directory";
	case EMFILE:
	case ENFILE:
		return "no descriptor is free";
	case ENAMETOOLONG:
		return "the path is too long";
	case ENOENT:
		return "no such directory";
	case ENOSPC:
	case EDQUOT:
		return "the disk is full";
	case ENOTDIR:
		return "a part of the path is no directory";
	case EPIPE:
	case ENXIO:
		return "nobody reads the pipe";
	case EROFS:
		return "the file system is read-only";
	case ESTALE:
		return "it was removed, and this process may not make another";
	default:
		return NULL;
	}
}

/* Says on standard error, once in a process, that the log is not complete, and why. */
static void warn_of_log(int error, pid_t pid)
{
	char bytes[FORKSAN_PATH_BYTES + 128];
	struct text text;

	if (exchange_acq_rel(&wiped.report.warned_of_log, 1) != 0)
		return;
	text_init(&text, bytes, sizeof(bytes));
	text_put_string(&text, "==");
	text_put_int(&text, pid);
	text_put_string(&text, "== forksan: cannot write ");
	text_put_string(&text, options.log_path);
	if (error_name(-error)) {
		text_put_string(&text, ": ");
		text_put_string(&text, error_name(-error));
	}
	if (-error < LOG_IS_FOREIGN) {
		text_put_string(&text, " (errno ");
		text_put_int(&text, -error);
		text_put_char(&text, ')');
	}
	text_put_char(&text, '\n');
	report_write_stderr(bytes, text.len);
}

int report_finding(const struct registry *registry, const struct finding *finding)
{
	struct buffer *buffer = claim();
	pid_t pid = finding->reporter.pid;
	int result = 0;
	char *record;
	size_t len;

	if (buffer == NULL)
		return -EBUSY;
	record = record_of(buffer);
	if (logs()) {
		len = report_json_finding(record, FORKSAN_RECORD_BYTES, registry, finding);
		result = report_write_log(&buffer->scratch, record, len, pid);
		if (result == -EMSGSIZE) {
			len = report_json_finding(record, PIPE_BUF, registry, finding);
			result = report_write_log(&buffer->scratch, record, len, pid);
		}
		if (result != 0)
			warn_of_log(result, pid);
	}
	/* What cannot be logged is better said on stderr than lost. */
	if (!logs() || result != 0) {
		int error;

		len = report_text_finding(record, FORKSAN_RECORD_BYTES, registry, finding);
		error = report_write_stderr(record, len);
		result = result != 0 ? result : error;
	}
	give_back(buffer);
	return result;
}

/* --- records about the session ------------------------------------------------------------- */

struct form {
	size_t (*as_json)(char *bytes, size_t size, const struct registry *registry,
			  const struct report_writer *writer);
	size_t (*as_text)(char *bytes, size_t size, const struct registry *registry,
			  const struct report_writer *writer);
};

static struct report_writer writer_now(void)
{
	struct report_writer writer = {
		.time_ns = sys_clock_ns(CLOCK_REALTIME),
		.session = registry_session(),
		.pid = (pid_t)sys_getpid(),
		.ppid = (pid_t)sys_getppid(),
	};

	sys_call(SYS_prctl, PR_GET_NAME, (long)(uintptr_t)writer.comm, 0, 0, 0, 0);
	return writer;
}

/* `say`: whether it is worth a reader's time where there is no log. */
static int report_form(const struct registry *registry, const struct form *form,
		       struct report_writer writer, bool say)
{
	struct buffer *buffer;
	int result;
	char *record;
	size_t len;

	if (!logs() && !say)
		return 0;
	buffer = claim();
	if (buffer == NULL)
		return -EBUSY;
	record = record_of(buffer);
	if (logs()) {
		len = form->as_json(record, FORKSAN_RECORD_BYTES, registry, &writer);
		result = report_write_log(&buffer->scratch, record, len, writer.pid);
		if (result != 0)
			warn_of_log(result, writer.pid);
	} else {
		len = form->as_text(record, FORKSAN_RECORD_BYTES, registry, &writer);
		result = report_write_stderr(record, len);
	}
	give_back(buffer);
	return result;
}

int report_session(const struct registry *registry)
{
	static const struct form form = {report_json_session, report_text_session};

	return report_form(registry, &form, writer_now(), options.verbosity > 0);
}

int report_blind(const struct registry *registry, enum registry_counter counter, uint64_t times,
		 const char *detail)
{
	static const struct form form = {report_json_blind, report_text_blind};
	struct report_writer writer = writer_now();

	writer.blind = counter;
	writer.times = times;
	writer.detail = detail;
	return report_form(registry, &form, writer, options.verbosity > 0);
}

/* As text only when there is something to say: a program that shares nothing prints what it prints
 * without us. */
int report_summary(const struct registry *registry)
{
	static const struct form form = {report_json_summary, report_text_summary};
	static const enum registry_counter said[] = {COUNT_NOTICES, COUNT_HAZARDS, COUNT_VIOLATIONS,
						     LOST_REPORTS, LOST_FINDINGS};
	bool say = options.verbosity > 0;

	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		say = say || load_relaxed(&registry->header.counters[said[i]]) != 0;
	return report_form(registry, &form, writer_now(), say);
}
