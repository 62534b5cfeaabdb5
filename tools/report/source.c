/* SPDX-License-Identifier: MIT */
/*
 * See source.h.
 */
#include "report/source.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/paragraph.h"

#define AROUND 1	      /* lines before and after */
#define FILE_BYTES (16 << 20) /* of a longer file nothing is shown */
#define TAB_COLUMNS 4

/* --- masking ------------------------------------------------------------------------------- */

/* Parts of names whose values are secrets. */
static const char *const secrets[] = {
	"pass", "pwd", "secret", "token", "auth", "credential", "apikey", "api_key", "access_key",
};

static bool is_name_byte(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

static bool begins_secret(const char *at)
{
	for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
		if (strncasecmp(at, secrets[i], strlen(secrets[i])) == 0)
			return true;
	return false;
}

/* Replaces [from, to) by "..." as far as there is room; returns the end of the dots.
 */
static char *put_mask(char *from, char *to)
{
	size_t dots = to - from < 3 ? (size_t)(to - from) : 3;

	memset(from, '.', dots);
	memmove(from + dots, to, strlen(to) + 1);
	return from + dots;
}

/* Masks the content of the string whose quote is at `at`; returns the text behind the string. */
static char *mask_string(char *at)
{
	char quote = *at, *end = at + 1;

	while (*end != '\0' && *end != quote)
		end += end[0] == '\\' && end[1] != '\0' ? 2 : 1;
	end = put_mask(at + 1, end);
	return *end == quote ? end + 1 : end;
}

/* Masks the value of a secret's name; returns the text behind the value.  A call's brackets and the
 * string of a key like ["password"] end a value. */
static char *mask_value(char *at)
{
	char *end = at;

	while (*at == ' ' || *at == '\t' || *at == '=' || *at == ':' || *at == '>')
		at++;
	if (*at == '"' || *at == '\'' || *at == '`' || *at == '\0')
		return at;
	end = at + strcspn(at, " \t,;)}]");
	return put_mask(at, end);
}

/* The user and password of "scheme://user:password@host", without quotes around. */
static char *mask_url(char *at)
{
	size_t len = strcspn(at, "@/ \t\"'");

	return at[len] == '@' ? put_mask(at, at + len) : at + len;
}

void source_mask(char *line)
{
	char *at = line;
	bool is_secret = false, in_name = false;

	while (*at != '\0') {
		if (*at == '"' || *at == '\'' || *at == '`') {
			at = mask_string(at);
			in_name = is_secret = false;
			continue;
		}
		if (strncmp(at, "://", 3) == 0) {
			at = mask_url(at + 3);
			continue;
		}
		if (is_name_byte(*at)) {
			is_secret = begins_secret(at) || (in_name && is_secret);
			in_name = true;
			at++;
			continue;
		}
		in_name = false;
		if (is_secret && (*at == '=' || *at == ':')) {
			at = mask_value(at);
			is_secret = false;
			continue;
		}
		if (*at != ' ' && *at != '\t')
			is_secret = false;
		at++;
	}
}

/* --- printing ------------------------------------------------------------------------------ */

static FILE *open_source(const char *path)
{
	struct stat stat_buffer;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	FILE *file;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &stat_buffer) == 0 && S_ISREG(stat_buffer.st_mode) &&
	    stat_buffer.st_size <= FILE_BYTES && (file = fdopen(fd, "r")) != NULL)
		return file;
	close(fd);
	return NULL;
}

/* Replaces tabs, since a tab would be escaped. */
static char *expand_tabs(const char *line)
{
	char *expanded = malloc(strlen(line) * TAB_COLUMNS + 1), *at = expanded;

	for (; expanded != NULL && *line != '\0'; line++) {
		if (*line == '\t') {
			memset(at, ' ', TAB_COLUMNS);
			at += TAB_COLUMNS;
		} else {
			*at++ = *line;
		}
	}
	if (expanded != NULL)
		*at = '\0';
	return expanded;
}

static void print_line(char *line, long long number, bool is_site, FILE *out)
{
	char *text, *clean;
	size_t columns = PARAGRAPH_COLUMNS - PARAGRAPH_INDENT - 9;

	line[strcspn(line, "\r\n")] = '\0';
	source_mask(line);
	text = expand_tabs(line);
	if (text == NULL)
		return;
	if (strlen(text) > columns)
		text[columns] = '\0';
	clean = malloc(ESCAPED_BYTES(strlen(text)) + 16);
	if (clean != NULL) {
		escape_text(text, clean, ESCAPED_BYTES(strlen(text)) + 16);
		fprintf(out, "%*s%c %5lld  %s\n", PARAGRAPH_INDENT, "", is_site ? '>' : ' ', number,
			clean);
	}
	free(clean);
	free(text);
}

void source_print(const struct site *site, FILE *out)
{
	FILE *file = site->file[0] == '/' && site->line > 0 ? open_source(site->file) : NULL;
	char *line = NULL;
	size_t size = 0;

	if (file == NULL)
		return;
	for (long long number = 1;
	     number <= site->line + AROUND && getline(&line, &size, file) >= 0; number++)
		if (number >= site->line - AROUND)
			print_line(line, number, number == site->line, out);
	free(line);
	fclose(file);
}
