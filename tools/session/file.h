/* SPDX-License-Identifier: MIT */
/*
 * The file of a registry, and the processes that it names: what registry.c and view.c share.
 */
#ifndef FORKSAN_TOOLS_SESSION_FILE_H
#define FORKSAN_TOOLS_SESSION_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "forksan/registry.h"
#include "session/registry.h"

/* Opens the directory of a user's registries.  -1, with *why and errno set: there is no such
 * directory, or another user made a directory or a link of that name. */
int session_file_directory(uint32_t uid, const char **why);

/* Opens the registry `session` of that user and reads its header.  *fd and *header mean something
 * for SESSION_REGISTRY_READ alone, *why for SESSION_REGISTRY_STRANGE; the caller closes *fd. */
enum session_registry_state session_file_open(uint32_t uid, const char *session,
					      struct registry_header *header, int *fd,
					      const char **why);

/* Reads `len_bytes` at `offset`.  False: the file ends before, or cannot be read. */
bool session_file_read(int fd, void *out, size_t len_bytes, off_t offset);

/* True when the process of the slot is there.  `process` is a copy; its words may be anything. */
bool session_process_is_alive(const struct registry_process *process);

#endif
