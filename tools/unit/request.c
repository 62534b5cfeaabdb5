/* SPDX-License-Identifier: MIT */
/*
 * See request.h.
 */
#include "unit/request.h"

#include <stdio.h>

#include "base/cli.h"
#include "base/exit_status.h"

bool request_read(struct request *request, const struct option *longs, int argc, char **argv,
		  int *status)
{
	int result;

	opterr = 0;
	*status = STATUS_USAGE;
	while ((result = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		switch (result) {
		case 'a':
			request->apply = true;
			break;
		case 'r':
			request->is_runtime = true;
			break;
		case 'O':
			request->options = optarg;
			break;
		case 'R':
			request->root = optarg;
			break;
		case 'h':
			cli_print_help(request->verb);
			*status = STATUS_OK;
			return false;
		default:
			*status = cli_unknown_option(request->verb, longs, argv, result);
			return false;
		}
	}
	if (optind + 1 != argc) {
		cli_error(request->verb->name, "expected one unit");
		return false;
	}
	if (!unit_name(&request->unit, argv[optind])) {
		cli_error(request->verb->name, "%s: no name of a service", argv[optind]);
		return false;
	}
	if (!drop_in_place(&request->drop_in, &request->unit, request->root, request->is_runtime)) {
		cli_error(request->verb->name, "%s: too long", request->root);
		return false;
	}
	return true;
}

void request_print_next(const struct request *request, const char *done)
{
	if (!request->apply)
		printf("\nNothing was changed; with --apply %s.\n", done);
	else
		printf("%s.  Now: systemctl daemon-reload && systemctl restart %s\n", done,
		       request->unit.name);
}
