/* SPDX-License-Identifier: MIT */
/*
 * A report as JUnit XML, which CI systems show as test results: a test case for each bug, which
 * fails at the asked level, and one that fails when something was missed.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/names.h"
#include "report/collect.h"
#include "report/describe.h"
#include "report/render.h"

/* U+FFFE and U+FFFF, which are no characters of XML. */
static bool is_no_character(const char *text)
{
	return strncmp(text, "\xef\xbf\xbe", 3) == 0 || strncmp(text, "\xef\xbf\xbf", 3) == 0;
}

/* Escaped text (base/escape.h) has no control characters, which XML 1.0 cannot hold. */
static void put_xml(const char *text, FILE *out)
{
	for (; *text != '\0'; text++) {
		if (is_no_character(text)) {
			fputc('?', out);
			text += 2;
			continue;
		}
		switch (*text) {
		case '&':
			fputs("&amp;", out);
			break;
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '"':
			fputs("&quot;", out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

static bool fails(const struct bug *bug, enum level fail_on)
{
	return kind_level(bug->worst) >= (fail_on < LEVEL_COUNT ? fail_on : LEVEL_VIOLATION);
}

static void put_bug(const struct bug *bug, enum level fail_on, FILE *out)
{
	char *text = describe_bug(bug);

	fprintf(out, "    <testcase classname=\"forksan.%s\" name=\"%016" PRIx64 " ",
		kind_name(bug->head), bug->fingerprint);
	put_xml(text, out);
	if (fails(bug, fail_on)) {
		fprintf(out, "\">\n      <failure type=\"%s\" message=\"", kind_name(bug->head));
		put_xml(text, out);
		fputs("\"/>\n    </testcase>\n", out);
	} else {
		fputs("\"/>\n", out);
	}
	free(text);
}

static void put_complete(const struct completeness *complete, FILE *out)
{
	fputs("    <testcase classname=\"forksan\" name=\"everything was watched\"", out);
	if (complete->count == 0) {
		fputs("/>\n", out);
		return;
	}
	fputs(">\n      <error type=\"incomplete\" message=\"", out);
	for (size_t i = 0; i < complete->count; i++)
		fprintf(out, "%s%s (%s %" PRIu64 ")", i > 0 ? "; " : "", complete->reasons[i].text,
			complete->reasons[i].name, complete->reasons[i].count);
	fputs("\"/>\n    </testcase>\n", out);
}

void render_junit(const struct report *report, const struct render_options *options,
		  enum level fail_on, FILE *out)
{
	size_t tests = 1, failures = 0;
	struct completeness complete;

	report_complete(report, &complete);
	for (size_t i = 0; i < bugs_count(report->bugs); i++) {
		if (!render_wants(options, i))
			continue;
		tests++;
		failures += fails(bugs_at(report->bugs, i), fail_on);
	}
	fprintf(out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite "
		"name=\"forksan\" tests=\"%zu\" failures=\"%zu\" errors=\"%d\">\n",
		tests, failures, complete.count > 0);
	for (size_t i = 0; i < bugs_count(report->bugs); i++)
		if (render_wants(options, i))
			put_bug(bugs_at(report->bugs, i), fail_on, out);
	put_complete(&complete, out);
	fputs("  </testsuite>\n</testsuites>\n", out);
}
