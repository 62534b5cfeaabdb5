/* SPDX-License-Identifier: MIT */
/*
 * wire_identify() against conversations of every protocol, cut at every byte and in every
 * interleaving of the two directions; against look-alikes; and against random bytes, where the
 * answer may only be refined.  FORKSAN_SEED repeats a random run.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "forksan/limits.h"
#include "wire/protocol.h"
#include "wire/wire.h"
#include "random.h"

/* A conversation's opening.  Written as string literals, so that NULs count: BYTES("..."). */
struct opening {
	enum protocol protocol;
	const char *what;
	const char *client;
	size_t client_len;
	const char *server;
	size_t server_len;
};

#define BYTES(s) (s), sizeof(s) - 1
#define NONE NULL, 0

static const struct opening openings[] = {
	{PROTOCOL_MYSQL, "MariaDB 10.11 greeting and login",
	 BYTES("\x54\x00\x00\x01\x0d\xa2\xbf\x00\xff\xff\xff\x00\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	       "\0"
	       "\0\0\0\0\x07\0\0\0app"),
	 BYTES("\x5a\x00\x00\x00\x0a"
	       "5.5.5-10.11.6-MariaDB-0+deb12u1\x00")},
	{PROTOCOL_MYSQL, "MySQL 8 greeting", NONE,
	 BYTES("\x4a\x00\x00\x00\x0a"
	       "8.0.36\x00\x0b\x00\x00\x00")},
	{PROTOCOL_MYSQL, "MySQL 9 short version", NONE,
	 BYTES("\x49\x00\x00\x00\x0a"
	       "9.1.0\x00")},
	{PROTOCOL_MYSQL, "upgrade to TLS",
	 BYTES("\x20\x00\x00\x01\x05\xae\xff\x19\x00\x00\x00\x01\xff\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	       "\0\0\0\0\0\0\0\0\x16\x03\x01\x02\x00\x01"),
	 BYTES("\x4a\x00\x00\x00\x0a"
	       "8.0.36\x00")},
	{PROTOCOL_MYSQL, "login whose greeting was not seen, compressed",
	 BYTES("\xb5\x00\x00\x01\xa5\xa6\xff\x01\x00\x00\x00\x01\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	       "\0\0\0\0\x00\0\0\0root"),
	 NONE},
	{PROTOCOL_MYSQL, "too many connections", NONE,
	 BYTES("\x17\x00\x00\x00\xff\x10\x04Too many connections")},
	{PROTOCOL_MYSQL, "too many connections, with a state", NONE,
	 BYTES("\x1d\x00\x00\x00\xff\x10\x04#08004Too many connections")},
	{PROTOCOL_MYSQLX, "capabilities get", BYTES("\x01\x00\x00\x00\x01"),
	 BYTES("\x05\x00\x00\x00\x0b\x08\x05\x1a\x00")},
	{PROTOCOL_MYSQLX, "capabilities set",
	 BYTES("\x1f\x00\x00\x00\x02\x0a\x1b\x0a\x19\x0a\x03tls"), NONE},
	{PROTOCOL_POSTGRESQL, "SSLRequest", BYTES("\x00\x00\x00\x08\x04\xd2\x16\x2f"), BYTES("S")},
	{PROTOCOL_POSTGRESQL, "SSLRequest declined, then startup",
	 BYTES("\x00\x00\x00\x08\x04\xd2\x16\x2f\x00\x00\x00\x21\x00\x03\x00\x00user\x00"),
	 BYTES("NR\x00\x00\x00\x08\x00\x00\x00\x00")},
	{PROTOCOL_POSTGRESQL, "GSSENCRequest", BYTES("\x00\x00\x00\x08\x04\xd2\x16\x30"),
	 BYTES("N")},
	{PROTOCOL_POSTGRESQL, "startup, 3.0",
	 BYTES("\x00\x00\x00\x21\x00\x03\x00\x00user\x00app\x00"
	       "database\x00"
	       "d\x00\x00"),
	 BYTES("R\x00\x00\x00\x0c\x00\x00\x00\x05\xde\xad\xbe\xef")},
	{PROTOCOL_POSTGRESQL, "startup, 3.2",
	 BYTES("\x00\x00\x00\x21\x00\x03\x00\x02"
	       "database\x00"
	       "d\x00"),
	 BYTES("R\x00\x00\x00\x17\x00\x00\x00\x0aSCRAM-SHA-256\x00\x00")},
	{PROTOCOL_POSTGRESQL, "cancel",
	 BYTES("\x00\x00\x00\x10\x04\xd2\x16\x2e\x00\x00\x12\x34\xca\xfe\xba\xbe"), NONE},
	{PROTOCOL_POSTGRESQL, "server alone", NONE,
	 BYTES("R\x00\x00\x00\x08\x00\x00\x00\x00S\x00")},
	{PROTOCOL_MONGODB, "OP_QUERY hello",
	 BYTES("\x3a\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\xd4\x07\x00\x00\x00\x00\x00\x00"
	       "admin.$cmd\x00"),
	 BYTES("\x2a\x01\x00\x00\x0c\x00\x00\x00\x01\x00\x00\x00\x01\x00\x00\x00\x08\x00\x00\x00")},
	{PROTOCOL_MONGODB, "OP_MSG with a random request id",
	 BYTES("\x8b\x00\x00\x00\x45\xe1\x6c\x6b\x00\x00\x00\x00\xdd\x07\x00\x00\x00\x00\x00\x00"),
	 BYTES("\x8b\x00\x00\x00\x02\x00\x00\x00\x45\xe1\x6c\x6b\xdd\x07\x00\x00\x00\x00\x00\x00")},
	{PROTOCOL_MONGODB, "OP_COMPRESSED",
	 BYTES("\x8b\x00\x00\x00\x02\x0a\x00\x00\x00\x00\x00\x00\xdc\x07\x00\x00\xdd\x07\x00\x00"),
	 NONE},
	{PROTOCOL_TDS, "PRELOGIN of MS-TDS 4.1",
	 BYTES("\x12\x01\x00\x2f\x00\x00\x01\x00\x00\x00\x1a\x00\x06\x01\x00\x20\x00\x01\x02\x00"
	       "\x21\x00\x01\x03\x00\x22\x00\x04\x04\x00\x26\x00\x01\xff"),
	 BYTES("\x04\x01\x00\x2b\x00\x00\x01\x00\x00\x00\x1a\x00\x06\x01\x00\x20\x00\x01")},
	{PROTOCOL_TDS, "LOGIN7 at once",
	 BYTES("\x10\x01\x00\xc4\x00\x00\x01\x00\xbc\x00\x00\x00\x00\x00\x00\x70"), NONE},
	{PROTOCOL_TDS, "login of TDS 5", BYTES("\x02\x00\x02\x00\x00\x00\x00\x00host"), NONE},
	{PROTOCOL_ORACLE, "CONNECT of python-oracledb",
	 BYTES("\x00\xf4\x00\x00\x01\x00\x00\x00\x01\x3f\x01\x2c\x0c\x01\x20\x00\xff\xff\x4f\x98"),
	 BYTES("\x00\x29\x00\x00\x02\x00\x00\x00\x01\x3f\x04\x01\x00\x00\x00\x00\x01\x00")},
	{PROTOCOL_ORACLE, "CONNECT, RESEND",
	 BYTES("\x00\xd7\x00\x00\x01\x00\x00\x00\x01\x36\x01\x2c\x00\x41\x08\x00"),
	 BYTES("\x00\x08\x00\x00\x0b\x00\x00\x00")},
	{PROTOCOL_CASSANDRA, "OPTIONS v4", BYTES("\x04\x00\x00\x00\x05\x00\x00\x00\x00"),
	 BYTES("\x84\x00\x00\x00\x06\x00\x00\x00\x2f\x00\x02")},
	{PROTOCOL_CASSANDRA, "STARTUP v5",
	 BYTES("\x05\x00\x00\x01\x01\x00\x00\x00\x16\x00\x01\x00\x0b"
	       "CQL_VERSION\x00\x05"
	       "3.0.0"),
	 BYTES("\x85\x00\x00\x01\x02\x00\x00\x00\x00")},
	{PROTOCOL_CASSANDRA, "OPTIONS, DSE 2", BYTES("\x42\x00\x00\x00\x05\x00\x00\x00\x00"), NONE},
	{PROTOCOL_CLICKHOUSE, "clickhouse-client",
	 BYTES("\x00\x11"
	       "ClickHouse client\x18\x03\xb7\xa9\x03\x00\x07"
	       "default"),
	 BYTES("\x00\x0a"
	       "ClickHouse\x18\x03\xb7\xa9\x03")},
	{PROTOCOL_CLICKHOUSE, "a client of another name",
	 BYTES("\x00\x09"
	       "Go Client\x01\x0a\xb3\xa9\x03\x07"
	       "default"),
	 NONE},
	{PROTOCOL_BOLT, "handshake",
	 BYTES("\x60\x60\xb0\x17\x00\x00\x04\x05\x00\x02\x04\x04\x00\x00\x01\x04\x00\x00\x00\x03"),
	 BYTES("\x00\x00\x04\x05")},
	{PROTOCOL_ZOOKEEPER, "ConnectRequest, read-only flag",
	 BYTES("\x00\x00\x00\x2d\0\0\0\0\0\0\0\0\0\0\0\0\x00\x00\x75\x30\0\0\0\0\0\0\0\0\0\0\0\x10"
	       "\0\0\0\0"),
	 BYTES("\x00\x00\x00\x25\0\0\0\0\x00\x00\x75\x30\x10\x00\x9a\xbc\x01\x02\x03\x04\0\0\0"
	       "\x10")},
	{PROTOCOL_LDAP, "anonymous bind",
	 BYTES("\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"),
	 BYTES("\x30\x0c\x02\x01\x01\x61\x07\x0a\x01\x00\x04\x00\x04\x00")},
	{PROTOCOL_LDAP, "search, long lengths",
	 BYTES("\x30\x84\x00\x00\x00\x25\x02\x01\x02\x63\x84\x00\x00\x00\x1c\x04\x00"), NONE},
	{PROTOCOL_LDAP, "StartTLS",
	 BYTES("\x30\x1d\x02\x01\x01\x77\x18\x80\x16"
	       "1.3.6.1.4.1.1466.20037"),
	 NONE},
	{PROTOCOL_RABBITMQ_STREAM, "PeerProperties of a RabbitMQ stream",
	 BYTES("\x00\x00\x00\xd9\x00\x11\x00\x01\x00\x00\x00\x01\x00\x00\x00\x06\x00\x07product"),
	 BYTES("\x00\x00\x01\x2c\x80\x11\x00\x01\x00\x00\x00\x01\x00\x01\x00\x00\x00\x06")},
	{PROTOCOL_RABBITMQ_STREAM, "PeerProperties without any",
	 BYTES("\x00\x00\x00\x0c\x00\x11\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00"), NONE},
	{PROTOCOL_REDIS, "HELLO 3", BYTES("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"),
	 BYTES("%7\r\n$6\r\nserver\r\n")},
	{PROTOCOL_REDIS, "an array of 12 words", BYTES("*12\r\n$4\r\nMSET\r\n"), BYTES("+OK\r\n")},
	{PROTOCOL_REDIS, "inline PING", BYTES("PING\r\n"), BYTES("+PONG\r\n")},
	{PROTOCOL_MEMCACHED, "text get", BYTES("get k\r\n"), BYTES("END\r\n")},
	{PROTOCOL_MEMCACHED, "text set", BYTES("set k 0 0 1\r\na\r\n"), BYTES("STORED\r\n")},
	{PROTOCOL_MEMCACHED, "version", BYTES("version\r\n"), BYTES("VERSION 1.6.18\r\n")},
	{PROTOCOL_MEMCACHED, "meta get", BYTES("mg foo v t\r\n"), BYTES("VA 3 t-1\r\n")},
	{PROTOCOL_MEMCACHED, "meta no-op", BYTES("mn\r\n"), BYTES("MN\r\n")},
	{PROTOCOL_MEMCACHED, "binary get",
	 BYTES("\x80\x00\x00\x05\x00\x00\x00\x00\x00\x00\x00\x05\0\0\0\0\0\0\0\0\0\0\0\0Hello"),
	 BYTES("\x81\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x09\0\0\0\0\0\0\0\0\0\0\0\0Not "
	       "found")},
	{PROTOCOL_MEMCACHED, "binary SASL list",
	 BYTES("\x80\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\0\0\0\0\0\0\0\0\0\0\0\0"), NONE},
	{PROTOCOL_AMQP, "0-9-1", BYTES("AMQP\x00\x00\x09\x01"),
	 BYTES("\x01\x00\x00\x00\x00\x01\xfb\x00\x0a\x00\x0a\x00\x09")},
	{PROTOCOL_AMQP, "1.0 with SASL", BYTES("AMQP\x03\x01\x00\x00"),
	 BYTES("AMQP\x03\x01\x00\x00")},
	{PROTOCOL_AMQP, "1.0", BYTES("AMQP\x00\x01\x00\x00"), BYTES("AMQP\x00\x01\x00\x00")},
	{PROTOCOL_KAFKA, "ApiVersions v3 of KAFKA-14935",
	 BYTES("\x00\x00\x00\x2b\x00\x12\x00\x03\x00\x00\x00\x00\x00\x07"
	       "admin-1\x00\x12"
	       "apache-kafka-java"),
	 BYTES("\x00\x00\x01\xa5\x00\x00\x00\x00\x00\x00")},
	{PROTOCOL_KAFKA, "ApiVersions without a client id",
	 BYTES("\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x01\xff\xff"), NONE},
	{PROTOCOL_KAFKA, "Metadata v1",
	 BYTES("\x00\x00\x00\x1e\x00\x03\x00\x01\x00\x00\x00\x01\x00\x08"
	       "producer\x00\x00\x00\x00"),
	 NONE},
	{PROTOCOL_KAFKA, "Metadata v0 looks like a startup of 3.0 up to its eighth byte",
	 BYTES("\x00\x00\x00\x1e\x00\x03\x00\x00\x00\x00\x00\x01\x00\x04"
	       "sara"),
	 NONE},
	{PROTOCOL_KAFKA, "a name longer than the head",
	 BYTES("\x00\x00\x00\x60\x00\x00\x00\x03\x00\x00\x00\x01\x00\x30"
	       "abcdefghijklmnopqrstuvwxyz"),
	 NONE},
	{PROTOCOL_KAFKA, "SaslHandshake",
	 BYTES("\x00\x00\x00\x13\x00\x11\x00\x01\x00\x00\x00\x01\x00\x02"
	       "ab\x00\x05PLAIN"),
	 NONE},
	{PROTOCOL_NATS, "greeting", BYTES("CONNECT {\"verbose\":false}\r\nPING\r\n"),
	 BYTES("INFO {\"server_id\":\"NC\"}\r\n")},
	{PROTOCOL_STOMP, "CONNECT", BYTES("CONNECT\naccept-version:1.2\n\n\x00"),
	 BYTES("CONNECTED\nversion:1.2\n\n\x00")},
	{PROTOCOL_STOMP, "STOMP with CR", BYTES("STOMP\r\naccept-version:1.2\r\n\r\n\x00"),
	 BYTES("CONNECTED\r\n")},
	{PROTOCOL_MQTT, "3.1.1",
	 BYTES("\x10\x0f\x00\x04MQTT\x04\x02\x00\x3c\x00\x03"
	       "abc"),
	 BYTES("\x20\x02\x00\x00")},
	{PROTOCOL_MQTT, "5, a length of two bytes",
	 BYTES("\x10\xa1\x02\x00\x04MQTT\x05\x02\x00\x3c"),
	 BYTES("\x20\x06\x00\x00\x03\x21\x00\x14")},
	{PROTOCOL_MQTT, "3.1", BYTES("\x10\x11\x00\x06MQIsdp\x03\x02\x00\x3c"), NONE},
	{PROTOCOL_BEANSTALKD, "use", BYTES("use jobs\r\n"), BYTES("USING jobs\r\n")},
	{PROTOCOL_BEANSTALKD, "reserve", BYTES("reserve\r\n"), BYTES("RESERVED 1 3\r\nabc\r\n")},
	{PROTOCOL_BEANSTALKD, "put", BYTES("put 0 0 60 3\r\nabc\r\n"), BYTES("INSERTED 1\r\n")},
	{PROTOCOL_SMTP, "SMTP", BYTES("EHLO host\r\n"), BYTES("220 mx ESMTP\r\n")},
	{PROTOCOL_SMTP, "IMAP", BYTES("a1 LOGIN u p\r\n"), BYTES("* OK IMAP4rev1\r\n")},
	{PROTOCOL_SMTP, "POP3", BYTES("USER u\r\n"), BYTES("+OK ready\r\n")},
	{PROTOCOL_TLS, "ClientHello, 1.0 record",
	 BYTES("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), BYTES("\x16\x03\x03\x00\x7a\x02")},
	{PROTOCOL_TLS, "ClientHello, refused",
	 BYTES("\x16\x03\x03\x02\x00\x01\x00\x01\xfc\x03\x03"),
	 BYTES("\x15\x03\x03\x00\x02\x02\x28")},
	{PROTOCOL_HTTP, "GET", BYTES("GET / HTTP/1.1\r\n"), BYTES("HTTP/1.1 200 OK\r\n")},
	{PROTOCOL_HTTP, "POST", BYTES("POST /_bulk HTTP/1.1\r\n"), BYTES("HTTP/1.1 200 OK\r\n")},
	{PROTOCOL_HTTP, "proxy CONNECT", BYTES("CONNECT db:443 HTTP/1.1\r\n"), NONE},
	{PROTOCOL_HTTP, "proxy GET", BYTES("GET http://h/ HTTP/1.1\r\n"), NONE},
	{PROTOCOL_HTTP, "OPTIONS *", BYTES("OPTIONS * HTTP/1.1\r\n"), NONE},
	{PROTOCOL_HTTP2, "prior knowledge",
	 BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x12\x04\x00\x00\x00\x00\x00"),
	 BYTES("\x00\x00\x12\x04\x00\x00\x00\x00\x00\x00\x03")},
	{PROTOCOL_SSH, "OpenSSH", BYTES("SSH-2.0-OpenSSH_9.2\r\n"),
	 BYTES("SSH-2.0-OpenSSH_9.2\r\n")},
	{PROTOCOL_SSH, "a server of both versions", BYTES("SSH-2.0-paramiko_2.12.0\r\n"),
	 BYTES("SSH-1.99-Cisco-1.25\n")},
	{PROTOCOL_MULTIPROCESSING, "Python 3.11", NONE,
	 BYTES("\x00\x00\x00\x1f#CHALLENGE#\x01\x02\x03\x04\x05")},
	{PROTOCOL_MULTIPROCESSING, "Python 3.12", BYTES("\x00\x00\x00\x28{sha256}\x01\x02\x03"),
	 BYTES("\x00\x00\x00\x33#CHALLENGE#{sha256}\x01\x02")},
	{PROTOCOL_REDIS, "inline GET", BYTES("GET k\r\n"), BYTES("$-1\r\n")},
	{PROTOCOL_REDIS, "inline, small letters", BYTES("hget h f\r\n"), BYTES("$-1\r\n")},
	{PROTOCOL_REDIS, "inline, a line without CR", BYTES("DBSIZE\n"), BYTES(":0\r\n")},
	{PROTOCOL_REDIS, "inline, longer than what is kept",
	 BYTES("SET a-long-key-of-many-letters a-long-value\r\n"), BYTES("+OK\r\n")},
	{PROTOCOL_BEANSTALKD, "release", BYTES("release 1 0 0\r\n"), BYTES("RELEASED\r\n")},
	{PROTOCOL_BEANSTALKD, "bury", BYTES("bury 1 0\r\n"), BYTES("BURIED\r\n")},
	{PROTOCOL_SYSTEM, "syslog over TCP", BYTES("<34>Oct 11 22:14:15 host su: x"), NONE},
	{PROTOCOL_SYSTEM, "X11",
	 BYTES("l\x00\x0b\x00\x00\x00\x12\x00\x10\x00\x00\x00MIT-MAGIC-COOKIE-1"), NONE},
	{PROTOCOL_SYSTEM, "X11, big-endian", BYTES("B\x00\x00\x0b\x00\x00\x00\x12\x00\x10"), NONE},
	{PROTOCOL_SYSTEM, "ssh-agent", BYTES("\x00\x00\x00\x01\x0b"),
	 BYTES("\x00\x00\x00\x05\x0c\x00\x00\x00\x00")},
	{PROTOCOL_SYSTEM, "D-Bus", BYTES("\0AUTH EXTERNAL 30\r\n"), BYTES("OK 1234deadbeef\r\n")},
};

/* What must not be taken for anything. */
static const struct opening strangers[] = {
	{PROTOCOL_OTHER, "a tag, not a priority", BYTES("<config-auth client=\"vpn\">"), NONE},
	{PROTOCOL_OTHER, "a priority of four digits", BYTES("<1234>1 2003-10-11"), NONE},
	{PROTOCOL_OTHER, "an empty priority", BYTES("<>1 2003-10-11"), NONE},
	{PROTOCOL_OTHER, "a word that begins as a command does", BYTES("GETS k\r\n"), NONE},
	{PROTOCOL_OTHER, "a command with what is no text", BYTES("SET k \x80\x04\x95\r\n"), NONE},
	{PROTOCOL_OTHER, "statsd over TCP", BYTES("gorets:1|c\n"), NONE},
	{PROTOCOL_OTHER, "graphite", BYTES("local.random.diceroll 4 1700000000\n"), NONE},
	{PROTOCOL_OTHER, "carbon pickle", BYTES("\x00\x00\x00\x40\x80\x02]q\x00("), NONE},
	{PROTOCOL_OTHER, "fluentd forward", BYTES("\x93\xa4test\xce\x65\x00\x00\x00"), NONE},
	{PROTOCOL_OTHER, "gelf", BYTES("{\"version\":\"1.1\"}\0"), NONE},
	{PROTOCOL_OTHER, "thrift binary, unframed", BYTES("\x80\x01\x00\x01\x00\x00\x00\x04ping"),
	 NONE},
	{PROTOCOL_OTHER, "thrift framed",
	 BYTES("\x00\x00\x00\x11\x80\x01\x00\x01\x00\x00\x00\x04ping"), NONE},
	{PROTOCOL_OTHER, "gearman", BYTES("\0REQ\x00\x00\x00\x01\x00\x00\x00\x05hello"), NONE},
	{PROTOCOL_OTHER, "aerospike info", BYTES("\x02\x01\x00\x00\x00\x00\x00\x05node\n"), NONE},
	{PROTOCOL_OTHER, "zabbix", BYTES("ZBXD\x01\x0d\x00\x00\x00\x00\x00\x00\x00"), NONE},
	{PROTOCOL_OTHER, "rsync", BYTES("@RSYNCD: 31.0\n"), BYTES("@RSYNCD: 31.0\n")},
	{PROTOCOL_OTHER, "length-prefixed protobuf",
	 BYTES("\x00\x00\x00\x14\x0a\x12\x08\x01\x12\x0e"
	       "hello, world!!"),
	 NONE},
	{PROTOCOL_OTHER, "git", BYTES("0032git-upload-pack /project.git\0"), NONE},
	{PROTOCOL_OTHER, "kerberos", BYTES("\x00\x00\x00\xb2\x6a\x81\xaf\x30\x81\xac\xa1\x03"),
	 NONE},
	{PROTOCOL_OTHER, "BER without a message id",
	 BYTES("\x30\x26\x02\x00\x04\x06public\xa0\x19\x02\x04"), NONE},
};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static enum protocol tell(const struct opening *o, size_t client_len, size_t server_len)
{
	/* Exact copies, so that a sanitizer sees a read past the end. */
	uint8_t *client = malloc(client_len ? client_len : 1);
	uint8_t *server = malloc(server_len ? server_len : 1);
	const uint8_t *head[2] = {client, server};
	const size_t len[2] = {client_len, server_len};
	enum protocol told;

	assert_non_null(client);
	assert_non_null(server);
	if (client_len > 0)
		memcpy(client, o->client, client_len);
	if (server_len > 0)
		memcpy(server, o->server, server_len);
	told = wire_identify(head, len);
	free(client);
	free(server);
	return told;
}

static size_t head_len(size_t len)
{
	return len < FORKSAN_HEAD_BYTES ? len : FORKSAN_HEAD_BYTES;
}

static bool greets(enum protocol protocol)
{
	return protocol == PROTOCOL_MYSQL || protocol == PROTOCOL_MYSQLX ||
	       protocol == PROTOCOL_NATS || protocol == PROTOCOL_SMTP;
}

static void check_cuts(const struct opening *o)
{
	size_t client_len = head_len(o->client_len), server_len = head_len(o->server_len);

	for (size_t c = 0; c <= client_len; c++) {
		for (size_t s = 0; s <= server_len; s++) {
			enum protocol told = tell(o, c, s);

			/* A client waits for the greeting. */
			if (c > 0 && server_len > 0 && greets(o->protocol) &&
			    tell(o, 0, s) == PROTOCOL_UNKNOWN)
				continue;
			if (told == o->protocol) {
				/* Refined only: more bytes of either direction keep it. */
				if (c < client_len)
					assert_int_equal(tell(o, c + 1, s), told);
				if (s < server_len)
					assert_int_equal(tell(o, c, s + 1), told);
			} else if (told != PROTOCOL_UNKNOWN) {
				fail_msg("%s: %zu client and %zu server bytes identified as %s",
					 o->what, c, s, wire_protocol_name(told));
			}
		}
	}
	if (tell(o, client_len, server_len) != o->protocol)
		fail_msg("%s: identified as %s", o->what,
			 wire_protocol_name(tell(o, client_len, server_len)));
}

static void openings_are_identified_at_every_cut(void **state)
{
	bool seen[PROTOCOL_COUNT] = {false};

	(void)state;
	for (size_t i = 0; i < COUNT(openings); i++) {
		check_cuts(&openings[i]);
		seen[openings[i].protocol] = true;
	}
	for (unsigned p = PROTOCOL_OTHER + 1; p < PROTOCOL_COUNT; p++) {
		const struct wire_protocol *protocol = wire_protocol_of(p);

		/* Some are known by a path or by TLS alone. */
		if (!seen[p] && (protocol->recognise[0] != NULL || protocol->recognise[1] != NULL))
			fail_msg("no conversation of %s", wire_protocol_name((enum protocol)p));
	}
}

static void strangers_stay_other_at_every_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(strangers); i++)
		check_cuts(&strangers[i]);
}

static void client_first_protocols_are_identified_by_the_client_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(openings); i++) {
		const struct opening *o = &openings[i];

		if (o->client_len == 0 || tell(o, 0, head_len(o->server_len)) != PROTOCOL_UNKNOWN)
			continue;
		assert_int_equal(tell(o, head_len(o->client_len), 0), o->protocol);
	}
}

