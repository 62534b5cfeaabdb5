/* SPDX-License-Identifier: MIT */
/*
 * See server.h.
 */
#include "scan/server.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cli.h"
#include "base/now.h"
#include "base/socket_address.h"
#include "scan/snapshot.h"

#define PATIENCE_MS 10000
#define MAX_ANSWER_BYTES (8 << 20)
#define PART_BYTES 256

/* Fields are parted by tabulators: id, user, the client's address or port, state, seconds in that
 * state, age in seconds. */
#define MYSQL_QUERY                                                                                \
	"SELECT ID, USER, HOST, CONCAT(COMMAND, IF(STATE IS NULL OR STATE = '', '', "              \
	"CONCAT(' (', STATE, ')'))), TIME, -1 FROM information_schema.PROCESSLIST"
#define POSTGRESQL_QUERY                                                                           \
	"SELECT pid, usename, host(client_addr) || ':' || client_port, coalesce(state, ''), "      \
	"coalesce(extract(epoch FROM now() - state_change)::bigint, -1), "                         \
	"extract(epoch FROM now() - backend_start)::bigint FROM pg_stat_activity "                 \
	"WHERE client_port > 0"

struct server {
	const struct kind *kind;
	char user[PART_BYTES], password[PART_BYTES], host[PART_BYTES], database[PART_BYTES];
	char port[8];
	struct server_session *sessions;
	size_t session_count;
};

/* Executes the client; returns only when there is none. */
typedef void run_client(const struct server *server);
/* Takes one line of the client's answer. */
typedef bool take_line(char *line, struct server_session *session);

static run_client run_mysql, run_psql, run_redis;
static take_line take_row, take_redis;

static const struct kind {
	const char *scheme;
	enum protocol protocol;
	const char *port;
	const char *password_variable;
	const char *client;
	const char *package; /* of Debian */
	run_client *run;
	take_line *take;
} kinds[] = {
	{"mysql", PROTOCOL_MYSQL, "3306", "MYSQL_PWD", "mariadb or mysql", "mariadb-client",
	 run_mysql, take_row},
	{"mariadb", PROTOCOL_MYSQL, "3306", "MYSQL_PWD", "mariadb or mysql", "mariadb-client",
	 run_mysql, take_row},
	{"postgresql", PROTOCOL_POSTGRESQL, "5432", "PGPASSWORD", "psql", "postgresql-client",
	 run_psql, take_row},
	{"postgres", PROTOCOL_POSTGRESQL, "5432", "PGPASSWORD", "psql", "postgresql-client",
	 run_psql, take_row},
	{"redis", PROTOCOL_REDIS, "6379", "REDISCLI_AUTH", "redis-cli", "redis-tools", run_redis,
	 take_redis},
};

/* --- the URL --------------------------------------------------------------------------------- */

static int hex_digit(char c)
{
	const char *digits = "0123456789abcdef";
	const char *found = c != '\0' ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

/* Copies [from, to) without percent-encoding (RFC 3986, 2.1). */
static void copy_part(char out[PART_BYTES], const char *from, const char *to)
{
	size_t len = 0;

	while (from < to && len + 1 < PART_BYTES) {
		int high = *from == '%' && to - from > 2 ? hex_digit(from[1]) : -1;
		int low = high >= 0 ? hex_digit(from[2]) : -1;

		out[len++] = low >= 0 ? (char)(high << 4 | low) : *from;
		from += low >= 0 ? 3 : 1;
	}
	out[len] = '\0';
}

/* host, host:port or [address]:port.  False: the port is no port. */
static bool read_host(struct server *server, const char *from, const char *to)
{
	const char *colon = memrchr(from, ':', (size_t)(to - from));
	const char *bracket = memrchr(from, ']', (size_t)(to - from));

	if (colon != NULL && bracket != NULL && colon < bracket)
		colon = NULL;
	if (colon != NULL) {
		if (to - colon < 2 || to - colon > 6 ||
		    strspn(colon + 1, "0123456789") < (size_t)(to - colon - 1) ||
		    atoi(colon + 1) > UINT16_MAX || atoi(colon + 1) == 0)
			return false;
		snprintf(server->port, sizeof server->port, "%d", atoi(colon + 1));
		to = colon;
	}
	if (from[0] == '[' && bracket != NULL) {
		from++;
		to = bracket;
	}
	copy_part(server->host, from, to);
	if (server->host[0] == '\0')
		snprintf(server->host, sizeof server->host, "127.0.0.1");
	return true;
}

struct server *server_read_url(const char *url, const char **why)
{
	const char *at = strstr(url, "://"), *end, *user_end;
	struct server *server = calloc(1, sizeof *server);

	if (server == NULL)
		cli_no_memory();
	for (size_t i = 0; at != NULL && i < sizeof kinds / sizeof kinds[0]; i++)
		if (strlen(kinds[i].scheme) == (size_t)(at - url) &&
		    strncmp(url, kinds[i].scheme, (size_t)(at - url)) == 0)
			server->kind = &kinds[i];
	*why = "expected mysql://, postgresql:// or redis://";
	if (server->kind == NULL) {
		free(server);
		return NULL;
	}
	snprintf(server->port, sizeof server->port, "%s", server->kind->port);
	at += strlen("://");
	end = at + strcspn(at, "/?#");
	user_end = memrchr(at, '@', (size_t)(end - at));
	if (user_end != NULL) {
		const char *colon = memchr(at, ':', (size_t)(user_end - at));

		copy_part(server->user, at, colon != NULL ? colon : user_end);
		if (colon != NULL)
			copy_part(server->password, colon + 1, user_end);
		at = user_end + 1;
	}
	*why = "expected a port from 1 to 65535 behind the host";
	if (!read_host(server, at, end)) {
		free(server);
		return NULL;
	}
	if (*end == '/')
		copy_part(server->database, end + 1, end + 1 + strcspn(end + 1, "?#"));
	return server;
}

/* --- the clients ----------------------------------------------------------------------------- */

static void run_mysql(const struct server *server)
{
	static const char *const programs[] = {"mariadb", "mysql"};
	char *host, *port, *user = NULL;

	if (asprintf(&host, "--host=%s", server->host) < 0 ||
	    asprintf(&port, "--port=%s", server->port) < 0 ||
	    (server->user[0] != '\0' && asprintf(&user, "--user=%s", server->user) < 0))
		return;
	for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++)
		execlp(programs[i], programs[i], "--batch", "--skip-column-names",
		       "--connect-timeout=5", "--protocol=tcp", host, port, "-e", MYSQL_QUERY, user,
		       (char *)NULL);
}

