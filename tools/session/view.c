/* SPDX-License-Identifier: MIT */
/*
 * See view.h.
 *
 * The bitmaps say how many live processes hold each socket; only then are the sockets read, those
 * with most holders.  So a registry full of nonsense costs a bounded number of reads.
 */
#include "session/view.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/socket_address.h"
#include "common/own_code.h"
#include "session/file.h"

struct reader {
	int fd;
	const struct registry_header *header;
	struct session_view *view;
	uint32_t socket_high;
	uint32_t *states;  /* socket_state[], as first read */
	uint64_t *bitmaps; /* FORKSAN_HOLD_WORDS words for each live process, in their order */
	uint16_t *holders; /* live holders of each socket slot */
};

static void *allocate(size_t count, size_t size)
{
	void *memory = calloc(count > 0 ? count : 1, size);

	if (memory == NULL)
		cli_no_memory();
	return memory;
}

static uint32_t bounded(uint32_t value, uint32_t limit)
{
	return value < limit ? value : limit;
}

/* --- processes ------------------------------------------------------------------------------- */

static void read_processes(struct reader *reader)
{
	struct session_view *view = reader->view;
	uint32_t high = bounded(load_relaxed(&reader->header->process_high), FORKSAN_MAX_PROCESSES);
	struct registry_process process;

	view->processes = allocate(high, sizeof *view->processes);
	for (uint32_t i = 0; i < high; i++) {
		struct session_view_process *out = &view->processes[view->process_count];

		if (!session_file_read(
			    reader->fd, &process, sizeof process,
			    (off_t)(offsetof(struct registry, processes) + i * sizeof process)))
			return;
		/* pid 0: a child that is announced and not yet born */
		if (load_relaxed(&process.pid) <= 0 || !session_process_is_alive(&process))
			continue;
		*out = (struct session_view_process){
			.pid = load_relaxed(&process.pid),
			.parent_pid = process.parent_pid,
			.serial = load_relaxed(&process.serial),
			.slot = i,
		};
		memcpy(out->comm, process.comm, sizeof process.comm);
		view->process_count++;
	}
}

static void read_holds(struct reader *reader)
{
	struct session_view *view = reader->view;

	reader->bitmaps = allocate(view->process_count * FORKSAN_HOLD_WORDS, sizeof(uint64_t));
	reader->holders = allocate(FORKSAN_MAX_SOCKETS, sizeof *reader->holders);
	for (size_t i = 0; i < view->process_count; i++) {
		uint64_t *bitmap = reader->bitmaps + i * FORKSAN_HOLD_WORDS;
		const struct registry *registry = NULL; /* for its sizes */
		struct registry_process process;
		uint32_t slot = view->processes[i].slot, words;

		if (!session_file_read(
			    reader->fd, &process, sizeof process,
			    (off_t)(offsetof(struct registry, processes) + slot * sizeof process)))
			continue;
		words = bounded(load_relaxed(&process.hold_words), FORKSAN_HOLD_WORDS);
		for (uint32_t word = 0; word < words; word += FORKSAN_HOLD_BLOCK_WORDS)
			if (!session_file_read(reader->fd, bitmap + word,
					       sizeof registry->holds[0][0],
					       (off_t)(offsetof(struct registry, holds) +
						       word / FORKSAN_HOLD_BLOCK_WORDS *
							       sizeof registry->holds[0] +
						       slot * sizeof registry->holds[0][0])))
				break;
		for (uint32_t j = 0; j < reader->socket_high; j++)
			reader->holders[j] += (uint16_t)(bitmap[j / 64] >> j % 64 & 1);
	}
}

/* --- connections ----------------------------------------------------------------------------- */

/* Appends "file:line" of the application's own innermost frame, else of the innermost one.  The
 * frames are packed as struct registry_stack says; a length that does not fit ends them. */
static void read_place(const struct reader *reader, uint32_t stack_number, char *out, size_t size)
{
	struct registry_stack stack;
	size_t at = 0, len;

	out[0] = '\0';
	if (stack_number == 0 || stack_number > FORKSAN_MAX_STACKS ||
	    !session_file_read(
		    reader->fd, &stack, sizeof stack,
		    (off_t)(offsetof(struct registry, stacks) + (stack_number - 1) * sizeof stack)))
		return;
	len = bounded(stack.text_len_bytes, sizeof stack.text);
	while (at + 5 < len) {
		const unsigned char *line = (const unsigned char *)stack.text + at + 1;
		const char *function = stack.text + at + 5;
		const char *end = memchr(function, '\0', len - at - 5);
		const char *file = end != NULL ? end + 1 : NULL;
		const char *base;

		if (file == NULL || file >= stack.text + len)
			return;
		end = memchr(file, '\0', (size_t)(stack.text + len - file));
		if (end == NULL)
			return;
		base = memrchr(file, '/', (size_t)(end - file));
		if (out[0] == '\0' || own_code_is_file(file, (size_t)(end - file)))
			snprintf(out, size, "%.*s:%u", (int)(size / 2),
				 base != NULL ? base + 1 : file,
				 line[0] | (unsigned)line[1] << 8 | (unsigned)line[2] << 16 |
					 (unsigned)line[3] << 24);
		if (own_code_is_file(file, (size_t)(end - file)))
			return;
		at = (size_t)(end + 1 - stack.text);
	}
}

static pid_t pid_of_serial(const struct session_view *view, uint32_t serial)
{
	for (size_t i = 0; serial != 0 && i < view->process_count; i++)
		if (view->processes[i].serial == serial)
			return view->processes[i].pid;
	return 0;
}

