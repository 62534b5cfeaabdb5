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

/* Reads from `fd`, which stays the caller's.  NULL: no memory. */
struct log_reader *log_reader_new(int fd);
void log_reader_free(struct log_reader *reader);

/* 1: *line is the next line; 0: the log has ended; negative: -errno of read(). */
int log_reader_next(struct log_reader *reader, struct log_line *line);

#endif
