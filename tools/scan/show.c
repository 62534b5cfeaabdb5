/* SPDX-License-Identifier: MIT */
/*
 * See show.h.
 */
#include "scan/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/cli.h"
#include "base/escape.h"
#include "base/server_query.h"
#include "base/socket_address.h"
#include "common/names.h"
#include "scan/server.h"
#include "scan/verdict.h"
#include "wire/wire.h"

#define QUERY_BYTES 200

/* Frames of a stack for people: of all, and of those inside the application's own. */
#define FRAMES_SHOWN 8
#define FRAMES_INSIDE 2

const struct scan_socket **show_order(const struct snapshot *snapshot, size_t *count)
{
	const struct scan_socket **order = NULL;
	struct scan_socket *socket;

	*count = 0;
	for (socket = snapshot->sockets; socket != NULL; socket = socket->hh.next) {
		if (!verdict_concerns(socket))
			continue;
		order = reallocarray(order, *count + 1, sizeof *order);
		if (order == NULL)
			cli_no_memory();
		order[(*count)++] = socket;
	}
	if (order != NULL)
		qsort(order, *count, sizeof *order, verdict_compare);
	return order;
}

static void put_address(char *out, const union scan_address *address)
{
	socket_address_print(&address->any, sizeof *address, out, SOCKET_ADDRESS_BYTES);
}

/* --- for people ------------------------------------------------------------------------------ */

