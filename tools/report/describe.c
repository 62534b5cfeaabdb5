/* SPDX-License-Identifier: MIT */
/*
 * See describe.h.
 */
#include "report/describe.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/names.h"
#include "base/cli.h"
#include "base/escape.h"

#define SITE_TEXT_BYTES 640

static void put_site(const char *what, const struct site *site, FILE *out)
{
	char text[SITE_TEXT_BYTES];

	site_text(site, NULL, text, sizeof text);
	fprintf(out, ", %s ", what);
	escape_print(text, out);
}

char *describe_bug(const struct bug *bug)
{
	char *text;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		cli_no_memory();
	fputs(bug_consequence(bug), out);
	if (kind_level(bug->head) == LEVEL_VIOLATION)
		fputs(bug->kinds[bug->head].proven ? " (proven)" : " (likely)", out);
	fputs(": ", out);
	escape_print(bug->protocol, out);
	fputc(' ', out);
	escape_print(bug->peer, out);
	put_site("opened at", &bug->opened, out);
	put_site("forked at", &bug->forked, out);
	if (bug->use_count > 0)
		put_site("used at", &bug->uses[0].site, out);
	if (fclose(out) != 0)
		cli_no_memory();
	return text;
}

const char *describe_file(const struct site *site)
{
	char directory[PATH_MAX];
	size_t len;

	if (site->file[0] == '\0')
		return NULL;
	if (getcwd(directory, sizeof directory) == NULL)
		return site->file;
	len = strlen(directory);
	if (strncmp(site->file, directory, len) == 0 && site->file[len] == '/')
		return site->file + len + 1;
	return site->file;
}
