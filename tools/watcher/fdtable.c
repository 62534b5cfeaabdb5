/* SPDX-License-Identifier: MIT */
/*
 * Descriptors, as the shim's rooms ask for them (process/fdtable.h): there is no table of them
 * here, the registry's holds and connection.h know what an actor holds.
 */
#include "process/fdtable.h"

#include "watcher/connection.h"

_Atomic uint32_t *fdtable_entries;
_Atomic uint32_t fdtable_limit;

/* track_stop_watching() finds and clears the descriptors of the connection that is judged. */
void fdtable_clear(int fd)
{
	(void)fd;
	if (connection_now)
		connection_stop_watching(connection_now);
}

void fdtable_clear_range(unsigned first, unsigned last)
{
	(void)first;
	(void)last;
}

uint32_t fdtable_generation(struct socket_slot slot)
{
	return registry_socket_generation(slot);
}

int fdtable_find(struct socket_slot slot)
{
	return connection_now && connection_in(slot) == connection_now ? 0 : -1;
}

bool fdtable_is_empty(void)
{
	return false;
}

unsigned fdtable_high(void)
{
	return 0;
}

/* Of two connections with one descriptor one comes up: the other was closed. */
bool fdtable_next_held(int *fd, struct socket_slot *slot)
{
	const struct connection *next = connection_next(*fd, actor_now);

	if (!next)
		return false;
	*fd = next->fd >= 0 ? next->fd : 0;
	*slot = next->slot;
	return true;
}
