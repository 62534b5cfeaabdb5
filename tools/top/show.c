/* SPDX-License-Identifier: MIT */
/*
 * See show.h.
 */
#include "top/show.h"

#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "base/cli.h"
#include "base/escape.h"
#include "base/plural.h"
#include "common/names.h"
#include "wire/wire.h"

#define HOLDERS_SHOWN 8

static void print_user(uint32_t uid, FILE *out)
{
	const struct passwd *entry = getpwuid(uid);

	if (entry != NULL)
		escape_print(entry->pw_name, out);
	else
		fprintf(out, "%" PRIu32, uid);
}

static void print_age(uint64_t seconds, bool at_least, char *out, size_t size)
{
	const char *more = at_least ? ">" : "";

	if (seconds < 100)
		snprintf(out, size, "%s%" PRIu64 " s", more, seconds);
	else if (seconds < 100 * 60)
		snprintf(out, size, "%s%" PRIu64 " min", more, seconds / 60);
	else if (seconds < UINT64_C(100) * 3600)
		snprintf(out, size, "%s%" PRIu64 " h", more, seconds / 3600);
	else
		snprintf(out, size, "%s%" PRIu64 " d", more, seconds / 86400);
}

/* A count of the session, and its rise a second. */
static void print_count(const struct top_look *look, enum registry_counter counter,
			const char *word, FILE *out)
{
	uint64_t now = look->view->totals.counters[counter];

	fprintf(out, "%" PRIu64 " %s", now, word);
	if (look->before != NULL && now >= look->before->totals.counters[counter] &&
	    look->seconds > 0)
		fprintf(out, " (%.1f/s)",
			(double)(now - look->before->totals.counters[counter]) / look->seconds);
}

static void print_findings(const struct session_registry *totals, FILE *out)
{
	static const enum registry_counter levels[] = {COUNT_VIOLATIONS, COUNT_HAZARDS,
						       COUNT_NOTICES};
	static const char *const words[] = {"violation", "hazard", "notice"};

	fputs("findings     ", out);
	for (size_t i = 0; i < 3; i++) {
		uint64_t count = totals->counters[levels[i]];

		fprintf(out, "%s%" PRIu64 " %s%s", i > 0 ? ", " : "", count, words[i],
			plural(count));
	}
	fprintf(out, "; %" PRIu64 " repeated\n", totals->counters[COUNT_REPEATED]);
}

static void print_losses(const struct session_registry *totals, FILE *out)
{
	bool any = false;

	fputs("missed       ", out);
	for (int i = 0; i < COUNTER_COUNT; i++) {
		enum registry_counter counter = (enum registry_counter)i;

		if (!counter_voids_silence(counter) || totals->counters[i] == 0)
			continue;
		fprintf(out, "%s%s %" PRIu64, any ? ", " : "", counter_name(counter),
			totals->counters[i]);
		any = true;
	}
	fputs(any ? "\n" : "nothing\n", out);
}

void top_show_totals(const struct top_look *look, FILE *out)
{
	const struct session_view *view = look->view;
	const struct session_registry *totals = &view->totals;

	fprintf(out, "session      %s of ", look->session);
	print_user(look->uid, out);
	fprintf(out, ": %zu process%s", totals->alive, totals->alive == 1 ? "" : "es");
	if (view->process_count > 0) {
		fputs(", first ", out);
		escape_print(view->processes[0].comm, out);
		fprintf(out, " %d", view->processes[0].pid);
	}
	fprintf(out, "; %" PRIu64 " fork%s", totals->counters[COUNT_FORKS],
		plural(totals->counters[COUNT_FORKS]));
	fputs(totals->alive == 0 ? "; it has ended\n" : "\n", out);
	print_findings(totals, out);
	fputs("uses         ", out);
	print_count(look, COUNT_USES_VIOLATION, "in breach", out);
	fputs(", ", out);
	print_count(look, COUNT_USES_HAZARD, "hazardous", out);
	fputs(", ", out);
	print_count(look, COUNT_USES_SOUND, "sound", out);
	fputs(", ", out);
	print_count(look, COUNT_REPLIES_CROSSED,
		    totals->counters[COUNT_REPLIES_CROSSED] == 1 ? "crossed reply"
								 : "crossed replies",
		    out);
	fprintf(out,
		"\nconnections  %" PRIu64 " open, %" PRIu64 " held by several processes; %" PRIu64
		" watched so far\n",
		view->connections_open, view->connections_held_by_several,
		totals->counters[COUNT_CONNECTIONS]);
	print_losses(totals, out);
}