static void one_byte_identifies_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(openings); i++) {
		const struct opening *o = &openings[i];

		if (o->client_len > 0)
			assert_int_equal(tell(o, 1, 0), PROTOCOL_UNKNOWN);
		if (o->server_len > 0)
			assert_int_equal(tell(o, 0, 1), PROTOCOL_UNKNOWN);
	}
	assert_int_equal(tell(&openings[0], 0, 0), PROTOCOL_UNKNOWN);
}

static void random_seed(void)
{
	const char *text = getenv("FORKSAN_SEED");

	random_state = text != NULL ? strtoull(text, NULL, 0) : UINT64_C(0x9e3779b97f4a7c15);
	if (random_state == 0)
		random_state = 1;
	printf("FORKSAN_SEED=%#llx\n", (unsigned long long)random_state);
}

/* An opening with some bytes changed: random bytes alone never come near a recogniser's end. */
static void random_head(uint8_t *head)
{
	const struct opening *o = &openings[random_next() % COUNT(openings)];
	bool server = random_next() % 2 && o->server_len > 0;
	const char *from = server ? o->server : o->client;
	size_t len = server ? head_len(o->server_len) : head_len(o->client_len);

	for (size_t i = 0; i < FORKSAN_HEAD_BYTES; i++)
		head[i] = (uint8_t)random_next();
	if (random_next() % 8 == 0)
		return;
	if (len > 0)
		memcpy(head, from, len);
	for (uint64_t changes = random_next() % 4; changes > 0; changes--)
		head[random_next() % FORKSAN_HEAD_BYTES] = (uint8_t)random_next();
}