static void print_bytes(uint64_t bytes, FILE *out)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB"};
	double value = (double)bytes;
	size_t unit = 0;

	while (value >= 1000 && unit + 1 < sizeof units / sizeof units[0]) {
		value /= 1000;
		unit++;
	}
	fprintf(out, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

/* A frame in a line; of native ones the function and the base name of the file it is in. */
static void print_frame(const json_t *frame, int indent, FILE *out)
{
	const char *function = json_string_value(json_object_get(frame, "function"));
	const char *file = json_string_value(json_object_get(frame, "file"));
	const char *module = json_string_value(json_object_get(frame, "module"));
	json_int_t line = json_integer_value(json_object_get(frame, "line"));

	fprintf(out, "%*s%s ", indent, "", json_is_true(json_object_get(frame, "own")) ? ">" : " ");
	if (file != NULL) {
		escape_print(file, out);
		fprintf(out, ":%" JSON_INTEGER_FORMAT " ", line);
	}
	escape_print(function, out);
	if (file == NULL && module != NULL) {
		fputs("  ", out);
		escape_print(strrchr(module, '/') != NULL ? strrchr(module, '/') + 1 : module, out);
	}
	fputc('\n', out);
}

static bool is_native(const json_t *frame)
{
	return json_object_get(frame, "own") == NULL;
}

static bool is_own(const json_t *frame)
{
	return json_is_true(json_object_get(frame, "own"));
}

/* The frames [first, last) that people look for: the application's own innermost ones, with the
 * driver's frames inside them and the caller; without an interpreter the innermost native ones. */
struct excerpt {
	size_t first, last;
};

static struct excerpt find_excerpt(const json_t *frames)
{
	struct excerpt excerpt = {0, json_array_size(frames)};
	size_t own = 0;

	while (own < excerpt.last && !is_own(json_array_get(frames, own)))
		own++;
	if (own < excerpt.last) {
		excerpt.first = own > FRAMES_INSIDE ? own - FRAMES_INSIDE : 0;
		excerpt.last = own;
		while (is_own(json_array_get(frames, excerpt.last)))
			excerpt.last++;
	} else if (!is_native(json_array_get(frames, 0))) {
		for (excerpt.last = 0; !is_native(json_array_get(frames, excerpt.last));)
			excerpt.last++;
	}
	if (excerpt.last - excerpt.first > FRAMES_SHOWN)
		excerpt.last = excerpt.first + FRAMES_SHOWN;
	return excerpt;
}

static void print_stack(const json_t *frames, int indent, FILE *out)
{
	struct excerpt excerpt = find_excerpt(frames);

	for (size_t i = excerpt.first; i < excerpt.last; i++)
		print_frame(json_array_get(frames, i), indent, out);
}

static void print_holder_stack(const struct scan_holder *holder, int indent, FILE *out)
{
	if (holder->stack_is_later)
		fprintf(out, "%*s  it has gone on since; now in:\n", indent, "");
	if (json_array_size(holder->stack) > 0)
		print_stack(holder->stack, indent, out);
	else if (holder->stack != NULL || holder->no_stack[0] != '\0')
		fprintf(out, "%*s  no stack: %s\n", indent, "",
			holder->stack != NULL ? "none of its frames is known" : holder->no_stack);
	if (holder->stack != NULL && holder->no_stack[0] != '\0')
		fprintf(out, "%*s  %s\n", indent, "", holder->no_stack);
}

/* Where the process belongs; a child's place is said where it is another than its parent's. */
static void print_place(const struct scan_process *process, const struct scan_process *parent,
			FILE *out)
{
	const struct cgroup *cgroup = &process->cgroup;

	if (cgroup->name[0] == '\0' ||
	    (parent != NULL && strcmp(cgroup->path, parent->cgroup.path) == 0))
		return;
	fputs(", in ", out);
	if (cgroup->runtime != NULL)
		fprintf(out, "%s ", cgroup->runtime);
	escape_print(cgroup->name, out);
}

static void print_holder(const struct scan_socket *socket, const struct scan_holder *holder,
			 const struct scan_process *parent, int depth, FILE *out)
{
	fprintf(out, "     %*s%d  ", 2 * depth, "", holder->process->pid);
	escape_print(holder->process->command, out);
	fprintf(out, "  fd %d", holder->fd);
	if (holder->fd_count > 1)
		fprintf(out, " and %d more", holder->fd_count - 1);
	if (holder->close_on_exec)
		fputs(", close-on-exec", out);
	if (holder->waits_in != NULL)
		fprintf(out, ", WAITS in %s", holder->waits_in);
	else if (holder->epoll_fd >= 0)
		fprintf(out, ", polls it by epoll fd %d", holder->epoll_fd);
	print_place(holder->process, parent, out);
	fputc('\n', out);
	print_holder_stack(holder, 7 + 2 * depth, out);
	for (size_t i = 0; depth < 16 && i < socket->holder_count; i++)
		if (socket->holders[i].process->parent_pid == holder->process->pid)
			print_holder(socket, &socket->holders[i], holder->process, depth + 1, out);
}

/* "sent 309 B, the latest 0.5 s ago" */
static void print_direction(const char *verb, uint64_t bytes, uint32_t idle_ms, FILE *out)
{
	if (bytes == 0) {
		fprintf(out, "%s nothing", verb);
		return;
	}
	fprintf(out, "%s ", verb);
	print_bytes(bytes, out);
	fprintf(out, ", the latest %.1f s ago", idle_ms / 1000.0);
}

static void print_age(const struct scan_socket *socket, FILE *out)
{
	if (socket->least_age_s > 0)
		fprintf(out, "   open for at least %" PRIu64 " s", socket->least_age_s);
	if (socket->most_age_s > 0)
		fprintf(out, "%s at most %" PRIu64 " s if %d opened it",
			socket->least_age_s > 0 ? "," : "   open for", socket->most_age_s,
			socket->opener->pid);
	if (socket->least_age_s > 0 || socket->most_age_s > 0)
		fputc('\n', out);
}

static void print_traffic(const struct scan_socket *socket, FILE *out)
{
	if (socket->has_traffic) {
		fputs("   ", out);
		print_direction("sent", socket->sent_bytes, socket->sent_idle_ms, out);
		fputs("; ", out);
		print_direction("received", socket->received_bytes, socket->received_idle_ms, out);
		fputc('\n', out);
	}
	if (socket->unread_bytes > 0) {
		fputs("   an answer waits, read by nobody: ", out);
		print_bytes(socket->unread_bytes, out);
		fputc('\n', out);
	}
	if (socket->session == NULL || socket->session->age_s < 0)
		print_age(socket, out);
}

static void print_session(const struct server_session *session, FILE *out)
{
	fputs("   on the server: id ", out);
	escape_print(session->id, out);
	fputs(", user ", out);
	escape_print(session->user, out);
	if (session->state[0] != '\0') {
		fputs(", ", out);
		escape_print(session->state, out);
	}
	if (session->state_s >= 0)
		fprintf(out, " for %" PRId64 " s", session->state_s);
	if (session->age_s >= 0)
		fprintf(out, ", open for %" PRId64 " s", session->age_s);
	fputc('\n', out);
}

static void print_connection(size_t number, const struct scan_socket *socket, FILE *out)
{
	enum level level = verdict_level(socket);
	char peer[SOCKET_ADDRESS_BYTES], local[SOCKET_ADDRESS_BYTES], query[QUERY_BYTES];

	put_address(peer, &socket->peer);
	put_address(local, &socket->local);
	fprintf(out, "%zu. %s ", number,
		socket->protocol == PROTOCOL_UNKNOWN ? "connection to"
						     : wire_protocol_name(socket->protocol));
	escape_print(peer[0] != '\0' ? peer : "a peer that was not seen", out);
	if (local[0] != '\0')
		fprintf(out, " from %s", local);
	fprintf(out, ": %s\n   %s\n", level_name(level), verdict_text(level));
	for (size_t i = 0; i < socket->holder_count; i++)
		if (!scan_is_held_by(socket, socket->holders[i].process->parent_pid))
			print_holder(socket, &socket->holders[i], NULL, 0, out);
	print_traffic(socket, out);
	if (socket->session != NULL)
		print_session(socket->session, out);
	else if (server_query(wire_protocol_name(socket->protocol), local, query, sizeof query))
		fprintf(out, "   on the server: %s\n", query);
	fputc('\n', out);
}

/* Counts the sockets of a kind that several processes hold and that forksan is not about. */
static size_t count_kind(const struct snapshot *snapshot, enum scan_kind kind)
{
	struct scan_socket *socket;
	size_t count = 0;

	for (socket = snapshot->sockets; socket != NULL; socket = socket->hh.next)
		if (socket->kind == kind && !verdict_concerns(socket))
			count++;
	return count;
}

static void print_blindness(uint64_t count, const char *what, FILE *out)
{
	if (count > 0)
		fprintf(out, "Not seen: %s: %" PRIu64 ".\n", what, count);
}

static bool has_stacks(const struct scan_socket *socket)
{
	return socket->holders[0].stack != NULL || socket->holders[0].no_stack[0] != '\0';
}

void show_text(const struct snapshot *snapshot, FILE *out)
{
	size_t count;
	const struct scan_socket **order = show_order(snapshot, &count);

	for (size_t i = 0; i < count; i++)
		print_connection(i + 1, order[i], out);
	if (count > 0)
		fputs("One look cannot say who opened a connection nor who has used it: `forksan "
		      "attach` can, without a restart, and `forksan run`.\n",
		      out);
	if (count > 0 && !has_stacks(order[0]))
		fputs("--stacks shows where in the code each of them is.\n", out);
	free(order);
	fprintf(out,
		"Connections held by several processes: %zu.  Looked at: %" PRIu64
		" processes, %" PRIu64 " descriptors.\n",
		count, snapshot->processes_seen, snapshot->descriptors_seen);
	fprintf(out,
		"Shared on purpose: %zu listening, %zu accepted, %zu in pairs, %zu to the system's "
		"services, "
		"%zu not of a stream.\n",
		count_kind(snapshot, SCAN_LISTENING), count_kind(snapshot, SCAN_ACCEPTED),
		count_kind(snapshot, SCAN_PAIR), count_kind(snapshot, SCAN_CONNECTED),
		count_kind(snapshot, SCAN_NO_STREAM));
	print_blindness(snapshot->processes_denied,
			"processes whose descriptors this user may not list", out);
	print_blindness(snapshot->namespaces_denied,
			"network namespaces that this user may not enter", out);
	print_blindness(snapshot->waits_denied, "holders whose threads this user may not look at",
			out);
	print_blindness(count_kind(snapshot, SCAN_UNSEEN),
			"shared sockets that the kernel does not list: not connected, over, or "
			"of a namespace out of reach",
			out);
}

/* --- for programs ---------------------------------------------------------------------------- */

/* Returns a JSON string of any bytes; bytes that are no UTF-8 become their escaped form. */
static json_t *json_text(const char *text)
{
	json_t *value = json_string(text);
	char escaped[ESCAPED_BYTES(SOCKET_ADDRESS_BYTES)];

	if (value != NULL)
		return value;
	escape_text(text, escaped, sizeof escaped);
	value = json_string(escaped);
	return value != NULL ? value : json_null();
}

static json_t *json_holder(const struct scan_holder *holder)
{
	const struct cgroup *cgroup = &holder->process->cgroup;
	json_t *record = json_pack(
		"{s:i, s:i, s:o, s:o, s:i, s:i, s:b, s:s?}", "pid", holder->process->pid, "ppid",
		holder->process->parent_pid, "comm", json_text(holder->process->comm), "command",
		json_text(holder->process->command), "fd", holder->fd, "fds", holder->fd_count,
		"close_on_exec", holder->close_on_exec, "waits_in", holder->waits_in);
	if (holder->epoll_fd >= 0)
		json_object_set_new(record, "epoll_fd", json_integer(holder->epoll_fd));
	if (cgroup->path[0] != '\0')
		json_object_set_new(record, "cgroup", json_text(cgroup->path));
	if (cgroup->runtime != NULL)
		json_object_set_new(record, "container",
				    json_pack("{s:s, s:o}", "runtime", cgroup->runtime, "name",
					      json_text(cgroup->name)));
	else if (cgroup->name[0] != '\0')
		json_object_set_new(record, "unit", json_text(cgroup->name));
	if (holder->stack != NULL)
		json_object_set(record, "stack", holder->stack);
	if (holder->stack != NULL && holder->no_stack[0] != '\0')
		json_object_set_new(record, "stack_lacks", json_string(holder->no_stack));
	else if (holder->no_stack[0] != '\0')
		json_object_set_new(record, "no_stack", json_string(holder->no_stack));
	if (holder->stack_is_later)
		json_object_set_new(record, "stack_is_later", json_true());
	return record;
}

static json_t *json_session(const struct server_session *session)
{
	return json_pack("{s:o, s:o, s:o, s:I, s:I}", "id", json_text(session->id), "user",
			 json_text(session->user), "state", json_text(session->state), "state_s",
			 (json_int_t)session->state_s, "age_s", (json_int_t)session->age_s);
}

static json_t *json_connection(const struct scan_socket *socket)
{
	char peer[SOCKET_ADDRESS_BYTES], local[SOCKET_ADDRESS_BYTES];
	json_t *holders = json_array();
	json_t *record;

	put_address(peer, &socket->peer);
	put_address(local, &socket->local);
	for (size_t i = 0; i < socket->holder_count; i++)
		json_array_append_new(holders, json_holder(&socket->holders[i]));
	record = json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:I, s:o}", "record", "connection",
			   "level", level_name(verdict_level(socket)), "class",
			   wire_class_name(wire_class(socket->protocol)), "protocol",
			   wire_protocol_name(socket->protocol), "peer", json_text(peer), "local",
			   local, "inode", (json_int_t)socket->inode, "holders", holders);
	if (socket->has_traffic)
		json_object_update_new(
			record, json_pack("{s:I, s:I, s:I, s:I}", "sent_bytes",
					  (json_int_t)socket->sent_bytes, "received_bytes",
					  (json_int_t)socket->received_bytes, "sent_idle_ms",
					  (json_int_t)socket->sent_idle_ms, "received_idle_ms",
					  (json_int_t)socket->received_idle_ms));
	json_object_set_new(record, "unread_bytes", json_integer(socket->unread_bytes));
	if (socket->least_age_s > 0)
		json_object_set_new(record, "least_age_s",
				    json_integer((json_int_t)socket->least_age_s));
	if (socket->most_age_s > 0)
		json_object_update_new(record, json_pack("{s:I, s:i}", "most_age_s",
							 (json_int_t)socket->most_age_s,
							 "if_opened_by", socket->opener->pid));
	if (socket->session != NULL)
		json_object_set_new(record, "server", json_session(socket->session));
	return record;
}

static void print_json(json_t *record, FILE *out)
{
	if (record == NULL)
		cli_no_memory();
	json_dumpf(record, out, JSON_COMPACT);
	fputc('\n', out);
	json_decref(record);
}

void show_json(const struct snapshot *snapshot, FILE *out)
{
	size_t count;
	const struct scan_socket **order = show_order(snapshot, &count);

	for (size_t i = 0; i < count; i++)
		print_json(json_connection(order[i]), out);
	free(order);
	print_json(json_pack("{s:s, s:s, s:i, s:I, s:I, s:I, s:I, s:I, s:i}", "record", "scan",
			     "by", snapshot->by_iterator ? "bpf" : "proc", "connections",
			     (int)count, "processes", (json_int_t)snapshot->processes_seen,
			     "descriptors", (json_int_t)snapshot->descriptors_seen,
			     "processes_denied", (json_int_t)snapshot->processes_denied,
			     "namespaces_denied", (json_int_t)snapshot->namespaces_denied,
			     "waits_denied", (json_int_t)snapshot->waits_denied, "sockets_unseen",
			     (int)count_kind(snapshot, SCAN_UNSEEN)),
		   out);
}
