/* SPDX-License-Identifier: MIT */
/*
 * See paragraph.h.
 */
#include "base/paragraph.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/escape.h"

size_t paragraph_width(const char *text)
{
	size_t width = 0;

	for (; *text != '\0'; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

void paragraph_print(const char *label, const char *text, FILE *out)
{
	size_t size = ESCAPED_BYTES(strlen(text)) + 16, column = PARAGRAPH_INDENT;
	char *clean = malloc(size), *rest = NULL;
	bool first = true;

	if (clean == NULL)
		cli_no_memory();
	escape_text(text, clean, size);
	fprintf(out, "   %-*s", PARAGRAPH_INDENT - 3, label);
	for (char *word = strtok_r(clean, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest)) {
		size_t width = paragraph_width(word);

		if (!first && column + 1 + width > PARAGRAPH_COLUMNS) {
			fprintf(out, "\n%*s", PARAGRAPH_INDENT, "");
			column = PARAGRAPH_INDENT;
			first = true;
		}
		fprintf(out, "%s%s", first ? "" : " ", word);
		column += width + !first;
		first = false;
	}
	fputc('\n', out);
	free(clean);
}

bool paragraph_has_colour(FILE *out)
{
	const char *terminal = getenv("TERM"), *none = getenv("NO_COLOR");

	return isatty(fileno(out)) == 1 && (none == NULL || none[0] == '\0') && terminal != NULL &&
	       strcmp(terminal, "dumb") != 0;
}

void sentence_begin(struct sentence *sentence)
{
	sentence->out = open_memstream(&sentence->text, &sentence->len);
	if (sentence->out == NULL)
		cli_no_memory();
}

void sentence_end(struct sentence *sentence)
{
	if (fclose(sentence->out) != 0)
		cli_no_memory();
}

void sentence_print(struct sentence *sentence, const char *label, FILE *out)
{
	sentence_end(sentence);
	paragraph_print(label, sentence->text, out);
	free(sentence->text);
}
