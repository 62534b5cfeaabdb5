/* SPDX-License-Identifier: MIT */
/*
 * Lines of a log.  One buffer holds the line being handed out and the bytes read after that line:
 *
 *   buffer  |....consumed....|=== line ===\n|~~~~ read ahead ~~~~|......free......|
 *           0              start          next                  end            SIZE
 *
 * When no newline is left the rest moves to the front and the buffer is filled again.  A line that
 * does not fit is handed out cut, and the rest of the line is skipped.
 */
#include "log/read.h"

#include <stdlib.h>
#include <string.h>

#include "log/input.h"

#define BUFFER_BYTES (2 * LOG_LINE_BYTES)

struct log_reader {
	struct log_input *input;
	bool follows;
	bool ended;
	bool skipping; /* within a line that was too long */
	size_t start;  /* first byte that was not handed out */
	size_t seen;   /* no newline between start and here */
	size_t end;
	uint64_t number;
	char buffer[BUFFER_BYTES];
};

struct log_reader *log_reader_new(int fd)
{
	struct log_reader *reader = malloc(sizeof *reader);

	if (reader == NULL)
		return NULL;
	memset(reader, 0, offsetof(struct log_reader, buffer));
	reader->input = log_input_new(fd);
	if (reader->input != NULL)
		return reader;
	free(reader);
	return NULL;
}

void log_reader_free(struct log_reader *reader)
{
	log_input_free(reader->input);
	free(reader);
}

/* Reads more behind `end`; sets `ended` at the end of the log.  Returns 0 or -errno. */
static int fill(struct log_reader *reader)
{
	ssize_t got;

	if (reader->start > 0) {
		memmove(reader->buffer, reader->buffer + reader->start,
			reader->end - reader->start);
		reader->end -= reader->start;
		reader->seen -= reader->start;
		reader->start = 0;
	}
	got = log_input_read(reader->input, reader->buffer + reader->end,
			     BUFFER_BYTES - reader->end);
	if (got < 0)
		return (int)got;
	if (got == 0)
		reader->ended = true;
	reader->end += (size_t)got;
	return 0;
}

static void hand_out(struct log_reader *reader, size_t len_bytes, struct log_line *line)
{
	*line = (struct log_line){
		.text = reader->buffer + reader->start,
		.len_bytes = len_bytes < LOG_LINE_BYTES ? len_bytes : LOG_LINE_BYTES,
		.number = ++reader->number,
		.too_long = len_bytes > LOG_LINE_BYTES,
	};
}

int log_reader_next(struct log_reader *reader, struct log_line *line)
{
	for (;;) {
		size_t unseen = reader->end - reader->seen;
		const char *newline = NULL;
		int result;

		if (unseen > 0)
			newline = memchr(reader->buffer + reader->seen, '\n', unseen);
		if (newline != NULL) {
			size_t next = (size_t)(newline - reader->buffer) + 1;
			bool skipped = reader->skipping;

			if (!skipped)
				hand_out(reader, next - 1 - reader->start, line);
			reader->skipping = false;
			reader->start = reader->seen = next;
			if (skipped)
				continue;
			return 1;
		}
		reader->seen = reader->end;
		if (reader->skipping) {
			reader->start = reader->end;
		} else if (reader->end - reader->start > LOG_LINE_BYTES) {
			hand_out(reader, reader->end - reader->start, line);
			reader->start = reader->end;
			reader->skipping = true;
			return 1;
		}
		if (reader->ended) {
			reader->ended = !reader->follows;
			if (reader->end == reader->start || reader->follows)
				return 0;
			hand_out(reader, reader->end - reader->start, line);
			line->cut = true;
			reader->start = reader->end;
			return 1;
		}
		result = fill(reader);
		if (result < 0)
			return result;
	}
}

void log_reader_follow(struct log_reader *reader)
{
	reader->follows = true;
}

const char *log_reader_kind(const struct log_reader *reader)
{
	return log_input_kind(reader->input);
}

uint64_t log_reader_taken(const struct log_reader *reader)
{
	return log_input_taken(reader->input);
}
