/* SPDX-License-Identifier: MIT */
/*
 * The simple commands of a shell script's text, one after the other, without running the shell.
 * Quotes, comments and continued lines are understood; what the shell would compute is marked.
 */
#ifndef FORKSAN_TOOLS_DOCTOR_SHELL_TEXT_H
#define FORKSAN_TOOLS_DOCTOR_SHELL_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#define SHELL_MAX_WORDS 256

struct shell_word {
	char *text;	       /* without quotes; of a computed word the script's own text */
	bool computed;	       /* holds $ or ` outside of single quotes */
	bool is_all_arguments; /* "$@" or its like */
};

struct shell_command {
	struct shell_word words[SHELL_MAX_WORDS];
	size_t count;
};

/* Reads the next simple command of *text, and moves *text behind the command; false at the end.
 * The caller frees the words with shell_command_free(). */
bool shell_text_next(const char **text, struct shell_command *command);
void shell_command_free(struct shell_command *command);

#endif
