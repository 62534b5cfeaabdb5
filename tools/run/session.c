/* SPDX-License-Identifier: MIT */
/* See session.h. */
#include "run/session.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/exit_status.h"
#include "base/option_value.h"
#include "common/option_text.h"
#include "common/session.h"
#include "log/counters.h"
#include "log/verdict.h"
#include "report/collect.h"
#include "report/files.h"
#include "report/suppressions.h"
#include "run/options.h"
#include "session/registry.h"

#define SUMMARY_PREFIX "forksan: "

/* How long processes that CMD has left may take to end: those that it has killed, or that end with
 * CMD, have mostly ended by then. */
#define PATIENCE_MS 300
#define LOOK_MS 10

static uint64_t new_session(char out[REGISTRY_SESSION_BYTES])
{
	uint64_t number;

	if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number)
		number = (uint64_t)time(NULL) << 24;
	/* Until this process has read the registry, no other session may remove the file. */
	number = session_number_for_waiter(number, getpid());
	session_put_number(out, number);
	return number;
}

/* Returns the exit status for a finding (exitcode= of FORKSAN_OPTIONS), or 0 when the user wants
 * CMD's own. */
static int found_status(void)
{
	char text[16], *end;
	long value;

	if (!option_value(getenv(OPTIONS_VARIABLE), "exitcode", text, sizeof text))
		return STATUS_FOUND;
	value = strtol(text, &end, 10);
	/* The library reads exitcode= as well, and warns of a bad value. */
	return *end == '\0' && end != text && value >= 0 && value <= 255 ? (int)value
									 : STATUS_FOUND;
}

/* True with payload=1: the log will hold bytes of the conversation, so the file must be private
 * from its first moment. */
static bool payload_is_wanted(void)
{
	char text[16];

	return option_value(getenv(OPTIONS_VARIABLE), "payload", text, sizeof text) &&
	       option_text_bool(span_from(text)) == 1;
}

/* Takes each level's count from the registry, or from the log where the registry has zero: either
 * may be missing. */
static void take_over_counts(struct run_outcome *outcome, const struct session_registry *registry,
			     const struct run_log_content *content, bool is_choice)
{
	static const enum registry_counter counters[LEVEL_COUNT] = {
		[LEVEL_NOTICE] = COUNT_NOTICES,
		[LEVEL_HAZARD] = COUNT_HAZARDS,
		[LEVEL_VIOLATION] = COUNT_VIOLATIONS,
	};

	for (int level = 0; level < LEVEL_COUNT; level++) {
		uint64_t count = registry->counters[counters[level]];

		/* The registry does not know what is left out. */
		outcome->found[level] = count > 0 && !is_choice ? count : content->found[level];
	}
}

/* Says why there is no registry.  Without a log, a fault of /dev/shm leaves it open whether
 * anything was watched and found. */
static void miss_absent_registry(struct completeness *complete, const char *path,
				 const struct run_demands *demands, bool logged)
{
	enum complete_source source = COMPLETE_LOGGED;
	char why[SESSION_REGISTRY_WHY_BYTES];

	session_registry_explain_absence(why);
	if (!logged)
		source = why[0] != '\0' ? COMPLETE_UNKNOWN : COMPLETE_BLIND;
	if (source == COMPLETE_LOGGED)
		cli_error(demands->verb, "no registry %s%s: the log is all that is known", path,
			  why);
	else if (source == COMPLETE_UNKNOWN)
		cli_error(
			demands->verb,
			"no registry %s%s: what was watched in %s is not known here, and what was "
			"found stands above (-o FILE keeps it)",
			path, why, demands->subject);
	else
		cli_error(demands->verb,
			  "forksan was not active in %s: nothing was watched (no registry %s)",
			  demands->subject, path);
	complete_miss_registry(complete, source);
}

/* Prints the summary, and removes the registry when all processes of the session have ended. */
static void summarize(const struct session_registry *registry, const char *session, bool quiet)
{
	if (!quiet) {
		counters_print(registry->counters, SUMMARY_PREFIX, stderr);
		unwatched_print(&registry->unwatched, SUMMARY_PREFIX, stderr);
	}
	if (registry->alive > 0)
		fprintf(stderr,
			SUMMARY_PREFIX "still running and watched: %zu process%s of session %s\n",
			registry->alive, registry->alive == 1 ? "" : "es", session);
	else
		session_registry_remove(session, registry);
}

/* Reads the registry, again and again while processes that CMD has left may be ending: a verdict on
 * what goes on would be "incomplete", and nobody might write the summary. */
static enum session_registry_state read_registry(const struct run_demands *demands,
						 const char *session,
						 struct session_registry *registry,
						 const char **why)
{
	const struct timespec pause = {0, LOOK_MS * 1000000};
	enum session_registry_state state = session_registry_read(session, registry, why);
	bool goes_on = state == SESSION_REGISTRY_READ && registry->alive > 0 && !demands->is_last;

	/* Once more after the last end: a process marks its end, and then writes the summary. */
	for (int waited_ms = 0; goes_on && waited_ms < PATIENCE_MS; waited_ms += LOOK_MS) {
		goes_on = registry->alive > 0;
		nanosleep(&pause, NULL);
		state = session_registry_read(session, registry, why);
	}
	return state;
}

/* Prints the result of the session and completes the log. */
static void finish(struct run_session *run, const struct run_demands *demands,
		   struct run_outcome *outcome)
{
	const struct run_log_view *view = &run->view;
	const char *session = run->name;
	bool is_choice = view->suppressions != NULL || view->baseline != NULL;
	char path[SESSION_REGISTRY_PATH_BYTES];
	struct session_registry registry;
	const char *why = NULL;
	enum session_registry_state state;
	struct run_log_content content = {0};

