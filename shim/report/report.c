/* SPDX-License-Identifier: MIT */
/*
 * Writes records: claims a buffer, has the record rendered there, and hands the line to write.h.
 *
 * A buffer is claimed by compare-exchange and given back with a store by the claiming thread.  In
 * the child of a fork the flags of the parent's other threads read zero (base/wiped.h).  The pages
 * of a buffer that is never used are never touched.
 */
#include "report/report.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <time.h>

#include "forksan/atomics.h"
#include "options/options.h"
#include "process/label.h"
#include "process/process.h"
#include "registry/registry.h"
#include "report/origin.h"
#include "report/finding_count.h"
#include "report/render.h"
#include "report/site.h"
#include "report/stack_text.h"
#include "report/write.h"
#include "base/address.h"
#include "common/names.h"
#include "base/kernel.h"
#include "base/sys.h"
#include "registry/registry.h"
#include "base/text.h"
#include "base/lazy.h"
#include "base/wiped.h"
#include "wire/wire.h"

/* "forksan: " and the longest warning about options, which names every key. */
#define WARNING_BYTES 512

/* The connections that a check names. */
#define CHECK_BYTES 1024

/* Records that wait in a buffer, before one more: a finding's stacks are mostly 2 KiB each. */
#define WAITING_BYTES (32 * 1024)

struct buffer {
	/* A newline, then records: report_write_lines(). */
	char bytes[1 + WAITING_BYTES + FORKSAN_RECORD_BYTES];
	struct log_scratch scratch;
	char host[ORIGIN_HOST_BYTES];
};

_Static_assert(WIPED_REPORT_BUFFERS * sizeof(struct buffer) <= LAZY_REPORTS_BYTES, "they fit");

/* Warnings before report_speak(), when the constructor does not know yet whether descriptor 2 is a
 * watched connection. */
static char early_bytes[9 * WARNING_BYTES];
static size_t early_len;
FORKSAN_AT_START static _Atomic uint32_t speaks;

static bool logs(void)
{
	return options.log_path[0] != '\0';
}

/* No record is rendered across a fork, since signals are blocked: the room is wiped by forks. NULL:
 * no memory, or all buffers are taken. */
static struct buffer *claim(void)
{
	struct buffer *all = lazy_room(LAZY_REPORTS);

