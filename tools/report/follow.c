/* SPDX-License-Identifier: MIT */
/*
 * See follow.h.
 *
 * inotify tells when something was written; where inotify cannot (a network's file system), the
 * files are looked at once a second.
 */
#include "report/follow.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/exit_status.h"
#include "log/read.h"
#include "report/collect.h"
#include "report/files.h"
#include "report/render.h"

#define LOOK_AGAIN_MS 1000

struct followed {
	char *path;
	int fd;	     /* -1: not open */
	bool failed; /* cannot be read */
	struct stat stat;
	struct report_input input;
};

/* How bad a bug was at the time of the bug's latest screen. */
struct shown {
	uint64_t fingerprint;
	enum kind head;
	bool proven;
};

struct follow {
	struct report *report;
	const char *verb;
	const struct render_options *options;
	char **names;
	struct followed **files;
	size_t file_count;
	struct shown shown[BUG_MAX];
	size_t shown_count;
	int changes; /* inotify's descriptor */
	int status;
};

/* --- files --------------------------------------------------------------------------------- */

static bool is_directory(const char *name)
{
	struct stat stat_buffer;

	return stat(name, &stat_buffer) == 0 && S_ISDIR(stat_buffer.st_mode);
}

static void open_followed(struct follow *follow, struct followed *file)
{
	file->fd = open(file->path, O_RDONLY | O_CLOEXEC);
	if (file->fd < 0)
		return;
	fstat(file->fd, &file->stat);
	report_input_begin(&file->input, follow->report, follow->verb, file->path, file->fd, 0);
	log_reader_follow(file->input.reader);
}

static void close_followed(struct followed *file)
{
	if (file->fd < 0)
		return;
	report_input_end(&file->input);
	close(file->fd);
	file->fd = -1;
}

/* Watches the directory of `path`, in which the file may get a successor. */
static void watch(const struct follow *follow, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory;

	if (is_directory(path))
		directory = strdup(path);
	else if (slash == NULL)
		directory = strdup(".");
	else
		directory = strndup(path, slash == path ? 1 : (size_t)(slash - path));
	if (directory == NULL)
		cli_no_memory();
	inotify_add_watch(follow->changes, directory, IN_MODIFY | IN_CREATE | IN_MOVED_TO);
	free(directory);
}

static void add_followed(struct follow *follow, const char *path)
{
	struct followed **files, *file;

	for (size_t i = 0; i < follow->file_count; i++)
		if (strcmp(follow->files[i]->path, path) == 0)
			return;
	file = calloc(1, sizeof *file);
	files = reallocarray(follow->files, follow->file_count + 1, sizeof(struct followed *));
	if (file == NULL || files == NULL || (file->path = strdup(path)) == NULL)
		cli_no_memory();
	file->fd = -1;
	files[follow->file_count++] = file;
	follow->files = files;
}

/* Adds the files that a directory has and that are not followed yet. */
static void add_files_of(struct follow *follow, const char *name)
{
	DIR *directory = opendir(name);
	const struct dirent *entry;

	while (directory != NULL && (entry = readdir(directory)) != NULL) {
		struct stat stat_buffer;
		char *path;

		if (entry->d_name[0] == '.')
			continue;
		if (asprintf(&path, "%s/%s", name, entry->d_name) < 0)
			cli_no_memory();
		if (stat(path, &stat_buffer) == 0 && S_ISREG(stat_buffer.st_mode))
			add_followed(follow, path);
		free(path);
	}
	if (directory != NULL)
		closedir(directory);
}

/* True when the path leads to another file now, or the file was cut. */
static bool has_successor(const struct followed *file)
{
	struct stat now;

	if (stat(file->path, &now) != 0)
		return false;
	return now.st_dev != file->stat.st_dev || now.st_ino != file->stat.st_ino ||
	       (uint64_t)now.st_size < log_reader_taken(file->input.reader);
}

