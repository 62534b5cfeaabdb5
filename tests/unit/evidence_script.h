/* SPDX-License-Identifier: MIT */
/*
 * Requests and replies for the evidence oracle, written from the protocols' documents; nothing here
 * uses shim/wire/.  A request has one or two parts; the reply to a part comes when it is complete.
 */
#ifndef FORKSAN_TESTS_EVIDENCE_SCRIPT_H
#define FORKSAN_TESTS_EVIDENCE_SCRIPT_H

#include <stddef.h>

#include "forksan/protocols.h"

#define SCRIPT_PARTS 2
#define SCRIPT_PIECES 6

struct script_bytes {
	const char *bytes;
	size_t len;
};

struct script_request {
	enum protocol protocol;
	const char *name; /* of its first message */
	struct script_bytes part[SCRIPT_PARTS];
	/* The replies, cut where the server may put a notice in between.  No piece: no reply. */
	struct script_bytes reply[SCRIPT_PARTS][SCRIPT_PIECES];
};

struct script_notice {
	enum protocol protocol;
	struct script_bytes text;
};

#define B(s)                                                                                       \
	{                                                                                          \
		(s), sizeof(s) - 1                                                                 \
	}

#define MYSQL_COLUMN(seq)                                                                          \
	"\x13\x00\x00" seq "\x03"                                                                  \
	"def\x00\x00\x00\x01"                                                                      \
	"a\x00\x0c\x3f\x00\x01\x00\x00\x00\x08\x81"
#define MYSQL_OK "\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"
#define MYSQL_EOF(seq) "\x05\x00\x00" seq "\xfe\x00\x00\x02\x00"
#define MYSQL_EOF_MORE(seq) "\x05\x00\x00" seq "\xfe\x00\x00\x0a\x00"

