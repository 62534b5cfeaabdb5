/* SPDX-License-Identifier: MIT */
/*
 * Reads a log line by line, in constant memory, however long the log or a line is.
 *
 * record.h says how a line is parsed.  The bytes are hostile: a line may be anything.
 */
#ifndef FORKSAN_TOOLS_LOG_READ_H
#define FORKSAN_TOOLS_LOG_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest line that is looked at.  The shim's records have at most FORKSAN_RECORD_BYTES
 * (128 KiB); the rest is room for fields of later versions. */
#define LOG_LINE_BYTES ((size_t)1 << 20)

struct log_line {
	const char *text; /* no newline, no NUL; valid until the next call */
	size_t len_bytes;
	uint64_t number; /* 1 is the first */
	bool too_long;	 /* longer than LOG_LINE_BYTES: text is the beginning */
	bool cut;	 /* the log ends within the line: no newline */
};

struct log_reader;

/* Reads from `fd`, which stays the caller's; a packed log is unpacked (log/input.h).  NULL: no
 * memory. */
struct log_reader *log_reader_new(int fd);
void log_reader_free(struct log_reader *reader);

/* 1: *line is the next line; 0: the log has ended; negative: an error of log_input_read(). */
int log_reader_next(struct log_reader *reader, struct log_line *line);

/* From now on the log may grow: a last line without a newline waits for its end, and after 0 the
 * next log_reader_next() looks again. */
void log_reader_follow(struct log_reader *reader);

/* As log_input_kind() and log_input_taken(). */
const char *log_reader_kind(const struct log_reader *reader);
uint64_t log_reader_taken(const struct log_reader *reader);

#endif
