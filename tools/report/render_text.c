/* SPDX-License-Identifier: MIT */
/*
 * A report as text: a screen for each bug, which fits 80 columns, and the verdict first and last.
 *
 * The examples were checked when they were read (log/record.h), so the types hold here.  Every
 * foreign string goes through escape.h.
 */
#include "report/render.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/names.h"
#include "base/cli.h"
#include "base/escape.h"
#include "log/counters.h"
#include "log/field.h"
#include "log/verdict.h"
#include "symbols/annotate.h"
#include "symbols/symbols.h"
#include "report/advice.h"
#include "report/collect.h"
#include "base/paragraph.h"
#include "report/render_stack.h"
#include "report/server_query.h"

#define PROOF_LINES 6
#define SITE_TEXT_BYTES 640

bool render_wants(const struct render_options *options, size_t index)
{
	if (options->number > 0)
		return index + 1 == options->number;
	return options->top == 0 || index < options->top;
}

/* A text in the making. */
struct sentence {
	char *text;
	size_t len;
	FILE *out;
};

static void sentence_begin(struct sentence *sentence)
{
	sentence->out = open_memstream(&sentence->text, &sentence->len);
	if (sentence->out == NULL)
		cli_no_memory();
}

static void sentence_print(struct sentence *sentence, const char *label, FILE *out)
{
	if (fclose(sentence->out) != 0)
		cli_no_memory();
	paragraph_print(label, sentence->text, out);
	free(sentence->text);
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

/* --- paths --------------------------------------------------------------------------------- */

/* Cuts `below` to the directory that it and the site's file have in common. */
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

/* The directory that all files of the application's own lie below; empty when that is no help. */
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
	if (fclose(headline.out) != 0)
		cli_no_memory();
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

static void print_opened(const struct bug *bug, const char *below, FILE *out)
{
	char text[SITE_TEXT_BYTES];
	struct sentence line;

	site_text(&bug->opened, below, text, sizeof text);
	sentence_begin(&line);
	fputs(text, line.out);
	put_way_in(&bug->opened, below, line.out);
	fprintf(line.out, ", in process %" PRId64, bug->opened_by);
	sentence_print(&line, "opened", out);
	site_text(&bug->forked, below, text, sizeof text);
	sentence_begin(&line);
	fputs(text, line.out);
	put_way_in(&bug->forked, below, line.out);
	sentence_print(&line, "forked", out);
}

static void print_used(const struct bug *bug, const char *below, FILE *out)
{
	char text[SITE_TEXT_BYTES];
	struct sentence line;

	sentence_begin(&line);
	if (bug->use_count == 0)
		put_pids(&bug->pids, line.out);
	for (size_t i = 0; i < bug->use_count; i++) {
		site_text(&bug->uses[i].site, below, text, sizeof text);
		fprintf(line.out, "%s%s by ", i > 0 ? "; " : "", text);
		put_pids(&bug->uses[i].pids, line.out);
	}
	if (bug->more_uses > 0)
		fputs("; and more places", line.out);
	sentence_print(&line, bug->use_count > 0 ? "used" : "open in", out);
}

/* --- the proof ----------------------------------------------------------------------------- */

static bool is_write(const char *call)
{
	static const char *const writes[] = {"send",   "sendto",  "sendmsg",  "sendmmsg", "write",
					     "writev", "pwritev", "sendfile", "splice"};

	for (size_t i = 0; call != NULL && i < sizeof writes / sizeof writes[0]; i++)
		if (strcmp(call, writes[i]) == 0)
			return true;
	return false;
}

/* The finding's own operation in its history: the last by that process with that call. */
static size_t find_operation(const json_t *finding, const json_t *history)
{
	const char *call = field_string(json_object_get(finding, "operation"), "call");
	size_t i = json_array_size(history);

	while (i > 0) {
		const json_t *entry = json_array_get(history, --i);
		const char *name = field_string(entry, "call");

		if (call != NULL && name != NULL && strcmp(call, name) == 0 &&
		    field_integer(entry, "pid") == field_integer(finding, "pid"))
			return i;
	}
	return json_array_size(history);
}

/* What the finding's own operation did to the other process. */
static void put_mark(const json_t *finding, enum kind kind, const char *call, FILE *out)
{
	long long other = field_integer(json_object_get(finding, "other"), "pid");

	if (other == 0)
		return;
	if (kind == KIND_CROSSED_REPLY && is_write(call))
		fprintf(out, "  <- into %lld's exchange", other);
	else if (kind == KIND_CROSSED_REPLY)
		fprintf(out, "  <- an answer to %lld", other);
	else if (kind == KIND_FOREIGN_GOODBYE)
		fprintf(out, "  <- ends %lld's session", other);
	else if (kind == KIND_SHARED_USE)
		fprintf(out, "  <- %lld used it before", other);
}

static void put_operation(const json_t *entry, FILE *out)
{
	const char *call = field_string(entry, "call"), *message = field_string(entry, "message");

	fprintf(out, "%lld ", field_integer(entry, "pid"));
	if (is_write(call))
		fputs("writes", out);
	else if (field_integer(entry, "bytes") > 0)
		fputs("reads ", out);
	else
		escape_print(call, out);
	fprintf(out, " %lld byte%s", field_integer(entry, "bytes"),
		field_integer(entry, "bytes") == 1 ? "" : "s");
	if (message != NULL) {
		char cut[40], clean[ESCAPED_BYTES(sizeof cut)];

		snprintf(cut, sizeof cut, "%.30s", message);
		escape_text(cut, clean, sizeof clean);
		fprintf(out, "  %s", clean);
	}
}

static void print_proof_line(const json_t *finding, enum kind kind, const json_t *entry,
			     const json_t *first, bool marked, FILE *out)
{
	long long start = field_integer(first, "monotonic_ns");
	long long then = field_integer(entry, "monotonic_ns");
	struct sentence line, mark;

	sentence_begin(&line);
	if (start > 0 && then >= start)
		fprintf(line.out, "%7.1f ms  ", (double)(then - start) / 1e6);
	put_operation(entry, line.out);
	sentence_begin(&mark);
	if (marked)
		put_mark(finding, kind, field_string(entry, "call"), mark.out);
	if (fclose(line.out) != 0 || fclose(mark.out) != 0)
		cli_no_memory();
	fprintf(out, "   %-*s%s", PARAGRAPH_INDENT - 3, entry == first ? "proof" : "", line.text);
	if (mark.len > 0 &&
	    PARAGRAPH_INDENT + paragraph_width(line.text) + mark.len > PARAGRAPH_COLUMNS)
		fprintf(out, "\n%*s", PARAGRAPH_INDENT + 10, "");
	fprintf(out, "%s\n", mark.text);
	free(line.text);
	free(mark.text);
}

/* Reads, writes and goodbyes; not the ioctl() by which a driver asks how much there is. */
static bool says_something(const json_t *entry)
{
	const char *call = field_string(entry, "call");

	return field_integer(entry, "bytes") > 0 || (call != NULL && strcmp(call, "shutdown") == 0);
}

/* The operations that end with the finding's own; without a history, what the finding says. */
static void print_proof(const json_t *finding, enum kind kind, FILE *out)
{
	const json_t *history = json_object_get(finding, "history"), *shown[PROOF_LINES];
	size_t last = find_operation(finding, history), count = 0;

	if (last == json_array_size(history)) {
		paragraph_print("why", field_string(finding, "text"), out);
		return;
	}
	shown[count++] = json_array_get(history, last);
	for (size_t i = last; i-- > 0 && count < PROOF_LINES;)
		if (says_something(json_array_get(history, i)))
			shown[count++] = json_array_get(history, i);
	for (size_t i = count; i-- > 0;)
		print_proof_line(finding, kind, shown[i], shown[count - 1], i == 0, out);
}

/* --- advice, evidence ---------------------------------------------------------------------- */

static void print_fix(const json_t *finding, FILE *out)
{
	struct advice advice[ADVICE_MAX];
	size_t count = advice_find(finding, advice);

	for (size_t i = 0; i < count; i++) {
		struct sentence line;

		sentence_begin(&line);
		fprintf(line.out, "%s: %s", advice[i].name, advice[i].text);
		sentence_print(&line, i == 0 ? "fix" : "", out);
	}
}

/* Seconds from the start of 1970; the shape was checked. */
static double seconds_of(const char *time)
{
	struct tm utc = {0};
	long nanoseconds = 0;

	if (sscanf(time, "%d-%d-%dT%d:%d:%d.%ldZ", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
		   &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &nanoseconds) < 6)
		return 0;
	utc.tm_year -= 1900;
	utc.tm_mon--;
	return (double)timegm(&utc) + (double)nanoseconds / 1e9;
}

static void put_kind_count(const struct bug *bug, enum kind kind, FILE *out)
{
	static const struct {
		const char *one, *many;
	} nouns[KIND_COUNT] = {
		[KIND_OPEN_AT_FORK] = {"process with it open", "processes with it open"},
		[KIND_INHERITED_USE] = {"use by an heir", "uses by an heir"},
		[KIND_SHARED_USE] = {"shared use", "shared uses"},
		[KIND_FOREIGN_GOODBYE] = {"goodbye to a session that others hold",
					  "goodbyes to a session that others hold"},
		[KIND_CROSSED_REPLY] = {"crossed reply", "crossed replies"},
	};
	const struct bug_kind *count = &bug->kinds[kind];

	if (nouns[kind].one == NULL)
		fprintf(out, "%" PRIu64 " %s", count->times, kind_name(kind));
	else
		fprintf(out, "%" PRIu64 " %s", count->times,
			count->times == 1 ? nouns[kind].one : nouns[kind].many);
	if (!count->proven)
		fputs(" (likely)", out);
}

static void print_evidence(const struct bug *bug, const json_t *finding, FILE *out)
{
	const char *local = field_string(json_object_get(finding, "connection"), "local");
	double seconds = seconds_of(bug->last) - seconds_of(bug->first);
	const char *separator = "";
	struct sentence line;
	char query[256];

	sentence_begin(&line);
	for (int kind = KIND_COUNT - 1; kind >= 0; kind--) {
		if (bug->kinds[kind].findings == 0)
			continue;
		fputs(separator, line.out);
		put_kind_count(bug, (enum kind)kind, line.out);
		separator = ", ";
	}
	fprintf(line.out, "; %zu%s connection%s", bug->connection_count,
		bug->more_connections ? " or more" : "", plural(bug->connection_count));
	if (seconds >= 0.05)
		fprintf(line.out, " in %.1f s", seconds);
	sentence_print(&line, "evidence", out);
	if (server_query(bug->protocol, local, query, sizeof query))
		paragraph_print("server", query, out);
}

/* --- stacks -------------------------------------------------------------------------------- */

static void print_call(const json_t *operation, FILE *out)
{
	fputs(": ", out);
	escape_print(field_string(operation, "call"), out);
	fprintf(out, " of %lld byte%s", field_integer(operation, "bytes"),
		field_integer(operation, "bytes") == 1 ? "" : "s");
	if (field_string(operation, "message") != NULL) {
		fputs(" (", out);
		escape_print(field_string(operation, "message"), out);
		fputc(')', out);
	}
}

static void print_other(const json_t *other, FILE *out)
{
	fprintf(out, "process %lld (", field_integer(other, "pid"));
	escape_print(field_string(other, "comm"), out);
	fputs(", ", out);
	escape_print(field_string(other, "relation"), out);
	fputs(json_is_true(json_object_get(other, "alive")) ? ")" : ", not alive)", out);
}

static void print_stacks(const json_t *finding, bool every_frame, FILE *out)
{
	const json_t *connection = json_object_get(finding, "connection");
	const json_t *stacks = json_object_get(finding, "stacks");
	const json_t *other = json_object_get(finding, "other");
	const json_t *operation = json_object_get(finding, "operation");
	const json_t *culprit = json_object_get(finding, "culprit");
	const char *opened = field_string(culprit, "opened"), *use = field_string(culprit, "use");

	fprintf(out, "    opened by process %lld at ", field_integer(connection, "opened_by"));
	escape_print(field_string(connection, "opened_at"), out);
	fputc('\n', out);
	render_stack(json_object_get(stacks, "opened"), opened, every_frame, out);
	fputs("    forked\n", out);
	render_stack(json_object_get(stacks, "forked"), NULL, every_frame, out);
	if (json_is_object(other)) {
		bool used = json_array_size(json_object_get(stacks, "other_use")) > 0;

		fputs(used ? "    other use, by " : "    other: ", out);
		print_other(other, out);
		fputc('\n', out);
		if (used)
			render_stack(json_object_get(stacks, "other_use"), NULL, every_frame, out);
	}
	fprintf(out, "    %s process %lld (", json_is_object(operation) ? "this use, by" : "this:",
		field_integer(finding, "pid"));
	escape_print(field_string(finding, "comm"), out);
	fputc(')', out);
	if (json_is_object(operation))
		print_call(operation, out);
	fputc('\n', out);
	if (json_is_object(operation))
		render_stack(json_object_get(stacks, "this_use"), use, every_frame, out);
}

/* "-12.345 ms" before the newest operation, in a column; where the log has no times, nothing. */
static void print_distance(const json_t *entry, const json_t *newest, FILE *out)
{
	long long now = field_integer(newest, "monotonic_ns"),
		  then = field_integer(entry, "monotonic_ns");
	char text[48];

	if (then <= 0 || now < then)
		return;
	snprintf(text, sizeof text, "%c%lld.%03lld ms", now - then >= 1000 ? '-' : ' ',
		 (now - then) / 1000000, (now - then) / 1000 % 1000);
	fprintf(out, "%-14s ", text);
}

/* An entry's own types were not checked, missing ones show as 0 or "?". */
static void print_history(const json_t *history, FILE *out)
{
	size_t count = json_array_size(history);
	const json_t *newest = json_array_get(history, count - 1);

	if (count == 0)
		return;
	fprintf(out, "    last operations (%zu)\n", count);
	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_array_get(history, i);

		fputs("      ", out);
		print_distance(entry, newest, out);
		fprintf(out, "%lld ", field_integer(entry, "pid"));
		escape_print(field_string(entry, "call"), out);
		fprintf(out, " %lld", field_integer(entry, "bytes"));
		if (field_string(entry, "message") != NULL) {
			fputc(' ', out);
			escape_print(field_string(entry, "message"), out);
		}
		if (field_string(entry, "payload") != NULL) {
			fputs(": ", out);
			escape_print(field_string(entry, "payload"), out);
		}
		fputc('\n', out);
	}
}

