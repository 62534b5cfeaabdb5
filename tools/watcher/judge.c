/* SPDX-License-Identifier: MIT */
/* See judge.h. */
#include "watcher/judge.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "watcher/actor.h"
#include "watcher/actor_interpreter.h"
#include "watcher/call_name.h"
#include "watcher/clock.h"
#include "watcher/connection.h"
#include "watcher/event.h"
#include "watcher/loader.h"
#include "watcher/copied_stack.h"
#include "watcher/strict.h"
#include "base/sys.h"
#include "judge/evidence.h"
#include "process/fdtable.h"
#include "track/track.h"

#define NS_PER_SECOND UINT64_C(1000000000)

/* --- workers ---------------------------------------------------------------------------------- */

/* Forked processes in order of birth, to be looked at when each is a second old. */
static struct waiting {
	uint32_t number;
	uint64_t born_ns;
	struct waiting *next;
} * first_waiting, **last_waiting = &first_waiting;

void judge_look_later(struct actor *actor)
{
	struct waiting *waiting = calloc(1, sizeof *waiting);

	if (!waiting)
		return;
	waiting->number = actor->number;
	waiting->born_ns = actor->born_ns;
	*last_waiting = waiting;
	last_waiting = &waiting->next;
}

static void look_at(struct actor *actor)
{
	if (actor->settled || !connection_check_all(actor))
		return;
	connection_check_others(actor);
	connection_now = NULL;
	actor_enter(actor, lineage_pack(actor->process.lineage.self));
	copied_stack_use(0);
	track_look_for_inherited();
	actor_leave();
}

void judge_look_at_workers(void)
{
	uint64_t now = sys_clock_ns(CLOCK_MONOTONIC);

	while (first_waiting && now - first_waiting->born_ns > NS_PER_SECOND) {
		struct waiting *waiting = first_waiting;
		struct actor *actor = actor_known(waiting->number);

		if (actor)
			look_at(actor);
		first_waiting = waiting->next;
		if (!first_waiting)
			last_waiting = &first_waiting;
		free(waiting);
	}
}

/* --- processes -------------------------------------------------------------------------------- */

static struct actor *actor_of(const struct event *event)
{
	/* Where every process is watched, one that was not met at the start is found at its first
	 * act. */
	struct actor *actor =
		actor_find((uint32_t)(event->word >> 32), event->pid, event->kind == EVENT_FOUND);

	if (actor)
		actor->tid = event->tid;
	return actor;
}

static void take_fork(const struct event_fork *fork)
{
	struct actor *parent = actor_of(&fork->event);
	struct stack_id stack = {0};
	struct actor *child;

	if (parent && fork->event.stack != 0) {
		actor_enter(parent, fork->event.word);
		copied_stack_use(fork->event.stack);
		stack = stack_take();
		actor_leave();
	}
	child = actor_born(fork->child, fork->child_pid, parent, (uint32_t)fork->event.word, stack);
	registry_count(COUNT_FORKS);
	if (!child)
		return;
	if (fork->execs) {
		actor_execs(child);
		registry_count(COUNT_EXECS);
		connection_check_all(child);
		actor_interpreter_look(child);
	} else {
		judge_look_later(child);
		if (parent)
			actor_interpreter_inherit(child, parent);
	}
}

static void take_exec(const struct event *event)
{
	struct actor *actor = actor_of(event);

	if (!actor)
		return;
	actor_execs(actor);
	registry_count(COUNT_EXECS);
	connection_check_all(actor);
	actor_interpreter_look(actor);
}

static void take_exit(const struct event *event)
{
	struct actor *actor = actor_known((uint32_t)(event->word >> 32));

	if (!actor)
		return;
	loader_set_interpreter(actor->pid, NULL);
	actor_ends(actor);
}

/* --- connections ------------------------------------------------------------------------------ */

static struct actor *enter(const struct event *event)
{
	struct actor *actor = actor_of(event);

