/* SPDX-License-Identifier: MIT */
/*
 * See launch.h.
 */
#include "doctor/launch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "doctor/shell_text.h"
#include "doctor/wrappers.h"

#define MAX_SCRIPT_BYTES (256 * 1024)
#define PRELOAD "LD_PRELOAD"

/* --- lists of words -------------------------------------------------------------------------- */

static char *copy(const char *text)
{
	char *copied = strdup(text);

	if (copied == NULL)
		cli_no_memory();
	return copied;
}

static size_t count_words(char *const *words)
{
	size_t count = 0;

	while (words[count] != NULL)
		count++;
	return count;
}

static void append(char ***words, const char *text)
{
	size_t count = *words != NULL ? count_words(*words) : 0;

	*words = reallocarray(*words, count + 2, sizeof **words);
	if (*words == NULL)
		cli_no_memory();
	(*words)[count] = copy(text);
	(*words)[count + 1] = NULL;
}

static void free_words(char **words)
{
	for (size_t i = 0; words != NULL && words[i] != NULL; i++)
		free(words[i]);
	free(words);
}

static char **copy_words(char *const *words)
{
	char **copied = NULL;

	for (; *words != NULL; words++)
		append(&copied, *words);
	return copied;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* --- steps ----------------------------------------------------------------------------------- */

static struct launch_step *add_step(struct launch *launch, const char *name)
{
	struct launch_step *step = &launch->steps[launch->step_count++];

	*step = (struct launch_step){.name = copy(name)};
	return step;
}

/* Notes an effect, unless the step has a graver one. */
static void note(struct launch_step *step, enum launch_effect effect, const char *why)
{
	if (effect <= step->effect)
		return;
	free(step->why);
	step->effect = effect;
	step->why = why != NULL ? copy(why) : NULL;
}

/* True for LD_PRELOAD=... whose value does not go on with the old one. */
static bool replaces_preload(const char *word)
{
	return strncmp(word, PRELOAD "=", strlen(PRELOAD) + 1) == 0 &&
	       strstr(word, "$" PRELOAD) == NULL && strstr(word, "${" PRELOAD) == NULL &&
	       strstr(word, "libforksan") == NULL;
}

/* --- env ------------------------------------------------------------------------------------- */

/* Returns the command behind env's options and assignments, newly allocated; NULL: there is none.
 */
static char **follow_env(struct launch_step *step, char **words)
{
	char **word = words + 1;

	for (; *word != NULL; word++) {
		const char *text = *word;

		if (strcmp(text, "-i") == 0 || strcmp(text, "-") == 0 ||
		    strcmp(text, "--ignore-environment") == 0) {
			note(step, LAUNCH_SCRUBS, "env -i");
		} else if ((strcmp(text, "-u") == 0 || strcmp(text, "--unset") == 0) &&
			   word[1] != NULL) {
			if (strcmp(*++word, PRELOAD) == 0)
				note(step, LAUNCH_SCRUBS, "env -u " PRELOAD);
		} else if (strcmp(text, "-u" PRELOAD) == 0 ||
			   strcmp(text, "--unset=" PRELOAD) == 0) {
			note(step, LAUNCH_SCRUBS, "env -u " PRELOAD);
		} else if ((strcmp(text, "-C") == 0 || strcmp(text, "--chdir") == 0) &&
			   word[1] != NULL) {
			word++;
		} else if (strncmp(text, "-S", 2) == 0) {
			struct shell_command split = {0};
			const char *rest = text[2] != '\0'   ? text + 2
					   : word[1] != NULL ? *++word
							     : "";
			char **command = NULL, **followed;

			append(&command, "env");
			if (shell_text_next(&rest, &split))
				for (size_t i = 0; i < split.count; i++)
					append(&command, split.words[i].text);
			shell_command_free(&split);
			for (word++; *word != NULL; word++)
				append(&command, *word);
			followed = follow_env(step, command);
			free_words(command);
			return followed;
		} else if (replaces_preload(text)) {
			note(step, LAUNCH_SCRUBS, text);
		} else if (text[0] != '-' && strchr(text, '=') == NULL) {
			break;
		}
	}
	return *word != NULL ? copy_words(word) : NULL;
}

/* --- shells ---------------------------------------------------------------------------------- */

static bool is_shell(const char *name)
{
	static const char *const shells[] = {"sh",  "bash", "dash",    "ash",
					     "ksh", "zsh",  "busybox", "mksh"};

	for (size_t i = 0; i < sizeof shells / sizeof shells[0]; i++)
		if (strcmp(name, shells[i]) == 0)
			return true;
	return false;
}

static bool is_in(const char *word, const char *const *list)
{
	for (; *list != NULL; list++)
		if (strcmp(word, *list) == 0)
			return true;
	return false;
}

static const char *const keywords[] = {"if", "then", "else", "elif", "do",   "while", "until",
				       "!",  "{",    "}",    "time", "case", NULL};
static const char *const builtins[] = {
	":",	   ".",	       "[",	  "[[",	      "alias",	"bg",	"break",
	"cd",	   "continue", "declare", "done",     "echo",	"esac", "eval",
	"exit",	   "export",   "false",	  "fg",	      "fi",	"for",	"function",
	"getopts", "hash",     "in",	  "jobs",     "kill",	"let",	"local",
	"printf",  "pwd",      "read",	  "readonly", "return", "set",	"shift",
	"shopt",   "source",   "test",	  "times",    "trap",	"true", "type",
	"typeset", "ulimit",   "umask",	  "unalias",  "unset",	"wait", NULL};

/* The command that a script's text hands over to. */
struct choice {
	char **words; /* NULL: none */
	bool by_exec;
	bool computed; /* the first word is the shell's to compute */
};

/* The words of a command from `first` on, with the script's arguments in the place of "$@". */
static char **expand(const struct shell_command *command, size_t first, char *const *arguments)
{
	char **words = NULL;

	for (size_t i = first; i < command->count; i++) {
		if (!command->words[i].is_all_arguments) {
			append(&words, command->words[i].text);
			continue;
		}
		for (char *const *each = arguments; *each != NULL; each++)
			append(&words, *each);
	}
	return words;
}

/* Skips assignments and keywords before a command's name, and what exec has before it; sets
 * *by_exec. */
static size_t skip_before_name(const struct shell_command *command, struct launch_step *step,
			       bool *by_exec)
{
	size_t i = 0;

	*by_exec = false;
	for (; i < command->count; i++) {
		const char *text = command->words[i].text;
		size_t name = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
					   "0123456789");

		if (replaces_preload(text))
			note(step, LAUNCH_SCRUBS, text);
		if (name > 0 && text[name] == '=')
			continue;
		if (strcmp(text, "exec") == 0) {
			*by_exec = true;
		} else if (*by_exec && strcmp(text, "-c") == 0) {
			note(step, LAUNCH_SCRUBS, "exec -c");
		} else if (*by_exec && strcmp(text, "-a") == 0) {
			i++;
		} else if (!(*by_exec && strcmp(text, "-l") == 0) && !is_in(text, keywords)) {
			break;
		}
	}
	return i;
}

