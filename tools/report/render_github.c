/* SPDX-License-Identifier: MIT */
/*
 * A report as workflow commands of GitHub Actions ("::error file=...,line=...::text"), which GitHub
 * shows beside the lines of a change.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/names.h"
#include "report/collect.h"
#include "report/describe.h"
#include "report/render.h"

/* Writes the text of a command.  A command ends with its line; '%' begins an escape, and in a
 * property ':' and ',' end the value.  Control characters become escapes as well: the text may be
 * hostile. */
static void put_command_text(const char *text, bool is_property, FILE *out)
{
	int c1 = 0; /* bytes of a C1 control character that are still to come */

	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text, next = (unsigned char)text[1];
		bool is_c1 = c1 > 0 || (c == 0xc2 && next >= 0x80 && next <= 0x9f);

		c1 = is_c1 && c1 == 0;

		if (c == '%' || c < 0x20 || c == 0x7f || is_c1 ||
		    (is_property && strchr(":,", c) != NULL))
			fprintf(out, "%%%02X", c);
		else
			fputc(c, out);
	}
}

static void put_bug(const struct bug *bug, FILE *out)
{
	static const char *const commands[LEVEL_COUNT] = {
		[LEVEL_NOTICE] = "notice",
		[LEVEL_HAZARD] = "warning",
		[LEVEL_VIOLATION] = "error",
	};
	const char *file = describe_file(&bug->opened);
	char *text = describe_bug(bug);

	fprintf(out, "::%s title=forksan %08" PRIx64, commands[kind_level(bug->head)],
		bug->fingerprint >> 32);
	if (file != NULL) {
		fputs(",file=", out);
		put_command_text(file, true, out);
		if (bug->opened.line > 0)
			fprintf(out, ",line=%lld", bug->opened.line);
	}
	fputs("::", out);
	put_command_text(text, false, out);
	fputc('\n', out);
	free(text);
}

void render_github(const struct report *report, const struct render_options *options, FILE *out)
{
	struct completeness complete;

	for (size_t i = 0; i < bugs_count(report->bugs); i++)
		if (render_wants(options, i))
			put_bug(bugs_at(report->bugs, i), out);
	report_complete(report, &complete);
	for (size_t i = 0; i < complete.count; i++)
		fprintf(out, "::warning title=forksan was not complete::%s (%s %" PRIu64 ")\n",
			complete.reasons[i].text, complete.reasons[i].name,
			complete.reasons[i].count);
}
