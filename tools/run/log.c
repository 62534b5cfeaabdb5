/* SPDX-License-Identifier: MIT */
/*
 * See log.h.
 */
#include "run/log.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "forksan/limits.h"
#include "base/cli.h"
#include "base/option_value.h"
#include "log/counters.h"
#include "common/labels.h"
#include "log/complete.h"
#include "run/options.h"
#include "log/record.h"
#include "report/collect.h"
#include "report/render.h"
#include "common/names.h"

#define NS_PER_SECOND UINT64_C(1000000000)

/* Sets log->path to `name`, made absolute.  False, with a message, when the library could not take
 * the path as log_path. */
static bool set_path(struct run_log *log, const char *name)
{
	char directory[PATH_MAX] = "";
	const char *expected = NULL;

	if (name[0] != '/' && getcwd(directory, sizeof directory) == NULL) {
		cli_error(log->verb, "the working directory: %s", strerror(errno));
		return false;
	}
	if ((size_t)snprintf(log->path, sizeof log->path, "%s%s%s", directory,
			     directory[0] != '\0' ? "/" : "", name) >= FORKSAN_PATH_BYTES)
		expected = "a shorter path";
	else if (strchr(log->path, '"') != NULL && strchr(log->path, '\'') != NULL)
		expected = "a path without both kinds of quotes";
	else if (strstr(log->path, "%p") != NULL || strstr(log->path, "%u") != NULL ||
		 strstr(log->path, "%%") != NULL)
		expected = "one file, without %p, %u and %% (which log_path= takes)";
	if (expected != NULL)
		cli_error(log->verb, "-o: expected %s, found %s", expected, log->path);
	return expected == NULL;
}

bool run_log_open(struct run_log *log, const char *verb, const char *name, bool private)
{
	mode_t mode = private ? 0600 : 0666;
	struct stat stat_buffer;

	*log = (struct run_log){.verb = verb};
	if (!set_path(log, name))
		return false;
	log->fd = open(log->path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, mode);
	if (log->fd < 0 || fstat(log->fd, &stat_buffer) != 0) {
		cli_error(log->verb, "%s: %s", name, strerror(errno));
		return false;
	}
	if (!S_ISREG(stat_buffer.st_mode)) {
		cli_error(log->verb, "-o: expected a regular file, found %s", name);
		return false;
	}
	log->start = stat_buffer.st_size;
	return true;
}

bool run_log_open_temporary(struct run_log *log, const char *verb)
{
	const char *directory = getenv("TMPDIR");

	if (directory == NULL || directory[0] != '/')
		directory = "/tmp";
	*log = (struct run_log){.verb = verb, .is_temporary = true};
	if ((size_t)snprintf(log->path, sizeof log->path, "%s/forksan-XXXXXX", directory) >=
	    FORKSAN_PATH_BYTES) {
		cli_error(log->verb, "TMPDIR: expected a shorter path, found %s", directory);
		return false;
	}
	log->fd = mkostemp(log->path, O_APPEND | O_CLOEXEC);
	if (log->fd < 0)
		cli_error(log->verb, "%s: %s", log->path, strerror(errno));
	return log->fd >= 0;
}

void run_log_close(struct run_log *log)
{
	if (log->is_temporary)
		unlink(log->path);
	close(log->fd);
}

static void format_time(const struct timespec *time, char out[LOG_TIME_BYTES])
{
	struct tm utc;
	size_t len;

	gmtime_r(&time->tv_sec, &utc);
	len = strftime(out, LOG_TIME_BYTES, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(out + len, LOG_TIME_BYTES - len, ".%09ldZ", time->tv_nsec);
}

static void format_now(char out[LOG_TIME_BYTES])
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	format_time(&now, out);
}

/* Returns the labels that the session's own records have; the caller owns the object. */
static json_t *labels_of_session(void)
{
	char option[FORKSAN_LIST_BYTES] = "";
	json_t *object = json_object();
	const char *key, *value;
	struct labels labels;

	option_value(getenv("FORKSAN_OPTIONS"), "labels", option, sizeof option);
	labels_read(&labels, option, getenv("OTEL_SERVICE_NAME"),
		    getenv("OTEL_RESOURCE_ATTRIBUTES"));
	for (size_t at = 0; labels_next(&labels, &at, &key, &value);)
		json_object_set_new(object, key, json_string(value));
	return object;
}

