/* SPDX-License-Identifier: MIT */
/*
 * What the files of this room share with each other and with nobody else.
 */
#ifndef FORKSAN_SHIM_REGISTRY_PARTS_H
#define FORKSAN_SHIM_REGISTRY_PARTS_H

#include "registry/registry.h"

/* Maps the file as the registry of this process, somewhere by `random`; anonymous memory; undoes
 * it. */
bool registry_map(int fd, uint32_t random);
bool registry_map_anonymous(void);
void registry_unmap(void);

/* The directory for registries of the user with that id; with `create` it is made where there is
 * none.  A descriptor, or -errno: -EPERM when the name is taken by what is not the user's own. */
long registry_open_directory(uint32_t uid, bool create);

/* True when the descriptor is of that type (S_IFREG, S_IFDIR), that user's, and closed to all
 * others. */
bool registry_file_is_ours(int fd, uint32_t uid, uint32_t type, uint64_t *size_bytes);

/* openat(2) that follows no link and waits for nobody; unlinkat(2). */
long registry_open_at(int directory, const char *name, int flags, mode_t mode);
long registry_unlink_at(int directory, const char *name);

/* Removes what nobody can join and nobody is just making: a registry whose maker was killed, or one
 * that was spoilt. */
void registry_sweep(int directory, const char *name);

/* Calls visit() with the name of each session in the directory until it returns true, which is the
 * answer then; removes on the way what is left of registries that were not completed. */
bool registry_look_through(int directory,
			   bool (*visit)(int directory, const char *session, void *context),
			   void *context);

/* Of /dev/shm this much at most is left to others: a semaphore (sem_open) is a page. */
#define REGISTRY_ROOM_LEFT_BYTES (UINT64_C(1) << 20)

/* True when the registry's file may take so much more of /dev/shm.  Where the kernel cannot be
 * asked, as after chroot(), it may. */
bool registry_has_room(uint64_t len_bytes);

/* True when some process has that pid and is no zombie. */
bool registry_pid_runs(pid_t pid);

/* True when some process that says that it lives says that it holds the socket.  Asks no kernel: a
 * process that was killed is still counted. */
bool registry_is_held(struct socket_slot slot);

/* The same for the 64 socket slots of a word of holds, as bits. */
uint64_t registry_held(uint32_t word);

/* The cookie of a LIVE slot; false when the slot is not LIVE. */
bool registry_live_cookie(struct socket_slot slot, uint64_t *cookie);

/* How many slots of a table may be in use: what stands in shared memory, bounded by the table. */
static inline uint32_t registry_process_high(void)
{
	uint32_t high = load_acquire(&registry_mapping->header.process_high);

	return high < FORKSAN_MAX_PROCESSES ? high : FORKSAN_MAX_PROCESSES;
}

static inline uint32_t registry_socket_high(void)
{
	uint32_t high = load_acquire(&registry_mapping->header.socket_high);

	return high < FORKSAN_MAX_SOCKETS ? high : FORKSAN_MAX_SOCKETS;
}

#endif
