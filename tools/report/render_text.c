/* SPDX-License-Identifier: MIT */
/*
 * A report as text: a screen for each bug, which fits 80 columns, and the verdict first and last.
 *
 * The examples were checked when the log was read (log/record.h), so the types hold here.  Every
 * foreign string goes through escape.h.
 */
#include "report/render.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/names.h"
#include "base/escape.h"
#include "base/paragraph.h"
#include "base/plural.h"
#include "log/field.h"
#include "report/collect.h"
#include "report/evidence.h"
#include "report/fleet.h"
#include "report/example.h"
#include "report/proof.h"
#include "report/render_example.h"
#include "report/source.h"

#define SITE_TEXT_BYTES 640

bool render_wants(const struct render_options *options, size_t index)
{
	if (options->number > 0)
		return index + 1 == options->number;
	return options->top == 0 || index < options->top;
}

/* --- paths --------------------------------------------------------------------------------- */

/* Cuts `below` to the directory that `below` and the site's file have in common. */
static void share_directory(char below[SITE_FILE_BYTES], bool *first, const struct site *site)
{
	size_t len = 0;
	const char *slash = strrchr(site->file, '/');

	if (!site->own || site->file[0] != '/')
		return;
	if (*first)
		snprintf(below, SITE_FILE_BYTES, "%.*s", (int)(slash - site->file), site->file);
	*first = false;
	while (below[len] != '\0' && below[len] == site->file[len])
		len++;
	if (below[len] == '\0' && site->file[len] == '/')
		return;
	while (len > 0 && below[len] != '/')
		len--;
	below[len] = '\0';
}

/* Finds the directory that holds all files of the application's own; empty when there is none, or a
 * short one. */
static void find_common_directory(const struct bugs *bugs, char below[SITE_FILE_BYTES])
{
	bool first = true;

	below[0] = '\0';
	for (size_t i = 0; i < bugs_count(bugs); i++) {
		const struct bug *bug = bugs_at(bugs, i);

		share_directory(below, &first, &bug->opened);
		share_directory(below, &first, &bug->forked);
		for (size_t k = 0; k < bug->use_count; k++)
			share_directory(below, &first, &bug->uses[k].site);
	}
	/* "/srv" saves nothing. */
	if (strchr(below, '/') == strrchr(below, '/'))
		below[0] = '\0';
}

/* --- the lines of a screen ----------------------------------------------------------------- */

static void put_pids(const struct bug_pids *pids, FILE *out)
{
	for (size_t i = 0; i < pids->count; i++)
		fprintf(out, "%s%" PRId64,
			i == 0				      ? ""
			: i + 1 == pids->count && !pids->more ? " and "
							      : ", ",
			pids->list[i]);
	fputs(pids->more ? " and more" : "", out);
}

static void put_way_in(const struct site *site, const char *below, FILE *out)
{
	size_t below_len = strlen(below);
	const char *way_in = site->way_in;

	if (below_len > 0 && strncmp(way_in, below, below_len) == 0 && way_in[below_len] == '/')
		way_in += below_len + 1;
	if (way_in[0] != '\0')
		fprintf(out, ", from %s", way_in);
	if (site->at_import)
		fputs(", at import", out);
	if (site->innermost[0] != '\0')
		fprintf(out, ", innermost %s", site->innermost);
}

static void put_certainty(const struct bug *bug, FILE *out)
{
	if (kind_level(bug->head) != LEVEL_VIOLATION)
		return;
	fputs(bug->kinds[bug->head].proven ? " (proven)" : " (likely, not proven)", out);
}

static void print_headline(const struct bug *bug, size_t number, bool colour, FILE *out)
{
	static const char *const colours[LEVEL_COUNT] = {"\033[36m", "\033[33m", "\033[1;31m"};
	char name[ESCAPED_BYTES(192)], text[192];
	size_t width;
	struct sentence headline;

	snprintf(text, sizeof text, "%s %s%s", bug->protocol, bug->peer,
		 bug->more_peers ? " and others" : "");
	escape_text(text, name, sizeof name);
	sentence_begin(&headline);
	fputs(bug_consequence(bug), headline.out);
	put_certainty(bug, headline.out);
	sentence_end(&headline);
	width = (size_t)fprintf(out, "%zu. ", number) + paragraph_width(name) + 3 + headline.len;
	fprintf(out, "%s   %s%s%s", name, colour ? colours[kind_level(bug->head)] : "",
		headline.text, colour ? "\033[0m" : "");
	if (width + 2 + 8 > PARAGRAPH_COLUMNS)
		fprintf(out, "\n%*s", PARAGRAPH_COLUMNS - 8, "");
	else
		fprintf(out, "%*s", (int)(PARAGRAPH_COLUMNS - 8 - width), "");
	fprintf(out, "%08" PRIx64 "\n", bug->fingerprint >> 32);
	free(headline.text);
}