static void run_psql(const struct server *server)
{
	setenv("PGCONNECT_TIMEOUT", "5", 1);
	setenv("PGHOST", server->host, 1);
	setenv("PGPORT", server->port, 1);
	if (server->user[0] != '\0')
		setenv("PGUSER", server->user, 1);
	if (server->database[0] != '\0')
		setenv("PGDATABASE", server->database, 1);
	execlp("psql", "psql", "-X", "-A", "-t", "-q", "-w", "-F", "\t", "-c", POSTGRESQL_QUERY,
	       (char *)NULL);
}

static void run_redis(const struct server *server)
{
	if (server->user[0] != '\0')
		execlp("redis-cli", "redis-cli", "-h", server->host, "-p", server->port, "--user",
		       server->user, "CLIENT", "LIST", (char *)NULL);
	execlp("redis-cli", "redis-cli", "-h", server->host, "-p", server->port, "CLIENT", "LIST",
	       (char *)NULL);
}

/* --- the answers ----------------------------------------------------------------------------- */

static void take_client(struct server_session *session, const char *address)
{
	const char *colon = strrchr(address, ':');
	long port = colon != NULL ? strtol(colon + 1, NULL, 10) : 0;

	session->port = port > 0 && port <= UINT16_MAX ? (uint16_t)port : 0;
	snprintf(session->client, sizeof session->client, "%s", address);
}

/* A row of six fields. */
static bool take_row(char *line, struct server_session *session)
{
	char *fields[6], *rest = line;

	for (size_t i = 0; i < 6; i++)
		if ((fields[i] = strsep(&rest, "\t")) == NULL)
			return false;
	snprintf(session->id, sizeof session->id, "%s", fields[0]);
	snprintf(session->user, sizeof session->user, "%s", fields[1]);
	take_client(session, fields[2]);
	snprintf(session->state, sizeof session->state, "%s", fields[3]);
	session->state_s = strtoll(fields[4], NULL, 10);
	session->age_s = strtoll(fields[5], NULL, 10);
	return true;
}

/* id=3 addr=127.0.0.1:52555 ... age=12 idle=0 ... cmd=client|list user=default ... */
static bool take_redis(char *line, struct server_session *session)
{
	char *rest = line, *word;

	while ((word = strsep(&rest, " ")) != NULL) {
		char *value = strchr(word, '=');

		if (value == NULL)
			continue;
		*value++ = '\0';
		if (strcmp(word, "id") == 0)
			snprintf(session->id, sizeof session->id, "%s", value);
		else if (strcmp(word, "user") == 0)
			snprintf(session->user, sizeof session->user, "%s", value);
		else if (strcmp(word, "addr") == 0)
			take_client(session, value);
		else if (strcmp(word, "cmd") == 0)
			snprintf(session->state, sizeof session->state, "last command %s", value);
		else if (strcmp(word, "idle") == 0)
			session->state_s = strtoll(value, NULL, 10);
		else if (strcmp(word, "age") == 0)
			session->age_s = strtoll(value, NULL, 10);
	}
	return session->id[0] != '\0';
}