	if (!actor)
		return NULL;
	memcpy(actor->comm, event->comm, sizeof actor->comm);
	actor_enter(actor, event->word);
	copied_stack_use(event->stack);
	return actor;
}

static void take_open(const struct event_socket *socket)
{
	struct connection *connection;

	if (!enter(&socket->event))
		return;
	connection = connection_open(socket);
	if (connection)
		connection_tell_judged(connection);
	actor_leave();
}

static void take_old(const struct event_socket *socket)
{
	struct connection *connection;

	if (!enter(&socket->event))
		return;
	connection = connection_meet(socket);
	if (connection)
		connection_tell_judged(connection);
	actor_leave();
}

static void take_close(const struct event_socket *socket)
{
	struct connection *connection = connection_find(socket->cookie);

	if (connection)
		connection_close(connection);
}

/* actor_now was given the connection by other means than a fork: with it the lineage starts anew.
 */
static void take_over(const struct connection *connection)
{
	struct registry_socket *shared = &registry_mapping->sockets[connection->slot.n];

	connection_hold(connection, actor_now);
	registry_count(COUNT_HAND_OVERS);
	store_relaxed(&shared->last, LINEAGE_ATTENTION);
	store_relaxed(&shared->last_way[LINEAGE_READ], 0);
	store_relaxed(&shared->last_way[LINEAGE_WRITE], 0);
	fetch_or_relaxed(&shared->flags, SOCKET_HANDED_OVER);
}

/* actor_now uses the connection.  One that never had it was given it in a way of which nothing was
 * told (pidfd_getfd). */
static void note_holder(const struct connection *connection)
{
	if (!actor_had(actor_now, connection->slot))
		take_over(connection);
	else if (!connection_is_held_by(connection, actor_now))
		connection_hold(connection, actor_now);
}

/* Records that the kernel could not tell leave the registry behind: the word that a use replaced
 * says who used the connection in between. */
static void catch_up(const struct connection *connection, uint64_t before)
{
	struct registry_socket *shared = &registry_mapping->sockets[connection->slot.n];
	struct serial serial = actor_serial((uint32_t)(before >> 32));
	uint64_t lost[EVENT_LOST_COUNT];

	loader_losses(lost);
	if (serial.n == 0 || lost[EVENT_LOST_USE] == 0)
		return;
	if (!serial_is(lineage_unpack(load_relaxed(&shared->last)).serial, serial))
		store_relaxed(&shared->last,
			      lineage_pack((struct lineage_use){serial, (uint32_t)before}) |
				      LINEAGE_ATTENTION);
}

static struct connection *connection_of(const struct event_socket *socket)
{
	struct connection *connection = connection_find(socket->cookie);

	if (!connection)
		connection = connection_open(socket);
	connection_now = connection;
	if (!connection || !connection->watched)
		return NULL;
	connection_refresh(connection, socket);
	note_holder(connection);
	return connection;
}

static void judge_use(const struct event_use *use, void *context)
{
	struct connection *connection = context;
	struct iovec iov = {(void *)(uintptr_t)use->bytes, use->len_bytes};
	struct socket_ref ref = socket_ref_of(connection->slot);
	enum track_way way = use->writes ? TRACK_WRITE : TRACK_READ;
	int fd = connection->fd >= 0 ? connection->fd : 0;
	struct track_call call;

	if (use->moved > 0 && track_is_fast(track_socket(ref)))
		return;
	/* The tracker looks for inherited connections at a process's first use.  Which of them it
	 * has closed is not known here: look_at() asks. */
	process_settle();
	/* What a read took had waited. */
	connection->drained = use->waiting == 0 && (use->writes || use->moved <= 0);
	if (use->len_bytes == 0)
		iov.iov_base = NULL;
	if (!track_begin(&call, fd, ref, call_operation(use->call, use->writes), way, 0,
			 use->len_bytes > 0 ? &iov : NULL, use->len_bytes > 0))
		return;
	strict_choose_action(&call);
	/* sendfile() and splice() say no goodbye. */
	call.unseen = use->writes && use->len_bytes == 0 && call.operation != OPERATION_sendfile &&
		      call.operation != OPERATION_splice;
	if (use->moved <= 0)
		iov.iov_len = 1; /* the call wanted bytes */
	errno = use->moved < 0 ? (int)-use->moved : 0;
	track_end(&call, use->moved > 0 ? &iov : NULL, use->moved > 0 ? 1 : 0,
		  use->moved < 0 ? -1 : (ssize_t)use->moved);
	if (!use->writes && use->waiting == 0 && connection->watched)
		evidence_regain((struct evidence *)(void *)call.socket->evidence);
}

