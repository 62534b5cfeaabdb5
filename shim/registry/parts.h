/* SPDX-License-Identifier: MIT */
/*
 * What the files of this room share with each other and with nobody else.
 */
#ifndef FORKSAN_SHIM_REGISTRY_PARTS_H
#define FORKSAN_SHIM_REGISTRY_PARTS_H

#include "registry/registry.h"

/* The directory for registries of the user with that id; with `create` it is made where there is
 * none.  A descriptor, or -errno: -EPERM when the name is taken by what is not the user's own. */
long registry_open_directory(uint32_t uid, bool create);

/* True when the descriptor is of that type (S_IFREG, S_IFDIR), that user's, and closed to all
 * others. */
bool registry_file_is_ours(int fd, uint32_t uid, uint32_t type, uint64_t *size_bytes);

/* openat(2) that follows no link and waits for nobody; unlinkat(2). */
long registry_open_at(int directory, const char *name, int flags, mode_t mode);
long registry_unlink_at(int directory, const char *name);

/* Calls visit() with the name of each session in the directory until it returns true, which is the
 * answer then; removes on the way what is left of registries that were not completed. */
bool registry_look_through(int directory,
			   bool (*visit)(int directory, const char *session, void *context),
			   void *context);

/* True when the registry may take so much more of /dev/shm. */
bool registry_has_room(uint64_t len_bytes);

/* True when some process has that pid and is no zombie. */
bool registry_pid_runs(pid_t pid);

/* True when a process that its slot says is alive says that it holds the socket.  Asks no kernel:
 * a process that was killed is still counted. */
bool registry_held_by_anyone(struct socket_slot slot);

/* Of the 64 socket slots of a word of holds, as bits: those that no process below `process_high`
 * says that it holds. */
uint64_t registry_unheld(uint32_t word, uint32_t process_high);

#endif