static json_t *counters_object(const uint64_t counters[COUNTER_COUNT])
{
	json_t *object = json_object();

	for (int i = 0; i < COUNTER_COUNT; i++)
		json_object_set_new(object, counter_name(i),
				    json_integer((json_int_t)(counters[i] & INT64_MAX)));
	return object;
}

static json_t *names_of_reasons(const struct completeness *complete)
{
	json_t *names = json_array();

	for (size_t i = 0; i < complete->count; i++)
		json_array_append_new(names, json_string(complete->reasons[i].name));
	return names;
}

/* From when forksan-attach has watched: it did not come to write the summary itself, and until when
 * is not known. */
static void put_watched(json_t *summary, uint64_t from_ns)
{
	const struct timespec from = {(time_t)(from_ns / NS_PER_SECOND),
				      (long)(from_ns % NS_PER_SECOND)};
	char text[LOG_TIME_BYTES];

	format_time(&from, text);
	json_object_set_new(summary, "watched", json_pack("{s:s}", "from", text));
}

static json_t *make_summary(const char *session, const struct session_registry *registry)
{
	struct completeness complete = {0};
	struct utsname host = {0};
	char now[LOG_TIME_BYTES];
	json_t *summary;

	format_now(now);
	uname(&host);
	complete_add_counters(&complete, registry->counters);
	summary = json_pack(
		"{s:s, s:i, s:I, s:s, s:s, s:i, s:s, s:o, s:b, s:b, s:o, s:o, s:I, s:o}", "record",
		"summary", "version", LOG_VERSION, "seq",
		(json_int_t)(registry->records & (INT64_MAX >> 1)) + 1, "time", now, "session",
		session, "pid", (int)getpid(), "host", host.nodename, "labels", labels_of_session(),
		"final", 1, "complete", complete.count == 0, "incomplete_because",
		names_of_reasons(&complete), "unwatched", unwatched_json(&registry->unwatched),
		"unwatched_more", (json_int_t)registry->unwatched.more, "counters",
		counters_object(registry->counters));
	if (summary != NULL && registry->watched_from_ns != 0)
		put_watched(summary, registry->watched_from_ns);
	return summary;
}

void run_log_add_summary(struct run_log *log, const char *session,
			 const struct session_registry *registry)
{
	json_t *record = make_summary(session, registry);
	char *text = record != NULL ? json_dumps(record, JSON_COMPACT) : NULL;
	char *line;
	int len = text != NULL ? asprintf(&line, "%s\n", text) : -1;

	if (len < 0)
		cli_no_memory();
	if (write(log->fd, line, (size_t)len) != len)
		cli_error(log->verb, "%s: the summary could not be written: %s", log->path,
			  strerror(errno));
	free(line);
	free(text);
	json_decref(record);
}

static void show(const struct report *report, const struct run_log *log,
		 const struct run_log_view *view)
{
	/* Nobody can read a temporary log later. */
	struct render_options options = {.log_name = log->is_temporary ? NULL : log->path};

	if (view->html != NULL)
		render_html(report, &options, view->html);
	if (view->quiet)
		return;
	render_bugs(report, &options, stderr);
	if (report->blind_spots.count > 0)
		fputs("forksan: first not seen, by process:\n", stderr);
	blind_spots_print(&report->blind_spots, "forksan:   ", stderr);
	render_left_out(report, "forksan: ", stderr);
}

struct run_log_content run_log_show(struct run_log *log, uint64_t session,
				    const struct run_log_view *view)
{
	struct run_log_content content = {0};
	struct report report;
	int result;

	if (lseek(log->fd, log->start, SEEK_SET) < 0)
		return content;
	report_init(&report);
	report.suppressions = view->suppressions;
	report.baseline = view->baseline;
	result = report_read(&report, log->verb, log->path, log->fd, session);
	if (result < 0)
		cli_error(log->verb, "%s: %s", log->path, strerror(-result));
	bugs_sort(report.bugs);
	show(&report, log, view);
	report_count_bugs(&report, content.bugs);
	content.any = sessions_count(report.sessions) > 0;
	for (int level = 0; level < LEVEL_COUNT; level++)
		content.found[level] = bugs_total(report.bugs, (enum level)level);
	content.broken_lines = report.broken_lines;
	report_clear(&report);
	return content;
}
