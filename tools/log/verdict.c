/* SPDX-License-Identifier: MIT */
/*
 * See verdict.h.
 */
#include "log/verdict.h"

#include <inttypes.h>

#include "common/names.h"

static void print_levels(const uint64_t found[LEVEL_COUNT], FILE *out)
{
	const char *separator = "";

	for (int level = LEVEL_COUNT - 1; level >= 0; level--) {
		if (found[level] == 0)
			continue;
		fprintf(out, "%s%" PRIu64 " %s%s", separator, found[level],
			level_name((enum level)level), found[level] == 1 ? "" : "s");
		separator = ", ";
	}
}

void verdict_print(const uint64_t found[LEVEL_COUNT], const char *noun,
		   const struct completeness *complete, const char *prefix, FILE *out)
{
	uint64_t all = 0;

	for (int level = 0; level < LEVEL_COUNT; level++)
		all += found[level];
	fprintf(out, "%sverdict: ", prefix);
	if (all > 0 && noun != NULL)
		fprintf(out, "%" PRIu64 " %s%s (", all, noun, all == 1 ? "" : "s");
	if (all > 0) {
		print_levels(found, out);
		fputs(noun != NULL ? ") found" : " found", out);
	} else {
		fputs(complete->blind	  ? "none: nothing was watched"
		      : complete->unknown ? "none: what was found is not known here"
					  : "nothing found",
		      out);
	}
	if (complete->count == 0)
		fputs(", nothing missed", out);
	else if (all > 0 || !(complete->blind || complete->unknown))
		fputs(", but something was missed", out);
	fputc('\n', out);
}
