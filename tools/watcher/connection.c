/* SPDX-License-Identifier: MIT */
/* See connection.h. */
#include "watcher/connection.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "watcher/clock.h"
#include "watcher/loader.h"
#include "watcher/proc.h"
#include "base/sys.h"
#include "judge/evidence.h"
#include "options/options.h"
#include "track/track.h"

/* /proc is asked at most this often who holds a connection. */
#define CHECK_NS 20000000
/* What processes have open is read anew after this time. */
#define SOCKETS_NS UINT64_C(1000000000)

struct connection *connection_now;

static struct connection *connections;
static struct connection *by_slot[FORKSAN_MAX_SOCKETS];

struct connection *connection_find(uint64_t cookie)
{
	struct connection *connection;

	HASH_FIND(hh, connections, &cookie, sizeof cookie, connection);
	return connection;
}

struct connection *connection_in(struct socket_slot slot)
{
	return slot.n < FORKSAN_MAX_SOCKETS ? by_slot[slot.n] : NULL;
}

/* track_watch() names the slot that it has claimed (fdtable.c). */
bool fdtable_set(int fd, struct socket_slot slot, uint32_t generation)
{
	if (connection_now && !connection_now->watched) {
		connection_now->watched = true;
		connection_now->slot = slot;
		connection_now->generation = generation;
		by_slot[slot.n] = connection_now;
		actor_notes(actor_now, slot);
	}
	(void)fd;
	return true;
}

static void note(struct connection *connection, const struct event_socket *socket)
{
	if (socket->fd >= 0)
		connection->fd = socket->fd;
	if (socket->local.len_bytes > 0)
		connection->local = socket->local;
	connection->inode = socket->inode;
}

void connection_hold(const struct connection *connection, struct actor *actor)
{
	actor_notes(actor, connection->slot);
	registry_hold(registry_process_slot(actor->process.shared), connection->slot);
}

/* What the processes that are watched had open at `taken_ns` (CLOCK_MONOTONIC; 0: never).  At the
 * start of `--all` thousands of connections are met at once, and each asks who else holds it. */
static struct proc_sockets sockets;
static uint64_t taken_ns;

/* The sockets of a moment ago.  False: there is no memory for them. */
static bool take_sockets(void)
{
	uint64_t now = sys_clock_ns(CLOCK_MONOTONIC);
	struct actor *actor;

	if (taken_ns != 0 && now - taken_ns < SOCKETS_NS)
		return true;
	sockets.count = 0;
	taken_ns = 0;
	for (actor = actor_living; actor; actor = actor->next)
		if (!proc_add_sockets(&sockets, actor->pid))
			return false;
	proc_sort_sockets(&sockets);
	taken_ns = now;
	return true;
}

static void hold_if_open(struct connection *connection, struct actor *actor, int fd)
{
	if (actor && actor != actor_now &&
	    proc_holds(actor->pid, connection->inode, &fd) == PROC_YES)
		connection_hold(connection, actor);
}

/* Other processes that hold it already: of a connection that is met late, the registry knows none.
 * Those that were born since the sockets were taken are asked, and so is each that had it then. */
static void look_for_holders(struct connection *connection)
{
	bool is_taken = take_sockets();
	const struct proc_socket *socket, *end = sockets.list + sockets.count;
	struct actor *actor;

	for (actor = actor_living; actor; actor = actor->next)
		if (!is_taken || actor->born_ns >= taken_ns)
			hold_if_open(connection, actor, connection->fd);
	socket = is_taken ? proc_find_socket(&sockets, connection->inode) : NULL;
	for (; socket && socket < end && socket->inode == connection->inode; socket++)
		hold_if_open(connection, actor_with_pid(socket->pid), socket->fd);
}

/* References to the open file that other processes had at the call. */
struct others {
	uint32_t least; /* that many for sure */
	uint32_t most;
};

static uint32_t minus(uint32_t a, uint32_t b)
{
	return a > b ? a - b : 0;
}

/* Where a process has threads, this call has a reference, and so may a call of each other thread.
 * What io_uring has under way has references, too: then the descriptor is not known. */
static struct others others_of(const struct event_socket *socket)
{
	uint32_t own = socket->own > 0 ? socket->own : 1;
	uint32_t calls = socket->threads > 1 ? socket->threads : 0;
	bool is_counted = socket->own > 0 && socket->fd >= 0;

	return (struct others){
		.least = is_counted ? minus(socket->refs, own + calls) : 0,
		.most = minus(socket->refs, own + (calls > 0)),
	};
}

struct connection *connection_open(const struct event_socket *socket)
{
	struct connection *connection = connection_find(socket->cookie);
	struct sockaddr_storage peer = {0};