static void print_opened(const struct bug *bug, const char *below, bool source, FILE *out)
{
	char text[SITE_TEXT_BYTES];
	struct sentence line;

	site_text(&bug->opened, below, text, sizeof text);
	sentence_begin(&line);
	if (bug->open_before) {
		fputs("before the watch began, held then by ", line.out);
	} else {
		fputs(text, line.out);
		put_way_in(&bug->opened, below, line.out);
		fputs(", in process ", line.out);
	}
	fprintf(line.out, "%" PRId64, bug->opened_by);
	sentence_print(&line, "opened", out);
	if (source)
		source_print(&bug->opened, out);
	site_text(&bug->forked, below, text, sizeof text);
	sentence_begin(&line);
	fputs(text, line.out);
	put_way_in(&bug->forked, below, line.out);
	sentence_print(&line, "forked", out);
	if (source)
		source_print(&bug->forked, out);
}

static void print_used(const struct bug *bug, const char *below, bool source, FILE *out)
{
	char text[SITE_TEXT_BYTES];
	struct sentence line;

	sentence_begin(&line);
	if (bug->use_count == 0)
		put_pids(&bug->pids, line.out);
	for (size_t i = 0; i < bug->use_count; i++) {
		site_text(&bug->uses[i].site, below, text, sizeof text);
		fprintf(line.out, "%s%s", i > 0 ? "; " : "", text);
		if (bug->uses[i].site.innermost[0] != '\0')
			fprintf(line.out, " (innermost %s)", bug->uses[i].site.innermost);
		fputs(" by ", line.out);
		put_pids(&bug->uses[i].pids, line.out);
	}
	if (bug->more_uses > 0)
		fputs("; and more places", line.out);
	sentence_print(&line, bug->use_count > 0 ? "used" : "open in", out);
	for (size_t i = 0; source && i < bug->use_count; i++)
		source_print(&bug->uses[i].site, out);
}

static void print_all_stacks(const struct report *report, const struct bug *bug, bool every_frame,
			     FILE *out)
{
	for (int kind = KIND_COUNT - 1; kind >= 0; kind--) {
		json_t *example = example_load(report, bug, (enum kind)kind);

		if (example != NULL)
			render_example(bug, (enum kind)kind, example, every_frame, out);
		json_decref(example);
	}
}
static void print_more(size_t number, const char *log_name, FILE *out)
{
	struct sentence line;

	sentence_begin(&line);
	fprintf(line.out, "forksan report --bug %zu --stacks %s", number, log_name);
	sentence_print(&line, "more", out);
}

/* Says of a notice or hazard that the child has one thread only, where its parent had several. */
static void print_threads(const struct bug *bug, const json_t *example, FILE *out)
{
	long long threads = field_integer(example, "threads_at_fork");
	struct sentence line;

	if (threads <= 1 || kind_level(bug->head) == LEVEL_VIOLATION)
		return;
	sentence_begin(&line);
	fprintf(line.out,
		"the process that forked had %lld, its child has one: a client that works in a "
		"thread of its own is dead there, used or not",
		threads);
	sentence_print(&line, "threads", out);
}

/* --- the whole ----------------------------------------------------------------------------- */

static void print_bug(const struct report *report, const struct render_options *options,
		      size_t index, const char *below, FILE *out)
{
	const struct bug *bug = bugs_at(report->bugs, index);
	json_t *example = example_load(report, bug, bug->head);
	json_t *advised = example_for_advice(report, bug);

	print_headline(bug, index + 1, options->colour, out);
	if (bug->fleet != NULL)
		fleet_print(bug->fleet, out);
	print_opened(bug, below, options->source, out);
	print_used(bug, below, options->source, out);
	print_threads(bug, example, out);
	if (example != NULL) {
		proof_print(example, bug->head, out);
		evidence_print_fix(advised, out);
	}
	evidence_print(bug, example, out);
	if (options->stacks)
		print_all_stacks(report, bug, options->every_frame, out);
	else if (options->log_name != NULL)
		print_more(index + 1, options->log_name, out);
	fputc('\n', out);
	json_decref(advised);
	json_decref(example);
}

/* Prints "2 bugs, the worst: WRONG ANSWERS SEEN". */
static void print_opening(const struct report *report, const char *below, FILE *out)
{
	size_t count = bugs_count(report->bugs);
	struct sentence opening;

	if (count == 0)
		return;
	sentence_begin(&opening);
	fprintf(opening.out, "%zu bug%s%s %s", count, plural(count),
		count == 1 ? ":" : ", the worst:", bug_consequence(bugs_at(report->bugs, 0)));
	sentence_end(&opening);
	fputs(opening.text, out);
	if (below[0] != '\0') {
		size_t width = opening.len + strlen("  (paths below )") + paragraph_width(below);

		fputs(width > PARAGRAPH_COLUMNS ? "\n(paths below " : "  (paths below ", out);
		escape_print(below, out);
		fputc(')', out);
	}
	fputs("\n\n", out);
	free(opening.text);
}

void render_bug(const struct report *report, const struct render_options *options, size_t index,
		FILE *out)
{
	print_bug(report, options, index, "", out);
}

void render_bugs(const struct report *report, const struct render_options *options, FILE *out)
{
	char below[SITE_FILE_BYTES];

	find_common_directory(report->bugs, below);
	print_opening(report, below, out);
	for (size_t i = 0; i < bugs_count(report->bugs); i++)
		if (render_wants(options, i))
			print_bug(report, options, i, below, out);
}