static void read_followed(struct follow *follow, struct followed *file)
{
	int result;

	if (file->fd < 0)
		open_followed(follow, file);
	if (file->fd < 0)
		return;
	result = report_input_read(&file->input);
	if (result == 0 && has_successor(file)) {
		report_input_read(&file->input); /* lines from before the rename */
		close_followed(file);
		open_followed(follow, file);
		result = file->fd >= 0 ? report_input_read(&file->input) : 0;
	}
	if (result < 0) {
		cli_error(follow->verb, "%s: %s", file->input.name, strerror(-result));
		follow->status = STATUS_USAGE;
	}
	file->failed = result < 0;
}

static void read_all(struct follow *follow)
{
	for (char **name = follow->names; *name != NULL; name++)
		if (is_directory(*name))
			add_files_of(follow, *name);
	for (size_t i = 0; i < follow->file_count; i++)
		if (!follow->files[i]->failed)
			read_followed(follow, follow->files[i]);
}

/* --- bugs ---------------------------------------------------------------------------------- */

static struct shown *find_shown(struct follow *follow, uint64_t fingerprint)
{
	for (size_t i = 0; i < follow->shown_count; i++)
		if (follow->shown[i].fingerprint == fingerprint)
			return &follow->shown[i];
	return NULL;
}

/* True, once, for a bug that is new, or worse than the bug's latest screen said. */
static bool is_news(struct follow *follow, const struct bug *bug)
{
	struct shown *shown = find_shown(follow, bug->fingerprint);
	bool proven = bug->kinds[bug->head].proven;

	if (shown != NULL &&
	    (bug->head < shown->head || (bug->head == shown->head && proven == shown->proven)))
		return false;
	if (shown == NULL) {
		if (follow->shown_count == BUG_MAX)
			return false;
		shown = &follow->shown[follow->shown_count++];
	}
	*shown = (struct shown){bug->fingerprint, bug->head, proven};
	return true;
}

static void show_news(struct follow *follow)
{
	struct bugs *bugs = follow->report->bugs;

	progress_clear(&follow->report->progress);
	bugs_sort(bugs);
	for (size_t i = 0; i < bugs_count(bugs); i++)
		if (is_news(follow, bugs_at(bugs, i)))
			render_bug(follow->report, follow->options, i, stdout);
	fflush(stdout);
}

/* --- the wait ------------------------------------------------------------------------------ */

static int open_signals(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	return signalfd(-1, &ends, SFD_CLOEXEC);
}

/* Takes the news off inotify's descriptor; which files changed does not matter. */
static void take_changes(int changes)
{
	char buffer[4096];

	while (read(changes, buffer, sizeof buffer) > 0)
		continue;
}

/* Waits for a change.  False: a signal ends the report. */
static bool wait_for_change(const struct follow *follow, int signals)
{
	struct pollfd polled[] = {
		{.fd = signals, .events = POLLIN},
		{.fd = follow->changes, .events = POLLIN},
	};

	if (poll(polled, 2, LOOK_AGAIN_MS) < 0 && errno != EINTR)
		return false;
	take_changes(follow->changes);
	return polled[0].revents == 0;
}

int report_follow(struct report *report, const char *verb, char **names,
		  const struct render_options *options)
{
	struct follow *follow = calloc(1, sizeof *follow);
	int signals = open_signals(), status;

	if (follow == NULL || signals < 0)
		cli_no_memory();
	follow->report = report;
	follow->verb = verb;
	follow->options = options;
	follow->names = names;
	follow->changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	for (char **name = names; *name != NULL; name++) {
		if (!is_directory(*name))
			add_followed(follow, *name);
		watch(follow, *name);
	}
	do {
		read_all(follow);
		show_news(follow);
	} while (wait_for_change(follow, signals));
	read_all(follow);
	show_news(follow);
	for (size_t i = 0; i < follow->file_count; i++) {
		close_followed(follow->files[i]);
		free(follow->files[i]->path);
		free(follow->files[i]);
	}
	close(follow->changes);
	close(signals);
	status = follow->status;
	free(follow->files);
	free(follow);
	return status;
}
