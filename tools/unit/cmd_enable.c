/* SPDX-License-Identifier: MIT */
/*
 * forksan enable.  Without --apply it says what it would do.  systemd itself is never called: a
 * service restarts when its administrator says so.
 */
#include "unit/cmd_unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cli.h"
#include "base/exit_status.h"
#include "target/library.h"
#include "target/library_options.h"
#include "unit/request.h"

static const struct option enable_longs[] = {
	{"apply", no_argument, NULL, 'a'},	   {"runtime", no_argument, NULL, 'r'},
	{"options", required_argument, NULL, 'O'}, {"root", required_argument, NULL, 'R'},
	{"help", no_argument, NULL, 'h'},	   {0},
};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* What could keep the library out of the service. */
static void warn_of_settings(const struct unit *unit, const char *library)
{
	if (unit->has_environment_file)
		cli_error(ENABLE_VERB,
			  "%s has an EnvironmentFile=: an LD_PRELOAD or FORKSAN_OPTIONS in that "
			  "file wins",
			  unit->name);
	if (unit->unsets)
		cli_error(ENABLE_VERB,
			  "%s has an UnsetEnvironment= of LD_PRELOAD or FORKSAN_OPTIONS: systemd "
			  "takes them out after the drop-in",
			  unit->name);
	if (unit->has_root)
		cli_error(ENABLE_VERB,
			  "%s has a root of its own (RootDirectory= or RootImage=): %s must be "
			  "there, "
			  "too",
			  unit->name, library);
	if (begins(library, "/home/") || begins(library, "/root/") || begins(library, "/tmp/") ||
	    begins(library, "/var/tmp/"))
		cli_error(
			ENABLE_VERB,
			"%s: ProtectHome= and PrivateTmp= hide it from a service; install forksan",
			library);
}

/* False, with a message. */
static bool take_options(const char *text)
{
	if (text != NULL && strchr(text, '\n') != NULL) {
		cli_error(ENABLE_VERB, "--options: expected one line");
		return false;
	}
	return library_accepts(ENABLE_VERB, "--options: ", text);
}

static int run_enable(int argc, char **argv)
{
	struct request request = {.verb = &verb_enable, .root = ""};
	struct library library;
	char done[PATH_MAX + 32];
	int status, error;

	if (!request_read(&request, enable_longs, argc, argv, &status))
		return status;
	if (!take_options(request.options))
		return STATUS_USAGE;
	unit_read(&request.unit, request.root, DROP_IN_NAME);
	if (request.unit.path[0] == '\0') {
		cli_error(ENABLE_VERB, "%s: systemd has no such unit", request.unit.name);
		return STATUS_USAGE;
	}
	if (!library_find(ENABLE_VERB, &library))
		return STATUS_USAGE;
	warn_of_settings(&request.unit, library.path);
	if (request.apply) {
		error = drop_in_write(&request.drop_in, &request.unit, library.path,
				      request.options);
		if (error != 0) {
			cli_error(ENABLE_VERB, "%s: %s", request.drop_in.path, strerror(error));
			return STATUS_USAGE;
		}
	} else {
		printf("%s:\n\n", request.drop_in.path);
		drop_in_print(stdout, &request.unit, library.path, request.options);
	}
	snprintf(done, sizeof done, request.apply ? "Wrote %s" : "it is written to %s",
		 request.drop_in.path);
	request_print_next(&request, done);
	return STATUS_OK;
}

const struct verb verb_enable = {
	.name = ENABLE_VERB,
	.usage = "[--apply] [--runtime] [--options OPTIONS] [--root DIR] UNIT",
	.summary = "puts a systemd service under forksan, by a drop-in",
	.help = "  --options OPTIONS  more FORKSAN_OPTIONS, such as mode=strict\n" COMMON_HELP
		"The log is /var/log/forksan/UNIT/findings.jsonl.  Exit status: 0; 2 for wrong "
		"usage, no\n"
		"such unit, or files that cannot be written.\n",
	.run = run_enable,
};
