/* SPDX-License-Identifier: MIT */
/* See demands.h. */
#include "run/demands.h"

#include "base/cli.h"
#include "log/level.h"
#include "run/options.h"

static bool take_list(const char *verb, const char *key, const char *list, const char **out)
{
	*out = list;
	return run_options_accept(verb, key, list);
}

bool run_demands_take(struct run_demands *demands, int option, const char *argument, bool *taken)
{
	const char *verb = demands->verb;

	*taken = true;
	switch (option) {
	case 'c':
		return take_list(verb, "watch", argument, &demands->watch);
	case 'f':
		return level_read(verb, argument, &demands->fail_on);
	case 'i':
		return take_list(verb, "ignore", argument, &demands->ignore);
	case 'l':
		demands->baseline_name = argument;
		return true;
	case 'm':
		demands->require_watched = true;
		return cli_number(verb, "--min-connections", argument, &demands->min_connections);
	case 'o':
		demands->log_name = argument;
		return true;
	case 'q':
		demands->quiet = true;
		return true;
	case 't':
		demands->html_name = argument;
		return true;
	case 'u':
		demands->suppressions_name = argument;
		return true;
	case 'w':
		demands->require_watched = true;
		return true;
	default:
		*taken = false;
		return true;
	}
}
