/* SPDX-License-Identifier: MIT */
/*
 * Links of the chain that are the host's: rsyslog, the agent, logs, rotation, clock.  See links.h.
 */
#include <dirent.h>
#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>
#include <unistd.h>

#include "fleet/links.h"
#include "log/record.h"

#define RSYSLOGD "/usr/sbin/rsyslogd"

static bool has_module(const char *name)
{
	static const char *const places[] = {"/usr/lib/*/rsyslog", "/usr/lib64/rsyslog",
					     "/usr/lib/rsyslog"};
	char pattern[64];
	bool found = false;

	for (size_t i = 0; !found && i < sizeof places / sizeof places[0]; i++) {
		glob_t paths;

		snprintf(pattern, sizeof pattern, "%s/%s.so", places[i], name);
		found = glob(pattern, 0, NULL, &paths) == 0;
		globfree(&paths);
	}
	return found;
}

bool check_rsyslog(void)
{
	if (access(RSYSLOGD, X_OK) != 0)
		return link_missing("rsyslog", "apt-get install rsyslog rsyslog-relp",
				    RSYSLOGD ": %s", strerror(errno));
	if (!has_module("imfile") || !has_module("omrelp"))
		return link_missing("rsyslog", "apt-get install rsyslog rsyslog-relp",
				    "its module %s is not installed",
				    has_module("imfile") ? "omrelp" : "imfile");
	return link_good("rsyslog", RSYSLOGD ", imfile, omrelp");
}

/* --- the agent ----------------------------------------------------------------------------- */

/* True when the arguments, each with its NUL, are of a rsyslogd with that configuration. */
static bool is_agent(const char *arguments, size_t len, const char *path)
{
	const char *name =
		strrchr(arguments, '/') != NULL ? strrchr(arguments, '/') + 1 : arguments;

	if (strcmp(name, "rsyslogd") != 0)
		return false;
	for (size_t at = 0; at < len; at += strlen(arguments + at) + 1)
		if (strcmp(arguments + at, path) == 0)
			return true;
	return false;
}

static int find_agent(const char *path)
{
	DIR *proc = opendir("/proc");
	const struct dirent *each;
	int found = 0;

	while (found == 0 && proc != NULL && (each = readdir(proc)) != NULL) {
		char file[300], arguments[4096];
		size_t len;
		FILE *in;

		if (each->d_name[0] < '1' || each->d_name[0] > '9')
			continue;
		snprintf(file, sizeof file, "/proc/%s/cmdline", each->d_name);
		in = fopen(file, "re");
		if (in == NULL)
			continue;
		len = fread(arguments, 1, sizeof arguments - 1, in);
		fclose(in);
		arguments[len] = '\0';
		if (is_agent(arguments, len, path))
			found = atoi(each->d_name);
	}
	if (proc != NULL)
		closedir(proc);
	return found;
}

bool check_agent(const struct agent_conf *conf)
{
	int pid = find_agent(conf->path);

	if (pid == 0)
		return link_missing("agent", "systemctl enable --now forksan-agent",
				    "no rsyslogd runs with -f %s", conf->path);
	return link_good("agent", "rsyslogd runs, process %d", pid);
}

/* --- logs ---------------------------------------------------------------------------------- */

/* Copies the last whole line of the file, as far as that is a line of at most a record's size. */
static bool read_last_line(const char *path, char *out, size_t size)
{
	FILE *in = fopen(path, "re");
	char *end, *start;
	size_t len = 0;

	if (in == NULL)
		return false;
	if (fseek(in, 0, SEEK_END) == 0 && ftell(in) > (long)size - 1)
		fseek(in, -(long)(size - 1), SEEK_END);
	else
		rewind(in);
	len = fread(out, 1, size - 1, in);
	fclose(in);
	out[len] = '\0';
	end = strrchr(out, '\n');
	if (end == NULL)
		return false;
	*end = '\0';
	start = strrchr(out, '\n');
	memmove(out, start != NULL ? start + 1 : out, strlen(start != NULL ? start + 1 : out) + 1);
	return true;
}