static void take_use(const struct event_use *use)
{
	struct connection *connection;
	struct actor *actor = enter(&use->socket.event);
	bool settled;

	if (!actor)
		return;
	settled = actor->settled;
	connection = connection_of(&use->socket);
	if (connection) {
		catch_up(connection, use->before);
		strict_judge(use, judge_use, connection);
		connection_tell_judged(connection);
	}
	actor_leave();
	actor->settled = settled;
}

static void take_received(const struct event_received *received)
{
	struct connection *connection = connection_find(received->cookie);

	if (!connection || !connection->watched || !enter(&received->event))
		return;
	connection_now = connection;
	connection->fd = received->fd;
	take_over(connection);
	actor_leave();
}

static void judge_shutdown(const struct event_use *none, void *context)
{
	const struct connection *connection = context;

	(void)none;
	track_shutdown(connection->fd >= 0 ? connection->fd : 0, socket_ref_of(connection->slot),
		       SHUT_RDWR);
}

static void take_shutdown(const struct event_socket *socket)
{
	struct connection *connection;

	if (!enter(&socket->event))
		return;
	connection = connection_find(socket->cookie);
	connection_now = connection;
	if (connection && connection->watched) {
		connection_refresh(connection, socket);
		connection->drained = false; /* not known */
		strict_judge(NULL, judge_shutdown, connection);
		connection_tell_judged(connection);
	}
	actor_leave();
}

/* --- records ---------------------------------------------------------------------------------- */

static size_t size_of(enum event_kind kind)
{
	switch (kind) {
	case EVENT_FOUND:
	case EVENT_EXEC:
	case EVENT_EXIT:
		return sizeof(struct event);
	case EVENT_FORK:
		return sizeof(struct event_fork);
	case EVENT_OPEN:
	case EVENT_OLD:
	case EVENT_CLOSE:
	case EVENT_SHUTDOWN:
		return sizeof(struct event_socket);
	case EVENT_USE:
		return sizeof(struct event_use);
	case EVENT_STACK:
		return sizeof(struct event_stack);
	case EVENT_RECEIVED:
		return sizeof(struct event_received);
	}
	return SIZE_MAX;
}

void judge_take(const void *record, size_t len_bytes)
{
	const struct event *event = record;

	if (len_bytes < sizeof *event || len_bytes < size_of((enum event_kind)event->kind))
		return;
	clock_set(event->time_ns);
	judge_look_at_workers();
	switch ((enum event_kind)event->kind) {
	case EVENT_FOUND:
		actor_of(event);
		break;
	case EVENT_FORK:
		take_fork(record);
		break;
	case EVENT_EXEC:
		take_exec(event);
		break;
	case EVENT_EXIT:
		take_exit(event);
		break;
	case EVENT_OPEN:
		take_open(record);
		break;
	case EVENT_OLD:
		take_old(record);
		break;
	case EVENT_CLOSE:
		take_close(record);
		break;
	case EVENT_SHUTDOWN:
		take_shutdown(record);
		break;
	case EVENT_USE:
		if (((const struct event_use *)record)->len_bytes <=
		    len_bytes - sizeof(struct event_use))
			take_use(record);
		break;
	case EVENT_STACK:
		copied_stack_keep(record);
		break;
	case EVENT_RECEIVED:
		take_received(record);
		break;
	}
	clock_set(0);
}
