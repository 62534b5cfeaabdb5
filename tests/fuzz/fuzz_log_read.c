/* SPDX-License-Identifier: MIT */
/*
 * A log may hold anything: whatever stands in it, it is read to its end, every line is counted
 * once, and the report is valid JSON and text without control characters.
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static FILE *nowhere;
	FILE *saved = stderr;
	struct report report;
	int fd = memfd_create("log", 0);

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
	if (nowhere == NULL)
		nowhere = fopen("/dev/null", "w");
	require(nowhere != NULL);
	report_init(&report);
	stderr = nowhere; /* complaints of broken lines are many */
	require(report_read(&report, "report", "log", fd, 0) == 0);
	stderr = saved;
	close(fd);
	require(report.lines == count_lines(data, size));
	bugs_sort(report.bugs);
	check_text(&report);
	check_json(&report);
	check_forms(&report);
	report_clear(&report);
	return 0;
}
