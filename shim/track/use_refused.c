/* SPDX-License-Identifier: MIT */
/*
 * See use_refused.h.
 */
#include "track/use_refused.h"

#include "track/conversation.h"
#include "track/goodbye.h"
#include "track/use_parts.h"
#include "track/use_report.h"

void use_refused(struct track_call *call, struct lineage_use last, const struct iovec *iov,
		 int count)
{
	struct evidence_facts facts = {0};

	if (call->way == TRACK_WRITE && iov && !use_is_unknown(call->socket)) {
		conversation_foresee(call, iov, count, &facts);
		use_name_message(call, &facts);
	}
	if (facts.goodbye != WIRE_NO_GOODBYE && goodbye_judge(call, last, 0, &facts))
		return;
	use_publish(call, last);
	use_report_violation(call, last, 0);
}
