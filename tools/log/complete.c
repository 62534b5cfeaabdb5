/* SPDX-License-Identifier: MIT */
/*
 * See complete.h.
 */
#include "log/complete.h"

#include <inttypes.h>

#include "common/names.h"

static void add(struct completeness *complete, const char *name, const char *text, uint64_t count)
{
	if (count > 0 && complete->count < INCOMPLETE_MAX)
		complete->reasons[complete->count++] =
			(struct incomplete_reason){name, text, count};
}

void complete_miss_session(struct completeness *complete, uint64_t logs)
{
	complete->blind = complete->blind || logs > 0;
	add(complete, "no_session", "logs without any session: forksan was not active", logs);
}

void complete_miss_summary(struct completeness *complete, uint64_t sessions)
{
	add(complete, "no_summary",
	    "sessions without a summary: still running, or killed, or a part of the log is missing",
	    sessions);
}

void complete_miss_start(struct completeness *complete, uint64_t sessions)
{
	add(complete, "no_start", "sessions whose first record is missing: a part of the log is",
	    sessions);
}

void complete_miss_lines(struct completeness *complete, uint64_t broken_lines)
{
	add(complete, "broken_lines", "lines that are no record", broken_lines);
}

void complete_miss_logs(struct completeness *complete, uint64_t logs)
{
	add(complete, "unread_logs", "logs that could not be read", logs);
}

void complete_miss_findings(struct completeness *complete, uint64_t findings)
{
	add(complete, "missing_findings",
	    "findings that a summary counts and no log has: a part of the log is missing",
	    findings);
}

void complete_miss_records(struct completeness *complete, uint64_t records)
{
	add(complete, "lost_records", "records that a store never got: holes in `seq`", records);
}

void complete_miss_registry(struct completeness *complete, enum complete_source source)
{
	complete->blind = complete->blind || source == COMPLETE_BLIND;
	complete->unknown = complete->unknown || source == COMPLETE_UNKNOWN;
	add(complete, "no_registry", "registries that could not be read: their counts are unknown",
	    1);
}

void complete_miss_end(struct completeness *complete, uint64_t processes)
{
	add(complete, counter_name(LOST_STILL_RUNNING), counter_sentence(LOST_STILL_RUNNING),
	    processes);
}

void complete_miss_connections(struct completeness *complete, uint64_t seen, uint64_t least)
{
	add(complete, "few_connections", "connections fewer than --min-connections asks for",
	    seen < least ? least - seen : 0);
}

void complete_add_counters(struct completeness *complete, const uint64_t counters[COUNTER_COUNT])
{
	if (counters[COUNT_CONNECTIONS] == 0) {
		complete->blind = true;
		add(complete, "not_watched", "no connection of a watched class was seen", 1);
	}
	for (int i = 0; i < COUNTER_COUNT; i++)
		if (counter_voids_silence(i))
			add(complete, counter_name(i), counter_sentence(i), counters[i]);
}

void complete_print(const struct completeness *complete, const char *prefix, FILE *out)
{
	fprintf(out, "%scomplete: %s", prefix, complete->count == 0 ? "true" : "false (");
	for (size_t i = 0; i < complete->count; i++)
		fprintf(out, "%s%s %" PRIu64, i > 0 ? ", " : "", complete->reasons[i].name,
			complete->reasons[i].count);
	fputs(complete->count == 0 ? "\n" : ")\n", out);
}

json_t *complete_json(const struct completeness *complete)
{
	json_t *array = json_array();

	for (size_t i = 0; array != NULL && i < complete->count; i++)
		json_array_append_new(array, json_pack("{s:s, s:I, s:s}", "reason",
						       complete->reasons[i].name, "count",
						       (json_int_t)complete->reasons[i].count,
						       "text", complete->reasons[i].text));
	return array;
}
