/* SPDX-License-Identifier: MIT */
/*
 * forksan metrics: the sessions of this host as text for Prometheus, on standard output or as a
 * file for node-exporter's textfile collector.
 */
#include "metrics/cmd_metrics.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/exit_status.h"
#include "metrics/gather.h"
#include "metrics/text.h"

#define METRICS_VERB "metrics"
#define METRICS_FILE "forksan.prom"

static const struct option longs[] = {
	{"help", no_argument, NULL, 'h'},
	{"once", no_argument, NULL, 'o'},
	{"textfile", required_argument, NULL, 't'},
	{0},
};

static int print_to_stdout(const struct metric_sessions *sessions)
{
	metrics_print(sessions, stdout);
	if (fflush(stdout) == 0 && !ferror(stdout))
		return STATUS_OK;
	cli_error(METRICS_VERB, "stdout: %s", strerror(errno));
	return STATUS_USAGE;
}

/* Writes a new file and puts it in the place of the old: the collector never reads a half. */
static int write_textfile(const struct metric_sessions *sessions, const char *directory)
{
	char path[PATH_MAX], draft[PATH_MAX];
	bool written;
	FILE *out;

	if ((size_t)snprintf(path, sizeof path, "%s/" METRICS_FILE, directory) >= sizeof path ||
	    (size_t)snprintf(draft, sizeof draft, "%s/." METRICS_FILE ".%d", directory,
			     (int)getpid()) >= sizeof draft) {
		cli_error(METRICS_VERB, "--textfile: expected a shorter path, found %s", directory);
		return STATUS_USAGE;
	}
	unlink(draft); /* of an earlier process with this pid, which was killed */
	out = fopen(draft, "wxe");
	if (out == NULL) {
		cli_error(METRICS_VERB, "%s: %s", draft, strerror(errno));
		return STATUS_USAGE;
	}
	metrics_print(sessions, out);
	/* The collector has another user. */
	written = fchmod(fileno(out), 0644) == 0 && fflush(out) == 0 && !ferror(out);
	written = fclose(out) == 0 && written;
	if (written && rename(draft, path) == 0)
		return STATUS_OK;
	cli_error(METRICS_VERB, "%s: %s", path, strerror(errno));
	unlink(draft);
	return STATUS_USAGE;
}

static int run(int argc, char **argv)
{
	const char *directory = NULL;
	struct metric_sessions sessions;
	int result, status;

	opterr = 0;
	while ((result = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
		switch (result) {
		case 'h':
			cli_print_help(&verb_metrics);
			return STATUS_OK;
		case 'o':
			directory = NULL;
			break;
		case 't':
			directory = optarg;
			break;
		default:
			return cli_unknown_option(&verb_metrics, longs, argv, result);
		}
	}
	if (optind < argc) {
		cli_error(METRICS_VERB, "expected options alone, found %s", argv[optind]);
		return STATUS_USAGE;
	}
	metrics_gather(&sessions);
	status = directory != NULL ? write_textfile(&sessions, directory)
				   : print_to_stdout(&sessions);
	metrics_free(&sessions);
	return status;
}

const struct verb verb_metrics = {
	.name = METRICS_VERB,
	.usage = "[--once | --textfile DIR]",
	.summary = "the sessions that run on this host, as text for Prometheus",
	.help = "      --once          print to standard output (the default)\n"
		"      --textfile DIR  write DIR/" METRICS_FILE
		", for node-exporter's textfile collector\n"
		"  -h, --help          this text\n\n"
		"As root the sessions of all users, else one's own.  Exit status: 0; 2 for wrong "
		"usage,\n"
		"or when the text could not be written.\n",
	.run = run,
};