/* A finding that stands for more than it shows; a later version's reason is not known. */
static void print_merged(const char *merged, FILE *out)
{
	if (merged == NULL)
		return;
	if (strcmp(merged, "places") == 0)
		paragraph_print("note", "stands for every further place that uses this connection",
				out);
	else if (strcmp(merged, "processes") == 0)
		paragraph_print(
			"note",
			"stands for every further process that does this to this connection", out);
	else if (strcmp(merged, "connections") == 0)
		paragraph_print("note", "stands for every further connection from this place", out);
}

/* The best example of one kind: all that the log has of it. */
static void print_example(const struct bug *bug, enum kind kind, const json_t *finding,
			  bool every_frame, FILE *out)
{
	const json_t *connection = json_object_get(finding, "connection");
	const char *local = field_string(connection, "local");
	const char *certainty = field_string(finding, "certainty");

	fprintf(out, "   --- %s (%s), seen %" PRIu64 " time%s\n", kind_name(kind),
		level_name(kind_level(kind)), bug->kinds[kind].times,
		plural(bug->kinds[kind].times));
	paragraph_print("why", field_string(finding, "text"), out);
	if (certainty != NULL && strcmp(certainty, "likely") == 0)
		paragraph_print("", "(likely, not proven)", out);
	print_merged(field_string(finding, "merged"), out);
	fprintf(out, "   %-*sfd %lld, local ", PARAGRAPH_INDENT - 3, "example",
		field_integer(connection, "fd"));
	escape_print(local != NULL ? local : "unnamed", out);
	if (field_string(connection, "server_name") != NULL) {
		fputs(", TLS to ", out);
		escape_print(field_string(connection, "server_name"), out);
	}
	fputs(", socket ", out);
	escape_print(field_string(connection, "id"), out);
	fputc('\n', out);
	print_stacks(finding, every_frame, out);
	print_history(json_object_get(finding, "history"), out);
}

