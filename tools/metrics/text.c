/* SPDX-License-Identifier: MIT */
/*
 * See text.h.  All series of a metric stand together, after its HELP and TYPE.
 */
#include "metrics/text.h"

#include <inttypes.h>
#include <time.h>

#include "common/names.h"

static void put_head(const char *name, const char *type, const char *help, FILE *out)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Prints NAME{session=...,service=...,version=...EXTRA} VALUE. */
static void put(const char *name, const struct metric_session *session, const char *extra,
		uint64_t value, FILE *out)
{
	fprintf(out, "%s{session=\"%s\",service=\"%s\",version=\"%s\"%s} %" PRIu64 "\n", name,
		session->name, session->service, session->version, extra, value);
}

/* --- metrics of one value for each session ------------------------------------------------- */

static void put_gauges(const struct metric_sessions *sessions, FILE *out)
{
	put_head("forksan_session_info", "gauge", "1 for each session that runs", out);
	for (size_t i = 0; i < sessions->count; i++)
		put("forksan_session_info", &sessions->list[i], ",forksan=\"" FORKSAN_VERSION "\"",
		    1, out);
	put_head("forksan_processes", "gauge", "live processes", out);
	for (size_t i = 0; i < sessions->count; i++)
		put("forksan_processes", &sessions->list[i], "", sessions->list[i].processes, out);
	put_head("forksan_connections_held_by_several", "gauge",
		 "connections that several processes hold open now", out);
	for (size_t i = 0; i < sessions->count; i++)
		put("forksan_connections_held_by_several", &sessions->list[i], "",
		    sessions->list[i].held_by_several, out);
}

static void put_counters(const struct metric_sessions *sessions, FILE *out)
{
	static const struct {
		const char *name;
		enum registry_counter counter;
	} metrics[] = {
		{"forksan_forks_total", COUNT_FORKS},
		{"forksan_connections_watched_total", COUNT_CONNECTIONS},
		{"forksan_connections_inherited_total", COUNT_CONNECTIONS_INHERITED},
		{"forksan_replies_crossed_total", COUNT_REPLIES_CROSSED},
	};

	for (size_t m = 0; m < sizeof metrics / sizeof metrics[0]; m++) {
		put_head(metrics[m].name, "counter", counter_sentence(metrics[m].counter), out);
		for (size_t i = 0; i < sessions->count; i++)
			put(metrics[m].name, &sessions->list[i], "",
			    sessions->list[i].counters[metrics[m].counter], out);
	}
	put_head("forksan_records_total", "counter", "records of the log, by their highest seq",
		 out);
	for (size_t i = 0; i < sessions->count; i++)
		put("forksan_records_total", &sessions->list[i], "", sessions->list[i].records,
		    out);
}

/* --- metrics with a label of their own ------------------------------------------------------ */

static void put_uses(const struct metric_sessions *sessions, FILE *out)
{
	static const struct {
		const char *label;
		enum registry_counter counter;
	} results[] = {
		{",result=\"sound\"", COUNT_USES_SOUND},
		{",result=\"hazard\"", COUNT_USES_HAZARD},
		{",result=\"violation\"", COUNT_USES_VIOLATION},
	};

	put_head("forksan_uses_total", "counter", "uses of inherited connections", out);
	for (size_t i = 0; i < sessions->count; i++)
		for (size_t r = 0; r < sizeof results / sizeof results[0]; r++)
			put("forksan_uses_total", &sessions->list[i], results[r].label,
			    sessions->list[i].counters[results[r].counter], out);
}

static void put_findings(const struct metric_sessions *sessions, FILE *out)
{
	char extra[128];

	put_head("forksan_findings_total", "counter", "times that findings were seen", out);
	for (size_t i = 0; i < sessions->count; i++) {
		const struct metric_session *session = &sessions->list[i];
		uint64_t times[KIND_COUNT] = {0};

		for (size_t f = 0; f < session->finding_count; f++)
			times[session->findings[f].kind] += session->findings[f].times;
		for (int kind = 0; kind < KIND_COUNT; kind++) {
			snprintf(extra, sizeof extra, ",kind=\"%s\",level=\"%s\"", kind_name(kind),
				 level_name(kind_level(kind)));
			put("forksan_findings_total", session, extra, times[kind], out);
		}
	}
	put_head("forksan_bug_seen_total", "counter", "times that a bug was seen", out);
	for (size_t i = 0; i < sessions->count; i++) {
		const struct metric_session *session = &sessions->list[i];

		for (size_t f = 0; f < session->finding_count; f++) {
			const struct session_finding *finding = &session->findings[f];

			snprintf(extra, sizeof extra,
				 ",fingerprint=\"%016" PRIx64 "\",kind=\"%s\",level=\"%s\"",
				 finding->fingerprint, kind_name(finding->kind),
				 level_name(kind_level(finding->kind)));
			put("forksan_bug_seen_total", session, extra, finding->times, out);
		}
	}
}

static void put_losses(const struct metric_sessions *sessions, FILE *out)
{
	char extra[64];

	put_head("forksan_lost_total", "counter",
		 "what was not watched, judged or written: silence means less", out);
	for (size_t i = 0; i < sessions->count; i++)
		for (int counter = 0; counter < COUNTER_COUNT; counter++) {
			if (!counter_voids_silence((enum registry_counter)counter))
				continue;
			snprintf(extra, sizeof extra, ",what=\"%s\"", counter_name(counter));
			put("forksan_lost_total", &sessions->list[i], extra,
			    sessions->list[i].counters[counter], out);
		}
}

void metrics_print(const struct metric_sessions *sessions, FILE *out)
{
	put_head("forksan_metrics_timestamp_seconds", "gauge", "when these values were taken", out);
	fprintf(out, "forksan_metrics_timestamp_seconds %" PRIu64 "\n", (uint64_t)time(NULL));
	put_head("forksan_sessions", "gauge", "sessions that run", out);
	fprintf(out, "forksan_sessions %zu\n", sessions->count);
	put_gauges(sessions, out);
	put_counters(sessions, out);
	put_uses(sessions, out);
	put_findings(sessions, out);
	put_losses(sessions, out);
}
