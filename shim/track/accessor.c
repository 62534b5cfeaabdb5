/* SPDX-License-Identifier: MIT */
/*
 * The accessors of a connection: the processes that use the connection.  Each process writes its
 * own entry; when all entries are taken, the next in turn is replaced.  Two threads of one process
 * may write at once: the later stack stands.
 */
#include "track/accessor.h"

#include <time.h>

#include "base/sys.h"
#include "base/wiped.h"
#include "process/process.h"

static struct registry_user *find(struct registry_socket *socket, struct serial serial)
{
	for (int i = 0; i < FORKSAN_MAX_USERS; i++)
		if (load_acquire(&socket->users[i].serial) == serial.n)
			return &socket->users[i];
	return NULL;
}

static struct registry_user *find_or_claim(struct registry_socket *socket, struct serial serial)
{
	struct registry_user *user = find(socket, serial);

	accessor_note();
	if (user)
		return user;
	for (int i = 0; i < FORKSAN_MAX_USERS; i++) {
		uint32_t nobody = 0;

		user = &socket->users[i];
		if (compare_exchange_acq_rel(&user->serial, &nobody, serial.n))
			return user;
	}
	user = &socket->users[fetch_add_relaxed(&socket->next_user, 1) % FORKSAN_MAX_USERS];
	store_relaxed(&user->stack, 0);
	store_relaxed(&user->stack_count, 0);
	store_relaxed(&user->isolated, 0);
	store_release(&user->serial, serial.n);
	return user;
}

void accessor_note(void)
{
	if (load_relaxed(&wiped.track.has_accessed) == 0)
		store_relaxed(&wiped.track.has_accessed, 1);
}

struct stack_id accessor_stack(struct registry_socket *socket, uint32_t limit)
{
	struct registry_user *user = find_or_claim(socket, process.lineage.self.serial);
	uint32_t taken = load_relaxed(&user->stack_count);
	struct stack_id stack;

	if (taken >= limit)
		return (struct stack_id){load_relaxed(&user->stack)};
	stack = stack_take();
	store_relaxed(&user->time_ns, sys_clock_ns(CLOCK_REALTIME));
	store_relaxed(&user->stack_count, taken + 1);
	store_release(&user->stack, stack.n);
	return stack;
}

void accessor_note_isolated(struct registry_socket *socket)
{
	fetch_add_relaxed(&find_or_claim(socket, process.lineage.self.serial)->isolated, 1);
}

bool accessor_has_used(const struct registry_socket *socket)
{
	struct serial serial = process.lineage.self.serial;

	if (serial_is(lineage_unpack(load_relaxed(&socket->last)).serial, serial))
		return true;
	/* A new worker asks for each of perhaps thousands of connections, whose entries are not in
	 * the cache. */
	if (load_relaxed(&wiped.track.has_accessed) == 0)
		return false;
	if (load_relaxed(&socket->ended_by) == serial.n)
		return true;
	for (int i = 0; i < FORKSAN_MAX_USERS; i++)
		if (load_acquire(&socket->users[i].serial) == serial.n)
			return true;
	return false;
}

struct stack_id accessor_latest_stack(const struct registry_socket *socket, struct serial serial)
{
	for (int i = 0; i < FORKSAN_MAX_USERS; i++)
		if (load_acquire(&socket->users[i].serial) == serial.n)
			return (struct stack_id){load_acquire(&socket->users[i].stack)};
	return (struct stack_id){0};
}

struct serial accessor_latest_other(const struct registry_socket *socket, struct serial self)
{
	uint64_t latest_ns = 0;
	struct serial latest = {0};

	for (int i = 0; i < FORKSAN_MAX_USERS; i++) {
		uint32_t serial = load_acquire(&socket->users[i].serial);
		uint64_t time_ns = load_relaxed(&socket->users[i].time_ns);

		if (serial != 0 && serial != self.n && time_ns >= latest_ns) {
			latest_ns = time_ns;
			latest = (struct serial){serial};
		}
	}
	return latest;
}
