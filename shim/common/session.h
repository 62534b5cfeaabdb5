/* SPDX-License-Identifier: MIT */
/*
 * Where the registries of sessions lie, and how they are named: /dev/shm/forksan-UID/SESSION, in a
 * directory of the user that no other user may enter.  Pure.  Shim and tool build the names from
 * their own knowledge, never from the words of a registry.
 */
#ifndef FORKSAN_SHIM_SESSION_H
#define FORKSAN_SHIM_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "forksan/registry.h"

/* REGISTRY_DIRECTORY, REGISTRY_USER_PREFIX and a user id in decimal, with the NUL. */
#define SESSION_DIRECTORY_BYTES 32

/* A registry that is being made: a session, "." and 16 digits more, with the NUL. */
#define SESSION_DRAFT_BYTES (2 * REGISTRY_SESSION_BYTES)

/* A directory, "/" and a session or draft, with the NUL. */
#define SESSION_PATH_BYTES (SESSION_DIRECTORY_BYTES + 1 + SESSION_DRAFT_BYTES)

/* True for 16 hexadecimal digits in lower case and nothing else. */
bool session_is_name(const char *text);

/* True for the name of a registry that is being made, or whose maker was killed meanwhile. */
bool session_is_draft(const char *text);

void session_put_number(char out[REGISTRY_SESSION_BYTES], uint64_t number);
void session_put_draft(char out[SESSION_DRAFT_BYTES], const char *session, uint64_t number);
void session_put_directory(char out[SESSION_DIRECTORY_BYTES], uint32_t uid);
void session_put_path(char out[SESSION_PATH_BYTES], uint32_t uid, const char *session_or_draft);

/* `forksan run` reads a registry after the last process of the session has ended.  The session's
 * number names the waiting `forksan run`, so that no other process removes the registry before: the
 * low 24 bits are the waiter's pid (pid_max is at most 2^22, proc(5)). */
uint64_t session_number_for_waiter(uint64_t random, int32_t pid);
int32_t session_waiter(const char *session);

#endif
