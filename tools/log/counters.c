/* SPDX-License-Identifier: MIT */
/*
 * See counters.h.
 */
#include "log/counters.h"
#include "common/names.h"
#include "base/plural.h"

#include <inttypes.h>

static void print_watched(const uint64_t counters[COUNTER_COUNT], const char *prefix, FILE *out)
{
	uint64_t processes = counters[COUNT_PROCESSES], forks = counters[COUNT_FORKS];
	uint64_t connections = counters[COUNT_CONNECTIONS];

	fprintf(out,
		"%s%" PRIu64 " process%s, %" PRIu64 " fork%s, %" PRIu64 " connection%s watched",
		prefix, processes, processes == 1 ? "" : "es", forks, plural(forks), connections,
		plural(connections));
	if (counters[COUNT_CONNECTIONS_INHERITED] > 0)
		fprintf(out, ", %" PRIu64 " of them open across a fork",
			counters[COUNT_CONNECTIONS_INHERITED]);
	fputc('\n', out);
}

static void print_found(const uint64_t *counters, const char *prefix, FILE *out)
{
	uint64_t violations = counters[COUNT_VIOLATIONS], hazards = counters[COUNT_HAZARDS];
	uint64_t notices = counters[COUNT_NOTICES];
	uint64_t uses = counters[COUNT_USES_SOUND] + counters[COUNT_USES_HAZARD] +
			counters[COUNT_USES_VIOLATION];

	if (violations + hazards + notices == 0)
		fprintf(out, "%sno findings\n", prefix);
	else
		fprintf(out,
			"%s%" PRIu64 " different finding%s: %" PRIu64 " violation%s, %" PRIu64
			" hazard%s, %" PRIu64 " notice%s\n",
			prefix, violations + hazards + notices,
			plural(violations + hazards + notices), violations, plural(violations),
			hazards, plural(hazards), notices, plural(notices));
	if (uses == 0)
		return;
	fprintf(out,
		"%sof %" PRIu64 " use%s of connections open across a fork %" PRIu64
		" %s sound, %" PRIu64 " hazardous, %" PRIu64 " violating",
		prefix, uses, plural(uses), counters[COUNT_USES_SOUND],
		counters[COUNT_USES_SOUND] == 1 ? "was" : "were", counters[COUNT_USES_HAZARD],
		counters[COUNT_USES_VIOLATION]);
	if (counters[COUNT_REPLIES_CROSSED] > 0)
		fprintf(out, "; %" PRIu64 " repl%s went to the wrong process",
			counters[COUNT_REPLIES_CROSSED],
			counters[COUNT_REPLIES_CROSSED] == 1 ? "y" : "ies");
	fputc('\n', out);
}

void counters_print_presumed(const uint64_t counters[COUNTER_COUNT], const char *prefix, FILE *out)
{
	if (counters[COUNT_GOODBYES_PRESUMED] > 0)
		fprintf(out, "%snot known: %s (%s %" PRIu64 ")\n", prefix,
			counter_sentence(COUNT_GOODBYES_PRESUMED),
			counter_name(COUNT_GOODBYES_PRESUMED), counters[COUNT_GOODBYES_PRESUMED]);
}

void counters_print_lost(const uint64_t counters[COUNTER_COUNT], const char *prefix, FILE *out)
{
	for (int i = LOST_PROCESSES; i < COUNTER_COUNT; i++)
		if (counters[i] > 0)
			fprintf(out, "%s%s (%s %" PRIu64 ")\n", prefix, counter_sentence(i),
				counter_name(i), counters[i]);
}

void counters_print(const uint64_t counters[COUNTER_COUNT], const char *prefix, FILE *out)
{
	char lost[64];

	print_watched(counters, prefix, out);
	print_found(counters, prefix, out);
	if (counters[COUNT_SUPPRESSED] > 0)
		fprintf(out, "%s%" PRIu64 " finding%s left out by suppressions=\n", prefix,
			counters[COUNT_SUPPRESSED], plural(counters[COUNT_SUPPRESSED]));
	if (counters[COUNT_SUPPRESSIONS_UNREAD] > 0)
		fprintf(out, "%s%" PRIu64 " program%s could not read all of suppressions=\n",
			prefix, counters[COUNT_SUPPRESSIONS_UNREAD],
			plural(counters[COUNT_SUPPRESSIONS_UNREAD]));
	counters_print_presumed(counters, prefix, out);
	snprintf(lost, sizeof lost, "%snot seen: ", prefix);
	counters_print_lost(counters, lost, out);
}