static void answers_are_only_refined(void **state)
{
	(void)state;
	random_seed();
	for (int round = 0; round < 300000; round++) {
		uint8_t client[FORKSAN_HEAD_BYTES], server[FORKSAN_HEAD_BYTES];
		const uint8_t *head[2] = {client, server};
		enum protocol before = PROTOCOL_UNKNOWN, alone[2];
		size_t len[2] = {0, 0};

		random_head(client);
		random_head(server);
		alone[0] = wire_identify(head, (size_t[2]){FORKSAN_HEAD_BYTES, 0});
		alone[1] = wire_identify(head, (size_t[2]){0, FORKSAN_HEAD_BYTES});
		assert_int_not_equal(alone[0], PROTOCOL_UNKNOWN);
		assert_int_not_equal(alone[1], PROTOCOL_OTHER);
		/* Two directions that contradict each other are no conversation: one at a time. */
		bool contradict = alone[1] != PROTOCOL_UNKNOWN && alone[0] != alone[1];
		int only = contradict ? (int)(random_next() % 2) : -1;

		while (len[0] < FORKSAN_HEAD_BYTES || len[1] < FORKSAN_HEAD_BYTES) {
			int d = only >= 0 ? only : (int)(random_next() % 2);
			enum protocol told;

			if (len[d] == FORKSAN_HEAD_BYTES) {
				if (only >= 0)
					break;
				d = !d;
			}
			len[d]++;
			told = wire_identify(head, len);
			if (before != PROTOCOL_UNKNOWN && told != before)
				fail_msg("round %d: %s became %s", round,
					 wire_protocol_name(before), wire_protocol_name(told));
			before = told;
		}
		if (only != 1)
			assert_int_not_equal(before, PROTOCOL_UNKNOWN);
	}
}