/* --- connections ----------------------------------------------------------------------------- */

/* Operations a second since the look before; below 0: not known. */
static double rate_of(const struct top_look *look, const struct session_view_connection *connection)
{
	if (look->before == NULL || look->seconds <= 0)
		return -1;
	for (size_t i = 0; i < look->before->connection_count; i++) {
		const struct session_view_connection *old = &look->before->connections[i];

		if (old->id == connection->id && old->slot == connection->slot &&
		    old->operations <= connection->operations)
			return (double)(connection->operations - old->operations) / look->seconds;
	}
	return -1;
}

void top_show_columns(const struct top_look *look, FILE *out)
{
	fprintf(out, "HELD USED %8s %5s  %-34s %-20s HOLDERS",
		look->before != NULL ? "OPS/S" : "OPS", "AGE", "CONNECTION", "OPENED AT");
}

static void print_holders(const struct session_view *view,
			  const struct session_view_connection *connection, FILE *out)
{
	for (size_t i = 0; i < connection->holder_count && i < HOLDERS_SHOWN; i++) {
		const struct session_view_process *holder =
			&view->processes[connection->holders[i]];

		fprintf(out, "%s%d", i > 0 ? " " : "", holder->pid);
		if (holder->pid == connection->opener_pid && !connection->open_before)
			fputs("*", out);
	}
	if (connection->holder_count > HOLDERS_SHOWN)
		fprintf(out, " and %zu more", connection->holder_count - HOLDERS_SHOWN);
	if (connection->ended_by != 0)
		fprintf(out, "; %d said goodbye", connection->ended_by);
}

/* Prints `text` escaped and padded to `columns`. */
static void print_padded(const char *text, int columns, FILE *out)
{
	char escaped[ESCAPED_BYTES(SESSION_VIEW_PLACE_BYTES)];

	escape_text(text, escaped, sizeof escaped);
	fprintf(out, "%-*s ", columns, escaped);
}

static uint64_t age_of(const struct session_view_connection *connection)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (connection->opened_realtime_ns > (uint64_t)now.tv_sec * 1000000000)
		return 0;
	return (uint64_t)now.tv_sec - connection->opened_realtime_ns / 1000000000;
}

static void print_connection(const struct top_look *look,
			     const struct session_view_connection *connection, FILE *out)
{
	double rate = rate_of(look, connection);
	char age[32], name[SESSION_VIEW_PLACE_BYTES];
	const char *protocol = connection->protocol != PROTOCOL_UNKNOWN
				       ? wire_protocol_name(connection->protocol)
				       : "";

	print_age(age_of(connection), connection->open_before, age, sizeof age);
	fprintf(out, "%4zu %4" PRIu32 " ", connection->holder_count, connection->users);
	if (look->before == NULL)
		fprintf(out, "%8" PRIu64, connection->operations);
	else if (rate >= 0)
		fprintf(out, "%8.1f", rate);
	else
		fprintf(out, "%8s", "");
	fprintf(out, " %5s  ", age);
	snprintf(name, sizeof name, "%s%s%s", protocol, protocol[0] != '\0' ? " " : "",
		 connection->peer[0] != '\0' ? connection->peer : "?");
	print_padded(name, 34, out);
	print_padded(connection->open_before ? "before the watch" : connection->opened_at, 20, out);
	print_holders(look->view, connection, out);
	fputc('\n', out);
}

void top_show_connections(const struct top_look *look, FILE *out)
{
	for (size_t i = 0; i < look->view->connection_count; i++)
		print_connection(look, &look->view->connections[i], out);
	if (look->view->connections_open > look->view->connection_count)
		fprintf(out, "and %" PRIu64 " more\n",
			look->view->connections_open - look->view->connection_count);
}