static const struct script_request script_requests[] = {
	{PROTOCOL_REDIS, "GET", {B("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")}, {{B("$5\r\nhello\r\n")}}},
	{PROTOCOL_REDIS, "GET", {B("*2\r\n$3\r\nget\r\n$2\r\nno\r\n")}, {{B("$-1\r\n")}}},
	{PROTOCOL_REDIS,
	 "GET",
	 {B("*2\r\n$3\r\nGET\r\n$1\r\ny\r\n")},
	 {{B("$7\r\n+OK\r\n$3\r\n")}}},
	{PROTOCOL_REDIS,
	 "SET",
	 {B("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$14\r\n*1\r\n$4\r\nPING\r\n\r\n")},
	 {{B("+OK\r\n")}}},
	{PROTOCOL_REDIS, "PING", {B("PING\r\n")}, {{B("+PONG\r\n")}}},
	{PROTOCOL_REDIS,
	 "EXEC",
	 {B("*1\r\n$4\r\nEXEC\r\n")},
	 {{B("*3\r\n:1\r\n*2\r\n$0\r\n\r\n_\r\n-E\r\n")}}},
	{PROTOCOL_REDIS,
	 "HGETALL",
	 {B("*2\r\n$7\r\nHGETALL\r\n$1\r\nh\r\n")},
	 {{B("%1\r\n+a\r\n,1.5\r\n")}}},

	{PROTOCOL_POSTGRESQL,
	 "Query",
	 {B("Q\x00\x00\x00\x0dSELECT 1\x00")},
	 {{B("T\x00\x00\x00\x06\x00\x00"),
	   B("D\x00\x00\x00\x09\x00\x01"
	     "abc"),
	   B("C\x00\x00\x00\x08SEL\x00"), B("Z\x00\x00\x00\x05I")}}},
	{PROTOCOL_POSTGRESQL,
	 "Query",
	 {B("Q\x00\x00\x00\x06;\x00")},
	 {{B("E\x00\x00\x00\x08"
	     "Sxx\x00"),
	   B("Z\x00\x00\x00\x05I")}}},
	{PROTOCOL_POSTGRESQL,
	 "Parse",
	 {B("P\x00\x00\x00\x08\x00;\x00\x00"
	    "B\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x00"
	    "E\x00\x00\x00\x09\x00\x00\x00\x00\x00S\x00\x00\x00\x04")},
	 {{B("1\x00\x00\x00\x04"),
	   B("2\x00\x00\x00\x04"
	     "C\x00\x00\x00\x06X\x00"),
	   B("Z\x00\x00\x00\x05T")}}},
	{PROTOCOL_POSTGRESQL,
	 "Parse",
	 {B("P\x00\x00\x00\x08\x00;\x00\x00H\x00\x00\x00\x04"), B("S\x00\x00\x00\x04")},
	 {{B("1\x00\x00\x00\x04"), B("n\x00\x00\x00\x04")}, {B("Z\x00\x00\x00\x05I")}}},
	{PROTOCOL_POSTGRESQL,
	 "Query",
	 {B("Q\x00\x00\x00\x09"
	    "COPY\x00"),
	  B("d\x00\x00\x00\x06"
	    "1\n"
	    "c\x00\x00\x00\x04")},
	 {{B("G\x00\x00\x00\x07\x00\x00\x00")},
	  {B("C\x00\x00\x00\x06X\x00"), B("Z\x00\x00\x00\x05I")}}},

	{PROTOCOL_MYSQL, "COM_PING", {B("\x01\x00\x00\x00\x0e")}, {{B(MYSQL_OK)}}},
	{PROTOCOL_MYSQL,
	 "COM_QUERY",
	 {B("\x09\x00\x00\x00\x03select 1")},
	 {{B("\x01\x00\x00\x01\x01"), B(MYSQL_COLUMN("\x02") MYSQL_EOF("\x03")),
	   B("\x02\x00\x00\x04\x01"
	     "7"
	     "\x02\x00\x00\x05\x01"
	     "8"),
	   B(MYSQL_EOF("\x06"))}}},
	{PROTOCOL_MYSQL,
	 "COM_QUERY",
	 {B("\x02\x00\x00\x00\x03"
	    "x")},
	 {{B("\x09\x00\x00\x01\xff\x7a\x04#42S02")}}},
	{PROTOCOL_MYSQL,
	 "COM_QUERY",
	 {B("\x05\x00\x00\x00\x03"
	    "call")},
	 {{B("\x01\x00\x00\x01\x01" MYSQL_COLUMN("\x02") MYSQL_EOF_MORE("\x03")),
	   B(MYSQL_EOF_MORE("\x04")), B("\x07\x00\x00\x05\x00\x00\x00\x02\x00\x00\x00")}}},
	{PROTOCOL_MYSQL,
	 "COM_QUERY",
	 {B("\x05\x00\x00\x00\x03"
	    "load"),
	  B("\x03\x00\x00\x02"
	    "1\n2"
	    "\x00\x00\x00\x03")},
	 {{B("\x03\x00\x00\x01\xfb"
	     "/f")},
	  {B("\x07\x00\x00\x04\x00\x02\x00\x02\x00\x00\x00")}}},
	{PROTOCOL_MYSQL, "COM_STMT_CLOSE", {B("\x05\x00\x00\x00\x19\x01\x00\x00\x00")}, {{{0}}}},
	{PROTOCOL_MYSQL,
	 "COM_STMT_PREPARE",
	 {B("\x02\x00\x00\x00\x16?")},
	 {{B("\x0c\x00\x00\x01\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00")}}},

	{PROTOCOL_MEMCACHED,
	 "get",
	 {B("get a bb\r\n")},
	 {{B("VALUE a 0 5\r\nEND\r\n\r\n"), B("END\r\n")}}},
	{PROTOCOL_MEMCACHED, "get", {B("get a\r\n")}, {{B("END\r\n")}}},
	{PROTOCOL_MEMCACHED, "set", {B("set a 0 0 7\r\nget x\r\n\r\n")}, {{B("STORED\r\n")}}},
	{PROTOCOL_MEMCACHED, "set", {B("set a 0 0 1 noreply\r\nx\r\n")}, {{{0}}}},
	{PROTOCOL_MEMCACHED, "incr", {B("incr n 1\r\n")}, {{B("NOT_FOUND\r\n")}}},
	{PROTOCOL_MEMCACHED, "mg", {B("mg k v t\r\n")}, {{B("VA 4 t-1\r\nEN\r\n\r\n")}}},
	{PROTOCOL_MEMCACHED, "md", {B("md k\r\n")}, {{B("HD\r\n")}}},
	{PROTOCOL_MEMCACHED,
	 "stats",
	 {B("stats\r\n")},
	 {{B("STAT pid 1\r\n"), B("STAT t 2\r\nEND\r\n")}}},
};

static const struct script_notice script_notices[] = {
	{PROTOCOL_POSTGRESQL, B("N\x00\x00\x00\x08"
				"Sxx\x00")},
	{PROTOCOL_POSTGRESQL, B("A\x00\x00\x00\x0c\x00\x00\x00\x01"
				"c\x00p\x00")},
	{PROTOCOL_POSTGRESQL, B("S\x00\x00\x00\x08"
				"a\x00"
				"b\x00")},
	{PROTOCOL_REDIS, B(">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$5\r\n+OK\r\n\r\n")},
	{PROTOCOL_REDIS, B(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n")},
};

#endif