static void random_bytes_are_rarely_a_protocol(void **state)
{
	int identified_as[PROTOCOL_COUNT] = {0};

	(void)state;
	random_seed();
	for (int round = 0; round < 1000000; round++) {
		uint8_t bytes[FORKSAN_HEAD_BYTES];
		const uint8_t *head[2] = {bytes, bytes};

		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (uint8_t)random_next();
		identified_as[wire_identify(head, (size_t[2]){FORKSAN_HEAD_BYTES, 0})]++;
	}
	for (unsigned p = PROTOCOL_OTHER + 1; p < PROTOCOL_COUNT; p++) {
		if (identified_as[p] > 3)
			fail_msg("%d in a million heads are %s", identified_as[p],
				 wire_protocol_name((enum protocol)p));
	}
}

static void ports_name_protocols(void **state)
{
	(void)state;
	assert_int_equal(wire_by_port(3306), PROTOCOL_MYSQL);
	assert_int_equal(wire_by_port(33060), PROTOCOL_MYSQLX);
	assert_int_equal(wire_by_port(5432), PROTOCOL_POSTGRESQL);
	assert_int_equal(wire_by_port(6432), PROTOCOL_POSTGRESQL);
	assert_int_equal(wire_by_port(6379), PROTOCOL_REDIS);
	assert_int_equal(wire_by_port(11211), PROTOCOL_MEMCACHED);
	assert_int_equal(wire_by_port(27017), PROTOCOL_MONGODB);
	assert_int_equal(wire_by_port(1433), PROTOCOL_TDS);
	assert_int_equal(wire_by_port(1521), PROTOCOL_ORACLE);
	assert_int_equal(wire_by_port(5671), PROTOCOL_AMQP);
	assert_int_equal(wire_by_port(9092), PROTOCOL_KAFKA);
	assert_int_equal(wire_by_port(9042), PROTOCOL_CASSANDRA);
	assert_int_equal(wire_by_port(636), PROTOCOL_LDAP);
	assert_int_equal(wire_by_port(4222), PROTOCOL_NATS);
	assert_int_equal(wire_by_port(61613), PROTOCOL_STOMP);
	assert_int_equal(wire_by_port(8883), PROTOCOL_MQTT);
	assert_int_equal(wire_by_port(2181), PROTOCOL_ZOOKEEPER);
	assert_int_equal(wire_by_port(9440), PROTOCOL_CLICKHOUSE);
	assert_int_equal(wire_by_port(7687), PROTOCOL_BOLT);
	assert_int_equal(wire_by_port(11300), PROTOCOL_BEANSTALKD);
	assert_int_equal(wire_by_port(25), PROTOCOL_SMTP);
	assert_int_equal(wire_by_port(443), PROTOCOL_TLS);
	assert_int_equal(wire_by_port(9200), PROTOCOL_HTTP);
	assert_int_equal(wire_by_port(50051), PROTOCOL_HTTP2);
	assert_int_equal(wire_by_port(0), PROTOCOL_UNKNOWN);
	assert_int_equal(wire_by_port(514), PROTOCOL_UNKNOWN);
}

