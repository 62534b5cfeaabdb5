/* SPDX-License-Identifier: MIT */
/*
 * See server_query.h.
 */
#include "base/server_query.h"

#include <stdio.h>
#include <string.h>

/* Protocol, and the query with PORT for the client's port. */
static const struct {
	const char *protocol;
	const char *query;
} queries[] = {
	{"MySQL", "SELECT * FROM information_schema.processlist WHERE host LIKE '%:PORT'"},
	{"PostgreSQL", "SELECT * FROM pg_stat_activity WHERE client_port = PORT"},
	{"Redis", "CLIENT LIST (its line with addr=...:PORT)"},
	{"memcached", "stats conns (the entry with :PORT)"},
	{"MongoDB", "db.currentOp({$all: true, client: /:PORT$/})"},
	{"TDS", "SELECT * FROM sys.dm_exec_connections WHERE client_tcp_port = PORT"},
	{"Oracle TNS", "SELECT * FROM v$session WHERE port = PORT"},
	{"AMQP", "rabbitmqctl list_connections peer_port pid user (peer_port PORT)"},
	{"NATS", "GET /connz of the monitoring port (port PORT)"},
	{"ZooKeeper", "echo cons | nc SERVER 2181 (the line with :PORT)"},
	{"LDAP", "ldapsearch -b cn=Connections,cn=Monitor '(monitorConnectionPeerAddress=*:PORT)'"},
};

bool server_query(const char *protocol, const char *local, char *out, size_t size)
{
	const char *port = local != NULL ? strrchr(local, ':') : NULL;
	const char *place;

	/* A query may be pasted into a shell, and the log may be hostile. */
	if (port == NULL || port[1] == '\0' || strspn(port + 1, "0123456789") != strlen(port + 1))
		return false;
	for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
		if (strcmp(queries[i].protocol, protocol) != 0)
			continue;
		place = strstr(queries[i].query, "PORT");
		snprintf(out, size, "%.*s%s%s", (int)(place - queries[i].query), queries[i].query,
			 port + 1, place + strlen("PORT"));
		return true;
	}
	return false;
}
