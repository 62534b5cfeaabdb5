/* SPDX-License-Identifier: MIT */
/*
 * See store.h.  The store's function fleet.log_lines() gives lines of a log, so that all that shows
 * a log shows a store; they are hostile like a log's, and read by the same reader.
 */
#include "report/store.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/escape.h"
#include "base/exit_status.h"

/* What is used of libpq, as libpq-fe.h of PostgreSQL 15 declares it; the ABI is the same since 9.2.
 */
enum { RESULT_TUPLES_OK = 2, RESULT_SINGLE_TUPLE = 9, CONNECTION_OK = 0 };

struct pg_conn;
struct pg_result;

struct libpq {
	struct pg_conn *(*connectdb)(const char *uri);
	int (*status)(const struct pg_conn *connection);
	char *(*error_message)(const struct pg_conn *connection);
	int (*send_query)(struct pg_conn *connection, const char *query);
	int (*set_single_row_mode)(struct pg_conn *connection);
	struct pg_result *(*get_result)(struct pg_conn *connection);
	int (*result_status)(const struct pg_result *result);
	int (*row_count)(const struct pg_result *result);
	char *(*get_value)(const struct pg_result *result, int row, int column);
	void (*clear)(struct pg_result *result);
	void (*finish)(struct pg_conn *connection);
};

bool store_is_uri(const char *name)
{
	return strncmp(name, "postgresql://", 13) == 0 || strncmp(name, "postgres://", 11) == 0;
}

/* False, with a message: libpq is not there, or is none. */
static bool load(struct libpq *libpq, const char *verb)
{
	static const char *const names[] = {
		"PQconnectdb",	      "PQstatus",    "PQerrorMessage", "PQsendQuery",
		"PQsetSingleRowMode", "PQgetResult", "PQresultStatus", "PQntuples",
		"PQgetvalue",	      "PQclear",     "PQfinish",
	};
	void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
	void *functions[sizeof names / sizeof names[0]];

	_Static_assert(sizeof functions == sizeof *libpq, "a name for each function");
	if (library == NULL) {
		cli_error(verb,
			  "libpq.so.5 is needed to read a store, and cannot be loaded: %s "
			  "(Debian: apt-get install libpq5)",
			  dlerror());
		return false;
	}
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		functions[i] = dlsym(library, names[i]);
		if (functions[i] == NULL) {
			cli_error(verb, "libpq.so.5: %s", dlerror());
			return false;
		}
	}
	memcpy(libpq, functions, sizeof *libpq);
	return true;
}

/* Prints libpq's message, whose text is the server's, on one line. */
static void warn(const char *verb, const char *message)
{
	char text[ESCAPED_BYTES(512)], line[512];

	snprintf(line, sizeof line, "%s", message);
	line[strcspn(line, "\n")] = '\0';
	escape_text(line, text, sizeof text);
	cli_error(verb, "the store: %s", text);
}

static bool write_line(int fd, const char *line)
{
	size_t left = strlen(line);

	while (left > 0) {
		ssize_t put = write(fd, line, left);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		line += put;
		left -= (size_t)put;
	}
	return write(fd, "\n", 1) == 1;
}

/* Writes the query's rows, of one column, to `fd` as lines.  False, with a message: the query
 * failed, or the rows could not be written. */
static bool fetch(const struct libpq *libpq, struct pg_conn *connection, const char *verb,
		  const char *query, int fd)
{
	struct pg_result *result;
	bool good = libpq->send_query(connection, query) == 1;

	if (good)
		libpq->set_single_row_mode(connection);
	while ((result = libpq->get_result(connection)) != NULL) {
		int status = libpq->result_status(result);

		if (status != RESULT_TUPLES_OK && status != RESULT_SINGLE_TUPLE)
			good = false;
		for (int row = 0; good && row < libpq->row_count(result); row++) {
			if (write_line(fd, libpq->get_value(result, row, 0)))
				continue;
			cli_error(verb, "the store's lines: %s", strerror(errno));
			libpq->clear(result);
			return false;
		}
		libpq->clear(result);
	}
	if (!good)
		warn(verb, libpq->error_message(connection));
	return good;
}

/* Opens a file in memory.  Ends the tool where there is no memory. */
static int open_memory(void)
{
	int fd = memfd_create("forksan store", MFD_CLOEXEC);

	if (fd < 0)
		cli_no_memory();
	return fd;
}

/* Adds the number of records that the store knows to be lost. */
static bool read_losses(struct report *report, const struct libpq *libpq,
			struct pg_conn *connection, const char *verb)
{
	char digits[24] = "";
	int fd = open_memory();
	bool good = fetch(libpq, connection, verb, "SELECT fleet.lost_records()", fd);

	if (good && pread(fd, digits, sizeof digits - 1, 0) > 0)
		report->lost_records += strtoull(digits, NULL, 10);
	close(fd);
	return good;
}

static bool read_lines(struct report *report, const struct libpq *libpq, struct pg_conn *connection,
		       const char *verb)
{
	int fd = open_memory();
	bool good = fetch(libpq, connection, verb, "SELECT fleet.log_lines()", fd);

	if (good) {
		lseek(fd, 0, SEEK_SET);
		report->from_store = true;
		good = report_read(report, verb, "the store", fd, 0) == 0;
	}
	close(fd);
	return good;
}

int store_read(struct report *report, const char *verb, const char *uri)
{
	struct libpq libpq;
	struct pg_conn *connection;
	bool good = false;

	if (!load(&libpq, verb))
		return STATUS_USAGE;
	connection = libpq.connectdb(uri);
	if (connection == NULL)
		cli_no_memory();
	if (libpq.status(connection) != CONNECTION_OK)
		warn(verb, libpq.error_message(connection));
	else
		good = read_lines(report, &libpq, connection, verb) &&
		       read_losses(report, &libpq, connection, verb);
	libpq.finish(connection);
	return good ? STATUS_OK : STATUS_USAGE;
}
