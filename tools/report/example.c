/* SPDX-License-Identifier: MIT */
/*
 * See example.h.
 */
#include "report/example.h"

#include "symbols/annotate.h"

json_t *example_load(const struct report *report, const struct bug *bug, enum kind kind)
{
	const struct bug_kind *of_kind = &bug->kinds[kind];
	json_t *example = NULL;

	if (of_kind->example != NULL)
		example = json_loadb(of_kind->example, of_kind->example_len_bytes, 0, NULL);
	if (example != NULL)
		annotate_finding(report->symbols, example);
	return example;
}

json_t *example_for_advice(const struct report *report, const struct bug *bug)
{
	bool ended =
		bug->head == KIND_SHARED_USE && bug->kinds[KIND_FOREIGN_GOODBYE].example != NULL;

	return example_load(report, bug, ended ? KIND_FOREIGN_GOODBYE : bug->head);
}
