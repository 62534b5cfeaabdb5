/* SPDX-License-Identifier: MIT */
/*
 * forksan explain: reads the error text of an application and prints, for each known text in that
 * input, the likely cause, other causes, and how to prove the cause.  explain.def is the table.
 */
#include "explain/cmd_explain.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "base/exit_status.h"
#include "base/verb.h"
#include "base/paragraph.h"

#define TEXT_BYTES ((size_t)1 << 20) /* of stdin that are looked at */
#define PART_BYTES 128

enum cause { SHARED, GOODBYE, GUARD, LEFT, CAUSE_COUNT };

/* By enum cause: the cause in words, and how forksan proves this cause. */
static const struct {
	const char *name;
	const char *proof;
} causes[CAUSE_COUNT] = {
	[SHARED] =
		{"two processes speak on one connection",
		 "forksan run reports shared-use at the first such use, also where the bytes came "
		 "out right; crossed-reply when an answer went to the wrong one"},
	[GOODBYE] =
		{"a process ended the session of another",
		 "forksan run reports foreign-goodbye, and names the process that said it and the "
		 "destructor: mostly not the one with the error"},
	[GUARD] = {"the driver has noticed the fork",
		   "forksan run reports open-at-fork with the line that opened the connection"},
	[LEFT] = {"threads or locks did not survive the fork",
		  "forksan run reports open-at-fork with the line that opened the pool's "
		  "connections"},
};

struct symptom {
	const char *texts;
	const char *protocols;
	enum cause cause;
	const char *meaning;
	const char *otherwise;
	const char *source;
};

#define SYMPTOM(texts, protocols, cause, meaning, otherwise, source)                               \
	{texts, protocols, cause, meaning, otherwise, source},
static const struct symptom symptoms[] = {
#include "explain/explain.def"
};
#undef SYMPTOM
#define SYMPTOM_COUNT (sizeof symptoms / sizeof symptoms[0])

static const struct option longs[] = {
	{"help", no_argument, NULL, 'h'},
	{0},
};

/* Copies to `part` the first of `texts`, parted by '|', that stands in `text`.  False: not one of
 * them does. */
static bool find_part(const char *texts, const char *text, char part[PART_BYTES])
{
	while (*texts != '\0') {
		size_t len = strcspn(texts, "|");

		snprintf(part, PART_BYTES, "%.*s", (int)len, texts);
		if (strcasestr(text, part) != NULL)
			return true;
		texts += len + (texts[len] == '|');
	}
	return false;
}

static void print_symptom(const struct symptom *symptom, const char *part)
{
	printf("\"%s\"\n", part);
	paragraph_print("from", symptom->protocols, stdout);
	paragraph_print("may be", causes[symptom->cause].name, stdout);
	paragraph_print("how", symptom->meaning, stdout);
	paragraph_print("or else", symptom->otherwise, stdout);
	paragraph_print("proof", causes[symptom->cause].proof, stdout);
	paragraph_print("seen in", symptom->source, stdout);
	putchar('\n');
}

static int explain(const char *text)
{
	char part[PART_BYTES];
	bool known = false;

	for (size_t i = 0; i < SYMPTOM_COUNT; i++) {
		if (!find_part(symptoms[i].texts, text, part))
			continue;
		print_symptom(&symptoms[i], part);
		known = true;
	}
	if (!known)
		puts("This text is not among those that are known from shared connections.  That\n"
		     "proves nothing: wrong or missing answers often come without any message.  "
		     "Run\n"
		     "the program under forksan run to find out.");
	if (fflush(stdout) != 0 || ferror(stdout)) {
		cli_error(EXPLAIN_VERB, "stdout: %s", strerror(errno));
		return STATUS_USAGE;
	}
	return known ? STATUS_OK : STATUS_UNKNOWN;
}

/* Joins the words with blanks, or reads stdin when "-" is the only word; either is cut to
 * TEXT_BYTES.  The caller frees the text. */
static char *read_text(char **words)
{
	char *text = malloc(TEXT_BYTES);
	size_t len = 0;

	if (text == NULL)
		cli_no_memory();
	if (strcmp(words[0], "-") == 0 && words[1] == NULL) {
		len = fread(text, 1, TEXT_BYTES - 1, stdin);
		/* A NUL would end the text before its end. */
		for (size_t i = 0; i < len; i++)
			text[i] = text[i] != '\0' ? text[i] : ' ';
		text[len] = '\0';
		return text;
	}
	text[0] = '\0';
	for (; *words != NULL && len < TEXT_BYTES; words++)
		len += (size_t)snprintf(text + len, TEXT_BYTES - len, "%s ", *words);
	return text;
}

static int run(int argc, char **argv)
{
	int result, status;
	char *text;

	opterr = 0;
	while ((result = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		if (result != 'h')
			return cli_unknown_option(&verb_explain, longs, argv, result);
		cli_print_help(&verb_explain);
		return STATUS_OK;
	}
	if (optind == argc) {
		cli_error(EXPLAIN_VERB, "expected an error text, or - for stdin, found nothing");
		return STATUS_USAGE;
	}
	text = read_text(argv + optind);
	status = explain(text);
	free(text);
	return status;
}

const struct verb verb_explain = {
	.name = EXPLAIN_VERB,
	.usage = "TEXT...|-",
	.summary = "says what an application's error text can mean",
	.help = "  -h, --help  this text\n\n"
		"TEXT is an error message, - a log on stdin (its first MiB).  Exit status: 0; 1 "
		"when no "
		"text in it\n"
		"is known; 2 for wrong usage.\n",
	.run = run,
};
