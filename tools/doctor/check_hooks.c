/* SPDX-License-Identifier: MIT */
/*
 * See checks.h.
 *
 * forksan-attach loads all of its programs, says what the kernel has taken (watcher/trial.h), and
 * ends.
 */
#include "doctor/checks.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "target/watcher_ask.h"

static void add_unseen(struct doctor_sheet *sheet, const char *calls, const char *why)
{
	sheet_add(
		sheet, "hooks", DOCTOR_LIMIT, DOCTOR_ATTACH,
		"use the preload (forksan run) for a program that makes such calls",
		"%s is not seen by attach: the kernel refuses programs at the end of its functions "
		"(fexit: %s)",
		calls, why);
}

static void add_strict(struct doctor_sheet *sheet, const char *why_not)
{
	if (*why_not == '\0')
		sheet_add(sheet, "strict", DOCTOR_GOOD, DOCTOR_ATTACH, NULL,
			  "mode=strict with attach stops a use before its bytes move "
			  "(lsm/socket_sendmsg, tried)");
	else
		sheet_add(
			sheet, "strict", DOCTOR_NOTE, DOCTOR_ATTACH,
			"for strict mode use the preload (forksan run), or a kernel that was built "
			"with CONFIG_BPF_LSM and booted with bpf among its security modules "
			"(lsm=...,bpf)",
			"mode=strict with attach reports, and stops nothing: this kernel has no "
			"call refused (%s)",
			why_not);
}

/* One line of forksan-attach: a name, and words about it. */
static void add_line(struct doctor_sheet *sheet, const char *name, const char *words)
{
	if (strcmp(name, "refused") == 0)
		sheet_add(sheet, "hooks", DOCTOR_BLIND, DOCTOR_ATTACH,
			  "use the preload (forksan run) or forksan scan", "%s", words);
	else if (strcmp(name, "uses") == 0 && strcmp(words, "tracepoints") == 0)
		sheet_add(sheet, "hooks", DOCTOR_GOOD, DOCTOR_ATTACH, NULL,
			  "attach sees sends and receives by tracepoints (sock_send_length, "
			  "sock_recv_length; tried)");
	else if (strcmp(name, "uses") == 0)
		sheet_add(sheet, "hooks", DOCTOR_GOOD, DOCTOR_ATTACH, NULL,
			  "attach sees sends and receives at the end of the kernel's functions "
			  "(fexit; tried): it has no tracepoints for them, as Linux 6.3 has");
	else if (strcmp(name, "sendpage") == 0)
		add_unseen(sheet, "sendfile() and splice() to a socket", words);
	else if (strcmp(name, "splice") == 0)
		add_unseen(sheet, "splice() from a socket", words);
	else if (strcmp(name, "old") == 0)
		sheet_add(sheet, "hooks", DOCTOR_LIMIT, DOCTOR_ATTACH,
			  "have attach start the program: forksan attach -- CMD",
			  "connections from before are not seen by attach: the kernel refuses the "
			  "iterator over open files");
	else if (strcmp(name, "strict") == 0)
		add_strict(sheet, words);
}

void check_hooks(struct doctor_sheet *sheet, const char *watcher)
{
	int fd, status = 0;
	pid_t child = watcher_ask(watcher, "--hooks", false, &fd);
	FILE *out = child < 0 ? NULL : fdopen(fd, "r");
	char line[512];

	if (child > 0 && out == NULL)
		close(fd);
	while (out != NULL && fgets(line, sizeof line, out) != NULL) {
		char *words = line + strcspn(line, " \n");

		line[strcspn(line, "\n")] = '\0';
		if (*words != '\0')
			*words++ = '\0';
		add_line(sheet, line, words);
	}
	if (out != NULL)
		fclose(out);
	if (child > 0)
		status = watcher_answered(child);
	if (child < 0 || status != 0)
		sheet_add(sheet, "hooks", DOCTOR_BLIND, DOCTOR_ATTACH,
			  "use the preload (forksan run) or forksan scan",
			  "%s, which asks the kernel for what attach needs, could not be run",
			  watcher);
}