/* `unset LD_PRELOAD`, `export LD_PRELOAD=`. */
static void note_builtin(struct launch_step *step, const struct shell_command *command, size_t at)
{
	const char *name = command->words[at].text;

	for (size_t i = at + 1; i < command->count; i++) {
		const char *text = command->words[i].text;

		if (strcmp(name, "unset") == 0 && strcmp(text, PRELOAD) == 0)
			note(step, LAUNCH_SCRUBS, "unset " PRELOAD);
		if (strcmp(name, "export") == 0 && replaces_preload(text))
			note(step, LAUNCH_SCRUBS, text);
	}
}

/* What a command that is not followed does to programs behind it: an entrypoint that starts itself
 * anew as another user is one. */
static void note_passed_over(struct launch_step *step, char **words)
{
	const struct wrapper *wrapper = wrapper_find(base_name(words[0]));
	const char *user;

	if (wrapper == NULL || wrapper->effect == LAUNCH_PASSES ||
	    wrapper->effect == LAUNCH_ELSEWHERE)
		return;
	(void)wrapper_command(wrapper, words, &user);
	note(step, wrapper->effect, wrapper->effect == LAUNCH_SWITCHES ? user : words[0]);
}

static void choose(struct choice *choice, struct launch_step *step,
		   const struct shell_command *command, char *const *arguments)
{
	char path[PATH_MAX];
	bool by_exec;
	size_t first = skip_before_name(command, step, &by_exec);
	char **words;
	bool computed;

	if (first >= command->count)
		return;
	if (is_in(command->words[first].text, builtins)) {
		note_builtin(step, command, first);
		return;
	}
	words = expand(command, first, arguments);
	computed = command->words[first].computed && !command->words[first].is_all_arguments;
	if (words == NULL ||
	    (!by_exec && (choice->by_exec || computed || target_resolve(words[0], path) != 0))) {
		free_words(words);
		return;
	}
	if (choice->words != NULL) {
		if (choice->by_exec)
			note_passed_over(step, choice->words);
		free_words(choice->words);
	}
	*choice = (struct choice){.words = words, .by_exec = by_exec, .computed = computed};
}

