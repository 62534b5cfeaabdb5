/* SPDX-License-Identifier: MIT */
/*
 * The edges of what is recognised and of what can be a message: for each bound the last byte that
 * is inside and the first that is outside.  And what an event of a server says beside its kind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wire/mysql.h"
#include "wire/protocol.h"

#define P(s) (s), sizeof(s) - 1

static const struct {
	enum protocol protocol;
	enum wire_direction direction;
	const char *bytes;
	size_t len;
	enum wire_match match;
} heads[] = {
	/* versions 3 to 6, 0x41 and 0x42; 0x83 and so on from the server */
	{PROTOCOL_CASSANDRA, WIRE_CLIENT, P("\x02\0\0\0\5\0\0\0\0"), WIRE_NO},
	{PROTOCOL_CASSANDRA, WIRE_CLIENT, P("\x03\0\0\0\5\0\0\0\0"), WIRE_YES},
	{PROTOCOL_CASSANDRA, WIRE_CLIENT, P("\x06\0\0\0\5\0\0\0\0"), WIRE_YES},
	{PROTOCOL_CASSANDRA, WIRE_CLIENT, P("\x07\0\0\0\5\0\0\0\0"), WIRE_NO},
	{PROTOCOL_CASSANDRA, WIRE_CLIENT, P("\x40\0\0\0\5\0\0\0\0"), WIRE_NO},
	{PROTOCOL_CASSANDRA, WIRE_CLIENT, P("\x41\0\0\0\5\0\0\0\0"), WIRE_YES},
	{PROTOCOL_CASSANDRA, WIRE_CLIENT, P("\x42\0\0\0\5\0\0\0\0"), WIRE_YES},
	{PROTOCOL_CASSANDRA, WIRE_CLIENT, P("\x43\0\0\0\5\0\0\0\0"), WIRE_NO},
	{PROTOCOL_CASSANDRA, WIRE_SERVER, P("\x03\0\0\0\6\0\0\0\0"), WIRE_NO},
	{PROTOCOL_CASSANDRA, WIRE_SERVER, P("\x83\0\0\0\6\0\0\0\0"), WIRE_YES},
	{PROTOCOL_CASSANDRA, WIRE_SERVER, P("\x83\0\0\0\7\0\0\0\0"), WIRE_NO},
	/* names of two bytes and more, of at most 25 if they are not ClickHouse's */
	{PROTOCOL_CLICKHOUSE, WIRE_CLIENT, P("\0"), WIRE_MAYBE},
	{PROTOCOL_CLICKHOUSE, WIRE_CLIENT, P("\0\1a\1\1\xb7\xa9\3"), WIRE_NO},
	{PROTOCOL_CLICKHOUSE, WIRE_CLIENT, P("\0\2ab\1\1\xb7\xa9\3"), WIRE_YES},
	{PROTOCOL_CLICKHOUSE, WIRE_CLIENT, P("\0\2ab\1\1\xb7\xa9\4"), WIRE_NO},
	{PROTOCOL_CLICKHOUSE, WIRE_CLIENT, P("\0\2a\x7f\1\1\xb7\xa9\3"), WIRE_NO},
	{PROTOCOL_CLICKHOUSE, WIRE_CLIENT,
	 P("\0\x19"
	   "abcdefghijklmnopqrstuvwxy\1\1\xb7\xa9\3"),
	 WIRE_YES},
	{PROTOCOL_CLICKHOUSE, WIRE_CLIENT,
	 P("\0\x1a"
	   "abcdefghijklmnopqrstuvwxyz\1\1\xb7\xa9"),
	 WIRE_NO},
	{PROTOCOL_CLICKHOUSE, WIRE_CLIENT,
	 P("\0\x7f"
	   "ClickHouse"),
	 WIRE_YES},
	{PROTOCOL_CLICKHOUSE, WIRE_CLIENT,
	 P("\0\x80"
	   "ClickHouse"),
	 WIRE_NO},
	{PROTOCOL_CLICKHOUSE, WIRE_CLIENT,
	 P("\0\x7f"
	   "ClickHous"),
	 WIRE_MAYBE},
	{PROTOCOL_CLICKHOUSE, WIRE_CLIENT,
	 P("\0\x7f"
	   "ClickHousf"),
	 WIRE_NO},
	/* a SETTINGS frame of whole settings */
	{PROTOCOL_HTTP2, WIRE_SERVER, P("\0\0\6\4\0\0\0\0\0"), WIRE_YES},
	{PROTOCOL_HTTP2, WIRE_SERVER, P("\0\0\0\4\0\0\0\0\0"), WIRE_YES},
	{PROTOCOL_HTTP2, WIRE_SERVER, P("\0\0\7\4\0\0\0\0\0"), WIRE_NO},
	{PROTOCOL_HTTP2, WIRE_SERVER, P("\0\0\1"), WIRE_NO},
	{PROTOCOL_HTTP2, WIRE_SERVER, P("\0\0"), WIRE_MAYBE},
	{PROTOCOL_HTTP2, WIRE_SERVER, P("\0\0\6\4\2\0\0\0\0"), WIRE_NO},
	/* lengths in one to four bytes, a message id of one to four */
	{PROTOCOL_LDAP, WIRE_CLIENT, P("\x30"), WIRE_MAYBE},
	{PROTOCOL_LDAP, WIRE_CLIENT, P("\x30\4"), WIRE_NO},
	{PROTOCOL_LDAP, WIRE_CLIENT, P("\x30\5\2\1\1\x42\0"), WIRE_YES},
	{PROTOCOL_LDAP, WIRE_CLIENT, P("\x30\x80"), WIRE_NO},
	{PROTOCOL_LDAP, WIRE_CLIENT, P("\x30\x81\5\2\1\1\x42\0"), WIRE_YES},
	{PROTOCOL_LDAP, WIRE_CLIENT, P("\x30\x84\0\0\0\5\2\1\1\x42\0"), WIRE_YES},
	{PROTOCOL_LDAP, WIRE_CLIENT, P("\x30\x85"), WIRE_NO},
	{PROTOCOL_LDAP, WIRE_CLIENT, P("\x30\x0c\3"), WIRE_NO},
	{PROTOCOL_LDAP, WIRE_CLIENT, P("\x30\x0c\2\0"), WIRE_NO},
	{PROTOCOL_LDAP, WIRE_CLIENT, P("\x30\x0c\2\4\1\1\1\1\x60"), WIRE_YES},
	{PROTOCOL_LDAP, WIRE_CLIENT, P("\x30\x0c\2\5"), WIRE_NO},
	{PROTOCOL_LDAP, WIRE_CLIENT, P("\x30\x0c\2\1\1\x61"), WIRE_NO},
	/* a message longer than its header, opcodes 2004 to 2013 */
	{PROTOCOL_MONGODB, WIRE_CLIENT, P("\x10\0\0\0"), WIRE_NO},
	{PROTOCOL_MONGODB, WIRE_CLIENT, P("\x11\0\0\0"), WIRE_MAYBE},
	{PROTOCOL_MONGODB, WIRE_CLIENT, P("\x11\0\0\0\1\0\0\0\0\0\0\0\xd4\7\0\0"), WIRE_YES},
	{PROTOCOL_MONGODB, WIRE_CLIENT, P("\x11\0\0\0\1\0\0\0\0\0\0\0\xd3\7\0\0"), WIRE_NO},
	{PROTOCOL_MONGODB, WIRE_CLIENT, P("\x11\0\0\0\1\0\0\0\0\0\0\0\xde\7\0\0"), WIRE_NO},
	{PROTOCOL_MONGODB, WIRE_SERVER, P("\x10\0\0\0"), WIRE_NO},
	{PROTOCOL_MONGODB, WIRE_SERVER, P("\x11\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0"), WIRE_YES},
	{PROTOCOL_MONGODB, WIRE_SERVER, P("\x11\0\0\0\1\0\0\0\1\0\0\0\2\0\0\0"), WIRE_NO},
	{PROTOCOL_MONGODB, WIRE_SERVER, P("\x11\0\0\0\1\0\0\0\1\0\0\0\xdc\7\0\0"), WIRE_YES},
	{PROTOCOL_MONGODB, WIRE_SERVER, P("\x11\0\0\0\1\0\0\0\1\0\0\0\xdd\7\0\0"), WIRE_YES},
	{PROTOCOL_MONGODB, WIRE_SERVER, P("\x11\0\0\0\1\0\0\0\1\0\0\0\xde\7\0\0"), WIRE_NO},
	/* a refusal of MySQL names a server's error; a login names CLIENT_PROTOCOL_41 */
	{PROTOCOL_MYSQL, WIRE_SERVER, P("\x17\0\0\0\xff\xe7\3T"), WIRE_NO},
	{PROTOCOL_MYSQL, WIRE_SERVER, P("\x17\0\0\0\xff\xe8\3T"), WIRE_YES},
	{PROTOCOL_MYSQL, WIRE_SERVER, P("\x17\0\0\0\xff\x2f\x75T"), WIRE_YES},
	{PROTOCOL_MYSQL, WIRE_SERVER, P("\x17\0\0\0\xff\x30\x75T"), WIRE_NO},
	{PROTOCOL_MYSQL, WIRE_CLIENT, P("\x20\0\0\1\5"), WIRE_MAYBE},
	{PROTOCOL_MYSQL, WIRE_CLIENT, P("\x20\0\0\1\5\xae"), WIRE_MAYBE},
	{PROTOCOL_MYSQL, WIRE_CLIENT, P("\x20\0\0\1\5\xac"), WIRE_NO},
	/* Kafka: a client id of up to 255 bytes */
	{PROTOCOL_KAFKA, WIRE_CLIENT, P("\0\0\0\x09"), WIRE_NO},
	{PROTOCOL_KAFKA, WIRE_CLIENT, P("\0\0\0\x0a\0\x12\0\0\0\0\0\1\0\0"), WIRE_YES},
	{PROTOCOL_KAFKA, WIRE_CLIENT, P("\0\0\0\x0a\0\1\0\0\0\0\0\1\0\0"), WIRE_NO},
	{PROTOCOL_KAFKA, WIRE_CLIENT, P("\0\0\1\x0a\0\1\0\0\0\0\0\1\0\xff"), WIRE_MAYBE},
	{PROTOCOL_KAFKA, WIRE_CLIENT, P("\0\0\1\x0a\0\1\0\0\0\0\0\1\1\0"), WIRE_NO},
	/* a challenge of multiprocessing: at least the bytes of its text */
	{PROTOCOL_MULTIPROCESSING, WIRE_SERVER, P("\0\0\0\7"), WIRE_NO},
	{PROTOCOL_MULTIPROCESSING, WIRE_SERVER, P("\0\0\0\x08"), WIRE_MAYBE},
	{PROTOCOL_MULTIPROCESSING, WIRE_SERVER, P("\0\0\0\x1f#CHALLENGE"), WIRE_MAYBE},
	{PROTOCOL_MULTIPROCESSING, WIRE_SERVER, P("\0\0\0\x1f#CHALLENGE#"), WIRE_YES},
	{PROTOCOL_MULTIPROCESSING, WIRE_SERVER, P("\0\0\0\x1f#CHALLENGE-"), WIRE_NO},
	/* a priority of syslog, and what is one no more */
	{PROTOCOL_SYSTEM, WIRE_CLIENT, P("<191"), WIRE_MAYBE},
	{PROTOCOL_SYSTEM, WIRE_CLIENT, P("<191>"), WIRE_YES},
	{PROTOCOL_SYSTEM, WIRE_CLIENT, P("<1911"), WIRE_NO},
	{PROTOCOL_SYSTEM, WIRE_CLIENT, P("<>"), WIRE_NO},
	/* an inline command of Redis: a whole word of the table, text, and the line's end */
	{PROTOCOL_REDIS, WIRE_CLIENT, P("GE"), WIRE_MAYBE},
	{PROTOCOL_REDIS, WIRE_CLIENT, P("GET"), WIRE_MAYBE},
	{PROTOCOL_REDIS, WIRE_CLIENT, P("GETA "), WIRE_NO},
	{PROTOCOL_REDIS, WIRE_CLIENT, P("GET k"), WIRE_MAYBE},
	{PROTOCOL_REDIS, WIRE_CLIENT, P("GET k\n"), WIRE_YES},
	{PROTOCOL_REDIS, WIRE_CLIENT, P("GET\tk\r\n"), WIRE_YES},
	{PROTOCOL_REDIS, WIRE_CLIENT, P("GET k\x7f"), WIRE_NO},
	{PROTOCOL_REDIS, WIRE_CLIENT, P("zZ"), WIRE_NO},
	{PROTOCOL_REDIS, WIRE_CLIENT, P("georadius_ro"), WIRE_MAYBE},
	{PROTOCOL_REDIS, WIRE_CLIENT, P("ZREVRANGEBYSCORE"), WIRE_MAYBE},
	{PROTOCOL_REDIS, WIRE_CLIENT, P("ZREVRANGEBYSCORE k\r\n"), WIRE_YES},
	{PROTOCOL_REDIS, WIRE_CLIENT, P("ZREVRANGEBYSCOREX k\r\n"), WIRE_NO},
	{PROTOCOL_REDIS, WIRE_CLIENT, P("GET 0123456789012345678901234567"), WIRE_YES},
	{PROTOCOL_REDIS, WIRE_CLIENT, P("*1234567\r\n$"), WIRE_YES},
	{PROTOCOL_REDIS, WIRE_CLIENT, P("*12345678\r\n$"), WIRE_NO},
	{PROTOCOL_REDIS, WIRE_CLIENT, P("*\r\n$"), WIRE_NO},
};