static void take_answer(struct server *server, char *answer)
{
	char *rest = answer, *line;

	server->session_count = 0;
	while ((line = strsep(&rest, "\n")) != NULL) {
		struct server_session session = {.state_s = -1, .age_s = -1};

		if (!server->kind->take(line, &session) || session.port == 0)
			continue;
		server->sessions = reallocarray(server->sessions, server->session_count + 1,
						sizeof *server->sessions);
		if (server->sessions == NULL)
			cli_no_memory();
		server->sessions[server->session_count++] = session;
	}
}

/* --- asking ---------------------------------------------------------------------------------- */

#define NO_CLIENT 127 /* the exit status of the shell for that, too */

static void child(const struct server *server, int out)
{
	int null = open("/dev/null", O_RDWR);

	/* A client asks for a password at the terminal, unless it has none. */
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(out, STDERR_FILENO) < 0)
		_exit(1);
	setsid();
	if (server->password[0] != '\0')
		setenv(server->kind->password_variable, server->password, 1);
	server->kind->run(server);
	_exit(NO_CLIENT);
}

/* Reads until the end, or until patience ends.  The text ends with a NUL; the caller frees.  False:
 * patience has ended, or the answer has no end. */
static bool read_all(int fd, char **answer)
{
	int64_t until = (int64_t)now_ms() + PATIENCE_MS;
	size_t len = 0, room = 0;
	ssize_t got = 1;

	*answer = NULL;
	while (got > 0) {
		struct pollfd ready = {.fd = fd, .events = POLLIN};
		int64_t left = until - (int64_t)now_ms();

		if (room - len < 4096) {
			room += 65536;
			*answer = realloc(*answer, room);
			if (*answer == NULL)
				cli_no_memory();
		}
		if (left <= 0 || room > MAX_ANSWER_BYTES || poll(&ready, 1, (int)left) <= 0)
			break;
		got = read(fd, *answer + len, room - len - 1);
		len += got > 0 ? (size_t)got : 0;
	}
	(*answer)[len] = '\0';
	return got == 0;
}

bool server_ask(struct server *server, char *why, size_t size)
{
	int ends[2], status = 0;
	char *answer;
	bool complete;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0 || (pid = fork()) < 0) {
		snprintf(why, size, "%s", strerror(errno));
		return false;
	}
	if (pid == 0)
		child(server, ends[1]);
	close(ends[1]);
	complete = read_all(ends[0], &answer);
	close(ends[0]);
	if (!complete)
		kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (!complete)
		snprintf(why, size, "its client %s gave no answer in %d s", server->kind->client,
			 PATIENCE_MS / 1000);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == NO_CLIENT)
		snprintf(why, size, "the client program (%s) is not installed: apt-get install %s",
			 server->kind->client, server->kind->package);
	else if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		snprintf(why, size, "%.*s", (int)strcspn(answer, "\n"), answer);
	else
		take_answer(server, answer);
	/* redis-cli prints the server's refusal and ends with 0 */
	if (complete && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
	    server->session_count == 0) {
		snprintf(why, size, "%.*s", (int)strcspn(answer, "\n"), answer);
		complete = false;
	}
	free(answer);
	return complete && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* The session of the client with that address.  Where the server sees another address (a gateway
 * between), the only client with that port. */
static const struct server_session *find(const struct server *server, const char *local,
					 uint16_t port)
{
	const struct server_session *by_port = NULL;
	size_t found = 0;

	for (size_t i = 0; i < server->session_count; i++) {
		const struct server_session *session = &server->sessions[i];

		if (session->port != port)
			continue;
		if (strcmp(session->client, local) == 0)
			return session;
		by_port = session;
		found++;
	}
	return found == 1 ? by_port : NULL;
}

size_t server_match(const struct server *server, struct snapshot *snapshot)
{
	uint16_t port = htons((uint16_t)atoi(server->port));
	char local[SOCKET_ADDRESS_BYTES];
	struct scan_socket *socket;
	size_t strangers = 0;

	for (socket = snapshot->sockets; socket != NULL; socket = socket->hh.next) {
		sa_family_t family = socket->peer.any.sa_family;

		/* in and in6 have the port at the same place */
		if (socket->kind != SCAN_CONNECTED || (family != AF_INET && family != AF_INET6) ||
		    socket->peer.in.sin_port != port)
			continue;
		socket->protocol = server->kind->protocol;
		socket_address_print(&socket->local.any, sizeof socket->local, local, sizeof local);
		socket->session = find(server, local, ntohs(socket->local.in.sin_port));
		strangers += socket->session == NULL;
	}
	return strangers;
}

void server_free(struct server *server)
{
	if (server != NULL)
		free(server->sessions);
	free(server);
}