static enum protocol by_path(const char *path)
{
	return wire_by_path(path, strlen(path));
}

static void paths_name_protocols(void **state)
{
	static const char abstract[] = "\0/tmp/.s.PGSQL.5432\0\0";

	(void)state;
	assert_int_equal(by_path("/run/mysqld/mysqld.sock"), PROTOCOL_MYSQL);
	assert_int_equal(by_path("/var/lib/mysql/mysql.sock"), PROTOCOL_MYSQL);
	assert_int_equal(by_path("/run/mysqld/mysqlx.sock"), PROTOCOL_MYSQLX);
	assert_int_equal(by_path("/var/run/postgresql/.s.PGSQL.5432"), PROTOCOL_POSTGRESQL);
	assert_int_equal(by_path("/var/run/redis/redis-server.sock"), PROTOCOL_REDIS);
	assert_int_equal(by_path("/run/valkey/valkey.sock"), PROTOCOL_REDIS);
	assert_int_equal(by_path("/var/run/memcached/memcached.sock"), PROTOCOL_MEMCACHED);
	assert_int_equal(by_path("/tmp/mongodb-27017.sock"), PROTOCOL_MONGODB);
	assert_int_equal(by_path("/var/run/slapd/ldapi"), PROTOCOL_LDAP);
	assert_int_equal(by_path("/var/run/docker.sock"), PROTOCOL_HTTP);
	assert_int_equal(wire_by_path(abstract, sizeof abstract - 1), PROTOCOL_POSTGRESQL);
	/* Only the last component counts. */
	assert_int_equal(by_path("/srv/redis/gunicorn.sock"), PROTOCOL_UNKNOWN);
	/* But for the system's own, of which whole paths are known. */
	assert_int_equal(by_path("/dev/log"), PROTOCOL_SYSTEM);
	assert_int_equal(by_path("/srv/log"), PROTOCOL_UNKNOWN);
	assert_int_equal(by_path("/dev/log2"), PROTOCOL_UNKNOWN);
	assert_int_equal(by_path("log"), PROTOCOL_UNKNOWN);
	assert_int_equal(by_path("/run/systemd/journal/stdout"), PROTOCOL_SYSTEM);
	assert_int_equal(by_path("/run/dbus/system_bus_socket"), PROTOCOL_SYSTEM);
	assert_int_equal(by_path("/run/user/1000/bus"), PROTOCOL_SYSTEM);
	assert_int_equal(by_path("/run/user/1000/busy.sock"), PROTOCOL_UNKNOWN);
	assert_int_equal(by_path("/var/run/nscd/socket"), PROTOCOL_SYSTEM);
	assert_int_equal(by_path("/tmp/.X11-unix/X0"), PROTOCOL_SYSTEM);
	assert_int_equal(by_path("/run/user/1000/wayland-0"), PROTOCOL_SYSTEM);
	assert_int_equal(by_path("/run/user/1000/gnupg/S.gpg-agent.ssh"), PROTOCOL_SYSTEM);
	/* A name that any program's socket may have; the first bytes say more. */
	assert_int_equal(by_path("/tmp/ssh-XXXXabc/agent.812"), PROTOCOL_UNKNOWN);
	assert_int_equal(by_path("/srv/agent.sock"), PROTOCOL_UNKNOWN);
	assert_int_equal(by_path(""), PROTOCOL_UNKNOWN);
}

