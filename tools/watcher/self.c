/* SPDX-License-Identifier: MIT */
/*
 * "This process", as the shim's rooms ask for it (process/process.h, track/connection.h): the
 * actor whose call is being judged.  Nobody asks the kernel about forksan-attach itself here.
 */
#include "process/process.h"

#include <string.h>
#include <time.h>

#include "watcher/actor.h"
#include "watcher/connection.h"
#include "base/sys.h"
#include "track/track.h"

bool process_enter(void)
{
	return actor_now != NULL;
}

bool process_enter_own(void)
{
	return process_enter();
}

bool process_is_vfork_child(void)
{
	return false; /* a vfork child's calls count as its parent's */
}

pid_t process_tid(void)
{
	return actor_now ? actor_now->tid : 0;
}

bool process_is_old(void)
{
	return sys_clock_ns(CLOCK_MONOTONIC) - actor_now->born_ns > UINT64_C(1000000000);
}

void process_enter_sandbox(void)
{
}

void process_name(char comm[16])
{
	memcpy(comm, actor_now->comm, 16);
}

pid_t process_parent_pid(void)
{
	return actor_now->parent_pid;
}

/* Without a connection that is judged, the descriptor is one that fdtable_next_held() named. */
socklen_t process_local_address(int fd, struct sockaddr_storage *address)
{
	const struct connection *connection =
		connection_now ? connection_now : connection_with_fd(fd, actor_now);

	if (!connection || connection->local.len_bytes > sizeof connection->local.bytes)
		return 0;
	memcpy(address, connection->local.bytes, connection->local.len_bytes);
	return connection->local.len_bytes;
}

/* The kernel has named the connection by its cookie. */
bool track_is_still(int fd, struct socket_slot slot)
{
	const struct connection *connection = connection_in(slot);

	(void)fd;
	return connection && registry_socket_is(slot, connection->generation);
}

/* The kernel tells of those that do end the connection. */
bool track_is_over(int fd)
{
	(void)fd;
	return false;
}

bool track_is_drained(int fd)
{
	(void)fd;
	return connection_now && connection_now->drained;
}

bool track_read_cookie(int fd, uint64_t *cookie)
{
	(void)fd;
	if (!connection_now)
		return false;
	*cookie = connection_now->cookie;
	return true;
}