/* Returns the command that the text hands over to, newly allocated; NULL: none, or one that cannot
 * be followed, which is noted. */
static char **follow_text(struct launch *launch, struct launch_step *step, const char *text,
			  char *const *arguments)
{
	struct shell_command command;
	struct choice choice = {0};

	while (shell_text_next(&text, &command)) {
		choose(&choice, step, &command, arguments);
		shell_command_free(&command);
	}
	if (choice.words != NULL && choice.computed) {
		launch->unknown = copy(choice.words[0]);
		free_words(choice.words);
		return NULL;
	}
	return choice.words;
}

static char **follow_script(struct launch *launch, struct launch_step *step, const char *path,
			    char *const *arguments)
{
	FILE *in = fopen(path, "re");
	char *text = malloc(MAX_SCRIPT_BYTES + 1);
	char **words;
	size_t len;

	if (text == NULL)
		cli_no_memory();
	len = in != NULL ? fread(text, 1, MAX_SCRIPT_BYTES, in) : 0;
	text[len] = '\0';
	if (in != NULL)
		fclose(in);
	words = follow_text(launch, step, text, arguments);
	free(text);
	return words;
}

/* sh [-options] [-c TEXT [NAME ARGUMENT...] | SCRIPT ARGUMENT...] */
static char **follow_shell(struct launch *launch, struct launch_step *step, char **words)
{
	char **word = words + 1;
	bool is_text = false;

	while (*word != NULL && (*word)[0] == '-' && (*word)[1] != '\0') {
		is_text = is_text || ((*word)[1] != '-' && strchr(*word, 'c') != NULL);
		word += strcmp(*word, "-o") == 0 && word[1] != NULL ? 2 : 1;
	}
	if (*word == NULL)
		return NULL;
	if (is_text)
		return follow_text(launch, step, *word, word[1] != NULL ? word + 2 : word + 1);
	return follow_script(launch, step, *word, word + 1);
}

/* su and runuser: the command is `-c TEXT`; `-` and `-l` make a new environment. */
static char **follow_su(struct launch *launch, struct launch_step *step,
			const struct wrapper *wrapper, char **words)
{
	static char *const none[] = {NULL};
	const char *user = NULL, *text = NULL;
	char **command = wrapper_command(wrapper, words, &user);
	bool login = false;

	if (strcmp(wrapper->name, "runuser") == 0 && user != NULL) {
		note(step, LAUNCH_SWITCHES, user);
		return command != NULL ? copy_words(command) : NULL;
	}
	for (char **word = words + 1; *word != NULL; word++) {
		if (strcmp(*word, "-") == 0 || strcmp(*word, "-l") == 0 ||
		    strcmp(*word, "--login") == 0)
			login = true;
		else if (strcmp(*word, "-c") == 0 && word[1] != NULL)
			text = *++word;
		else if ((*word)[0] != '-' && user == NULL)
			user = *word;
	}
	note(step, LAUNCH_SWITCHES, user != NULL ? user : "root");
	if (login)
		note(step, LAUNCH_SCRUBS, "a login shell");
	return text != NULL ? follow_text(launch, step, text, none) : NULL;
}