	if (connection)
		return connection;
	connection = calloc(1, sizeof *connection);
	if (!connection) {
		registry_count(LOST_CONNECTIONS);
		return NULL;
	}
	connection->cookie = socket->cookie;
	connection->fd = -1;
	note(connection, socket);
	HASH_ADD(hh, connections, cookie, sizeof connection->cookie, connection);
	connection_now = connection;
	memcpy(&peer, socket->peer.bytes, EVENT_NAME_BYTES);
	track_watch(connection->fd >= 0 ? connection->fd : 0, socket->cookie,
		    (const struct sockaddr *)&peer,
		    socket->peer.len_bytes < EVENT_NAME_BYTES ? socket->peer.len_bytes
							      : EVENT_NAME_BYTES);
	if (connection->watched && others_of(socket).most > 0)
		look_for_holders(connection);
	return connection;
}

/* actor_now had it when the watch began.  Who opened it is not known: the eldest of those that had
 * it is taken for that.  Parents have lower serials than their children, unlike pids, which wrap.
 */
static void had_before(const struct connection *connection)
{
	struct registry_socket *shared = &registry_mapping->sockets[connection->slot.n];

	connection_hold(connection, actor_now);
	if (process.lineage.self.serial.n >= shared->opener_serial.n)
		return;
	shared->opener_serial = process.lineage.self.serial;
	shared->opener_pid = process.pid;
}

struct connection *connection_meet(const struct event_socket *socket)
{
	struct connection *connection = connection_find(socket->cookie);
	struct registry_socket *shared;
	enum protocol hint;

	if (connection) {
		if (connection->watched)
			had_before(connection);
		return connection;
	}
	connection = connection_open(socket);
	if (!connection || !connection->watched)
		return connection;
	shared = &registry_mapping->sockets[connection->slot.n];
	hint = (enum protocol)load_relaxed(&shared->hint);
	store_relaxed(&shared->last, LINEAGE_ATTENTION); /* who used it is not known */
	shared->opened_stack = 0;
	fetch_or_relaxed(&shared->flags, SOCKET_OPEN_BEFORE);
	if (hint == PROTOCOL_UNKNOWN) {
		store_relaxed(&shared->protocol, PROTOCOL_OTHER);
		if (!(fetch_or_relaxed(&shared->flags, SOCKET_COUNTED) & SOCKET_COUNTED))
			registry_count(COUNT_CONNECTIONS);
	} else {
		store_relaxed(&shared->protocol, hint);
		evidence_resume((struct evidence *)(void *)shared->evidence, hint);
	}
	fetch_and_relaxed(&shared->flags, ~(uint32_t)SOCKET_UNIDENTIFIED);
	return connection;
}

static void let_go(const struct connection *connection, const struct actor *actor)
{
	registry_let_go(registry_process_slot(actor->process.shared), connection->slot);
}

/* 0: not known yet.  A session that has ended, or that was handed over, is left to user space. */
static enum event_rule rule_of(const struct registry_socket *shared)
{
	enum protocol protocol = (enum protocol)load_relaxed(&shared->protocol);

	if (load_relaxed(&shared->ended_by) != 0 ||
	    (load_relaxed(&shared->flags) & SOCKET_HANDED_OVER) != 0)
		return EVENT_RULE_NONE;
	if (protocol == PROTOCOL_UNKNOWN && load_relaxed(&shared->hint) == PROTOCOL_UNKNOWN)
		return 0;
	return protocol == PROTOCOL_OTHER ? EVENT_RULE_DIRECTION : EVENT_RULE_LINEAGE;
}

void connection_tell_judged(struct connection *connection)
{
	const struct registry_socket *shared = &registry_mapping->sockets[connection->slot.n];
	struct event_judged judged = connection->told;
	struct serial user;

	if (options.mode != MODE_STRICT || !connection->watched ||
	    connection->told.rule == EVENT_RULE_NONE)
		return;
	judged.rule = rule_of(shared);
	user = lineage_unpack(load_relaxed(&shared->last)).serial;
	if (actor_now && serial_is(user, actor_now->process.lineage.self.serial))
		judged.user = actor_now->number;
	if (judged.rule == connection->told.rule && judged.user == connection->told.user)
		return;
	connection->told = judged;
	if (judged.rule != 0)
		loader_tell_judged(connection->cookie, &judged);
}

void connection_stop_watching(struct connection *connection)
{
	struct actor *actor;

	if (!connection->watched)
		return;
	for (actor = actor_living; actor; actor = actor->next) {
		if (!actor_had(actor, connection->slot))
			continue;
		let_go(connection, actor);
		actor_forgets(actor, connection->slot);
	}
	registry_release_socket(connection->slot, connection->generation);
	by_slot[connection->slot.n] = NULL;
	connection->watched = false;
	if (connection->told.rule != 0)
		loader_forget_judged(connection->cookie);
}

void connection_close(struct connection *connection)
{
	connection_stop_watching(connection);
	if (connection_now == connection)
		connection_now = NULL;
	HASH_DELETE(hh, connections, connection);
	free(connection);
}

