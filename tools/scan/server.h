/* SPDX-License-Identifier: MIT */
/*
 * What the server says of its connections: SHOW PROCESSLIST, pg_stat_activity, CLIENT LIST.
 *
 * The server is asked through its own client program (mariadb or mysql, psql, redis-cli), so that
 * the user's configuration for it counts and the tool links no driver.  A password of the URL goes
 * to the client in its environment, never on its command line.  Statements are not asked for: what
 * a session runs is the users' business.
 */
#ifndef FORKSAN_TOOLS_SCAN_SERVER_H
#define FORKSAN_TOOLS_SCAN_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SERVER_WORD_BYTES 128

struct server;
struct snapshot;

/* One connection as its server lists it. */
struct server_session {
	uint16_t port;			/* the client's */
	char client[SERVER_WORD_BYTES]; /* address and port, as the server sees them */
	char id[SERVER_WORD_BYTES];
	char user[SERVER_WORD_BYTES];
	char state[SERVER_WORD_BYTES]; /* "Sleep", "idle in transaction", "last command get" */
	int64_t state_s;	       /* seconds in that state; -1: not told */
	int64_t age_s;		       /* seconds since it was opened; -1: not told */
};

/* Reads "mysql://user:password@host:port/database", "postgresql://..." or "redis://...".  NULL,
 * with *why: what is wrong with the URL.  The caller frees with server_free(). */
struct server *server_read_url(const char *url, const char **why);

/* Asks for the list.  False, with words in `why`: the client program is missing, or has failed. */
bool server_ask(struct server *server, char *why, size_t size);

/* Gives each connection of the snapshot that leads to the server's port its session: the one whose
 * client has the connection's own port.  The sessions live as long as the server, up to the next
 * server_ask().  Returns the number of connections that the list does not have. */
size_t server_match(const struct server *server, struct snapshot *snapshot);

void server_free(struct server *server);

#endif
