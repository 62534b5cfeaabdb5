/* SPDX-License-Identifier: MIT */
/*
 * See files.h.
 */
#include "report/files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/exit_status.h"
#include "log/read.h"

/* Warns of a file without a record, and returns STATUS_NO_LOG for a file that is no log of forksan.
 * An empty file may be a log: forksan was not active, or logged elsewhere. */
static int check_records(struct report *report, uint64_t lines, uint64_t records, const char *verb,
			 const char *name)
{
	if (report->lines == lines) {
		report->empty_logs++;
		cli_error(
			verb,
			"%s: expected a session's record at least, found nothing: forksan was not "
			"active, or logged elsewhere",
			name);
	} else if (report->records == records) {
		cli_error(verb, "%s: expected a log of forksan, found no record in it", name);
		return STATUS_NO_LOG;
	}
	return STATUS_OK;
}

int report_open_file(const char *verb, const char **name)
{
	int fd;

	if (strcmp(*name, "-") == 0) {
		*name = "stdin";
		return STDIN_FILENO;
	}
	fd = open(*name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		cli_error(verb, "%s: %s", *name, strerror(errno));
	return fd;
}

static int read_one(struct report *report, const char *verb, const char *name)
{
	uint64_t lines = report->lines, records = report->records;
	int fd = report_open_file(verb, &name), result;
	struct report_input input;

	if (fd < 0) {
		report->unread_logs++;
		return STATUS_USAGE;
	}
	report_input_begin(&input, report, verb, name, fd, 0);
	result = report_input_read(&input);
	if (result == -EPROTONOSUPPORT)
		cli_error(verb, "%s: it is packed: %s %s | forksan %s -", name,
			  log_reader_kind(input.reader), fd == STDIN_FILENO ? "FILE" : name, verb);
	else if (result < 0)
		cli_error(verb, "%s: %s", name, strerror(-result));
	report_input_end(&input);
	if (fd != STDIN_FILENO)
		close(fd);
	if (result < 0) {
		report->unread_logs++;
		return result == -EPROTONOSUPPORT ? STATUS_NO_LOG : STATUS_USAGE;
	}
	return check_records(report, lines, records, verb, name);
}

static int is_no_dot_file(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int read_directory(struct report *report, const char *verb, const char *name)
{
	int status = STATUS_OK, count, files = 0;
	struct dirent **entries;

	count = scandir(name, &entries, is_no_dot_file, alphasort);
	if (count < 0) {
		report->unread_logs++;
		cli_error(verb, "%s: %s", name, strerror(errno));
		return STATUS_USAGE;
	}
	for (int i = 0; i < count; i++) {
		struct stat stat_buffer;
		char *path;

		if (asprintf(&path, "%s/%s", name, entries[i]->d_name) < 0)
			cli_no_memory();
		if (stat(path, &stat_buffer) == 0 && S_ISREG(stat_buffer.st_mode)) {
			status = exit_status_worse(status, read_one(report, verb, path));
			files++;
		}
		free(path);
		free(entries[i]);
	}
	free(entries);
	if (files > 0)
		return status;
	cli_error(verb, "%s: expected logs, found no file in the directory", name);
	return STATUS_NO_LOG;
}

int report_read_file(struct report *report, const char *verb, const char *name)
{
	struct stat stat_buffer;

	if (strcmp(name, "-") != 0 && stat(name, &stat_buffer) == 0 && S_ISDIR(stat_buffer.st_mode))
		return read_directory(report, verb, name);
	return read_one(report, verb, name);
}
