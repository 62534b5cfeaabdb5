/* SPDX-License-Identifier: MIT */
/*
 * The protocols that forksan knows, and the class that each belongs to.
 *
 * A user chooses classes to watch (`watch=database,cache`); a report names a protocol.  Ports and
 * paths, where such a server listens by default, are a hint that the bytes on the wire overrule.
 */
#ifndef FORKSAN_PROTOCOLS_H
#define FORKSAN_PROTOCOLS_H

/* X(identifier, name) */
#define FORKSAN_CLASSES(X)                                                                         \
	X(CLASS_UNKNOWN, "unknown") /* no protocol of those below, or not yet */                   \
	X(CLASS_DATABASE, "database")                                                              \
	X(CLASS_CACHE, "cache")                                                                    \
	X(CLASS_BROKER, "broker")                                                                  \
	X(CLASS_DIRECTORY, "directory")                                                            \
	X(CLASS_MAIL, "mail")                                                                      \
	X(CLASS_REMOTE, "remote") /* logins on and calls into other programs */                    \
	X(CLASS_TLS, "tls")                                                                        \
	X(CLASS_HTTP, "http")                                                                      \
	X(CLASS_SYSTEM, "system") /* the system's own services, shared on purpose */

/*
 * X(identifier, name in log and text, class, symbol)
 *
 * The protocols that have a file, shim/wire/<symbol>.c, in the order in which their first bytes are
 * recognised: a protocol is recognised only when all protocols of the lines above have been ruled
 * out.  First come those whose opening is a fixed text or number, then those that are recognised by
 * the form of a header.
 */
#define FORKSAN_KNOWN_PROTOCOLS(X)                                                                 \
	X(PROTOCOL_SYSTEM, "system service", CLASS_SYSTEM, system)                                 \
	X(PROTOCOL_TLS, "TLS", CLASS_TLS, tls)                                                     \
	X(PROTOCOL_HTTP2, "HTTP/2", CLASS_HTTP, http2)                                             \
	X(PROTOCOL_AMQP, "AMQP", CLASS_BROKER, amqp)                                               \
	X(PROTOCOL_BOLT, "Neo4j Bolt", CLASS_DATABASE, bolt)                                       \
	X(PROTOCOL_MQTT, "MQTT", CLASS_BROKER, mqtt)                                               \
	X(PROTOCOL_NATS, "NATS", CLASS_BROKER, nats)                                               \
	X(PROTOCOL_STOMP, "STOMP", CLASS_BROKER, stomp)                                            \
	X(PROTOCOL_HTTP, "HTTP", CLASS_HTTP, http)                                                 \
	X(PROTOCOL_HTTPS, "HTTPS", CLASS_HTTP, https)                                              \
	X(PROTOCOL_SSH, "SSH", CLASS_REMOTE, ssh)                                                  \
	X(PROTOCOL_SMTP, "SMTP", CLASS_MAIL, smtp)                                                 \
	X(PROTOCOL_POSTGRESQL, "PostgreSQL", CLASS_DATABASE, postgresql)                           \
	X(PROTOCOL_MYSQL, "MySQL", CLASS_DATABASE, mysql)                                          \
	X(PROTOCOL_TDS, "TDS", CLASS_DATABASE, tds)                                                \
	X(PROTOCOL_CASSANDRA, "Cassandra CQL", CLASS_DATABASE, cassandra)                          \
	X(PROTOCOL_LDAP, "LDAP", CLASS_DIRECTORY, ldap)                                            \
	X(PROTOCOL_ORACLE, "Oracle TNS", CLASS_DATABASE, oracle)                                   \
	X(PROTOCOL_MEMCACHED, "memcached", CLASS_CACHE, memcached)                                 \
	X(PROTOCOL_BEANSTALKD, "beanstalkd", CLASS_BROKER, beanstalkd)                             \
	X(PROTOCOL_REDIS, "Redis", CLASS_CACHE, redis)                                             \
	X(PROTOCOL_ZOOKEEPER, "ZooKeeper", CLASS_DIRECTORY, zookeeper)                             \
	X(PROTOCOL_MULTIPROCESSING, "multiprocessing", CLASS_REMOTE, multiprocessing)              \
	X(PROTOCOL_CLICKHOUSE, "ClickHouse", CLASS_DATABASE, clickhouse)                           \
	X(PROTOCOL_MONGODB, "MongoDB", CLASS_DATABASE, mongodb)                                    \
	X(PROTOCOL_MYSQLX, "MySQL X", CLASS_DATABASE, mysqlx)                                      \
	X(PROTOCOL_RABBITMQ_STREAM, "RabbitMQ stream", CLASS_BROKER, rabbitmq_stream)              \
	X(PROTOCOL_KAFKA, "Kafka", CLASS_BROKER, kafka)

/* UNKNOWN: too few bytes were seen to decide.  OTHER: the bytes belong to no known protocol. */
#define FORKSAN_PROTOCOLS(X)                                                                       \
	X(PROTOCOL_UNKNOWN, "unknown", CLASS_UNKNOWN, unknown)                                     \
	X(PROTOCOL_OTHER, "other", CLASS_UNKNOWN, other)                                           \
	FORKSAN_KNOWN_PROTOCOLS(X)

#define FORKSAN_ENUM_2(id, name) id,
#define FORKSAN_ENUM_4(id, name, class, symbol) id,
enum connection_class { FORKSAN_CLASSES(FORKSAN_ENUM_2) CLASS_COUNT };
enum protocol { FORKSAN_PROTOCOLS(FORKSAN_ENUM_4) PROTOCOL_COUNT };
#undef FORKSAN_ENUM_2
#undef FORKSAN_ENUM_4

#endif