static void heads_end_where_they_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
		wire_recognise *recognise =
			wire_protocol_of(heads[i].protocol)->recognise[heads[i].direction];
		enum wire_match match = recognise((const uint8_t *)heads[i].bytes, heads[i].len);

		if (match != heads[i].match)
			fail_msg("%s, head %zu of the list: %d",
				 wire_protocol_name(heads[i].protocol), i, match);
	}
}

/* A frame's first bytes: the length that they name, or -1; `code` and goodbye where they are said.
 */
static const struct {
	enum protocol protocol;
	const char *bytes;
	size_t len;
	int64_t frame_len;
	uint16_t code;
	enum wire_goodbye goodbye;
} frames[] = {
	{PROTOCOL_AMQP, P("\1\0\1\0\0\0\4\0\x3c\0\x28"), 12, 0x3c28, WIRE_NO_GOODBYE},
	{PROTOCOL_AMQP, P("\1\0\0\0\0\0\4\0\x0a\0\x32"), 12, 0x0a32, WIRE_GOODBYE},
	{PROTOCOL_AMQP, P("\1\0\1\0\0\0\3"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_AMQP, P("\1\0\1\0\0\0\4\1\x3c\0\x28"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_AMQP, P("\1\0\1\0\0\0\4\0\x3c\1\x28"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_AMQP, P("\3\0\0\0\0\0\0"), 8, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_AMQP, P("\4\0\0\0\0\0\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_AMQP, P("\x08\0\0\0\0\0\0"), 8, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_AMQP, P("\3\0\0\x08\0\0\0"), 0x8000008, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_AMQP, P("\3\0\0\x08\0\0\1"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_BOLT, P("\0\2\xb0\2"), 4, 3, WIRE_GOODBYE},
	{PROTOCOL_BOLT, P("\0\3\xb1\2"), 5, 3, WIRE_NO_GOODBYE},
	{PROTOCOL_BOLT, P("\0\1"), 3, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_CASSANDRA, P("\4\0\0\0\x10\x10\0\0\0"), 0x10000009, 0x11, WIRE_NO_GOODBYE},
	{PROTOCOL_CASSANDRA, P("\4\0\0\0\x11\0\0\0\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_CASSANDRA, P("\4\0\0\0\7\x10\0\0\1"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_HTTP2, P("\0\0\x08\7\0\0\0\0\0"), 17, 8, WIRE_GOODBYE},
	{PROTOCOL_HTTP2, P("\1\0\0\x10\0\0\0\0\0"), 0x10009, 0x11, WIRE_NO_GOODBYE},
	{PROTOCOL_HTTP2, P("\0\0\0\x11\0\0\0\0\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_KAFKA, P("\0\0\0\x08\0\x5f\0\0"), 12, 0x60, WIRE_NO_GOODBYE},
	{PROTOCOL_KAFKA, P("\0\0\0\x08\0\x60\0\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_KAFKA, P("\0\0\0\7\0\0\0\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_KAFKA, P("\x40\0\0\0\0\0\0\0"), 0x40000004, 1, WIRE_NO_GOODBYE},
	{PROTOCOL_KAFKA, P("\x40\0\0\1\0\0\0\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_KAFKA, P("\0\0\0\x08\1\0\0\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_KAFKA, P("\0\0\0\x08\0\0\1\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_LDAP, P("\x30\5\2\1\1\x42\0"), 7, 0x42, WIRE_GOODBYE},
	{PROTOCOL_LDAP, P("\x30\x80"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_LDAP, P("\x30\x84\0\0\0\5\2\1\1\x42\0"), 11, 0x42, WIRE_GOODBYE},
	{PROTOCOL_LDAP, P("\x30\x85\0\0\0\0\5\2\1\1\x42\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_LDAP, P("\x30\x84\x10\0\0\0\2\1\1\x63"), 0x10000006, 0x63, WIRE_NO_GOODBYE},
	{PROTOCOL_LDAP, P("\x30\x84\x10\0\0\1\2\1\1\x63"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_LDAP, P("\x30\4\2\1\1\x42"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_MONGODB, P("\x11\0\0\0\1\0\0\0\0\0\0\0\xd1\7\0\0"), 17, 1, WIRE_NO_GOODBYE},
	{PROTOCOL_MONGODB, P("\x10\0\0\0\1\0\0\0\0\0\0\0\xd1\7\0\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_MONGODB, P("\x11\0\0\0\1\0\0\0\0\0\0\0\xd0\7\0\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_MONGODB, P("\0\0\0\4\1\0\0\0\0\0\0\0\xdd\7\0\0"), 0x4000000, 13, WIRE_NO_GOODBYE},
	{PROTOCOL_MONGODB, P("\1\0\0\4\1\0\0\0\0\0\0\0\xdd\7\0\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_MONGODB, P("\x11\0\0\0\1\0\0\0\0\0\0\0\xde\7\0\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_MQTT, P("\xe0\0"), 2, 14, WIRE_GOODBYE},
	{PROTOCOL_MQTT, P("\x30\xff\xff\xff\x7f"), 5 + 268435455, 3, WIRE_NO_GOODBYE},
	{PROTOCOL_MQTT, P("\x30\xff\xff\xff\xff\x01"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_MQTT, P("\x0f\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_MULTIPROCESSING, P("\x7f\xff\xff\xff"), 0x80000003, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_MULTIPROCESSING, P("\x80\0\0\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_MULTIPROCESSING, P("\xff\xff\xff\xff\0\0\0\1\0\0\0\2"), 0x10000000e, 0,
	 WIRE_NO_GOODBYE},
	{PROTOCOL_MULTIPROCESSING, P("\xff\xff\xff\xff\1\0\0\0\0\0\0\2"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_RABBITMQ_STREAM, P("\0\0\0\4\0\x17\0\1"), 8, 0x17, WIRE_NO_GOODBYE},
	{PROTOCOL_RABBITMQ_STREAM, P("\0\0\0\3\0\x17\0\1"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_RABBITMQ_STREAM, P("\x10\0\0\0\0\x3f\0\1"), 0x10000004, 0x3f, WIRE_NO_GOODBYE},
	{PROTOCOL_RABBITMQ_STREAM, P("\x10\0\0\1\0\x3f\0\1"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_RABBITMQ_STREAM, P("\0\0\0\4\0\x40\0\1"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_RABBITMQ_STREAM, P("\0\0\0\4\x80\0\0\1"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_RABBITMQ_STREAM, P("\0\0\0\4\x80\x16\0\1"), 8, 0x16, WIRE_NO_GOODBYE},
	{PROTOCOL_TDS, P("\1\1\0\x08\0\0\1\0"), 8, 1, WIRE_NO_GOODBYE},
	{PROTOCOL_TDS, P("\1\1\0\7\0\0\1\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_TDS, P("\0\1\0\x08\0\0\1\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_TDS, P("\x12\x1f\0\x08\0\0\1\0"), 8, 0x12, WIRE_NO_GOODBYE},
	{PROTOCOL_TDS, P("\x13\x1f\0\x08\0\0\1\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_TDS, P("\x12\x20\0\x08\0\0\1\0"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_TDS, P("\1\1\0\x08\0\0\1\1"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_TLS, P("\x14\3\3\0\1"), 6, 0x14, WIRE_NO_GOODBYE},
	{PROTOCOL_TLS, P("\x13\3\3\0\1"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_TLS, P("\x18\3\4\x48\0"), 0x4805, 0x18, WIRE_NO_GOODBYE},
	{PROTOCOL_TLS, P("\x18\3\4\x48\1"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_TLS, P("\x19\3\3\0\1"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_TLS, P("\x17\3\5\0\1"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_TLS, P("\x17\3\3\0\x12"), 23, 0x17, WIRE_NO_GOODBYE},
	{PROTOCOL_TLS, P("\x17\3\3\0\x13"), 24, 0x17, WIRE_GOODBYE_LIKELY},
	{PROTOCOL_TLS, P("\x17\3\3\0\x14"), 25, 0x17, WIRE_NO_GOODBYE},
	{PROTOCOL_TLS, P("\x15\3\3\0\2\1\1"), 7, 0x15, WIRE_NO_GOODBYE},
	{PROTOCOL_ZOOKEEPER, P("\0\0\0\x08\0\0\0\1\xff\xff\xff\xf5"), 12, 0xf5, WIRE_GOODBYE},
	{PROTOCOL_ZOOKEEPER, P("\0\0\0\x09\0\0\0\1\xff\xff\xff\xf5"), 13, 0xf5, WIRE_NO_GOODBYE},
	{PROTOCOL_ZOOKEEPER, P("\0\0\0\7\0\0\0\1\0\0\0\1"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_ZOOKEEPER, P("\0\0\0\x08\0\0\0\1\0\0\2\0"), 12, 0x300, WIRE_NO_GOODBYE},
	{PROTOCOL_ZOOKEEPER, P("\0\0\0\x08\0\0\0\1\0\0\2\1"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_ZOOKEEPER, P("\0\0\0\x08\0\0\0\1\xff\xff\xff\x80"), 12, 0x80, WIRE_NO_GOODBYE},
	{PROTOCOL_ZOOKEEPER, P("\0\0\0\x08\0\0\0\1\xff\xff\xff\x7f"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_ZOOKEEPER, P("\4\0\0\0\0\0\0\1\0\0\0\1"), 0x4000004, 0x101, WIRE_NO_GOODBYE},
	{PROTOCOL_ZOOKEEPER, P("\4\0\0\1\0\0\0\1\0\0\0\1"), -1, 0, WIRE_NO_GOODBYE},
	{PROTOCOL_ZOOKEEPER, P("\0\0\0\x2c\0\0\0\0\0\0\0\0"), 48, 0x1000, WIRE_NO_GOODBYE},
	{PROTOCOL_ZOOKEEPER, P("\0\0\0\x2d\0\0\0\0\0\0\1\0"), 49, 0x1000, WIRE_NO_GOODBYE},
	{PROTOCOL_ZOOKEEPER, P("\0\0\0\x2b\0\0\0\0\0\0\0\1"), 47, 0x101, WIRE_NO_GOODBYE},
	{PROTOCOL_ZOOKEEPER, P("\0\0\0\x2c\0\0\0\0\0\0\0\xff"), 48, 0x1ff, WIRE_NO_GOODBYE},
};

static void frames_end_where_they_end(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof frames / sizeof frames[0]; i++) {
		wire_read_frame *read_frame = wire_protocol_of(frames[i].protocol)->frame;
		struct wire_frame frame = {0};
		uint8_t kept[WIRE_KEPT_BYTES] = {0};
		size_t have = 0;
		int want;

		do {
			memset(&frame, 0, sizeof frame);
			want = read_frame(kept, have, &frame);
			assert_true(want <= WIRE_KEPT_BYTES);
			for (; want > 0 && have < (size_t)want; have++)
				kept[have] = (uint8_t)frames[i].bytes[have];
			if (have > frames[i].len)
				fail_msg("%s, frame %zu of the list: wants %zu",
					 wire_protocol_name(frames[i].protocol), i, have);
		} while (want > 0);
		if ((want < 0) != (frames[i].frame_len < 0) ||
		    (want == 0 &&
		     ((int64_t)frame.len_bytes != frames[i].frame_len ||
		      frame.code != frames[i].code || frame.goodbye != frames[i].goodbye)))
			fail_msg("%s, frame %zu of the list: %d, %llu bytes, code %x, goodbye %d",
				 wire_protocol_name(frames[i].protocol), i, want,
				 (unsigned long long)frame.len_bytes, frame.code, frame.goodbye);
	}
}

/* --- what a server's packet says beside its kind -------------------------------------------- */

#define OK "\7\0\0\1\0\0\0\2\0\0\0"

static struct wire_event serve(struct wire_parser *parser, const char *bytes, size_t len,
			       const struct wire_request *head)
{
	struct wire_event event;

	assert_int_equal(wire_parse(parser, WIRE_SERVER, (const uint8_t *)bytes, len, head, &event),
			 len);
	return event;
}

static void mysql_packets_are_named(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *name;
	} replies[] = {
		{P(OK), "OK"},
		{P("\3\0\0\1\xff\x7a\4"), "ERR"},
		{P("\5\0\0\1\xfe\0\0\2\0"), "EOF"},
		{P("\3\0\0\1\xfb/f"), "LOCAL INFILE"},
		{P("\1\0\0\1\1"), "result set"},
	};
	const struct wire_request query = {MYSQL_CODE(3), MYSQL_KIND_RESULT, 0};
	struct wire_parser parser;
	struct wire_event event;

	(void)state;
	for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
		wire_parser_start(&parser, PROTOCOL_MYSQL);
		wire_parser_resume(&parser, PROTOCOL_MYSQL, WIRE_MODE_EXCHANGES);
		event = serve(&parser, replies[i].bytes, replies[i].len, &query);
		assert_int_equal(event.kind, WIRE_REPLY);
		assert_true(event.begins);
		assert_string_equal(wire_message_name(PROTOCOL_MYSQL, WIRE_SERVER, event.code),
				    replies[i].name);
	}
	/* A column's definition has no name of its own. */
	event = serve(&parser, P("\3\0\0\2\3zz"), &query);
	assert_int_equal(event.kind, WIRE_REPLY);
	assert_int_equal(event.code, 0);
}

static void mysql_notices_say_what_they_are(void **state)
{
	struct wire_parser parser;
	struct wire_event event;

	(void)state;
	wire_parser_start(&parser, PROTOCOL_MYSQL);
	event = serve(&parser,
		      P("\x0b\0\0\0\x0a"
			"5.5.5-10.\0"),
		      NULL);
	assert_int_equal(event.kind, WIRE_NOTICE);
	assert_true(event.begins && event.ends);
	assert_false(event.unmatched_error);
	assert_string_equal(wire_message_name(PROTOCOL_MYSQL, WIRE_SERVER, event.code), "greeting");
	wire_parser_resume(&parser, PROTOCOL_MYSQL, WIRE_MODE_EXCHANGES);
	event = serve(&parser, P("\3\0\0\0\xff\xbf\x0f"), NULL);
	assert_int_equal(event.kind, WIRE_NOTICE);
	assert_true(event.unmatched_error);
	assert_string_equal(wire_message_name(PROTOCOL_MYSQL, WIRE_SERVER, event.code), "ERR");
	event = serve(&parser, P(OK), NULL);
	assert_int_equal(event.kind, WIRE_LOST);
}

/* Only rows fill a packet from a reply's first byte on. */
static void mysql_full_packets_begin_rows_only(void **state)
{
	struct wire_request request = {MYSQL_CODE(3), MYSQL_KIND_ROWS, 0};
	struct wire_parser parser;

	(void)state;
	for (int kind = 0; kind < 3; kind++) {
		wire_parser_start(&parser, PROTOCOL_MYSQL);
		wire_parser_resume(&parser, PROTOCOL_MYSQL, WIRE_MODE_EXCHANGES);
		request.reply_kind = kind == 0 ? MYSQL_KIND_ROWS : MYSQL_KIND_RESULT;
		assert_int_equal(
			serve(&parser, P("\xff\xff\xff\1"), kind < 2 ? &request : NULL).kind,
			kind == 0 ? WIRE_REPLY : WIRE_LOST);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(heads_end_where_they_end),
		cmocka_unit_test(frames_end_where_they_end),
		cmocka_unit_test(mysql_packets_are_named),
		cmocka_unit_test(mysql_notices_say_what_they_are),
		cmocka_unit_test(mysql_full_packets_begin_rows_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