static bool check_log(const char *path)
{
	static char line[1 << 17];
	struct log_record record;
	struct log_fault fault;
	bool has_service;

	if (access(path, R_OK) != 0)
		return link_missing("log", "run this check, and the agent, as root", "%s: %s", path,
				    strerror(errno));
	if (!read_last_line(path, line, sizeof line))
		return link_good("log", "%s, still without a line", path);
	if (!log_record_parse(line, strlen(line), NULL, &record, &fault))
		return link_missing("log", "set log_path= to a file of its own",
				    "%s: its last line is no record: expected %s, found %s", path,
				    fault.expected, fault.found);
	if (record.version < 2) {
		log_record_free(&record);
		return link_missing("log", "upgrade the library: the store needs host and seq",
				    "%s is written by an older forksan", path);
	}
	has_service = json_is_string(
		json_object_get(json_object_get(record.json, "labels"), "service.name"));
	log_record_free(&record);
	if (!has_service)
		return link_missing(
			"log",
			"FORKSAN_OPTIONS=labels='service.name=NAME,service.version=VERSION'"
			" or OTEL_SERVICE_NAME",
			"%s does not say which service writes it", path);
	return link_good("log", "%s", path);
}

bool check_logs(const struct agent_conf *conf)
{
	char pattern[AGENT_CONF_VALUE_BYTES];
	bool good = true;
	glob_t paths;

	if (!agent_conf_value(conf, "file", pattern))
		return link_missing("log", "run contrib/fleet/enrol again", "%s reads no file",
				    conf->path);
	if (glob(pattern, 0, NULL, &paths) != 0)
		good = link_missing("log", "start a server with log_path= there",
				    "no file is named %s", pattern);
	else
		for (size_t i = 0; i < paths.gl_pathc; i++)
			good = check_log(paths.gl_pathv[i]) && good;
	globfree(&paths);
	return good;
}

/* --- rotation ------------------------------------------------------------------------------ */

static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = text; (at = strstr(at, word)) != NULL; at += len)
		if ((at == text || strchr(" \t\n{", at[-1]) != NULL) &&
		    (at[len] == '\0' || strchr(" \t\n}", at[len]) != NULL))
			return true;
	return false;
}

static bool check_rotation_of(const char *path, const char *text)
{
	static const char advice[] = "contrib/fleet/logrotate in its place";

	if (has_word(text, "copytruncate"))
		return link_missing("rotation", advice, "%s: copytruncate loses lines", path);
	if (!has_word(text, "nocreate"))
		return link_missing(
			"rotation", advice,
			"%s: without nocreate the new log has logrotate's owner, not the "
			"server's",
			path);
	if (has_word(text, "compress"))
		return link_missing(
			"rotation", advice,
			"%s: an agent whose centre was away cannot read compressed logs", path);
	return link_good("rotation", "%s", path);
}

bool check_rotation(const struct agent_conf *conf, const char *directory)
{
	char pattern[AGENT_CONF_VALUE_BYTES], path[PATH_MAX];
	DIR *files = opendir(directory);
	const struct dirent *each;
	struct agent_conf rotation;
	bool good = true, found = false;

	if (!agent_conf_value(conf, "file", pattern))
		pattern[0] = '\0';
	while (files != NULL && pattern[0] != '\0' && (each = readdir(files)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", directory, each->d_name);
		if (each->d_name[0] != '.' && agent_conf_read(&rotation, path) == NULL) {
			if (agent_conf_has(&rotation, pattern)) {
				found = true;
				good = check_rotation_of(path, rotation.text) && good;
			}
			agent_conf_free(&rotation);
		}
	}
	if (files != NULL)
		closedir(files);
	if (found)
		return good;
	return link_missing("rotation", "install contrib/fleet/logrotate",
			    "no file of %s is about %s: the logs grow without end", directory,
			    pattern);
}

bool check_clock(void)
{
	struct timex clock = {0};

	/* Of another host's finding one knows the time alone. */
	if (adjtimex(&clock) == TIME_ERROR || (clock.status & STA_UNSYNC) != 0)
		return link_missing(
			"clock", "apt-get install systemd-timesyncd, or chrony",
			"nothing keeps it right: times of this host cannot be compared");
	return link_good("clock", "it is kept right");
}
