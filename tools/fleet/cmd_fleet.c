/* SPDX-License-Identifier: MIT */
/*
 * forksan fleet check: what of the chain from the logs to the centre is missing on this host.
 */
#include "fleet/cmd_fleet.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/cli.h"
#include "base/exit_status.h"
#include "fleet/agent_conf.h"
#include "fleet/links.h"

#define FLEET_VERB "fleet"
#define CONFIGURATION "/etc/forksan-fleet/agent.conf"
#define LOGROTATE "/etc/logrotate.d"

static const struct option longs[] = {
	{"config", required_argument, NULL, 'c'},
	{"help", no_argument, NULL, 'h'},
	{"logrotate", required_argument, NULL, 'l'},
	{0},
};

static int check(const char *path, const char *logrotate)
{
	struct agent_conf conf;
	const char *fault = agent_conf_read(&conf, path);
	bool good = check_rsyslog();

	if (fault != NULL) {
		good = link_missing("configuration",
				    "run contrib/fleet/enrol for this host and copy its files here",
				    "%s: %s", path, fault);
	} else {
		good = check_configuration(&conf) && good;
		good = check_certificate(&conf) && good;
		good = check_agent(&conf) && good;
		good = check_centre(&conf) && good;
		good = check_logs(&conf) && good;
		good = check_rotation(&conf, logrotate) && good;
	}
	good = check_clock() && good;
	agent_conf_free(&conf);
	puts(good ? "The chain is whole." : "The chain is not whole.");
	return good ? STATUS_OK : STATUS_INCOMPLETE;
}

static int run(int argc, char **argv)
{
	const char *path = CONFIGURATION, *logrotate = LOGROTATE;
	int result;

	opterr = 0;
	while ((result = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		switch (result) {
		case 'c':
			path = optarg;
			break;
		case 'l':
			logrotate = optarg;
			break;
		case 'h':
			cli_print_help(&verb_fleet);
			return STATUS_OK;
		default:
			return cli_unknown_option(&verb_fleet, longs, argv, result);
		}
	}
	if (optind + 1 != argc || strcmp(argv[optind], "check") != 0) {
		cli_error(FLEET_VERB, "expected check, found %s",
			  optind < argc ? argv[optind] : "nothing");
		return STATUS_USAGE;
	}
	return check(path, logrotate);
}

const struct verb verb_fleet = {
	.name = FLEET_VERB,
	.usage = "check [OPTION...]",
	.summary = "what of the way from this host's logs to a fleet's centre is missing",
	.help = "  --config FILE     the agent's configuration (" CONFIGURATION ")\n"
		"  --logrotate DIR   where logrotate's files are (" LOGROTATE ")\n"
		"  -h, --help        this text\n\n"
		"Looks at rsyslog, configuration, certificate, agent, centre, logs, rotation and "
		"clock, and\n"
		"says what to do.  Exit status: 0 when the chain is whole; 67 when something is "
		"missing;\n"
		"2 for wrong usage.\n",
	.run = run,
};
