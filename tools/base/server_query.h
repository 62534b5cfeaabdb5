/* SPDX-License-Identifier: MIT */
/*
 * The query that shows a connection from the server's side.
 */
#ifndef FORKSAN_TOOLS_BASE_SERVER_QUERY_H
#define FORKSAN_TOOLS_BASE_SERVER_QUERY_H

#include <stdbool.h>
#include <stddef.h>

/* Writes the query for the connection whose local end is `local` ("127.0.0.1:43482").  False: no
 * query is known for that protocol, or the local end has no port.  Pure. */
bool server_query(const char *protocol, const char *local, char *out, size_t size);

#endif
