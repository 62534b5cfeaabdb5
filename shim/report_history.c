/* SPDX-License-Identifier: MIT */
/*
 * See report_history.h.  Names of calls and messages, numbers, times: no byte of the conversation.
 */
#include "report_history.h"

#include "entries.h"
#include "history.h"
#include "registry.h"
#include "wire/follow.h"

static void put_operation(struct json *json, const struct registry_operation *operation)
{
	const struct registry_process *process = registry_find_process(operation->serial);
	const char *call = operation_name((enum operation)operation->operation);
	const char *message =
		wire_message_name((enum protocol)operation->protocol,
				  operation->writes ? WIRE_CLIENT : WIRE_SERVER, operation->message);
	struct json_mark mark = json_mark(json);

	/* A process of long ago whose entry was overwritten has no pid any more. */
	if (!process || !call || load_relaxed(&process->pid) <= 0)
		return;
	json_begin_object(json, NULL);
	json_put_int(json, "pid", load_relaxed(&process->pid));
	json_put_int(json, "tid", operation->tid);
	json_put_string(json, "call", call);
	json_put_int(json, "bytes", operation->result > 0 ? operation->result : 0);
	if (message)
		json_put_string(json, "message", message);
	else
		json_put_null(json, "message");
	json_put_uint(json, "monotonic_ns", load_relaxed(&operation->time_ns));
	json_put_int(json, "result", operation->result);
	json_end_object(json);
	json_complete_or_rewind(json, mark);
}

void report_history_put(struct json *json, const struct registry *registry, uint32_t slot)
{
	struct registry_operation operation;
	uint32_t from = 0;

	json_begin_array(json, "history");
	while (slot < FORKSAN_MAX_SOCKETS && history_next(registry, slot, &from, &operation))
		put_operation(json, &operation);
	json_end_array(json);
}
