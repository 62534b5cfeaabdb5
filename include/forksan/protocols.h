/* SPDX-License-Identifier: MIT */
/*
 * The protocols that forksan tells apart, and the class that each belongs to.
 *
 * A class is what a user watches (`watch=database,cache`); a protocol is what a report names.
 * Ports and paths are where such a server listens by default; the bytes on the wire win over them.
 */
#ifndef FORKSAN_PROTOCOLS_H
#define FORKSAN_PROTOCOLS_H

/* X(identifier, name) */
#define FORKSAN_CLASSES(X)                                                                         \
	X(CLASS_UNKNOWN, "unknown") /* too few bytes seen to tell */                               \
	X(CLASS_OTHER, "other")                                                                    \
	X(CLASS_DATABASE, "database")                                                              \
	X(CLASS_CACHE, "cache")                                                                    \
	X(CLASS_BROKER, "broker")                                                                  \
	X(CLASS_DIRECTORY, "directory")                                                            \
	X(CLASS_TLS, "tls")                                                                        \
	X(CLASS_HTTP, "http")

/* X(identifier, name in log and text, class) */
#define FORKSAN_PROTOCOLS(X)                                                                       \
	X(PROTOCOL_UNKNOWN, "unknown", CLASS_UNKNOWN)                                              \
	X(PROTOCOL_OTHER, "other", CLASS_OTHER)                                                    \
	X(PROTOCOL_MYSQL, "MySQL", CLASS_DATABASE)                                                 \
	X(PROTOCOL_MYSQLX, "MySQL X", CLASS_DATABASE)                                              \
	X(PROTOCOL_POSTGRESQL, "PostgreSQL", CLASS_DATABASE)                                       \
	X(PROTOCOL_MONGODB, "MongoDB", CLASS_DATABASE)                                             \
	X(PROTOCOL_TDS, "TDS", CLASS_DATABASE)                                                     \
	X(PROTOCOL_ORACLE, "Oracle TNS", CLASS_DATABASE)                                           \
	X(PROTOCOL_CASSANDRA, "Cassandra CQL", CLASS_DATABASE)                                     \
	X(PROTOCOL_CLICKHOUSE, "ClickHouse", CLASS_DATABASE)                                       \
	X(PROTOCOL_BOLT, "Neo4j Bolt", CLASS_DATABASE)                                             \
	X(PROTOCOL_ZOOKEEPER, "ZooKeeper", CLASS_DIRECTORY)                                        \
	X(PROTOCOL_LDAP, "LDAP", CLASS_DIRECTORY)                                                  \
	X(PROTOCOL_REDIS, "Redis", CLASS_CACHE)                                                    \
	X(PROTOCOL_MEMCACHED, "memcached", CLASS_CACHE)                                            \
	X(PROTOCOL_AMQP, "AMQP", CLASS_BROKER)                                                     \
	X(PROTOCOL_KAFKA, "Kafka", CLASS_BROKER)                                                   \
	X(PROTOCOL_NATS, "NATS", CLASS_BROKER)                                                     \
	X(PROTOCOL_STOMP, "STOMP", CLASS_BROKER)                                                   \
	X(PROTOCOL_MQTT, "MQTT", CLASS_BROKER)                                                     \
	X(PROTOCOL_BEANSTALKD, "beanstalkd", CLASS_BROKER)                                         \
	X(PROTOCOL_SMTP, "SMTP", CLASS_OTHER)                                                      \
	X(PROTOCOL_TLS, "TLS", CLASS_TLS)                                                          \
	X(PROTOCOL_HTTP, "HTTP", CLASS_HTTP)                                                       \
	X(PROTOCOL_HTTP2, "HTTP/2", CLASS_HTTP)

#define FORKSAN_ENUM_2(id, name) id,
#define FORKSAN_ENUM_3(id, name, extra) id,
enum connection_class { FORKSAN_CLASSES(FORKSAN_ENUM_2) CLASS_COUNT };
enum protocol { FORKSAN_PROTOCOLS(FORKSAN_ENUM_3) PROTOCOL_COUNT };
#undef FORKSAN_ENUM_2
#undef FORKSAN_ENUM_3

#endif
