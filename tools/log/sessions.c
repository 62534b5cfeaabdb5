/* SPDX-License-Identifier: MIT */
/*
 * A list of sessions, hashed by their number.  See sessions.h.
 */
#include "base/cli.h"
#define uthash_fatal(message) cli_no_memory()
#include "log/sessions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "log/counters.h"
#include "common/names.h"

struct session {
	uint64_t name;
	bool started; /* the session's own record was read */
	bool summed;  /* a summary was read */
	uint64_t counters[COUNTER_COUNT];
	char latest[LOG_TIME_BYTES]; /* time of the latest summary */
	uint64_t findings;	     /* records of findings that had not been reported before */
	/* Of the latest summary; empty: none, or not known. */
	char watched_from[LOG_TIME_BYTES];
	char watched_until[LOG_TIME_BYTES];
	/* Of the latest summary: the field `unwatched`, owned, and `unwatched_more`. */
	json_t *unwatched;
	uint64_t unwatched_more;
	UT_hash_handle hh;
};

struct sessions {
	struct session *table;
	struct session *latest; /* lines of one session mostly follow each other */
	bool too_many;
};

struct sessions *sessions_new(void)
{
	return calloc(1, sizeof(struct sessions));
}

void sessions_free(struct sessions *sessions)
{
	struct session *session = sessions->table;

	HASH_CLEAR(hh, sessions->table);
	while (session != NULL) {
		struct session *next = session->hh.next;

		json_decref(session->unwatched);
		free(session);
		session = next;
	}
	free(sessions);
}

static struct session *find(struct sessions *sessions, uint64_t name)
{
	struct session *session = sessions->latest;

	if (session != NULL && session->name == name)
		return session;
	HASH_FIND(hh, sessions->table, &name, sizeof name, session);
	if (session == NULL) {
		if (HASH_COUNT(sessions->table) == SESSION_MAX) {
			sessions->too_many = true;
			return NULL;
		}
		session = calloc(1, sizeof *session);
		if (session == NULL)
			cli_no_memory();
		session->name = name;
		HASH_ADD(hh, sessions->table, name, sizeof name, session);
	}
	sessions->latest = session;
	return session;
}

/* Takes over the peers that a summary names, unless a later summary was read before. */
static void take_unwatched(struct session *session, const struct log_record *record)
{
	json_int_t all = json_integer_value(
		json_object_get(record->counters, counter_name(COUNT_CONNECTIONS_OTHER)));

	if (record->unwatched == NULL || (uint64_t)all < session->counters[COUNT_CONNECTIONS_OTHER])
		return;
	json_decref(session->unwatched);
	session->unwatched = json_incref(record->unwatched);
	session->unwatched_more = record->unwatched_more;
}

static void copy_time(char out[LOG_TIME_BYTES], const char *time)
{
	snprintf(out, LOG_TIME_BYTES, "%s", time != NULL ? time : "");
}

/* Takes over what may fall or change, unless a later summary was read before. */
static void take_latest(struct session *session, const struct log_record *record)
{
	json_t *value = json_object_get(record->counters, counter_name(COUNT_GOODBYES_PRESUMED));

	if (strcmp(record->time, session->latest) < 0)
		return;
	copy_time(session->latest, record->time);
	copy_time(session->watched_from, record->watched_from);
	copy_time(session->watched_until, record->watched_until);
	session->counters[COUNT_GOODBYES_PRESUMED] = (uint64_t)json_integer_value(value);
}

void sessions_add(struct sessions *sessions, const struct log_record *record)
{
	struct session *session = find(sessions, record->session);

	if (session != NULL && record->type == RECORD_SESSION)
		session->started = true;
	if (session != NULL && record->type == RECORD_FINDING)
		session->findings += record->repeat == 1;
	if (session == NULL || record->type != RECORD_SUMMARY)
		return;
	session->summed = true;
	take_unwatched(session, record);
	take_latest(session, record);
	/* The others never fall, so the largest is the latest, in any order of the lines. */
	for (int i = 0; i < COUNTER_COUNT; i++) {
		json_int_t value =
			json_integer_value(json_object_get(record->counters, counter_name(i)));

		if (i != COUNT_GOODBYES_PRESUMED && (uint64_t)value > session->counters[i])
			session->counters[i] = (uint64_t)value;
	}
}

size_t sessions_count(const struct sessions *sessions)
{
	return HASH_COUNT(sessions->table);
}

size_t sessions_without_summary(const struct sessions *sessions)
{
	size_t count = 0;

	for (const struct session *session = sessions->table; session != NULL;
	     session = session->hh.next)
		count += !session->summed;
	return count;
}

size_t sessions_without_start(const struct sessions *sessions)
{
	size_t count = 0;

	for (const struct session *session = sessions->table; session != NULL;
	     session = session->hh.next)
		count += !session->started;
	return count;
}

/* A finding that could not be written is counted as lost. */
static uint64_t missing_findings(const struct session *session)
{
	const uint64_t *counters = session->counters;
	uint64_t counted =
		counters[COUNT_NOTICES] + counters[COUNT_HAZARDS] + counters[COUNT_VIOLATIONS];
	uint64_t known = session->findings + counters[LOST_REPORTS];

	return counted > known ? counted - known : 0;
}

uint64_t sessions_missing_findings(const struct sessions *sessions)
{
	uint64_t count = 0;

	for (const struct session *session = sessions->table; session != NULL;
	     session = session->hh.next)
		count += missing_findings(session);
	return count;
}

bool sessions_were_too_many(const struct sessions *sessions)
{
	return sessions->too_many;
}

void sessions_sum(const struct sessions *sessions, uint64_t counters[COUNTER_COUNT])
{
	for (int i = 0; i < COUNTER_COUNT; i++)
		counters[i] = 0;
	for (const struct session *session = sessions->table; session != NULL;
	     session = session->hh.next)
		for (int i = 0; i < COUNTER_COUNT; i++)
			counters[i] += session->counters[i];
}

size_t sessions_attached(const struct sessions *sessions, char from[LOG_TIME_BYTES],
			 char until[LOG_TIME_BYTES])
{
	bool is_known = true;
	size_t count = 0;

	copy_time(from, NULL);
	copy_time(until, NULL);
	for (const struct session *session = sessions->table; session != NULL;
	     session = session->hh.next) {
		if (session->watched_from[0] == '\0')
			continue;
		if (count++ == 0 || strcmp(session->watched_from, from) < 0)
			copy_time(from, session->watched_from);
		if (strcmp(session->watched_until, until) > 0)
			copy_time(until, session->watched_until);
		is_known = is_known && session->watched_until[0] != '\0';
	}
	if (!is_known)
		copy_time(until, NULL);
	return count;
}

void sessions_sum_unwatched(const struct sessions *sessions, struct unwatched *unwatched)
{
	memset(unwatched, 0, sizeof *unwatched);
	for (const struct session *session = sessions->table; session != NULL;
	     session = session->hh.next)
		unwatched_add_json(unwatched, session->unwatched,
				   session->unwatched != NULL
					   ? session->unwatched_more
					   : session->counters[COUNT_CONNECTIONS_OTHER]);
}
