/* SPDX-License-Identifier: MIT */
/*
 * A log may hold anything: whatever stands in it, it is read to its end, every line is counted
 * once, and the report is valid JSON and text without control characters.  A line is the same
 * record whether the line parser knows parts of the line from before or json_loadb() parses all of
 * it.
 *
 * Symbol lookup is left out (a log would name files to open); demangling has a target of its own.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../tools/log/line_parser.h"
#include "../../tools/log/record.h"
#include "../../tools/report/render.h"
#include "../../tools/report/collect.h" /* not shim/report/report.h */
#include "../../tools/symbols/symbols.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct symbols *symbols_new(void)
{
	return calloc(1, 1);
}

void symbols_free(struct symbols *symbols)
{
	free(symbols);
}

size_t symbols_find(struct symbols *symbols, const char *module, const char *build_id,
		    uint64_t offset, struct symbol_place places[SYMBOL_PLACES])
{
	(void)symbols;
	(void)module;
	(void)build_id;
	if (offset % 2 == 0)
		return 0;
	places[0] = (struct symbol_place){"_ZN1a1bEv", "a.c", 1};
	places[1] = (struct symbol_place){NULL, NULL, 0};
	return 2;
}

static void require(int condition)
{
	if (!condition)
		abort();
}

/* Lines as `wc -l` counts them, and a last one without newline. */
static uint64_t count_lines(const uint8_t *data, size_t size)
{
	uint64_t count = size > 0 && data[size - 1] != '\n';

	for (size_t i = 0; i < size; i++)
		count += data[i] == '\n';
	return count;
}

static void check_text(const struct report *report)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	const struct render_options plain = {.log_name = "log"};
	const struct render_options stacks = {.stacks = true, .every_frame = true};

	require(out != NULL);
	render_bugs(report, &stacks, out);
	render_bugs(report, &plain, out);
	render_totals(report, out);
	fclose(out);
	for (size_t i = 0; i < len; i++)
		require((unsigned char)text[i] >= 0x20 || text[i] == '\n');
	free(text);
}

/* SARIF is JSON, and the two others are text. */
static void check_forms(const struct report *report)
{
	const struct render_options all = {0};
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	json_t *json;

	require(out != NULL);
	render_sarif(report, &all, out);
	fclose(out);
	json = json_loadb(text, len, 0, NULL);
	require(json != NULL);
	json_decref(json);
	free(text);
	out = open_memstream(&text, &len);
	require(out != NULL);
	render_junit(report, &all, LEVEL_HAZARD, out);
	render_github(report, &all, out);
	fclose(out);
	for (size_t i = 0; i < len; i++)
		require((unsigned char)text[i] >= 0x20 || text[i] == '\n');
	free(text);
}

static void check_json(const struct report *report)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	const struct render_options all = {0};
	json_t *json;

	require(out != NULL);
	render_json(report, &all, out);
	fclose(out);
	json = json_loadb(text, len, 0, NULL);
	require(json != NULL);
	json_decref(json);
	free(text);
}

static void check_line(struct line_parser *parser, const char *line, size_t len)
{
	struct log_record quick, slow;
	struct log_fault quick_fault, slow_fault;
	bool good = log_record_parse(line, len, parser, &quick, &quick_fault);

	require(good == log_record_parse(line, len, NULL, &slow, &slow_fault));
	if (!good) {
		require(strcmp(quick_fault.expected, slow_fault.expected) == 0 &&
			strcmp(quick_fault.found, slow_fault.found) == 0);
		return;
	}
	require(quick.history_len == slow.history_len);
	json_object_del(quick.json, "history");
	json_object_del(slow.json, "history");
	require(json_equal(quick.json, slow.json));
	log_record_free(&quick);
	log_record_free(&slow);
}

/* Twice: in the second pass the parser knows the parts. */
static void check_parser(const uint8_t *data, size_t size)
{
	struct line_parser *parser = line_parser_new();

	require(parser != NULL);
	for (int pass = 0; pass < 2; pass++) {
		const char *at = (const char *)data, *end = at + size;

		while (at < end) {
			const char *newline = memchr(at, '\n', (size_t)(end - at));
			size_t len = (size_t)((newline != NULL ? newline : end) - at);

			check_line(parser, at, len);
			at += len + 1;
		}
	}
	line_parser_free(parser);
}

/* A packed log has other lines than its bytes. */
static int is_packed(const uint8_t *data, size_t size)
{
	static const char *const magics[] = {"\x1f\x8b", "\x28\xb5\x2f\xfd",
					     "\xfd\x37\x7a\x58\x5a"};

	for (size_t i = 0; i < sizeof magics / sizeof magics[0]; i++)
		if (size >= strlen(magics[i]) && memcmp(data, magics[i], strlen(magics[i])) == 0)
			return 1;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *nowhere;
	FILE *saved = stderr;
	struct report report;
	int fd = memfd_create("log", 0);

	check_parser(data, size);
	require(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "w");
	require(nowhere != NULL);
	report_init(&report);
	stderr = nowhere; /* complaints of broken lines are many */
	require(report_read(&report, "report", "log", fd, 0) == 0 || is_packed(data, size));
	stderr = saved;
	close(fd);
	require(report.lines == count_lines(data, size) || is_packed(data, size));
	bugs_sort(report.bugs);
	check_text(&report);
	check_json(&report);
	check_forms(&report);
	report_clear(&report);
	return 0;
}
