/* SPDX-License-Identifier: MIT */
/*
 * See gather.h.
 */
#include "metrics/gather.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"
#include "session/list.h"
#include "session/view.h"

/* Copies a label's value: a quote, a backslash and a newline escaped, other control characters as
 * '?'.  Labels are hostile; a value that is no UTF-8 would void the whole text, and becomes "?". */
static void escape(const char *value, char out[METRIC_LABEL_BYTES])
{
	json_t *is_utf8 = json_string(value);
	size_t len = 0;

	json_decref(is_utf8);
	if (is_utf8 == NULL)
		value = "?";
	for (; *value != '\0' && len + 5 < METRIC_LABEL_BYTES; value++) {
		unsigned char c = (unsigned char)*value;

		if (c == '"' || c == '\\')
			out[len++] = '\\';
		out[len++] = (char)(c < 0x20 || c == 0x7f ? '?' : c);
	}
	/* No half of a character at the end. */
	while (*value != '\0' && len > 0 && ((unsigned char)*value & 0xc0) == 0x80) {
		value--;
		len--;
	}
	out[len] = '\0';
}

static void read_labels(const struct session_listed *listed, struct metric_session *session)
{
	const char *key, *value;
	struct labels labels;

	session_labels(listed->uid, listed->name, &labels);
	for (size_t at = 0; labels_next(&labels, &at, &key, &value);) {
		if (strcmp(key, "service.name") == 0)
			escape(value, session->service);
		else if (strcmp(key, "service.version") == 0)
			escape(value, session->version);
	}
}

/* False: the session has ended meanwhile, or its registry is spoilt. */
static bool gather_session(const struct session_listed *listed, struct metric_session *session)
{
	struct session_view view;
	const char *why;
	bool good =
		session_view_take(listed->uid, listed->name, &view, &why) == SESSION_REGISTRY_READ;

	if (good) {
		memset(session, 0, sizeof *session);
		snprintf(session->name, sizeof session->name, "%s", listed->name);
		memcpy(session->counters, view.totals.counters, sizeof session->counters);
		session->records = view.totals.records;
		session->processes = view.totals.alive;
		session->held_by_several = view.connections_held_by_several;
		read_labels(listed, session);
		session->finding_count =
			session_findings(listed->uid, listed->name, &session->findings);
	}
	session_view_free(&view);
	return good;
}

void metrics_gather(struct metric_sessions *sessions)
{
	struct session_listed *listed;
	size_t count = session_list(&listed);

	sessions->count = 0;
	sessions->list = calloc(count + 1, sizeof *sessions->list);
	if (sessions->list == NULL)
		cli_no_memory();
	for (size_t i = 0; i < count; i++)
		if (listed[i].registry.alive > 0)
			sessions->count +=
				gather_session(&listed[i], &sessions->list[sessions->count]);
	free(listed);
}

void metrics_free(struct metric_sessions *sessions)
{
	for (size_t i = 0; i < sessions->count; i++)
		free(sessions->list[i].findings);
	free(sessions->list);
}