/* --- the way --------------------------------------------------------------------------------- */

/* Returns the next command of the way, newly allocated; NULL: `words` is the end of it. */
static char **follow(struct launch *launch, char **words)
{
	struct launch_step *step = add_step(launch, words[0]);
	const char *name = base_name(words[0]);
	const struct wrapper *wrapper = wrapper_find(name);
	char line[TARGET_SCRIPT_LINE_BYTES];
	const char *user = NULL;
	char **command;

	if (strcmp(name, "env") == 0)
		return follow_env(step, words);
	if (is_shell(name))
		return follow_shell(launch, step, words);
	if (wrapper != NULL &&
	    (strcmp(wrapper->name, "su") == 0 || strcmp(wrapper->name, "runuser") == 0))
		return follow_su(launch, step, wrapper, words);
	if (wrapper != NULL) {
		command = wrapper_command(wrapper, words, &user);
		note(step, wrapper->effect, wrapper->effect == LAUNCH_SWITCHES ? user : words[0]);
		return command != NULL && wrapper->effect != LAUNCH_ELSEWHERE ? copy_words(command)
									      : NULL;
	}
	if (target_read_script_line(launch->target.path, line)) {
		char *rest, *interpreter = strtok_r(line, " \t", &rest);

		if (interpreter != NULL && strcmp(base_name(interpreter), "env") == 0)
			interpreter = strtok_r(NULL, " \t", &rest);
		if (interpreter != NULL && is_shell(base_name(interpreter)))
			return follow_script(launch, step, launch->target.path, words + 1);
	}
	return NULL;
}

/* A wrapper that the library cannot be in: a static one hands the environment on all the same; from
 * one with more rights than its caller the loader takes LD_PRELOAD away (ld.so(8)). */
static void note_blindness(struct launch_step *step, const struct target *wrapper)
{
	switch (wrapper->fault) {
	case TARGET_GOOD:
		break;
	case TARGET_SET_USER_ID:
	case TARGET_SET_GROUP_ID:
	case TARGET_FILE_CAPABILITIES:
		note(step, LAUNCH_SCRUBS, step->name);
		break;
	case TARGET_STATIC:
	case TARGET_OTHER_LIBC:
	case TARGET_OTHER_MACHINE:
		step->blind = true;
		break;
	}
}

int launch_follow(const char *verb, char **command, const struct library *library,
		  struct launch *launch)
{
	int status;

	memset(launch, 0, sizeof *launch);
	launch->rest = copy_words(command);
	status = target_find(verb, command[0], library, &launch->target);
	if (status != 0)
		return status;
	while (launch->step_count < LAUNCH_MAX_STEPS) {
		char **next = follow(launch, launch->rest);
		char path[PATH_MAX];

		if (next == NULL)
			break;
		note_blindness(&launch->steps[launch->step_count - 1], &launch->target);
		if (target_resolve(next[0], path) != 0) {
			launch->unknown = copy(next[0]);
			free_words(next);
			break;
		}
		free_words(launch->rest);
		launch->rest = next;
		(void)target_find(verb, next[0], library, &launch->target);
	}
	return 0;
}

void launch_free(struct launch *launch)
{
	for (size_t i = 0; i < launch->step_count; i++) {
		free(launch->steps[i].name);
		free(launch->steps[i].why);
	}
	free(launch->unknown);
	free_words(launch->rest);
}