static enum protocol at(enum protocol hint, const char *client, const char *server)
{
	const uint8_t *head[2] = {(const uint8_t *)client, (const uint8_t *)server};

	return wire_identify_at(hint, head,
				(size_t[2]){head_len(strlen(client)), head_len(strlen(server))});
}

/* Words that several protocols share. */
static void the_port_and_the_answer_decide_words(void **state)
{
	(void)state;
	assert_int_equal(at(PROTOCOL_REDIS, "get k\r\n", ""), PROTOCOL_REDIS);
	assert_int_equal(at(PROTOCOL_MEMCACHED, "get k\r\n", ""), PROTOCOL_MEMCACHED);
	assert_int_equal(at(PROTOCOL_UNKNOWN, "get k\r\n", ""), PROTOCOL_UNKNOWN);
	assert_int_equal(at(PROTOCOL_UNKNOWN, "get k\r\n", "END\r\n"), PROTOCOL_MEMCACHED);
	assert_int_equal(at(PROTOCOL_UNKNOWN, "get k\r\n", "\x01\x02"), PROTOCOL_OTHER);
	assert_int_equal(at(PROTOCOL_UNKNOWN, "GET k\r\n", ""), PROTOCOL_UNKNOWN);
	assert_int_equal(at(PROTOCOL_UNKNOWN, "GET k\r\n", "$-1\r\n"), PROTOCOL_REDIS);
	assert_int_equal(at(PROTOCOL_MYSQL, "GET k\r\n", "$-1\r\n"), PROTOCOL_REDIS);
	assert_int_equal(at(PROTOCOL_REDIS, "GET k\r\n", ""), PROTOCOL_REDIS);
	assert_int_equal(at(PROTOCOL_UNKNOWN, "reserve\r\n", "RESERVED 1 2\r\n"),
			 PROTOCOL_BEANSTALKD);
	/* A metrics stream, which nobody answers. */
	assert_int_equal(at(PROTOCOL_UNKNOWN, "SET requests.total 17 1764127000\n", ""),
			 PROTOCOL_OTHER);
	assert_int_equal(at(PROTOCOL_UNKNOWN, "PING host-a 3 ms\n", ""), PROTOCOL_UNKNOWN);
	/* Frames are no words. */
	assert_int_equal(at(PROTOCOL_UNKNOWN, "*1\r\n$4\r\nPING\r\n", ""), PROTOCOL_REDIS);
	assert_int_equal(at(PROTOCOL_REDIS, "", ""), PROTOCOL_UNKNOWN);
	assert_int_equal(at(PROTOCOL_REDIS, "\x16\x03\x01\x02\x01\x01", ""), PROTOCOL_TLS);
}

