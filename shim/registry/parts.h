/* SPDX-License-Identifier: MIT */
/*
 * What the files of this room share with each other and with nobody else.
 */
#ifndef FORKSAN_SHIM_REGISTRY_PARTS_H
#define FORKSAN_SHIM_REGISTRY_PARTS_H

#include "registry/registry.h"

/* True when some process has that pid, a zombie included. */
bool registry_pid_exists(pid_t pid);

/* True when a process that its slot says is alive says that it holds the socket.  Asks no kernel:
 * a process that was killed is still counted. */
bool registry_held_by_anyone(struct socket_slot slot);

/* Of the 64 socket slots of a word of holds, as bits: those that no process below `process_high`
 * says that it holds. */
uint64_t registry_unheld(uint32_t word, uint32_t process_high);

#endif
