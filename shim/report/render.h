/* SPDX-License-Identifier: MIT */
/*
 * Records as bytes: log_line.c makes lines of the log, text.c blocks for people.
 *
 * Pure but for what they read from the registry and the ELF files that name native functions; no
 * malloc, no lock, no errno; async-signal-safe.  Each writes at most `size` bytes to `bytes`, which
 * should be about FORKSAN_RECORD_BYTES, ends with a newline, and returns the length.  What does not
 * fit is left out from the outer ends of stacks first.
 */
#ifndef FORKSAN_SHIM_REPORT_RENDER_H
#define FORKSAN_SHIM_REPORT_RENDER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "report/finding.h"

/* Who writes a record that is no finding, and when. */
struct report_writer {
	uint64_t time_ns; /* CLOCK_REALTIME */
	uint64_t seq;	  /* of the record in the log */
	const char *session;
	pid_t pid;
	pid_t ppid;
	char comm[16];
	/* Of a process record alone: what it does that cannot be seen, how often that was done, and
	 * what it is exactly (NULL: not said). */
	enum registry_counter blind;
	uint64_t times;
	const char *detail;
	bool final; /* of a summary alone: the session ends */
};

size_t report_json_finding(char *bytes, size_t size, const struct registry *registry,
			   const struct finding *finding, uint64_t seq);

/* The record of a stack that the finding names. */
size_t report_json_stack(char *bytes, size_t size, const struct registry *registry,
			 const struct finding *finding, struct stack_id stack, uint64_t seq);
size_t report_json_session(char *bytes, size_t size, const struct registry *registry,
			   const struct report_writer *writer);
size_t report_json_blind(char *bytes, size_t size, const struct registry *registry,
			 const struct report_writer *writer);
size_t report_json_summary(char *bytes, size_t size, const struct registry *registry,
			   const struct report_writer *writer);

size_t report_text_finding(char *bytes, size_t size, const struct registry *registry,
			   const struct finding *finding);
size_t report_text_session(char *bytes, size_t size, const struct registry *registry,
			   const struct report_writer *writer);
size_t report_text_blind(char *bytes, size_t size, const struct registry *registry,
			 const struct report_writer *writer);
size_t report_text_summary(char *bytes, size_t size, const struct registry *registry,
			   const struct report_writer *writer);

#endif