static void protocols_have_classes_and_names(void **state)
{
	(void)state;
	assert_int_equal(wire_class(PROTOCOL_MYSQL), CLASS_DATABASE);
	assert_int_equal(wire_class(PROTOCOL_REDIS), CLASS_CACHE);
	assert_int_equal(wire_class(PROTOCOL_KAFKA), CLASS_BROKER);
	assert_int_equal(wire_class(PROTOCOL_LDAP), CLASS_DIRECTORY);
	assert_int_equal(wire_class((enum protocol)1000), CLASS_UNKNOWN);
	assert_string_equal(wire_protocol_name(PROTOCOL_HTTP2), "HTTP/2");
	assert_string_equal(wire_protocol_name((enum protocol)1000), "unknown");
	assert_string_equal(wire_class_name(CLASS_BROKER), "broker");
	assert_string_equal(wire_class_name((enum connection_class)99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(openings_are_identified_at_every_cut),
		cmocka_unit_test(strangers_stay_other_at_every_cut),
		cmocka_unit_test(client_first_protocols_are_identified_by_the_client_alone),
		cmocka_unit_test(one_byte_identifies_nothing),
		cmocka_unit_test(answers_are_only_refined),
		cmocka_unit_test(random_bytes_are_rarely_a_protocol),
		cmocka_unit_test(ports_name_protocols),
		cmocka_unit_test(paths_name_protocols),
		cmocka_unit_test(the_port_and_the_answer_decide_words),
		cmocka_unit_test(protocols_have_classes_and_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