static void read_history(const struct reader *reader, uint32_t number,
			 struct session_view_connection *out)
{
	struct registry_history history;
	uint32_t latest;

	if (number == 0 || number > FORKSAN_MAX_HISTORIES ||
	    !session_file_read(
		    reader->fd, &history, sizeof history,
		    (off_t)(offsetof(struct registry, histories) + (number - 1) * sizeof history)))
		return;
	out->operations = load_relaxed(&history.next);
	latest = (uint32_t)(out->operations - 1) % FORKSAN_HISTORY_OPERATIONS;
	if (out->operations > 0)
		out->last_ns = load_relaxed(&history.operations[latest].time_ns);
}

static void take_holders(const struct reader *reader, uint32_t slot,
			 struct session_view_connection *out)
{
	out->holders = allocate(reader->holders[slot], sizeof *out->holders);
	for (size_t i = 0; i < reader->view->process_count; i++)
		if ((reader->bitmaps[i * FORKSAN_HOLD_WORDS + slot / 64] >> slot % 64 & 1) != 0)
			out->holders[out->holder_count++] = (uint32_t)i;
}

/* False: the slot has changed meanwhile. */
static bool read_socket(const struct reader *reader, uint32_t slot,
			struct session_view_connection *out)
{
	struct registry_socket socket;
	uint32_t state;

	if (!session_file_read(
		    reader->fd, &socket, sizeof socket,
		    (off_t)(offsetof(struct registry, sockets) + slot * sizeof socket)) ||
	    !session_file_read(
		    reader->fd, &state, sizeof state,
		    (off_t)(offsetof(struct registry, socket_state) + slot * sizeof state)) ||
	    state != reader->states[slot])
		return false;
	*out = (struct session_view_connection){
		.id = socket.cookie,
		.slot = slot,
		.protocol = (enum protocol)load_relaxed(&socket.protocol),
		.open_before = (load_relaxed(&socket.flags) & SOCKET_OPEN_BEFORE) != 0,
		.opener_pid = socket.opener_pid,
		.opened_realtime_ns = socket.opened_realtime_ns,
		.used_by_several = (load_relaxed(&socket.flags) & SOCKET_EVIDENCE) != 0,
		.ended_by = pid_of_serial(reader->view, load_relaxed(&socket.ended_by)),
	};
	if (out->protocol == PROTOCOL_UNKNOWN)
		out->protocol = (enum protocol)load_relaxed(&socket.hint);
	socket_address_print((const struct sockaddr *)(const void *)socket.peer,
			     bounded(socket.peer_len_bytes, sizeof socket.peer), out->peer,
			     sizeof out->peer);
	for (size_t i = 0; i < FORKSAN_MAX_USERS; i++)
		out->users += load_relaxed(&socket.users[i].serial) != 0;
	read_place(reader, socket.opened_stack, out->opened_at, sizeof out->opened_at);
	read_history(reader, load_relaxed(&socket.history), out);
	take_holders(reader, slot, out);
	return true;
}

/* The slots with the most holders; a slot of equal holders by its number. */
struct ranked {
	uint32_t slot;
	uint16_t holders;
};

static int compare_ranked(const void *a, const void *b)
{
	const struct ranked *left = a, *right = b;

	if (left->holders != right->holders)
		return left->holders > right->holders ? -1 : 1;
	return left->slot < right->slot ? -1 : 1;
}

static void read_sockets(struct reader *reader)
{
	struct session_view *view = reader->view;
	struct ranked *ranked = allocate(reader->socket_high, sizeof *ranked);
	size_t count = 0;

	for (uint32_t i = 0; i < reader->socket_high; i++) {
		if ((reader->states[i] & 0xff) != SOCKET_LIVE || reader->holders[i] == 0)
			continue;
		view->connections_open++;
		view->connections_held_by_several += reader->holders[i] > 1;
		ranked[count++] = (struct ranked){i, reader->holders[i]};
	}
	qsort(ranked, count, sizeof *ranked, compare_ranked);
	if (count > SESSION_VIEW_CONNECTIONS)
		count = SESSION_VIEW_CONNECTIONS;
	view->connections = allocate(count, sizeof *view->connections);
	for (size_t i = 0; i < count; i++)
		view->connection_count += read_socket(reader, ranked[i].slot,
						      &view->connections[view->connection_count]);
	free(ranked);
}

enum session_registry_state session_view_take(uint32_t uid, const char *session,
					      struct session_view *view, const char **why)
{
	struct registry_header header;
	struct reader reader = {.header = &header, .view = view};
	enum session_registry_state state;

	memset(view, 0, sizeof *view);
	state = session_registry_read_of(uid, session, &view->totals, why);
	if (state != SESSION_REGISTRY_READ)
		return state;
	state = session_file_open(uid, session, &header, &reader.fd, why);
	if (state != SESSION_REGISTRY_READ)
		return state;
	reader.socket_high = bounded(load_relaxed(&header.socket_high), FORKSAN_MAX_SOCKETS);
	reader.states = allocate(reader.socket_high, sizeof *reader.states);
	if (session_file_read(reader.fd, reader.states, reader.socket_high * sizeof *reader.states,
			      offsetof(struct registry, socket_state))) {
		read_processes(&reader);
		read_holds(&reader);
		read_sockets(&reader);
	}
	free(reader.states);
	free(reader.bitmaps);
	free(reader.holders);
	close(reader.fd);
	return SESSION_REGISTRY_READ;
}

void session_view_free(struct session_view *view)
{
	for (size_t i = 0; i < view->connection_count; i++)
		free(view->connections[i].holders);
	free(view->connections);
	free(view->processes);
	memset(view, 0, sizeof *view);
}
