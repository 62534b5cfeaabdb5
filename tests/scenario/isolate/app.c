/* SPDX-License-Identifier: MIT */
/*
 * The contract is in app.py.  Built with -DLIBPQ or -DHIREDIS.  SIGPIPE has its default action.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef LIBPQ
#include <libpq-fe.h>

static PGconn *open_connection(void)
{
	char info[512];

	snprintf(info, sizeof(info), "host=%s port=%s user=%s dbname=%s sslmode=disable",
		 getenv("APP_HOST"), getenv("APP_PORT"), getenv("APP_USER"),
		 getenv("APP_DATABASE"));
	return PQconnectdb(info);
}

static void close_connection(PGconn *connection)
{
	PQfinish(connection);
}

/* The answer; 0: empty; -1: an error. */
static int ask(PGconn *connection, int number)
{
	char query[64];
	PGresult *result;
	int answer = -1;

	snprintf(query, sizeof(query), "select id from t where id = %d", number);
	result = PQexec(connection, query);
	if (PQresultStatus(result) == PGRES_TUPLES_OK)
		answer = PQntuples(result) > 0 ? atoi(PQgetvalue(result, 0, 0)) : 0;
	else
		fprintf(stderr, "%d: %s", getpid(), PQerrorMessage(connection));
	PQclear(result);
	return answer;
}
typedef PGconn connection_type;
#else
#include <hiredis/hiredis.h>

static redisContext *open_connection(void)
{
	redisContext *context = redisConnect(getenv("APP_HOST"), atoi(getenv("APP_PORT")));

	for (int number = 1; number < 100; number++)
		freeReplyObject(redisCommand(context, "SET k%d %d", number, number));
	return context;
}

static void close_connection(redisContext *context)
{
	redisFree(context);
}

static int ask(redisContext *context, int number)
{
	redisReply *reply = redisCommand(context, "GET k%d", number);
	int answer = reply == NULL || reply->type == REDIS_REPLY_ERROR ? -1
		     : reply->type == REDIS_REPLY_STRING	       ? atoi(reply->str)
								       : 0;

	if (answer < 0)
		fprintf(stderr, "%d: %s\n", getpid(), context->errstr);
	if (reply != NULL)
		freeReplyObject(reply);
	return answer;
}
typedef redisContext connection_type;
#endif

static connection_type *work(connection_type *connection)
{
	int right = 0, wrong = 0, empty = 0, error = 0;

	for (int i = 0; i < 50; i++) {
		int number = 1 + rand() % 99;
		int answer = ask(connection, number);

		if (answer < 0) {
			error++;
			close_connection(connection);
			connection = open_connection();
		} else if (answer == 0) {
			empty++;
		} else if (answer == number) {
			right++;
		} else {
			wrong++;
		}
	}
	printf("right %d wrong %d empty %d error %d\n", right, wrong, empty, error);
	fflush(stdout);
	return connection;
}

int main(void)
{
	connection_type *connection = open_connection();
	int go[2];

	if (ask(connection, 1) < 0 || pipe(go) != 0)
		return 1;
	for (int i = 0; i < 2; i++) {
		if (fork() == 0) {
			char byte;

			close(go[1]);
			srand((unsigned)getpid());
			if (read(go[0], &byte, 1) < 0)
				return 1;
			close_connection(work(connection));
			return 0;
		}
	}
	close(go[1]);
	close_connection(work(connection));
	while (wait(NULL) > 0)
		;
	return 0;
}
