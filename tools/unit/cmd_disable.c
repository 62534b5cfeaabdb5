/* SPDX-License-Identifier: MIT */
/*
 * forksan disable, the other half of cmd_enable.c.
 */
#include "unit/cmd_unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cli.h"
#include "base/exit_status.h"
#include "unit/request.h"

static const struct option disable_longs[] = {
	{"apply", no_argument, NULL, 'a'},
	{"runtime", no_argument, NULL, 'r'},
	{"root", required_argument, NULL, 'R'},
	{"help", no_argument, NULL, 'h'},
	{0},
};

static int run_disable(int argc, char **argv)
{
	struct request request = {.verb = &verb_disable, .root = ""};
	char done[PATH_MAX + 32];
	int status, error;
	FILE *file;

	if (!request_read(&request, disable_longs, argc, argv, &status))
		return status;
	file = fopen(request.drop_in.path, "re");
	if (file == NULL) {
		cli_error(DISABLE_VERB, "%s: forksan enable has written nothing for it (%s: %s)",
			  request.unit.name, request.drop_in.path, strerror(errno));
		return STATUS_USAGE;
	}
	fclose(file);
	if (request.apply) {
		error = drop_in_remove(&request.drop_in);
		if (error != 0) {
			cli_error(DISABLE_VERB, "%s: %s", request.drop_in.path, strerror(error));
			return STATUS_USAGE;
		}
	}
	snprintf(done, sizeof done, request.apply ? "Removed %s" : "%s is removed",
		 request.drop_in.path);
	request_print_next(&request, done);
	return STATUS_OK;
}

const struct verb verb_disable = {
	.name = DISABLE_VERB,
	.usage = "[--apply] [--runtime] [--root DIR] UNIT",
	.summary = "takes a systemd service out again",
	.help = COMMON_HELP
	"The log stays.  Exit status: 0; 2 for wrong usage, or where forksan enable "
	"wrote nothing.\n",
	.run = run_disable,
};