/* --- JSON ------------------------------------------------------------------------------------ */

static json_t *json_text(const char *text)
{
	char escaped[ESCAPED_BYTES(SESSION_VIEW_PLACE_BYTES)];
	json_t *value = json_string(text);

	if (value != NULL)
		return value;
	escape_text(text, escaped, sizeof escaped);
	value = json_string(escaped);
	return value != NULL ? value : json_null();
}

static json_t *json_number(uint64_t number)
{
	return json_integer(number <= INT64_MAX ? (json_int_t)number : INT64_MAX);
}

static json_t *json_connection(const struct session_view *view,
			       const struct session_view_connection *connection)
{
	json_t *holders = json_array();

	for (size_t i = 0; i < connection->holder_count; i++) {
		const struct session_view_process *holder =
			&view->processes[connection->holders[i]];

		json_array_append_new(holders, json_pack("{s:i, s:i, s:o}", "pid", holder->pid,
							 "ppid", holder->parent_pid, "comm",
							 json_text(holder->comm)));
	}
	return json_pack("{s:o, s:s, s:s, s:o, s:o, s:i, s:o*, s:o, s:o, s:i, s:b, s:o}", "id",
			 json_number(connection->id), "class",
			 wire_class_name(wire_class(connection->protocol)), "protocol",
			 wire_protocol_name(connection->protocol), "peer",
			 json_text(connection->peer), "opened_at", json_text(connection->opened_at),
			 "opened_by", connection->opener_pid, "open_before",
			 connection->open_before ? json_true() : NULL, "age_s",
			 json_number(age_of(connection)), "operations",
			 json_number(connection->operations), "users", (int)connection->users,
			 "used_by_several", connection->used_by_several, "holders", holders);
}

void top_show_json(const struct top_look *look, FILE *out)
{
	const struct session_view *view = look->view;
	json_t *counters = json_object(), *connections = json_array(), *record;

	for (int i = 0; i < COUNTER_COUNT; i++)
		json_object_set_new(counters, counter_name((enum registry_counter)i),
				    json_number(view->totals.counters[i]));
	for (size_t i = 0; i < view->connection_count; i++)
		json_array_append_new(connections, json_connection(view, &view->connections[i]));
	record = json_pack("{s:s, s:s, s:I, s:I, s:o, s:o, s:o, s:o}", "record", "top", "session",
			   look->session, "uid", (json_int_t)look->uid, "processes",
			   (json_int_t)view->totals.alive, "connections_open",
			   json_number(view->connections_open), "held_by_several",
			   json_number(view->connections_held_by_several), "connections",
			   connections, "counters", counters);
	if (record == NULL)
		cli_no_memory();
	json_dumpf(record, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(record);
}

/* --- sessions -------------------------------------------------------------------------------- */

void top_show_list(const struct session_listed *sessions, size_t count, FILE *out)
{
	for (size_t i = 0; i < count; i++) {
		const struct session_registry *registry = &sessions[i].registry;

		fprintf(out, "%s  ", sessions[i].name);
		print_user(sessions[i].uid, out);
		if (sessions[i].state != SESSION_REGISTRY_READ)
			fputs("  no registry of this forksan\n", out);
		else
			fprintf(out,
				"  %zu process%s, %" PRIu64 " connection%s, %" PRIu64
				" violation%s, %" PRIu64 " hazard%s, %" PRIu64 " notice%s%s\n",
				registry->alive, registry->alive == 1 ? "" : "es",
				registry->counters[COUNT_CONNECTIONS],
				plural(registry->counters[COUNT_CONNECTIONS]),
				registry->counters[COUNT_VIOLATIONS],
				plural(registry->counters[COUNT_VIOLATIONS]),
				registry->counters[COUNT_HAZARDS],
				plural(registry->counters[COUNT_HAZARDS]),
				registry->counters[COUNT_NOTICES],
				plural(registry->counters[COUNT_NOTICES]),
				registry->from_outside ? ", by forksan attach" : "");
	}
}