bool connection_is_held_by(const struct connection *connection, const struct actor *actor)
{
	return actor_holds(actor, connection->slot);
}

/* A descriptor that is not known counts as 0. */
static int fd_of(const struct connection *connection)
{
	return connection->fd >= 0 ? connection->fd : 0;
}

struct connection *connection_next(int fd, const struct actor *actor)
{
	const struct registry_process *shared = actor->process.shared;
	uint32_t words = load_relaxed(&shared->hold_words);
	struct connection *best = NULL;

	for (uint32_t word = 0; word < words; word++) {
		uint64_t bits =
			load_relaxed(registry_hold_word(registry_process_slot(shared), word));

		for (; bits != 0; bits &= bits - 1) {
			struct connection *found = connection_in(
				(struct socket_slot){word * 64 + (uint32_t)__builtin_ctzll(bits)});

			if (found && fd_of(found) >= fd && (!best || fd_of(found) < fd_of(best)))
				best = found;
		}
	}
	return best;
}

struct connection *connection_with_fd(int fd, const struct actor *actor)
{
	struct connection *connection = connection_next(fd, actor);

	return connection && fd_of(connection) == fd ? connection : NULL;
}

static bool is_other_holder(const struct connection *connection, const struct actor *actor)
{
	return actor != actor_now && connection_is_held_by(connection, actor);
}

static uint32_t count_other_holders(const struct connection *connection)
{
	const struct actor *actor;
	uint32_t count = 0;

	for (actor = actor_living; actor; actor = actor->next)
		count += is_other_holder(connection, actor);
	return count;
}

/* Asks /proc, and lets go of the connection for those who have closed it: the youngest first, as
 * long as more are left than `least`. */
static void let_closed_go(struct connection *connection, uint32_t least)
{
	struct actor *actor;
	uint32_t open = 0;

	for (actor = actor_living; actor; actor = actor->next) {
		int fd = connection->fd;

		if (!is_other_holder(connection, actor))
			continue;
		actor->has_closed = proc_holds(actor->pid, connection->inode, &fd) == PROC_NO;
		open += !actor->has_closed;
	}
	for (actor = actor_living; actor; actor = actor->next) {
		if (!is_other_holder(connection, actor) || !actor->has_closed)
			continue;
		if (open < least)
			open++;
		else
			let_go(connection, actor);
	}
}

static void let_all_go(struct connection *connection)
{
	struct actor *actor;

	for (actor = actor_living; actor; actor = actor->next)
		if (is_other_holder(connection, actor))
			let_go(connection, actor);
}

void connection_refresh(struct connection *connection, const struct event_socket *socket)
{
	struct others others = others_of(socket);
	uint64_t now = clock_now();
	uint32_t holders;

	note(connection, socket);
	if (!connection->watched)
		return;
	if (others.most == 0) {
		let_all_go(connection);
		return;
	}
	holders = count_other_holders(connection);
	if (holders <= others.least ||
	    (holders <= others.most && now - connection->checked_ns < CHECK_NS))
		return;
	connection->checked_ns = now;
	let_closed_go(connection, others.least);
}

bool connection_check_all(struct actor *actor)
{
	struct connection *connection, *next;
	bool known = true;

	HASH_ITER(hh, connections, connection, next)
	{
		int fd = connection->fd;

		/* cppcheck-suppress uninitvar ; the macro sets it */
		if (!connection->watched || !connection_is_held_by(connection, actor))
			continue;
		switch (proc_holds(actor->pid, connection->inode, &fd)) {
		case PROC_NO:
			let_go(connection, actor);
			break;
		case PROC_UNKNOWN:
			known = false;
			break;
		case PROC_YES:
			break;
		}
	}
	return known;
}

static void check_others(const struct connection *connection, const struct actor *actor)
{
	struct actor *other;

	for (other = actor_living; other; other = other->next) {
		int fd = connection->fd;

		if (other == actor || !connection_is_held_by(connection, other))
			continue;
		if (proc_holds(other->pid, connection->inode, &fd) != PROC_NO)
			return;
		let_go(connection, other);
	}
}

void connection_check_others(const struct actor *actor)
{
	struct connection *connection, *next;

	HASH_ITER(hh, connections, connection, next)
	/* cppcheck-suppress uninitvar ; the macro sets it */
	if (connection->watched && connection_is_held_by(connection, actor))
		check_others(connection, actor);
}

static bool is_held(const struct connection *connection)
{
	struct actor *actor;

	for (actor = actor_living; actor; actor = actor->next)
		if (connection_is_held_by(connection, actor))
			return true;
	return false;
}

void connection_sweep(void)
{
	struct connection *connection, *next;

	HASH_ITER(hh, connections, connection, next)
	if (connection->watched && !is_held(connection))
		connection_close(connection);
}