	memset(outcome, 0, sizeof *outcome);
	session_registry_path(session, path);
	state = read_registry(demands, session, &registry, &why);
	if (registry.watched_from_ns != 0 && registry.watched_until_ns == 0)
		registry.counters[LOST_WATCHER] = 1;
	if (demands->is_last)
		registry.alive = 0; /* not of the session any more */
	if (run->logged) {
		/* Where processes outlive CMD the last of them writes the session's summary, under
		 * the number that a summary of ours would have now. */
		if (state == SESSION_REGISTRY_READ && !registry.summary_written &&
		    registry.alive == 0)
			run_log_add_summary(&run->log, session, &registry);
		content = run_log_show(&run->log, run->number, view);
	}
	switch (state) {
	case SESSION_REGISTRY_READ:
		summarize(&registry, session, demands->quiet);
		complete_add_counters(&outcome->complete, registry.counters);
		complete_miss_connections(&outcome->complete, registry.counters[COUNT_CONNECTIONS],
					  demands->min_connections);
		complete_miss_end(&outcome->complete, registry.alive);
		break;
	case SESSION_REGISTRY_ABSENT:
		miss_absent_registry(&outcome->complete, path, demands, content.any);
		break;
	case SESSION_REGISTRY_STRANGE:
		cli_error(demands->verb, "cannot read what forksan saw in %s: registry %s: %s",
			  demands->subject, path, why);
		complete_miss_registry(&outcome->complete,
				       content.any ? COMPLETE_LOGGED : COMPLETE_UNKNOWN);
		break;
	}
	complete_miss_lines(&outcome->complete, content.broken_lines);
	take_over_counts(outcome, &registry, &content, is_choice);
	/* The log identifies the findings of one bug; the registry counts findings alone, also
	 * those that could not be written. */
	if (content.any && (is_choice || registry.counters[LOST_REPORTS] == 0))
		verdict_print(content.bugs, "bug", &outcome->complete, SUMMARY_PREFIX, stderr);
	else
		verdict_print(outcome->found, NULL, &outcome->complete, SUMMARY_PREFIX, stderr);
	complete_print(&outcome->complete, SUMMARY_PREFIX, stderr);
}

int run_session_status(const struct run_outcome *outcome, const struct run_demands *demands,
		       int wait_status)
{
	for (int level = (int)demands->fail_on; level < LEVEL_COUNT; level++)
		if (outcome->found[level] > 0 && found_status() != 0)
			return found_status();
	/* CMD's own failure matters more. */
	if (wait_status != 0 || outcome->complete.count == 0)
		return 0;
	/* 0 would say that nothing was found, which nobody knows here: what was stands on standard
	 * error. */
	if (demands->require_watched || (outcome->complete.unknown && found_status() != 0))
		return STATUS_INCOMPLETE;
	return 0;
}

/* Opens what the log is shown with.  False, with a message: something cannot be opened. */
static bool open_view(const struct run_demands *demands, struct run_log_view *view,
		      struct report **baseline)
{
	*view = (struct run_log_view){.quiet = demands->quiet};
	if (demands->suppressions_name != NULL) {
		view->suppressions = suppressions_read(demands->verb, demands->suppressions_name);
		if (view->suppressions == NULL)
			return false;
	}
	if (demands->baseline_name != NULL) {
		*baseline = malloc(sizeof **baseline);
		if (*baseline == NULL)
			cli_no_memory();
		report_init(*baseline);
		if (report_read_file(*baseline, demands->verb, demands->baseline_name) != STATUS_OK)
			return false;
		view->baseline = *baseline;
	}
	if (demands->html_name == NULL)
		return true;
	view->html = fopen(demands->html_name, "we");
	if (view->html == NULL)
		cli_error(demands->verb, "%s: %s", demands->html_name, strerror(errno));
	return view->html != NULL;
}

static void close_view(const struct run_demands *demands, struct run_log_view *view,
		       struct report *baseline)
{
	if (view->html != NULL && (ferror(view->html) || fclose(view->html) != 0))
		cli_error(demands->verb, "%s: %s", demands->html_name, strerror(errno));
	if (view->suppressions != NULL)
		suppressions_free(view->suppressions);
	if (view->baseline != NULL)
		report_clear(baseline);
	free(baseline);
}

/* Opens the log that is asked for, or a temporary one for what is shown of a log.  False, with a
 * message. */
static bool open_log(const struct run_demands *demands, const struct run_log_view *view,
		     struct run_log *log, bool *logged)
{
	*logged = true;
	if (demands->log_name != NULL)
		return run_log_open(log, demands->verb, demands->log_name, payload_is_wanted());
	*logged = view->html != NULL || view->suppressions != NULL || view->baseline != NULL;
	return !*logged || run_log_open_temporary(log, demands->verb);
}

bool run_session_begin(struct run_session *run, const struct run_demands *demands)
{
	if (!run_options_closed(getenv(OPTIONS_VARIABLE))) {
		cli_error(demands->verb, OPTIONS_VARIABLE ": expected a closing quote, found %s",
			  getenv(OPTIONS_VARIABLE));
		return false;
	}
	if (!open_view(demands, &run->view, &run->baseline) ||
	    !open_log(demands, &run->view, &run->log, &run->logged))
		return false;
	run->number = new_session(run->name);
	return true;
}

void run_session_abandon(struct run_session *run)
{
	if (run->logged)
		run_log_close(&run->log);
}

void run_session_end(struct run_session *run, const struct run_demands *demands,
		     struct run_outcome *outcome)
{
	finish(run, demands, outcome);
	run_session_abandon(run);
	close_view(demands, &run->view, run->baseline);
}
