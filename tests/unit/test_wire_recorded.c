/* SPDX-License-Identifier: MIT */
/*
 * Recorded conversations of real clients with real servers (recorded/NAME.conv, made by
 * recorded/record.py): each is told as its protocol, followed without losing track, and says the
 * same however it is cut.
 *
 *   # a comment
 *   protocol MySQL
 *   marks n login+ . COM_QUERY+ . ...        what wire_parse() must say, see wire_talking.h
 *   C 0a0b0c                                 bytes of the client, in hexadecimal
 *   S 0d0e0f                                 bytes of the server
 *
 * With FORKSAN_MARKS=1 the marks are printed instead of compared.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "wire_talking.h"

#define MAX_CHUNKS 128

struct recording {
	char name[64];
	char protocol[32];
	char marks[TALKING_MARKS];
	size_t chunk_count;
	struct {
		enum wire_direction direction;
		uint8_t *bytes;
		size_t len;
	} chunk[MAX_CHUNKS];
};

static unsigned from_hex(char c)
{
	return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a') + 10;
}

static void add_chunk(struct recording *r, char mark, const char *hex, size_t len)
{
	uint8_t *bytes = malloc(len / 2 + 1);

	assert_non_null(bytes);
	assert_true(r->chunk_count < MAX_CHUNKS);
	for (size_t i = 0; i < len / 2; i++)
		bytes[i] = (uint8_t)(from_hex(hex[2 * i]) << 4 | from_hex(hex[2 * i + 1]));
	r->chunk[r->chunk_count].direction = mark == 'C' ? WIRE_CLIENT : WIRE_SERVER;
	r->chunk[r->chunk_count].bytes = bytes;
	r->chunk[r->chunk_count].len = len / 2;
	r->chunk_count++;
}

static void read_recording(struct recording *r, const char *path)
{
	FILE *file = fopen(path, "r");
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	if (file == NULL)
		fail_msg("no %s", path);
	memset(r, 0, sizeof *r);
	snprintf(r->name, sizeof r->name, "%s", strrchr(path, '/') + 1);
	while ((len = getline(&line, &size, file)) > 0) {
		if (line[len - 1] == '\n')
			line[--len] = '\0';
		if (strncmp(line, "protocol ", 9) == 0)
			snprintf(r->protocol, sizeof r->protocol, "%s", line + 9);
		else if (strncmp(line, "marks ", 6) == 0)
			snprintf(r->marks, sizeof r->marks, "%s ", line + 6);
		else if (line[0] == 'C' || line[0] == 'S')
			add_chunk(r, line[0], line + 2, (size_t)len - 2);
	}
	free(line);
	fclose(file);
}

static void free_recording(struct recording *r)
{
	for (size_t i = 0; i < r->chunk_count; i++)
		free(r->chunk[i].bytes);
}

/* wire_identify() on the heads as they grow, chunk by chunk: the first answer is the last. */
static enum protocol tell(const struct recording *r)
{
	uint8_t bytes[2][FORKSAN_HEAD_BYTES];
	const uint8_t *head[2] = {bytes[0], bytes[1]};
	size_t len[2] = {0, 0};
	enum protocol told = PROTOCOL_UNKNOWN;

	for (size_t i = 0; i < r->chunk_count; i++) {
		enum wire_direction d = r->chunk[i].direction;

		for (size_t k = 0; k < r->chunk[i].len && len[d] < FORKSAN_HEAD_BYTES; k++) {
			enum protocol now;

			bytes[d][len[d]++] = r->chunk[i].bytes[k];
			now = wire_identify(head, len);
			if (told != PROTOCOL_UNKNOWN && now != told)
				fail_msg("%s: %s became %s", r->name, wire_protocol_name(told),
					 wire_protocol_name(now));
			told = now;
		}
	}
	return told;
}

/* Pieces of at most `piece` bytes; 0: as recorded. */
static void parse(struct talking *t, const struct recording *r, enum protocol protocol,
		  size_t piece)
{
	memset(t, 0, sizeof *t);
	wire_parser_start(&t->parser, protocol);
	for (size_t i = 0; i < r->chunk_count; i++) {
		size_t step = piece > 0 ? piece : r->chunk[i].len;

		for (size_t at = 0; at < r->chunk[i].len; at += step) {
			size_t left = r->chunk[i].len - at;

			talking_feed(t, r->chunk[i].direction, r->chunk[i].bytes + at,
				     left < step ? left : step);
		}
	}
}

static void check(const char *path)
{
	static struct recording r;
	static struct talking t;
	enum protocol protocol;

	read_recording(&r, path);
	protocol = tell(&r);
	if (strcmp(wire_protocol_name(protocol), r.protocol) != 0)
		fail_msg("%s: identified as %s", r.name, wire_protocol_name(protocol));
	parse(&t, &r, protocol, 0);
	if (getenv("FORKSAN_MARKS") != NULL) {
		printf("%s\nmarks %s\n", r.name, t.marks);
		snprintf(r.marks, sizeof r.marks, "%s", t.marks);
	}
	if (t.lost || t.waiting > 0)
		fail_msg("%s: %s, %zu waiting: %s", r.name, t.lost ? "lost" : "followed", t.waiting,
			 t.marks);
	for (size_t piece = 0; piece < 30; piece++) {
		parse(&t, &r, protocol, piece);
		if (strcmp(t.marks, r.marks) != 0)
			fail_msg("%s, pieces of %zu:\n  is    %s\n  meant %s", r.name, piece,
				 t.marks, r.marks);
	}
	free_recording(&r);
}

static void recordings_are_identified_and_parsed(void **state)
{
	char directory[512], path[1024];
	size_t checked = 0;
	struct dirent *entry;
	DIR *dir;

	(void)state;
	snprintf(directory, sizeof directory, "%s", __FILE__);
	*strrchr(directory, '/') = '\0';
	strcat(directory, "/recorded");
	dir = opendir(directory);
	if (dir == NULL)
		fail_msg("no %s", directory);
	while ((entry = readdir(dir)) != NULL) {
		size_t len = strlen(entry->d_name);

		if (len < 5 || strcmp(entry->d_name + len - 5, ".conv") != 0)
			continue;
		snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
		check(path);
		checked++;
	}
	closedir(dir);
	assert_true(checked >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(recordings_are_identified_and_parsed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