	for (size_t i = 0; all && i < WIPED_REPORT_BUFFERS; i++) {
		uint32_t free = 0;

		if (!compare_exchange_acq_rel(&wiped.report.buffers_taken[i], &free, 1))
			continue;
		if (lazy_write((uintptr_t)&all[i], sizeof all[i])) {
			all[i].bytes[0] = '\n';
			return &all[i];
		}
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
	const struct buffer *all = lazy_room(LAZY_REPORTS);

	store_release(&wiped.report.buffers_taken[buffer - all], 0);
}

void report_start(void)
{
	report_write_remember_stderr();
}

void report_start_log(const char *service_name, const char *resource_attributes)
{
	origin_start(service_name, resource_attributes);
	report_write_remember_directory();
	if (log_place_of(options.log_path) == PLACE_STDOUT)
		report_write_remember_stdout();
}

void report_warn(const char *line)
{
	char bytes[WARNING_BYTES];
	struct text text;

	text_init(&text, bytes, sizeof(bytes) - 1); /* the newline */
	text_put_string(&text, "forksan: ");
	text_put_string(&text, line);
	bytes[text.len] = '\n';
	if (load_relaxed(&speaks) != 0) {
		report_write_stderr(bytes, text.len + 1);
	} else if (text.len + 1 <= sizeof early_bytes - early_len) {
		memcpy(early_bytes + early_len, bytes, text.len + 1);
		early_len += text.len + 1;
	}
}

void report_speak(void)
{
	if (early_len > 0)
		report_write_stderr(early_bytes, early_len);
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

/* Returns an error of the log in words, since strerror() takes locks and memory; NULL: the number
 * alone is shown. */
static const char *error_name(int error)
{
	switch (error) {
	case LOG_IS_FOREIGN:
		return "the file, or a link on its path, belongs to another user";
	case LOG_HAS_OTHER_NAMES:
		return "the file has another name, which another user may have given it";
	case LOG_IS_READABLE:
		return "with payload=1 it must be readable by its owner alone (a file, chmod 600)";
	case LOG_IS_NO_FILE:
		return "it is no file, terminal or pipe";
	case LOG_IS_OTHER_OUTPUT:
		return "this program's output is not the one with which the session began";
	case LOG_IS_FULL:
		return "log_max_size= is reached";
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

/* Warns on standard error, once in a process, that the log is not complete, and of the error. */
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

/* --- findings -------------------------------------------------------------------------------- */

/* Returns the number of the session's next record. */
static uint64_t next_seq(struct registry *registry)
{
	return fetch_add_relaxed(&registry->header.records, 1) + 1;
}

/* True when the log with that identity has the stack's record already.  `write`: the record was
 * just written, and the registry notes the log. */
static bool is_logged(struct registry *registry, struct stack_id stack, uint64_t log, bool write)
{
	_Atomic uint64_t *logs_;

	if (stack.n == 0 || stack.n > FORKSAN_MAX_STACKS)
		return true;
	logs_ = registry->stacks[stack.n - 1].logged_in;
	for (size_t i = 0; i < REGISTRY_STACK_LOGS; i++)
		if (load_relaxed(&logs_[i]) == log)
			return true;
	if (write)
		store_relaxed(&logs_[log % REGISTRY_STACK_LOGS], log);
	return false;
}

static struct record_tags tags_of(const struct finding *finding, const char *record)
{
	bool is_finding = record[0] == 'f';

	return (struct record_tags){
		.record = record,
		.kind = is_finding ? kind_name(finding->kind) : NULL,
		.level = is_finding ? kind_level(finding->kind) : LEVEL_COUNT,
		.session = finding->session,
		.pid = finding->reporter.pid,
	};
}

/* A finding's records, which are written together where the log takes them so. */
struct batch {
	struct report_log log;
	struct registry *registry;
	const struct finding *finding;
	char *records;
	size_t len;
	struct stack_id stacks[FINDING_STACK_COUNT]; /* those among the records */
	unsigned stack_count;
};

/* Writes the records that wait, the last of which has those tags.  0, -errno or a negative refusal.
 */
static int write_batch(struct batch *batch, const struct record_tags *tags)
{
	int result = 0;

	if (batch->len > 0)
		result = report_write_lines(&batch->log, tags, batch->records, batch->len);
	for (unsigned i = 0; result == 0 && i < batch->stack_count; i++)
		is_logged(batch->registry, batch->stacks[i], batch->log.identity, true);
	batch->len = 0;
	batch->stack_count = 0;
	return result;
}

/* Adds the line, which stands behind the records that wait.  0 or a negative refusal. */
static int add_line(struct batch *batch, const struct record_tags *tags, size_t len)
{
	if (!report_write_has_room(tags, len))
		return -LOG_IS_FULL;
	batch->len += len;
	return 0;
}

static void add_stack(struct batch *batch, struct stack_id stack)
{
	const struct record_tags tags = tags_of(batch->finding, "stack");
	size_t len;

	if (stack_frame_count(batch->registry, stack) == 0 ||
	    is_logged(batch->registry, stack, batch->log.identity, false))
		return;
	for (unsigned i = 0; i < batch->stack_count; i++)
		if (batch->stacks[i].n == stack.n)
			return;
	len = report_json_stack(batch->records + batch->len, batch->log.line_bytes, batch->registry,
				batch->finding, stack, next_seq(batch->registry));
	if (add_line(batch, &tags, len) != 0)
		return;
	batch->stacks[batch->stack_count++] = stack;
	if (!batch->log.takes_lines || batch->len > WAITING_BYTES)
		write_batch(batch, &tags);
}

static int add_finding(struct batch *batch)
{
	const struct record_tags tags = tags_of(batch->finding, "finding");
	size_t size = FORKSAN_FINDING_BYTES, len;
	int is_full, result;

	if (size > batch->log.line_bytes)
		size = batch->log.line_bytes;
	len = report_json_finding(batch->records + batch->len, size, batch->registry,
				  batch->finding, next_seq(batch->registry));
	is_full = add_line(batch, &tags, len);
	result = write_batch(batch, &tags);
	return is_full != 0 ? is_full : result;
}

static int log_finding(struct buffer *buffer, struct registry *registry, struct finding *finding)
{
	struct batch batch = {
		.registry = registry, .finding = finding, .records = record_of(buffer)};
	int result = report_write_open(&batch.log, &buffer->scratch, finding->reporter.pid);

	if (result != 0) {
		next_seq(registry); /* the number that is missing */
		return result;
	}
	finding->host = origin_ask_host(buffer->host);
	for (size_t i = 0; i < FINDING_STACK_COUNT; i++)
		add_stack(&batch, finding->stacks[i]);
	result = add_finding(&batch);
	report_write_close(&batch.log);
	return result;
}

/* At verbosity 0 standard error shows each bug once, and again when a finding makes the bug worse.
 */
static bool is_said(const struct registry *registry, const struct finding *finding)
{
	return options.verbosity > 0 ||
	       finding_is_news(site_fingerprint(registry, finding), finding->kind, finding->likely);
}

int report_finding(struct registry *registry, struct finding *finding)
{
	struct buffer *buffer = claim();
	int result = 0;

	if (buffer == NULL)
		return -EBUSY;
	if (logs()) {
		result = log_finding(buffer, registry, finding);
		if (result != 0)
			warn_of_log(result, finding->reporter.pid);
	}
	/* A finding on stderr is better than a lost one. */
	if ((!logs() || result != 0) && is_said(registry, finding)) {
		char *record = record_of(buffer);
		size_t len = report_text_finding(record, FORKSAN_RECORD_BYTES, registry, finding);
		int error = report_write_stderr(record, len);

		result = result != 0 ? result : error;
	}
	give_back(buffer);
	return result;
}

/* --- records about the session ------------------------------------------------------------- */

struct form {
	const char *record;
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

static int log_record(struct buffer *buffer, struct registry *registry, const struct form *form,
		      struct report_writer *writer)
{
	const struct record_tags tags = {form->record, NULL, LEVEL_COUNT, writer->session,
					 writer->pid};
	struct report_log log;
	char *record = record_of(buffer);
	int result = report_write_open(&log, &buffer->scratch, writer->pid);
	size_t len;

	writer->seq = next_seq(registry);
	if (result != 0)
		return result;
	writer->host = origin_ask_host(buffer->host);
	len = form->as_json(record, log.line_bytes, registry, writer);
	result = report_write_has_room(&tags, len) ? report_write_lines(&log, &tags, record, len)
						   : -LOG_IS_FULL;
	report_write_close(&log);
	return result;
}

/* 0 or -errno. */
static int write_form(struct registry *registry, const struct form *form,
		      struct report_writer *writer)
{
	struct buffer *buffer = claim();
	uint64_t signals;
	int result;

	if (buffer == NULL)
		return -EBUSY;
	sys_block_signals(&signals);
	if (logs()) {
		result = log_record(buffer, registry, form, writer);
		if (result != 0)
			warn_of_log(result, writer->pid);
	} else {
		char *record = record_of(buffer);

		result = report_write_stderr(
			record, form->as_text(record, FORKSAN_RECORD_BYTES, registry, writer));
	}
	give_back(buffer);
	sys_restore_signals(signals);
	return result;
}

/* Writes a record other than a finding.  `say`: without a log, the record goes to standard error.
 */
static void report_form(struct registry *registry, const struct form *form,
			struct report_writer writer, bool say)
{
	if ((logs() || say) && write_form(registry, form, &writer) != 0)
		registry_count(LOST_RECORDS);
}

void report_session(struct registry *registry)
{
	static const struct form form = {"session", report_json_session, report_text_session};

	origin_publish(registry);
	report_form(registry, &form, writer_now(), options.verbosity > 0);
}

void report_blind(struct registry *registry, enum registry_counter counter, uint64_t times,
		  const char *detail)
{
	static const struct form form = {"process", report_json_blind, report_text_blind};
	struct report_writer writer = writer_now();

	writer.blind = counter;
	writer.times = times;
	writer.detail = detail;
	report_form(registry, &form, writer, options.verbosity > 0);
}

void report_reconnected(struct registry *registry, const struct sockaddr *address, socklen_t len)
{
	static const struct form form = {"process", report_json_blind, report_text_blind};
	struct report_writer writer = writer_now();
	char bytes[ADDRESS_TEXT_BYTES];
	struct text peer;

	text_init(&peer, bytes, sizeof bytes);
	address_put(&peer, address, len);
	writer.blind = COUNT_RECONNECTED;
	writer.times = load_relaxed(&registry->header.counters[COUNT_RECONNECTED]);
	writer.detail = bytes;
	report_form(registry, &form, writer, options.verbosity > 0);
}

/* "MySQL 127.0.0.1:3306 (orders-db) opened at /srv/app.py:9" */
static void put_open(struct text *text, struct registry *registry, struct socket_slot slot)
{
	const struct registry_socket *socket = &registry->sockets[slot.n];
	uint8_t peer[FORKSAN_ADDRESS_BYTES];
	uint32_t len = registry_socket_peer(socket, peer);
	char label[FORKSAN_LABEL_BYTES];

	text_put_string(text, wire_protocol_name(registry_socket_protocol(socket)));
	text_put_char(text, ' ');
	address_put(text, peer, len);
	label_get(slot, label);
	if (label[0] != '\0') {
		text_put_string(text, " (");
		text_put_string(text, label);
		text_put_char(text, ')');
	}
	text_put_string(text, " opened at ");
	report_put_site(text, registry, (struct stack_id){socket->opened_stack}, SITE_OF_OPENING);
}

void report_check(struct registry *registry, const struct socket_slot slots[], unsigned count,
		  unsigned open)
{
	static const struct form form = {"process", report_json_blind, report_text_blind};
	struct report_writer writer = writer_now();
	char bytes[CHECK_BYTES];
	struct text text;

	text_init(&text, bytes, sizeof bytes);
	text_put_uint(&text, open);
	text_put_string(&text, " open");
	for (unsigned i = 0; i < count; i++) {
		text_put_string(&text, i == 0 ? ": " : "; ");
		put_open(&text, registry, slots[i]);
	}
	writer.blind = COUNT_CONNECTIONS;
	writer.times = open;
	writer.detail = bytes;
	report_form(registry, &form, writer, options.verbosity > 0);
}

/* As text only when there is something to report: a program that shares nothing prints the same as
 * without forksan. */
void report_summary(struct registry *registry)
{
	static const struct form form = {"summary", report_json_summary, report_text_summary};
	static const enum registry_counter said[] = {
		COUNT_NOTICES, COUNT_HAZARDS, COUNT_VIOLATIONS, COUNT_SUPPRESSED,
		LOST_REPORTS,  LOST_FINDINGS, LOST_RECORDS};
	struct report_writer writer = writer_now();
	bool say = options.verbosity > 0;

	writer.final = true;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++)
		say = say || load_relaxed(&registry->header.counters[said[i]]) != 0;
	report_form(registry, &form, writer, say);
}

/* True for one process of the session after each summary_interval=. */
static bool summary_is_due(struct registry *registry)
{
	uint64_t interval_ns = (uint64_t)options.summary_interval_s * UINT64_C(1000000000);
	uint64_t now = sys_clock_ns(CLOCK_MONOTONIC_COARSE);
	uint64_t due = load_relaxed(&registry->header.summary_due_ns);

	if (due != 0 && now < due)
		return false;
	/* The first process to look sets the time, and writes nothing. */
	return compare_exchange_acq_rel(&registry->header.summary_due_ns, &due,
					now + interval_ns) &&
	       due != 0;
}

void report_heartbeat(void)
{
	static const struct form form = {"summary", report_json_summary, report_text_summary};
	struct registry *registry = registry_get();
	int saved_errno = errno;

	if (!registry || !process.shared || !logs() || options.summary_interval_s == 0 ||
	    process_mine() == PROCESS_UNWATCHED || process_is_vfork_child())
		return;
	if (summary_is_due(registry))
		report_form(registry, &form, writer_now(), false);
	errno = saved_errno;
}
