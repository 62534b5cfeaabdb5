/* SPDX-License-Identifier: MIT */
/*
 * Socket addresses as people write them.  The bytes may be hostile, the text may hold any byte.
 */
#ifndef FORKSAN_TOOLS_BASE_SOCKET_ADDRESS_H
#define FORKSAN_TOOLS_BASE_SOCKET_ADDRESS_H

#include <stddef.h>
#include <sys/socket.h>

#define SOCKET_ADDRESS_BYTES 160

/* Writes `127.0.0.1:3306`, `[::1]:3306`, a path, or `@name` of the abstract kind (unix(7)); an
 * empty string: the address says nothing, or is too short. */
void socket_address_print(const struct sockaddr *address, size_t len_bytes, char *out, size_t size);

#endif
