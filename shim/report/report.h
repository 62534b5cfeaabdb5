/* SPDX-License-Identifier: MIT */
/*
 * Writes records.  With log_path set a finding, a session, a process or a summary becomes one line
 * of JSON (log_line.c), else a block of text on standard error (text.c), each by one write().  A
 * finding that cannot be logged goes to standard error, and the caller gets the error all the same.
 *
 * Buffers are static and claimed with an atomic flag: no malloc, no lock.  Between records no
 * descriptor is open that the host could close, inherit or mistake for one of the host's own (but
 * see report_keep_log()).  finding.c blocks signals before the call.
 */
#ifndef FORKSAN_SHIM_REPORT_H
#define FORKSAN_SHIM_REPORT_H

#include "base/compiler.h"
#include "base/wiped.h"
#include "forksan/atomics.h"
#include "report/finding.h"

struct registry;

/* Remembers the state of standard error.  Called once, in the constructor, before any message. */
void report_start(void);

/* Remembers the working directory, for a relative log_path, and the labels of records: those of
 * labels=, else the values of OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES (NULL: not set).
 * Called once, in the constructor, after options_parse(). */
void report_start_log(const char *service_name, const char *resource_attributes);

/* Writes "forksan: LINE" to standard error, where standard error is a place for messages
 * (report/write.h); else the warning is lost.  `line` has no newline; bytes beyond 500 are left
 * out. Warnings before report_speak() are kept until that call. */
void report_warn(const char *line);

/* Writes the kept warnings.  Called at the end of the constructor, when the connections that came
 * with the program are known. */
void report_speak(void);

/* Keeps the log open before this process gives up the right to open the log; see
 * report_write_keep(). */
void report_keep_log(pid_t pid);

/* Writes a finding; the caller has blocked the signals.  0 when the whole record was written, else
 * -errno; the caller counts LOST_REPORTS. */
int report_finding(struct registry *registry, struct finding *finding);

/* What follows writes records other than findings.  One that cannot be written is counted
 * (LOST_RECORDS). */

/* Writes the record "session"; the first process does so when the session starts. */
void report_session(struct registry *registry);

/* Writes the record "process": this process does something that forksan cannot see, for the
 * times-th time in the session.  `detail` holds the details; NULL: the counter's sentence alone.
 * As text only with verbosity. */
void report_blind(struct registry *registry, enum registry_counter counter, uint64_t times,
		  const char *detail);

/* Writes the record "process": this process has connected anew to that address, from which isolate
 * mode had cut the process off.  As text only with verbosity. */
void report_reconnected(struct registry *registry, const struct sockaddr *address, socklen_t len);

/* Writes the record "process": so many watched connections are open in this process, the first of
 * which are slots[0..count).  As text only with verbosity. */
void report_check(struct registry *registry, const struct socket_slot slots[], unsigned count,
		  unsigned open);

/* Writes a summary to the log (without log_path: nothing) when summary_interval= has passed since
 * the session's last one.  Called where the host connects, forks, accepts or waits, since forksan
 * has no thread for this.  errno is kept. */
void report_heartbeat(void);

/* Calls report_heartbeat() every 64th time; for calls that the host makes often. */
static inline void report_tick(void)
{
	uint32_t ticks = load_relaxed(&wiped.report.ticks) + 1;

	store_relaxed(&wiped.report.ticks, ticks);
	if (unlikely(ticks % 64 == 0))
		report_heartbeat();
}

/* Writes the record "summary": every counter, by name.  As text only when something was found or
 * lost, or with verbosity. */
void report_summary(struct registry *registry);

#endif