/* The kept line of that kind as an object; NULL: none.  The caller owns it. */
static json_t *load_example(const struct report *report, const struct bug *bug, enum kind kind)
{
	const struct bug_kind *of_kind = &bug->kinds[kind];
	json_t *example = NULL;

	if (of_kind->example != NULL)
		example = json_loadb(of_kind->example, of_kind->example_len_bytes, 0, NULL);
	if (example != NULL)
		annotate_finding(report->symbols, example);
	return example;
}

static void print_all_stacks(const struct report *report, const struct bug *bug, bool every_frame,
			     FILE *out)
{
	for (int kind = KIND_COUNT - 1; kind >= 0; kind--) {
		json_t *example = load_example(report, bug, (enum kind)kind);

		if (example != NULL)
			print_example(bug, (enum kind)kind, example, every_frame, out);
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

/* --- the whole ----------------------------------------------------------------------------- */

static void print_bug(const struct report *report, const struct render_options *options,
		      size_t index, const char *below, FILE *out)
{
	const struct bug *bug = bugs_at(report->bugs, index);
	json_t *example = load_example(report, bug, bug->head);

	print_headline(bug, index + 1, options->colour, out);
	print_opened(bug, below, out);
	print_used(bug, below, out);
	if (example != NULL) {
		print_proof(example, bug->head, out);
		print_fix(example, out);
	}
	print_evidence(bug, example, out);
	if (options->stacks)
		print_all_stacks(report, bug, options->every_frame, out);
	else if (options->log_name != NULL)
		print_more(index + 1, options->log_name, out);
	fputc('\n', out);
	json_decref(example);
}

/* "2 bugs, the worst: WRONG ANSWERS SEEN". */
static void print_opening(const struct report *report, const char *below, FILE *out)
{
	size_t count = bugs_count(report->bugs);
	struct sentence opening;

	if (count == 0)
		return;
	sentence_begin(&opening);
	fprintf(opening.out, "%zu bug%s%s %s", count, plural(count),
		count == 1 ? ":" : ", the worst:", bug_consequence(bugs_at(report->bugs, 0)));
	if (fclose(opening.out) != 0)
		cli_no_memory();
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

void render_bugs(const struct report *report, const struct render_options *options, FILE *out)
{
	char below[SITE_FILE_BYTES];

	find_common_directory(report->bugs, below);
	print_opening(report, below, out);
	for (size_t i = 0; i < bugs_count(report->bugs); i++)
		if (render_wants(options, i))
			print_bug(report, options, i, below, out);
}

static void print_left_out(const struct report *report, FILE *out)
{
	if (report->filtered > 0)
		fprintf(out, "left out by filters: %" PRIu64 " record%s\n", report->filtered,
			plural(report->filtered));
	if (report->known != NULL)
		fprintf(out, "known from the baseline: %zu bug%s\n", bugs_count(report->known),
			plural(bugs_count(report->known)));
	if (report->suppressed > 0)
		fprintf(out, "suppressed: %" PRIu64 " record%s\n", report->suppressed,
			plural(report->suppressed));
	if (report->suppressions != NULL)
		suppressions_print_unused(report->suppressions, "suppression never used: ", out);
	if (bugs_without_room(report->bugs) > 0)
		fprintf(out, "not shown: %" PRIu64 " findings, beyond %d bugs\n",
			bugs_without_room(report->bugs), BUG_MAX);
	if (report->broken_lines > 0)
		fprintf(out, "broken lines: %" PRIu64 "\n", report->broken_lines);
	if (report->unknown_records > 0)
		fprintf(out, "records that this version does not know: %" PRIu64 "\n",
			report->unknown_records);
}

static void print_watched(const uint64_t counters[COUNTER_COUNT], FILE *out)
{
	uint64_t processes = counters[COUNT_PROCESSES], forks = counters[COUNT_FORKS];
	uint64_t connections = counters[COUNT_CONNECTIONS];

	fprintf(out,
		"Watched: %" PRIu64 " process%s, %" PRIu64 " fork%s, %" PRIu64
		" connection%s (%" PRIu64 " open across a fork)\n",
		processes, processes == 1 ? "" : "es", forks, plural(forks), connections,
		plural(connections), counters[COUNT_CONNECTIONS_INHERITED]);
	if (counters[COUNT_CONNECTIONS_OTHER] > 0)
		fprintf(out, "not watched: %" PRIu64 " connection%s of other classes\n",
			counters[COUNT_CONNECTIONS_OTHER],
			plural(counters[COUNT_CONNECTIONS_OTHER]));
}

void render_totals(const struct report *report, FILE *out)
{
	uint64_t counters[COUNTER_COUNT], found[LEVEL_COUNT];
	size_t sessions = sessions_count(report->sessions);
	size_t unsummed = sessions_without_summary(report->sessions);
	struct completeness complete;

	fprintf(out, "Read: %" PRIu64 " line%s, %zu session%s%s\n", report->lines,
		plural(report->lines), sessions, plural(sessions),
		sessions_were_too_many(report->sessions) ? " and more" : "");
	if (sessions > unsummed) {
		sessions_sum(report->sessions, counters);
		print_watched(counters, out);
		counters_print_lost(counters, "not seen: ", out);
	}
	if (report->blind_spots.count > 0) {
		fputs("first not seen, by process:\n", out);
		blind_spots_print(&report->blind_spots, "  ", out);
	}
	if (unsummed > 0)
		fprintf(out,
			"%zu session%s without a summary: still running, or killed, or a part of\n"
			"the log is missing\n",
			unsummed, plural(unsummed));
	print_left_out(report, out);
	report_count_bugs(report, found);
	report_complete(report, &complete);
	verdict_print(found, "bug", &complete, "", out);
	complete_print(&complete, "", out);
}
