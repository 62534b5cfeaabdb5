/* SPDX-License-Identifier: MIT */
/*
 * See evidence.h.
 */
#include "report/evidence.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "common/names.h"
#include "base/paragraph.h"
#include "base/plural.h"
#include "log/field.h"
#include "report/advice.h"
#include "base/server_query.h"

void evidence_print_fix(const json_t *finding, FILE *out)
{
	struct advice advice[ADVICE_MAX];
	size_t count = advice_find(finding, advice);

	for (size_t i = 0; i < count; i++) {
		struct sentence line;

		sentence_begin(&line);
		fprintf(line.out, "%s: %s", advice[i].name, advice[i].text);
		sentence_print(&line, i == 0 ? "fix" : "", out);
	}
}

/* Seconds from the start of 1970; the shape was checked. */
static double seconds_of(const char *time)
{
	struct tm utc = {0};
	long nanoseconds = 0;

	if (sscanf(time, "%d-%d-%dT%d:%d:%d.%ldZ", &utc.tm_year, &utc.tm_mon, &utc.tm_mday,
		   &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &nanoseconds) < 6)
		return 0;
	utc.tm_year -= 1900;
	utc.tm_mon--;
	return (double)timegm(&utc) + (double)nanoseconds / 1e9;
}

static void put_kind_count(const struct bug *bug, enum kind kind, FILE *out)
{
	static const struct {
		const char *one, *many;
	} nouns[KIND_COUNT] = {
		[KIND_OPEN_AT_FORK] = {"process with it open", "processes with it open"},
		[KIND_INHERITED_EPOLL] = {"use of another's epoll instance",
					  "uses of another's epoll instance"},
		[KIND_INHERITED_USE] = {"use by a child", "uses by a child"},
		[KIND_SHARED_USE] = {"shared use", "shared uses"},
		[KIND_SHARED_EPOLL] = {"change of a shared epoll instance",
				       "changes of a shared epoll instance"},
		[KIND_FOREIGN_GOODBYE] = {"goodbye to a session that others hold",
					  "goodbyes to a session that others hold"},
		[KIND_CROSSED_REPLY] = {"crossed reply", "crossed replies"},
	};
	const struct bug_kind *count = &bug->kinds[kind];

	if (nouns[kind].one == NULL)
		fprintf(out, "%" PRIu64 " %s", count->times, kind_name(kind));
	else
		fprintf(out, "%" PRIu64 " %s", count->times,
			count->times == 1 ? nouns[kind].one : nouns[kind].many);
	if (!count->proven)
		fputs(" (likely)", out);
}

/* Prints "212 times, 2 workers reconnected; 3 goodbyes held back". */
static void print_isolated(const struct bug *bug, FILE *out)
{
	uint64_t isolated = bug->actions[ACTION_ISOLATED], held = bug->actions[ACTION_HELD_BACK];
	uint64_t would = bug->actions[ACTION_WOULD_ISOLATE];
	uint64_t failed = bug->actions[ACTION_NOT_ISOLATED];
	size_t reconnected = bug->reconnected.count;
	struct sentence line;

	if (isolated + held + would + failed == 0)
		return;
	sentence_begin(&line);
	if (would > 0)
		fprintf(line.out, "would have been %" PRIu64 " time%s (dry run)", would,
			plural(would));
	else
		fprintf(line.out, "%" PRIu64 " time%s, %zu%s worker%s reconnected", isolated,
			plural(isolated), reconnected, bug->reconnected.more ? " or more" : "",
			plural(reconnected));
	if (held > 0)
		fprintf(line.out, "; %" PRIu64 " goodbye%s held back", held, plural(held));
	if (failed > 0)
		fprintf(line.out, "; %" PRIu64 " time%s there was no descriptor for it", failed,
			plural(failed));
	sentence_print(&line, "isolated", out);
}

void evidence_print(const struct bug *bug, const json_t *finding, FILE *out)
{
	const char *local = field_string(json_object_get(finding, "connection"), "local");
	double seconds = seconds_of(bug->last) - seconds_of(bug->first);
	const char *separator = "";
	struct sentence line;
	char query[256];

	sentence_begin(&line);
	for (int kind = KIND_COUNT - 1; kind >= 0; kind--) {
		if (bug->kinds[kind].findings == 0)
			continue;
		fputs(separator, line.out);
		put_kind_count(bug, (enum kind)kind, line.out);
		separator = ", ";
	}
	fprintf(line.out, "; %zu%s connection%s", bug->connection_count,
		bug->more_connections ? " or more" : "", plural(bug->connection_count));
	if (seconds >= 0.05)
		fprintf(line.out, " in %.1f s", seconds);
	sentence_print(&line, "evidence", out);
	print_isolated(bug, out);
	if (server_query(bug->protocol, local, query, sizeof query))
		paragraph_print("server", query, out);
}
