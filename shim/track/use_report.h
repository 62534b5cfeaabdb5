/* SPDX-License-Identifier: MIT */
/*
 * Findings about a use, in words: gathers the cause of a finding and reports the finding.
 *
 * `last`: the use that this process's use replaced in the lineage word; `moved`: the bytes of the
 * call, 0 when the call was stopped before any byte moved.
 */
#ifndef FORKSAN_SHIM_TRACK_USE_REPORT_H
#define FORKSAN_SHIM_TRACK_USE_REPORT_H

#include "base/text.h"
#include "report/finding.h"
#include "track/call.h"

/* A finding's sentence, on the stack. */
#define USE_SENTENCE_BYTES 384

/* Adds to a violation what is done about the violation beside the report (call->action). */
void use_report_action(const struct track_call *call, struct text *text,
		       struct finding_cause *cause);

/* shared-use: the lineage rule is broken. */
void use_report_violation(const struct track_call *call, struct lineage_use last, int64_t moved);

/* inherited-use: sound so far, but `holder` is alive and could break the rule at any time. */
void use_report_hazard(const struct track_call *call, struct lineage_use last,
		       const struct registry_process *holder, int64_t moved);

/* inherited-use: this process looks whether the connection is alive, in order to use it over
 * `last`, which would break the rule; isolate mode has isolated the process. */
void use_report_look(const struct track_call *call, struct lineage_use last);

/* crossed-reply: a reply went to the wrong process, or a request into another's exchange. */
void use_report_crossing(const struct track_call *call, const struct evidence_facts *facts,
			 struct lineage_use last, int64_t moved);

#endif
