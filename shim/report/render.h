/* SPDX-License-Identifier: MIT */
/*
 * Records as bytes: log_line.c makes lines of the log, text.c and text_session.c blocks for people.
 *
 * Pure but for reads from the registry and from the ELF files that name native functions; no
 * malloc, no lock, no errno; async-signal-safe.  Each function writes at most `size` bytes to
 * `bytes`, which should be about FORKSAN_RECORD_BYTES, ends with a newline, and returns the length.
 * Frames that do not fit are left out from the outer ends of stacks first.
 */
#ifndef FORKSAN_SHIM_REPORT_RENDER_H
#define FORKSAN_SHIM_REPORT_RENDER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "report/finding.h"

/* The process that writes a record other than a finding, and the time. */
struct report_writer {
	uint64_t time_ns; /* CLOCK_REALTIME */
	uint64_t seq;	  /* of the record in the log */
	const char *session;
	const char *host; /* in the log alone */
	pid_t pid;
	pid_t ppid;
	char comm[16];
	/* Of a process record alone: the act that forksan cannot see, how often the session's
	 * processes did so, and the details (NULL: none). */
	enum registry_counter blind;
	uint64_t times;
	const char *detail;
	bool final; /* of a summary alone: the session ends */
};

size_t report_json_finding(char *bytes, size_t size, const struct registry *registry,
			   const struct finding *finding, uint64_t seq);

/* Writes the record of a stack that the finding names. */
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
