/* SPDX-License-Identifier: MIT */
/*
 * Writes records.  With log_path set a finding, a session, a process or a summary becomes one line
 * of JSON (log_line.c), else a block of text on standard error (text.c), each by one write().  A
 * finding that cannot be logged goes to standard error, and the error is returned all the same.
 *
 * Buffers are static and claimed with an atomic flag: no malloc, no lock.  Between records no
 * descriptor is open that the host could close, inherit or mistake for its own (but see
 * report_keep_log()).  finding.c blocks signals before it calls.
 */
#ifndef FORKSAN_SHIM_REPORT_H
#define FORKSAN_SHIM_REPORT_H

#include "base/compiler.h"
#include "forksan/atomics.h"
#include "report/finding.h"

struct registry;

/* Remembers what standard error is.  Once, in the constructor, before anything is said. */
void report_start(void);

/* Remembers the working directory, for a relative log_path, and the labels of records: those of
 * labels=, else the values of OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES (NULL: not set). Once,
 * in the constructor, after options_parse(). */
void report_start_log(const char *service_name, const char *resource_attributes);

/* Writes "forksan: LINE" to standard error, where that is a place for messages (report/write.h);
 * else the warning is lost.  `line` has no newline; what is beyond 500 bytes is left out.  Before
 * report_speak(), warnings wait for it. */
void report_warn(const char *line);

/* At the end of the constructor: connections that came with the program are known by then. */
void report_speak(void);

/* Keeps the log open before this process gives up the right to open it; see report_write_keep(). */
void report_keep_log(pid_t pid);

/* 0 when the whole record was written, else -errno; the caller counts LOST_REPORTS. */
int report_finding(struct registry *registry, const struct finding *finding);

/* `record` "session": written by the first process when the session starts. */
int report_session(struct registry *registry);

/* `record` "process": this process does something that forksan cannot see, for the times-th time in
 * the session. `detail` says what exactly; NULL: nothing more than the counter's sentence.  As text
 * only with verbosity. */
int report_blind(struct registry *registry, enum registry_counter counter, uint64_t times,
		 const char *detail);

/* Writes a summary when summary_interval= has passed since the session's last one, with a log
 * alone. Called where the host connects, forks, accepts or waits: forksan has no thread for this.
 * errno is kept. */
void report_heartbeat(void);

extern FORKSAN_HIDDEN _Atomic uint32_t report_ticks;

/* The same for calls that are made often: looks at the clock every 64th time. */
static inline void report_tick(void)
{
	uint32_t ticks = load_relaxed(&report_ticks) + 1;

	store_relaxed(&report_ticks, ticks);
	if (unlikely(ticks % 64 == 0))
		report_heartbeat();
}

/* `record` "summary": every counter, by name.  As text only when something was found or lost, or
 * verbosity asks for it; the same for report_session() and verbosity. */
int report_summary(struct registry *registry);

#endif
