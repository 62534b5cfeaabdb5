/* SPDX-License-Identifier: MIT */
/*
 * Redis: the commands by name.
 *
 * The names are those that COMMAND LIST of Redis 7.0 prints, and the hash and stream commands that
 * came with 7.4 to 8.2.  A command that is not here is parsed like any other and has no name in a
 * report.  The code of a command is the place in the table plus 1.
 */
#include "wire/redis.h"

/* Commands with one value as the reply. */
#define V(name)                                                                                    \
	{                                                                                          \
		name, REDIS_KIND_VALUE                                                             \
	}

/* Sorted by the bytes of the names, since redis_find_command() halves the table. */
/* clang-format off */
static const struct redis_command commands[] = {
	V("ACL"), V("APPEND"), V("ASKING"), V("AUTH"), V("BGREWRITEAOF"), V("BGSAVE"),
	V("BITCOUNT"), V("BITFIELD"), V("BITFIELD_RO"), V("BITOP"), V("BITPOS"), V("BLMOVE"),
	V("BLMPOP"), V("BLPOP"), V("BRPOP"), V("BRPOPLPUSH"), V("BZMPOP"), V("BZPOPMAX"),
	V("BZPOPMIN"), {"CLIENT", REDIS_KIND_CLIENT}, V("CLUSTER"), V("COMMAND"), V("CONFIG"),
	V("COPY"), V("DBSIZE"), V("DEBUG"), V("DECR"), V("DECRBY"), V("DEL"), V("DISCARD"),
	V("DUMP"), V("ECHO"), V("EVAL"), V("EVALSHA"), V("EVALSHA_RO"), V("EVAL_RO"), V("EXEC"),
	V("EXISTS"), V("EXPIRE"), V("EXPIREAT"), V("EXPIRETIME"), V("FAILOVER"), V("FCALL"),
	V("FCALL_RO"), V("FLUSHALL"), V("FLUSHDB"), V("FUNCTION"), V("GEOADD"), V("GEODIST"),
	V("GEOHASH"), V("GEOPOS"), V("GEORADIUS"), V("GEORADIUS_RO"), V("GEOSEARCH"),
	V("GEOSEARCHSTORE"), V("GET"), V("GETBIT"), V("GETDEL"), V("GETEX"), V("GETRANGE"),
	V("GETSET"), V("HDEL"), V("HELLO"), V("HEXISTS"), V("HEXPIRE"), V("HGET"), V("HGETALL"),
	V("HGETDEL"), V("HGETEX"), V("HINCRBY"), V("HINCRBYFLOAT"), V("HKEYS"), V("HLEN"),
	V("HMGET"), V("HMSET"), V("HPERSIST"), V("HPEXPIRE"), V("HRANDFIELD"), V("HSCAN"),
	V("HSET"), V("HSETEX"), V("HSETNX"), V("HSTRLEN"), V("HTTL"), V("HVALS"), V("INCR"),
	V("INCRBY"), V("INCRBYFLOAT"), V("INFO"), V("KEYS"), V("LASTSAVE"), V("LATENCY"),
	V("LCS"), V("LINDEX"), V("LINSERT"), V("LLEN"), V("LMOVE"), V("LMPOP"), V("LOLWUT"),
	V("LPOP"), V("LPOS"), V("LPUSH"), V("LPUSHX"), V("LRANGE"), V("LREM"), V("LSET"),
	V("LTRIM"), V("MEMORY"), V("MGET"), V("MIGRATE"), V("MODULE"),
	{"MONITOR", REDIS_KIND_MONITOR}, V("MOVE"), V("MSET"), V("MSETNX"), V("MULTI"),
	V("OBJECT"), V("PERSIST"), V("PEXPIRE"), V("PEXPIREAT"), V("PEXPIRETIME"), V("PFADD"),
	V("PFCOUNT"), V("PFDEBUG"), V("PFMERGE"), V("PFSELFTEST"), V("PING"), V("PSETEX"),
	{"PSUBSCRIBE", REDIS_KIND_SUBSCRIBE}, {"PSYNC", REDIS_KIND_STREAM}, V("PTTL"),
	V("PUBLISH"), V("PUBSUB"), {"PUNSUBSCRIBE", REDIS_KIND_SUBSCRIBE},
	{"QUIT", REDIS_KIND_QUIT}, V("RANDOMKEY"), V("READONLY"), V("READWRITE"), V("RENAME"),
	V("RENAMENX"), V("REPLCONF"), V("REPLICAOF"), V("RESET"), V("RESTORE"),
	V("RESTORE-ASKING"), V("ROLE"), V("RPOP"), V("RPOPLPUSH"), V("RPUSH"), V("RPUSHX"),
	V("SADD"), V("SAVE"), V("SCAN"), V("SCARD"), V("SCRIPT"), V("SDIFF"), V("SDIFFSTORE"),
	V("SELECT"), V("SET"), V("SETBIT"), V("SETEX"), V("SETNX"), V("SETRANGE"), V("SHUTDOWN"),
	V("SINTER"), V("SINTERCARD"), V("SINTERSTORE"), V("SISMEMBER"), V("SLAVEOF"),
	V("SLOWLOG"), V("SMEMBERS"), V("SMISMEMBER"), V("SMOVE"), V("SORT"), V("SORT_RO"),
	V("SPOP"), V("SPUBLISH"), V("SRANDMEMBER"), V("SREM"), V("SSCAN"),
	{"SSUBSCRIBE", REDIS_KIND_SUBSCRIBE}, V("STRLEN"), {"SUBSCRIBE", REDIS_KIND_SUBSCRIBE},
	V("SUBSTR"), V("SUNION"), V("SUNIONSTORE"), {"SUNSUBSCRIBE", REDIS_KIND_SUBSCRIBE},
	V("SWAPDB"), {"SYNC", REDIS_KIND_STREAM}, V("TIME"), V("TOUCH"), V("TTL"), V("TYPE"),
	V("UNLINK"), {"UNSUBSCRIBE", REDIS_KIND_SUBSCRIBE}, V("UNWATCH"), V("WAIT"), V("WATCH"),
	V("XACK"), V("XACKDEL"), V("XADD"), V("XAUTOCLAIM"), V("XCLAIM"), V("XDEL"), V("XDELEX"),
	V("XGROUP"), V("XINFO"), V("XLEN"), V("XPENDING"), V("XRANGE"), V("XREAD"),
	V("XREADGROUP"), V("XREVRANGE"), V("XSETID"), V("XTRIM"), V("ZADD"), V("ZCARD"),
	V("ZCOUNT"), V("ZDIFF"), V("ZDIFFSTORE"), V("ZINCRBY"), V("ZINTER"), V("ZINTERCARD"),
	V("ZINTERSTORE"), V("ZLEXCOUNT"), V("ZMPOP"), V("ZMSCORE"), V("ZPOPMAX"), V("ZPOPMIN"),
	V("ZRANDMEMBER"), V("ZRANGE"), V("ZRANGEBYLEX"), V("ZRANGEBYSCORE"), V("ZRANGESTORE"),
	V("ZRANK"), V("ZREM"), V("ZREMRANGEBYLEX"), V("ZREMRANGEBYRANK"), V("ZREMRANGEBYSCORE"),
	V("ZREVRANGE"), V("ZREVRANGEBYLEX"), V("ZREVRANGEBYSCORE"), V("ZREVRANK"), V("ZSCAN"),
	V("ZSCORE"), V("ZUNION"), V("ZUNIONSTORE"),
};
/* clang-format on */
#undef V

#define COMMAND_COUNT (sizeof commands / sizeof commands[0])

static int compare(const char *name, size_t len, const char *command)
{
	size_t command_len = strlen(command);
	int order = memcmp(name, command, len < command_len ? len : command_len);

	if (order != 0 || len == command_len)
		return order;
	return len < command_len ? -1 : 1;
}

const struct redis_command *redis_find_command(const char *name, size_t len)
{
	size_t low = 0, high = COMMAND_COUNT;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(name, len, commands[middle].name);

		if (order == 0)
			return &commands[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool redis_any_begins_with(const char *start, size_t len)
{
	for (size_t i = 0; i < COMMAND_COUNT; i++) {
		if (strncmp(commands[i].name, start, len) == 0)
			return true;
	}
	return false;
}

uint16_t redis_command_code(const struct redis_command *command)
{
	return (uint16_t)(command - commands + 1);
}

const char *redis_name(enum wire_direction direction, uint16_t code)
{
	if (direction != WIRE_CLIENT || code == 0 || code > COMMAND_COUNT)
		return NULL;
	return commands[code - 1].name;
}
