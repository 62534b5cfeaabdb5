/* SPDX-License-Identifier: MIT */
/*
 * See shell_text.h; the grammar is POSIX's Shell Command Language, 2.2 to 2.4.
 */
#include "doctor/shell_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"

/* Skips `$(...)`, `${...}` and backquotes, which may hold blanks; returns the place behind. */
static const char *skip_expansion(const char *at)
{
	int depth = 0;
	char open, close;

	if (*at == '`') {
		for (at++; *at != '\0' && *at != '`'; at++)
			if (*at == '\\' && at[1] != '\0')
				at++;
		return *at == '`' ? at + 1 : at;
	}
	open = at[1];
	close = open == '(' ? ')' : '}';
	if (open != '(' && open != '{')
		return at + 1;
	for (at++; *at != '\0'; at++) {
		depth += (*at == open) - (*at == close);
		if (depth == 0)
			return at + 1;
	}
	return at;
}

/* Reads a double-quoted part into `out`; returns the place behind the closing quote. */
static const char *read_quoted(const char *at, FILE *out, bool *computed)
{
	while (*at != '\0' && *at != '"') {
		if (*at == '\\' && at[1] != '\0' && strchr("$`\"\\\n", at[1]) != NULL) {
			at++;
			if (*at != '\n')
				fputc(*at, out);
			at++;
		} else if (*at == '$' || *at == '`') {
			const char *end = skip_expansion(at);

			*computed = true;
			fwrite(at, 1, (size_t)(end - at), out);
			at = end;
		} else {
			fputc(*at++, out);
		}
	}
	return *at == '"' ? at + 1 : at;
}

static bool is_all_arguments(const char *text)
{
	return strcmp(text, "$@") == 0 || strcmp(text, "$*") == 0 || strcmp(text, "${@}") == 0 ||
	       strcmp(text, "${1+\"$@\"}") == 0 || strcmp(text, "${1:+\"$@\"}") == 0;
}

/* Reads a word, which `at` begins; returns the place behind. */
static const char *read_word(const char *at, struct shell_word *word)
{
	size_t len;
	FILE *out = open_memstream(&word->text, &len);

	if (out == NULL)
		cli_no_memory();
	word->computed = false;
	while (*at != '\0' && strchr(" \t\n;&|()<>", *at) == NULL) {
		const char *end;

		switch (*at) {
		case '\'':
			end = strchr(at + 1, '\'');
			if (end == NULL)
				end = at + strlen(at);
			fwrite(at + 1, 1, (size_t)(end - at - 1), out);
			at = *end == '\'' ? end + 1 : end;
			break;
		case '"':
			at = read_quoted(at + 1, out, &word->computed);
			break;
		case '$':
		case '`':
			end = skip_expansion(at);
			word->computed = true;
			fwrite(at, 1, (size_t)(end - at), out);
			at = end;
			break;
		case '\\':
			if (at[1] != '\0' && at[1] != '\n')
				fputc(at[1], out);
			at += at[1] != '\0' ? 2 : 1;
			break;
		default:
			fputc(*at++, out);
		}
	}
	if (fclose(out) != 0)
		cli_no_memory();
	word->is_all_arguments = word->computed && is_all_arguments(word->text);
	return at;
}

/* Skips a redirection, `>file`, `2>&1`, `<<EOF`: the operator and its word. */
static const char *skip_redirection(const char *at)
{
	struct shell_word word;

	at += strspn(at, "<>&|-");
	at += strspn(at, " \t");
	at = read_word(at, &word);
	free(word.text);
	return at;
}

bool shell_text_next(const char **text, struct shell_command *command)
{
	const char *at = *text;

	command->count = 0;
	while (*at != '\0') {
		if (*at == '\\' && at[1] == '\n') {
			at += 2;
		} else if (*at == ' ' || *at == '\t') {
			at++;
		} else if (*at == '#') {
			at += strcspn(at, "\n");
		} else if (*at == '<' || *at == '>') {
			at = skip_redirection(at);
		} else if (strchr("\n;&|()", *at) != NULL) {
			at++;
			if (command->count > 0)
				break;
		} else if (command->count == SHELL_MAX_WORDS) {
			struct shell_word dropped;

			at = read_word(at, &dropped);
			free(dropped.text);
		} else {
			at = read_word(at, &command->words[command->count++]);
		}
	}
	*text = at;
	return command->count > 0;
}

void shell_command_free(struct shell_command *command)
{
	for (size_t i = 0; i < command->count; i++)
		free(command->words[i].text);
	command->count = 0;
}
