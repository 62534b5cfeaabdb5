/* SPDX-License-Identifier: MIT */
/*
 * A report as one self-contained page: page.html, which the build puts into the program unchanged,
 * with the JSON of render_json.c in the middle.
 *
 * A browser ends a script at "</script", whatever stands around, so every '<' of the JSON is
 * written as \u003c; a '<' stands in strings only.  The page's own script shows all values as text.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "report/render.h"

static const char mark[] = "@REPORT@";

/* The file with a NUL behind the last byte, as a string. */
__asm__(".section .rodata\n"
	"forksan_page:\n"
	".incbin \"tools/report/page.html\"\n"
	".byte 0\n"
	".previous\n");
extern const char forksan_page[] __attribute__((visibility("hidden")));

static void put_json(const char *text, FILE *out)
{
	for (; *text != '\0'; text++)
		if (*text == '<')
			fputs("\\u003c", out);
		else
			fputc(*text, out);
}

void render_html(const struct report *report, const struct render_options *options, FILE *out)
{
	const char *place = strstr(forksan_page, mark);
	json_t *object = render_object(report, options);
	/* ASCII alone, so U+2028 and similar characters cannot do harm. */
	char *text = json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII);

	json_decref(object);
	if (text == NULL)
		cli_no_memory();
	fwrite(forksan_page, 1, (size_t)(place - forksan_page), out);
	put_json(text, out);
	fputs(place + strlen(mark), out);
	free(text);
}
