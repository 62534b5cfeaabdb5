/* SPDX-License-Identifier: MIT */
/*
 * wire_parse() against conversations written from the protocols' documents: requests, replies,
 * notices and goodbyes are found where they are, and the same for every cut of the bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wire_talking.h"

/* What one side sends before the other answers. */
struct part {
	enum wire_direction direction;
	const char *bytes;
	size_t len;
};

#define MAX_PARTS 12

struct conversation {
	const char *what;
	enum protocol protocol;
	bool resumed;	     /* after its opening; else from the first byte */
	enum wire_mode mode; /* when resumed */
	struct part parts[MAX_PARTS];
	const char *marks;
};

#define C(s)                                                                                       \
	{                                                                                          \
		WIRE_CLIENT, (s), sizeof(s) - 1                                                    \
	}
#define S(s)                                                                                       \
	{                                                                                          \
		WIRE_SERVER, (s), sizeof(s) - 1                                                    \
	}

/* MySQL: packets */
#define COLUMN_AT(seq)                                                                             \
	"\x13\x00\x00" seq "\x03"                                                                  \
	"def\x00\x00\x00\x01"                                                                      \
	"a\x00\x0c\x3f\x00\x01\x00\x00\x00\x08\x81"
#define COLUMN COLUMN_AT("\x02")
#define OK1 "\x07\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00"
#define EOF_(seq) "\x05\x00\x00" seq "\xfe\x00\x00\x02\x00"
#define EOF_MORE(seq) "\x05\x00\x00" seq "\xfe\x00\x00\x0a\x00"
#define OKEOF(seq) "\x07\x00\x00" seq "\xfe\x00\x00\x02\x00\x00\x00"
#define ROW(seq)                                                                                   \
	"\x02\x00\x00" seq "\x01"                                                                  \
	"7"
#define QUERY(c) "\x02\x00\x00\x00\x03" c

static const struct conversation conversations[] = {
	{"MySQL: greeting, login, ping, quit",
	 PROTOCOL_MYSQL,
	 false,
	 0,
	 {S("\x0b\x00\x00\x00\x0a"
	    "5.5.5-10.\x00"),
	  C("\x24\x00\x00\x01\x05\xa2\x3e\x00"
	    "0123456789012345678901234567"
	    "user"),
	  S("\x02\x00\x00\x02\xfe\x00"), C("\x02\x00\x00\x03pw"), S("\x02\x00\x00\x04\x01\x03"),
	  S("\x07\x00\x00\x05\x00\x00\x00\x02\x00\x00\x00"), C("\x01\x00\x00\x00\x0e"), S(OK1),
	  C("\x01\x00\x00\x00\x01")},
	 "n login+ . COM_PING+ . COM_QUIT-! "},
	{"MySQL: a login that fails",
	 PROTOCOL_MYSQL,
	 false,
	 0,
	 {S("\x0b\x00\x00\x00\x0a"
	    "5.5.5-10.\x00"),
	  C("\x20\x00\x00\x01\x05\xa2\x3e\x00"
	    "0123456789012345678901234567"),
	  S("\x09\x00\x00\x02\xff\x15\x04#28000")},
	 "n login+ . "},
	{"MySQL: upgrade to TLS",
	 PROTOCOL_MYSQL,
	 false,
	 0,
	 {S("\x0b\x00\x00\x00\x0a"
	    "5.5.5-10.\x00"),
	  C("\x20\x00\x00\x01\x05\xaa\x3e\x00"
	    "0123456789012345678901234567"),
	  C("\x16\x03\x01\x00\x02\x01\x00"), S("\x16\x03\x03\x00\x01\x02"),
	  C("\x17\x03\x03\x00\x05"
	    "abcde"),
	  C("\x17\x03\x03\x00\x13"
	    "0123456789012345678")},
	 "n SSLRequest- handshake- application_data- application_data-? "},
	{"MySQL: compressed",
	 PROTOCOL_MYSQL,
	 false,
	 0,
	 {S("\x0b\x00\x00\x00\x0a"
	    "5.5.5-10.\x00"),
	  C("\x20\x00\x00\x01\x25\xa2\x3e\x00"
	    "0123456789012345678901234567"),
	  S("\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00"),
	  C("\x0d\x00\x00\x00\x00\x00\x00\x09\x00\x00\x00\x03select 1"),
	  S("\x10\x00\x00\x01\x00\x00\x00"
	    "0123456789012345"),
	  C("\x09\x00\x00\x00\x40\x00\x00"
	    "xdeflated"),
	  C("\x05\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x01")},
	 "n login+ . COM_QUERY- #0- COM_QUIT-! "},
	{"MySQL: a result set with EOF packets",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C(QUERY("1")),
	  S("\x01\x00\x00\x01\x01" COLUMN EOF_("\x03") ROW("\x04") ROW("\x05") EOF_("\x06")),
	  C(QUERY("2")), S(OK1)},
	 "COM_QUERY+ . COM_QUERY+ . "},
	{"MySQL: a result set without EOF packets",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C(QUERY("1")), S("\x01\x00\x00\x01\x01" COLUMN ROW("\x03") ROW("\x04") OKEOF("\x05")),
	  C(QUERY("2")), S("\x01\x00\x00\x01\x01" COLUMN OKEOF("\x03")), C(QUERY("3")), S(OK1)},
	 "COM_QUERY+ . COM_QUERY+ . COM_QUERY+ . "},
	{"MySQL: an empty result set with EOF packets",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C(QUERY("1")), S("\x01\x00\x00\x01\x01" COLUMN EOF_("\x03") EOF_("\x04")),
	  C("\x01\x00\x00\x00\x0e"), S(OK1)},
	 "COM_QUERY+ . COM_PING+ . "},
	{"MySQL: two columns, a row with a NULL and one that is long",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C(QUERY("1")),
	  S("\x01\x00\x00\x01\x02" COLUMN COLUMN EOF_("\x04") "\x03\x00\x00\x05\xfb\x01"
							      "1"
							      "\x08\x00\x00\x06\xfc\x05\x00"
							      "fffff" EOF_("\x07")),
	  C("\x01\x00\x00\x00\x0e"), S(OK1)},
	 "COM_QUERY+ . COM_PING+ . "},
	{"MySQL: several results",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C(QUERY("1")),
	  S("\x01\x00\x00\x01\x01" COLUMN EOF_MORE("\x03") ROW("\x04")
		    EOF_MORE("\x05") "\x07\x00\x00\x06\x00\x00\x00\x0a\x00\x00\x00"
				     "\x01\x00\x00\x07\x01" COLUMN EOF_("\x09") EOF_("\x0a")),
	  C("\x01\x00\x00\x00\x0e"), S(OK1)},
	 "COM_QUERY+ . COM_PING+ . "},
	{"MySQL: an OK with large numbers and more to come",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C(QUERY("1")),
	  S("\x17\x00\x00\x01\x00\xfe\x01\x00\x00\x00\x00\x00\x00\x01\xfe\x02\x00\x00\x00\x00\x00"
	    "\x00"
	    "\x00\x0a\x00\x00\x00" OK1),
	  C("\x01\x00\x00\x00\x0e"), S(OK1)},
	 "COM_QUERY+ . COM_PING+ . "},
	{"MySQL: an error in place of a result, and among rows",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C(QUERY("1")), S("\x09\x00\x00\x01\xff\x7a\x04#42S02"), C(QUERY("2")),
	  S("\x01\x00\x00\x01\x01" COLUMN EOF_("\x03")
		    ROW("\x04") "\x09\x00\x00\x05\xff\x25\x05#70100"),
	  C("\x01\x00\x00\x00\x0e"), S(OK1)},
	 "COM_QUERY+ . COM_QUERY+ . COM_PING+ . "},
	{"MySQL: progress reports of MariaDB",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C(QUERY("1")), S("\x0b\x00\x00\x01\xff\xff\xff\x01\x01\x02\x00\x00\x00\x01x" OK1),
	  C(QUERY("2")), S(OK1)},
	 "COM_QUERY+ . COM_QUERY+ . "},
	{"MySQL: LOCAL INFILE",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C(QUERY("1")),
	  S("\x07\x00\x00\x01\xfb"
	    "/tmp/x"),
	  C("\x04\x00\x00\x02"
	    "1\n2\n"),
	  C("\x00\x00\x00\x03"), S("\x07\x00\x00\x04\x00\x02\x00\x02\x00\x00\x00"), C(QUERY("2")),
	  S(OK1)},
	 "COM_QUERY+ . COM_QUERY+ . "},
	{"MySQL: prepare with parameters and columns, execute, close",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("\x02\x00\x00\x00\x16?"),
	  S("\x0c\x00\x00\x01\x00\x01\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00" COLUMN EOF_("\x03")
		    COLUMN EOF_("\x05")),
	  C("\x0a\x00\x00\x00\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00"),
	  S("\x01\x00\x00\x01\x01" COLUMN EOF_("\x03") "\x03\x00\x00\x04\x00\x00\x07" EOF_("\x05")),
	  C("\x05\x00\x00\x00\x19\x01\x00\x00\x00"), C("\x01\x00\x00\x00\x0e"), S(OK1)},
	 "COM_STMT_PREPARE+ . COM_STMT_EXECUTE+ . COM_STMT_CLOSE- COM_PING+ . "},
	{"MySQL: prepare without EOF packets",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("\x02\x00\x00\x00\x16?"),
	  S("\x0c\x00\x00\x01\x00\x01\x00\x00\x00\x01\x00\x01\x00\x00\x00\x00" COLUMN COLUMN),
	  C("\x02\x00\x00\x00\x16?"),
	  S("\x0c\x00\x00\x01\x00\x02\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00" COLUMN),
	  C("\x01\x00\x00\x00\x0e"), S(OK1)},
	 "COM_STMT_PREPARE+ . COM_STMT_PREPARE+ . COM_PING+ . "},
	{"MySQL: prepare with columns only, EOF not yet known",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("\x02\x00\x00\x00\x16?"),
	  S("\x0c\x00\x00\x01\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00" COLUMN EOF_("\x03")),
	  C("\x02\x00\x00\x00\x16?"),
	  S("\x0c\x00\x00\x01\x00\x02\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00" COLUMN EOF_("\x03")),
	  C("\x01\x00\x00\x00\x0e"), S(OK1)},
	 "COM_STMT_PREPARE+ . n COM_STMT_PREPARE+ . COM_PING+ . "},
	{"MySQL: prepare that fails",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("\x02\x00\x00\x00\x16?"), S("\x09\x00\x00\x01\xff\x28\x04#42000"), C(QUERY("1")),
	  S(OK1)},
	 "COM_STMT_PREPARE+ . COM_QUERY+ . "},
	{"MySQL: a cursor: execute ends before the rows, fetch brings them",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("\x0a\x00\x00\x00\x17\x01\x00\x00\x00\x01\x01\x00\x00\x00"),
	  S("\x01\x00\x00\x01\x01" COLUMN "\x05\x00\x00\x03\xfe\x00\x00\x42\x00"),
	  C("\x09\x00\x00\x00\x1c\x01\x00\x00\x00\x01\x00\x00\x00"),
	  S("\x03\x00\x00\x01\x00\x00\x07"
	    "\x05\x00\x00\x02\xfe\x00\x00\x42\x00"),
	  C("\x05\x00\x00\x00\x1a\x01\x00\x00\x00"), S(OK1)},
	 "COM_STMT_EXECUTE+ . COM_STMT_FETCH+ . COM_STMT_RESET+ . "},
	{"MySQL: that flag without a cursor",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("\x0a\x00\x00\x00\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00"),
	  S("\x01\x00\x00\x01\x01" COLUMN "\x05\x00\x00\x03\xfe\x00\x00\x42\x00"
	    "\x03\x00\x00\x04\x00\x00\x07" EOF_("\x05")),
	  C("\x01\x00\x00\x00\x0e"), S(OK1)},
	 "COM_STMT_EXECUTE+ . COM_PING+ . "},
	{"MySQL: metadata left out",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("\x0a\x00\x00\x00\x17\x01\x00\x00\x00\x00\x01\x00\x00\x00"),
	  S("\x02\x00\x00\x01\x01\x00"
	    "\x03\x00\x00\x02\x00\x00\x07" OKEOF("\x03")),
	  C("\x01\x00\x00\x00\x0e"), S(OK1)},
	 "COM_STMT_EXECUTE+ . COM_PING+ . "},
	{"MySQL: long data, statistics, field list, change user",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("\x09\x00\x00\x00\x18\x01\x00\x00\x00\x00\x00zz"), C("\x01\x00\x00\x00\x09"),
	  S("\x04\x00\x00\x01Upti"), C("\x03\x00\x00\x00\x04t\x00"),
	  S(COLUMN_AT("\x01") EOF_("\x02")), C("\x03\x00\x00\x00\x11u\x00"),
	  S("\x02\x00\x00\x01\xfe\x00"), C("\x02\x00\x00\x02pw"),
	  S("\x07\x00\x00\x03\x00\x00\x00\x02\x00\x00\x00")},
	 "COM_STMT_SEND_LONG_DATA- COM_STATISTICS+ . COM_FIELD_LIST+ . COM_CHANGE_USER+ . "},
	{"MySQL: two commands at once",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C(QUERY("1") "\x01\x00\x00\x00\x0e" QUERY("2")), S(OK1 OK1 OK1)},
	 "COM_QUERY+ COM_PING+ COM_QUERY+ . . . "},
	{"MySQL: the server says that it hangs up",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {S("\x09\x00\x00\x00\xff\x83\x07#70100")},
	 "n "},
	{"MySQL: no such command",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("\x02\x00\x00\x00\x77x")},
	 "LOST "},
	{"MySQL: a reply that does not start at 1",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C(QUERY("1")), S("\x02\x00\x00\x04\x01"
			   "7")},
	 "COM_QUERY+ LOST "},
	{"MySQL: rows for nobody",
	 PROTOCOL_MYSQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {S(ROW("\x04"))},
	 "LOST "},

	{"PostgreSQL: SSL declined, startup, password, query, terminate",
	 PROTOCOL_POSTGRESQL,
	 false,
	 0,
	 {C("\x00\x00\x00\x08\x04\xd2\x16\x2f"), S("N"),
	  C("\x00\x00\x00\x10\x00\x03\x00\x00user\x00"
	    "a\x00\x00"),
	  S("R\x00\x00\x00\x08\x00\x00\x00\x03"), C("p\x00\x00\x00\x06p\x00"),
	  S("R\x00\x00\x00\x08\x00\x00\x00\x00S\x00\x00\x00\x08"
	    "a\x00"
	    "b\x00"
	    "K\x00\x00\x00\x0c"
	    "12345678Z\x00\x00\x00\x05I"),
	  C("Q\x00\x00\x00\x06;\x00"),
	  S("T\x00\x00\x00\x06\x00\x00"
	    "D\x00\x00\x00\x06\x00\x00"
	    "C\x00\x00\x00\x06X\x00Z\x00\x00\x00\x05I"),
	  C("X\x00\x00\x00\x04")},
	 "SSLRequest+ . StartupMessage+ PasswordMessage= n . Query+ . Terminate-! "},
	{"PostgreSQL: TLS",
	 PROTOCOL_POSTGRESQL,
	 false,
	 0,
	 {C("\x00\x00\x00\x08\x04\xd2\x16\x2f"), S("S"), C("\x16\x03\x01\x00\x01\x01"),
	  S("\x16\x03\x03\x00\x01\x02"), C("\x15\x03\x03\x00\x02\x01\x00")},
	 "SSLRequest+ . handshake- alert-! "},
	{"PostgreSQL: a cancel request",
	 PROTOCOL_POSTGRESQL,
	 false,
	 0,
	 {C("\x00\x00\x00\x10\x04\xd2\x16\x2e"
	    "12345678")},
	 "CancelRequest- "},
	{"PostgreSQL: extended query",
	 PROTOCOL_POSTGRESQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("P\x00\x00\x00\x08\x00;\x00\x00"
	    "B\x00\x00\x00\x0c\x00\x00\x00\x00\x00\x00\x00\x00"
	    "D\x00\x00\x00\x06P\x00"
	    "E\x00\x00\x00\x09\x00\x00\x00\x00\x00S\x00\x00\x00\x04"),
	  S("1\x00\x00\x00\x04"
	    "2\x00\x00\x00\x04n\x00\x00\x00\x04"
	    "C\x00\x00\x00\x06X\x00"
	    "Z\x00\x00\x00\x05I"),
	  C("S\x00\x00\x00\x04"), S("Z\x00\x00\x00\x05I")},
	 "Parse+ Bind= Describe= Execute= Sync= . Sync+ . "},
	{"PostgreSQL: flush brings replies before the Sync",
	 PROTOCOL_POSTGRESQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("P\x00\x00\x00\x08\x00;\x00\x00H\x00\x00\x00\x04"), S("1\x00\x00\x00\x04"),
	  C("C\x00\x00\x00\x06S\x00H\x00\x00\x00\x04"), S("3\x00\x00\x00\x04"),
	  C("S\x00\x00\x00\x04"), S("Z\x00\x00\x00\x05I")},
	 "Parse+ Flush= Close= Flush= Sync= . "},
	{"PostgreSQL: a pipeline of groups",
	 PROTOCOL_POSTGRESQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("P\x00\x00\x00\x08\x00;\x00\x00S\x00\x00\x00\x04P\x00\x00\x00\x08\x00;"
	    "\x00\x00S\x00\x00\x00\x04"),
	  S("1\x00\x00\x00\x04Z\x00\x00\x00\x05I"
	    "E\x00\x00\x00\x05\x00Z\x00\x00\x00\x05I")},
	 "Parse+ Sync= Parse+ Sync= . . "},
	{"PostgreSQL: notices at any time",
	 PROTOCOL_POSTGRESQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {S("A\x00\x00\x00\x0c\x00\x00\x00\x01"
	    "c\x00p\x00"),
	  C("Q\x00\x00\x00\x06;\x00"),
	  S("N\x00\x00\x00\x05\x00"
	    "C\x00\x00\x00\x06X\x00"
	    "S\x00\x00\x00\x08"
	    "a\x00"
	    "b\x00"
	    "A\x00\x00\x00\x0c\x00\x00\x00\x01"
	    "c\x00p\x00Z\x00\x00\x00\x05I"),
	  S("S\x00\x00\x00\x08"
	    "a\x00"
	    "b\x00")},
	 "n Query+ n n n . n "},
	{"PostgreSQL: copy in, simple",
	 PROTOCOL_POSTGRESQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("Q\x00\x00\x00\x06;\x00"), S("G\x00\x00\x00\x07\x00\x00\x00"),
	  C("d\x00\x00\x00\x06"
	    "1\n"
	    "c\x00\x00\x00\x04"),
	  S("C\x00\x00\x00\x06X\x00Z\x00\x00\x00\x05I"), C("Q\x00\x00\x00\x06;\x00"),
	  S("I\x00\x00\x00\x04Z\x00\x00\x00\x05I")},
	 "Query+ CopyData= CopyDone= . Query+ . "},
	{"PostgreSQL: copy in, extended: the first Sync goes unheeded",
	 PROTOCOL_POSTGRESQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("P\x00\x00\x00\x08\x00;\x00\x00"
	    "E\x00\x00\x00\x09\x00\x00\x00\x00\x00S\x00\x00\x00\x04"),
	  S("1\x00\x00\x00\x04G\x00\x00\x00\x07\x00\x00\x00"),
	  C("d\x00\x00\x00\x06"
	    "1\n"
	    "c\x00\x00\x00\x04S\x00\x00\x00\x04"),
	  S("C\x00\x00\x00\x06X\x00Z\x00\x00\x00\x05I"), C("Q\x00\x00\x00\x06;\x00"),
	  S("I\x00\x00\x00\x04Z\x00\x00\x00\x05I")},
	 "Parse+ Execute= Sync= CopyData= CopyDone= Sync= . Query+ . "},
	{"PostgreSQL: copy out; function call",
	 PROTOCOL_POSTGRESQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("Q\x00\x00\x00\x06;\x00"),
	  S("H\x00\x00\x00\x07\x00\x00\x00"
	    "d\x00\x00\x00\x06"
	    "1\n"
	    "c\x00\x00\x00\x04"
	    "C\x00\x00\x00\x06X\x00Z\x00\x00\x00\x05I"),
	  C("F\x00\x00\x00\x08"
	    "1234"),
	  S("V\x00\x00\x00\x08\x00\x00\x00\x00Z\x00\x00\x00\x05I")},
	 "Query+ . FunctionCall+ . "},
	{"PostgreSQL: the server shuts down",
	 PROTOCOL_POSTGRESQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {S("E\x00\x00\x00\x05\x00")},
	 "n "},
	{"PostgreSQL: a row for nobody",
	 PROTOCOL_POSTGRESQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {S("D\x00\x00\x00\x06\x00\x00")},
	 "LOST "},
	{"PostgreSQL: not a message",
	 PROTOCOL_POSTGRESQL,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("z\x00\x00\x00\x04")},
	 "LOST "},

	{"Redis: commands and values of every kind",
	 PROTOCOL_REDIS,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("*2\r\n$3\r\nget\r\n$1\r\nk\r\n"), S("$5\r\nhello\r\n"),
	  C("*1\r\n$4\r\nPING\r\n*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n"), S("+PONG\r\n+OK\r\n"),
	  C("*2\r\n$4\r\nINCR\r\n$1\r\nk\r\n*2\r\n$3\r\nGET\r\n$1\r\nx\r\n*1\r\n$4\r\nEXEC\r\n"),
	  S(":1\r\n$-1\r\n*-1\r\n"), C("*1\r\n$4\r\nEXEC\r\n*2\r\n$4\r\nKEYS\r\n$1\r\n*\r\n"),
	  S("*3\r\n*0\r\n*2\r\n$1\r\na\r\n:2\r\n*1\r\n*1\r\n-ERR x\r\n*0\r\n"),
	  C("*1\r\n$4\r\nquit\r\n"), S("+OK\r\n")},
	 "GET+ . PING+ SET+ . . INCR+ GET+ EXEC+ . . . EXEC+ KEYS+ . . QUIT+! . "},
	{"Redis: RESP3 values",
	 PROTOCOL_REDIS,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("*2\r\n$5\r\nHELLO\r\n$1\r\n3\r\n"),
	  S("%2\r\n$5\r\nproto\r\n:3\r\n$2\r\nid\r\n*1\r\n:-5\r\n"),
	  C("*1\r\n$4\r\nTIME\r\n*1\r\n$4\r\nTIME\r\n*1\r\n$4\r\nTIME\r\n*1\r\n$4\r\nTIME\r\n"),
	  S("_\r\n#t\r\n,3.14\r\n(123456789012345678901234567890\r\n"),
	  C("*1\r\n$4\r\nTIME\r\n*1\r\n$4\r\nTIME\r\n*1\r\n$4\r\nTIME\r\n*1\r\n$4\r\nTIME\r\n"),
	  S("!5\r\nERR "
	    "x\r\n=7\r\ntxt:abc\r\n~2\r\n:1\r\n:2\r\n|1\r\n+ttl\r\n:9\r\n*1\r\n|1\r\n+a\r\n+b\r\n:"
	    "7\r\n")},
	 "HELLO+ . TIME+ TIME+ TIME+ TIME+ . . . . TIME+ TIME+ TIME+ TIME+ . . . . "},
	{"Redis: inline commands, empty lines",
	 PROTOCOL_REDIS,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("PING\r\n\r\n*0\r\nset k v\r\n"), S("+PONG\r\n+OK\r\n"), C("nosuch a\n"),
	  S("-ERR\r\n")},
	 "PING+ #0- #0- SET+ . . #0+ . "},
	{"Redis: subscription in RESP2, and back",
	 PROTOCOL_REDIS,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("*1\r\n$4\r\nPING\r\n*3\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n$1\r\nb\r\n"),
	  S("+PONG\r\n*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$9\r\nsubscribe\r\n$"
	    "1\r\nb\r\n:2\r\n"),
	  S("*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n0\r\n"), C("*1\r\n$4\r\nPING\r\n"),
	  S("*2\r\n$4\r\npong\r\n$0\r\n\r\n"), C("*1\r\n$11\r\nUNSUBSCRIBE\r\n"),
	  S("*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:1\r\n*3\r\n$11\r\nunsubscribe\r\n$1\r\nb\r\n:"
	    "0\r\n"),
	  C("*1\r\n$4\r\nPING\r\n"), S("+PONG\r\n")},
	 "PING+ SUBSCRIBE+ . n ~ n n PING- n UNSUBSCRIBE- n n PING+ . "},
	{"Redis: subscription in RESP3 among commands",
	 PROTOCOL_REDIS,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\na\r\n*1\r\n$4\r\nPING\r\n"),
	  S(">3\r\n$7\r\nmessage\r\n$1\r\nx\r\n$1\r\n0\r\n>3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:"
	    "1\r\n+PONG\r\n"),
	  C("*4\r\n$6\r\nLRANGE\r\n$1\r\nl\r\n$1\r\n0\r\n$1\r\n9\r\n"),
	  S(">3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\n0\r\n*1\r\n$1\r\nv\r\n"),
	  S(">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n")},
	 "SUBSCRIBE+ PING+ n n ~ . LRANGE+ n . n "},
	{"Redis: MONITOR, RESET",
	 PROTOCOL_REDIS,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("*1\r\n$7\r\nMONITOR\r\n"), S("+OK\r\n+1700000000.1 [0 1.2.3.4:5] \"get\"\r\n"),
	  C("*1\r\n$5\r\nRESET\r\n"), S("+RESET\r\n"), C("*1\r\n$4\r\nPING\r\n"), S("+PONG\r\n")},
	 "MONITOR+ . n RESET- n PING+ . "},
	{"Redis: CLIENT, but not CLIENT REPLY",
	 PROTOCOL_REDIS,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$1\r\na\r\n"), S("+OK\r\n"),
	  C("*3\r\n$6\r\nCLIENT\r\n$5\r\nREPLY\r\n$3\r\nOFF\r\n")},
	 "CLIENT+ . LOST "},
	{"Redis: a replica's stream",
	 PROTOCOL_REDIS,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("*3\r\n$5\r\nPSYNC\r\n$1\r\n?\r\n$2\r\n-1\r\n")},
	 "LOST "},
	{"Redis: a value for nobody",
	 PROTOCOL_REDIS,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {S("+OK\r\n")},
	 "LOST "},
	{"Redis: an error for nobody",
	 PROTOCOL_REDIS,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {S("-ERR max number of clients reached\r\n")},
	 "n "},
	{"Redis: a push that breaks off is no whole notice",
	 PROTOCOL_REDIS,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("HGETALL h\r\n"), S("%1\r\n+a\r\n:1\r\n>2\r\n+message\r\n!x\r\n")},
	 "HGETALL+ . LOST "},
	{"Redis: not a length",
	 PROTOCOL_REDIS,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("*1\r\n$x\r\n")},
	 "LOST "},

	{"memcached: text",
	 PROTOCOL_MEMCACHED,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("get a bb\r\n"), S("VALUE a 0 5\r\nEND\r\n\r\nVALUE bb 1 0 77\r\n\r\nEND\r\n"),
	  C("set a 0 0 5\r\nget x\r\nincr n 1\r\n"), S("STORED\r\n41\r\n"),
	  C("cas a 0 0 1 99\r\nx\r\ndelete a\r\ntouch a 5\r\n"),
	  S("EXISTS\r\nNOT_FOUND\r\nTOUCHED\r\n"),
	  C("set a 0 0 1 noreply\r\nx\r\ndelete a noreply\r\nget a\r\n"), S("END\r\n"),
	  C("stats\r\nversion\r\n"), S("STAT pid 1\r\nSTAT time 2\r\nEND\r\nVERSION 1.6.18\r\n"),
	  C("quit\r\n")},
	 "get+ . set+ incr+ . . cas+ delete+ touch+ . . . set- delete- get+ . stats+ version+ . . "
	 "quit-! "},
	{"memcached: errors",
	 PROTOCOL_MEMCACHED,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("get a\r\nset a 0 0 2\r\nxx\r\n"),
	  S("SERVER_ERROR out of memory\r\nCLIENT_ERROR bad\r\n"),
	  S("ERROR Too many open connections\r\n")},
	 "get+ set+ . . n "},
	{"memcached: meta",
	 PROTOCOL_MEMCACHED,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("mg k v t\r\nmg x v\r\nms k 2 T0\r\nhi\r\nmd k\r\nma n\r\nme k\r\n"),
	  S("VA 2 t-1\r\nhi\r\nEN\r\nHD\r\nNF\r\nHD\r\nME k exp=-1\r\n"),
	  C("mg a v q\r\nms b S2 q\r\n")},
	 "mg+ mg+ ms+ md+ ma+ me+ . . . . . . mg+ LOST "},
	{"memcached: quiet meta commands and a no-op",
	 PROTOCOL_MEMCACHED,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("mg a v q k\r\nmg b v q k\r\nms c 1 q\r\nx\r\nmn\r\n"), S("VA 1 ka\r\nx\r\nMN\r\n"),
	  C("get k\r\n"), S("END\r\n")},
	 "mg+ mg+ ms+ mn+ . get+ . "},
	{"memcached: quiet without a no-op",
	 PROTOCOL_MEMCACHED,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("mg a v q\r\nmg b v\r\n")},
	 "mg+ LOST "},
	{"memcached: a key that is a flag",
	 PROTOCOL_MEMCACHED,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("mg q v\r\n"), S("EN\r\n"), C("set noreply 0 0 1\r\nx\r\ndelete noreply\r\n"),
	  S("STORED\r\nDELETED\r\n")},
	 "mg+ . set+ delete+ . . "},
	{"memcached: binary",
	 PROTOCOL_MEMCACHED,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("\x80\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01"
	    "op00cas_cas_k"),
	  S("\x81\x00\x00\x00\x04\x00\x00\x00\x00\x00\x00\x05"
	    "op00cas_cas_flagv"),
	  C("\x80\x0d\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01"
	    "op01cas_cas_a"
	    "\x80\x0d\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01"
	    "op01cas_cas_b"
	    "\x80\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	    "op02cas_cas_"),
	  S("\x81\x0d\x00\x01\x04\x00\x00\x00\x00\x00\x00\x06"
	    "op01cas_cas_flagbv"
	    "\x81\x0a\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	    "op02cas_cas_"),
	  C("\x80\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	    "op03cas_cas_"),
	  S("\x81\x10\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02"
	    "op03cas_cas_kv"
	    "\x81\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	    "op03cas_cas_"),
	  C("\x80\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	    "op04cas_cas_"),
	  S("\x81\x07\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	    "op04cas_cas_"),
	  C("\x80\x17\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	    "op05cas_cas_")},
	 "Get+ . GetKQ+ GetKQ+ Noop+ . Stat+ . Quit+! . QuitQ-! "},
	{"memcached: a quiet request before statistics",
	 PROTOCOL_MEMCACHED,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("\x80\x09\x00\x01\x00\x00\x00\x00\x00\x00\x00\x01"
	    "op01cas_cas_a"
	    "\x80\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	    "op03cas_cas_"),
	  S("\x81\x10\x00\x01\x00\x00\x00\x00\x00\x00\x00\x02"
	    "op03cas_cas_kv"
	    "\x81\x10\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	    "op03cas_cas_")},
	 "GetQ+ Stat+ . "},
	{"memcached: no such command",
	 PROTOCOL_MEMCACHED,
	 true,
	 WIRE_MODE_EXCHANGES,
	 {C("hello\r\n")},
	 "LOST "},

	{"TLS 1.2: encrypted alert",
	 PROTOCOL_TLS,
	 false,
	 0,
	 {C("\x16\x03\x01\x00\x02\x01\x00\x14\x03\x03\x00\x01\x01"), C("\x17\x03\x03\x00\x02zz"),
	  C("\x15\x03\x03\x00\x1a"
	    "01234567890123456789012345")},
	 "handshake- change_cipher_spec- application_data- alert-? "},
	{"TLS: a fatal alert is no goodbye of this kind",
	 PROTOCOL_TLS,
	 false,
	 0,
	 {C("\x15\x03\x03\x00\x02\x02\x28")},
	 "alert- "},
	{"TLS: no record", PROTOCOL_TLS, false, 0, {C("\x17\x05\x03\x00\x02zz")}, "LOST "},
	{"AMQP 0-9-1",
	 PROTOCOL_AMQP,
	 false,
	 0,
	 {C("AMQP\x00\x00\x09\x01"), C("\x01\x00\x00\x00\x00\x00\x05\x00\x0a\x00\x0bz\xce"),
	  C("\x01\x00\x01\x00\x00\x00\x05\x00\x3c\x00\x28z\xce\x02\x00\x01\x00\x00\x00\x01z\xce"
	    "\x08\x00\x00\x00\x00\x00\x00\xce"),
	  C("\x01\x00\x01\x00\x00\x00\x05\x00\x14\x00\x28z\xce\x01\x00\x00\x00\x00\x00\x05\x00\x0a"
	    "\x00\x32z\xce")},
	 "#0- Connection.StartOk- Basic.Publish- #0- #0- Channel.Close- Connection.Close-! "},
	{"AMQP 1.0",
	 PROTOCOL_AMQP,
	 false,
	 0,
	 {C("AMQP\x00\x01\x00\x00"), C("\x00\x00\x00\x0c\x02\x00\x00\x00\x00\x53\x10\x45"),
	  C("\x00\x00\x00\x08\x02\x00\x00\x00\x00\x00\x00\x0c\x02\x00\x00\x00\x00\x53\x18\x45")},
	 "#0- open- #0- close-! "},
	{"LDAP",
	 PROTOCOL_LDAP,
	 false,
	 0,
	 {C("\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"),
	  C("\x30\x84\x00\x00\x00\x07\x02\x01\x02\x63\x02\x04\x00"),
	  C("\x30\x05\x02\x01\x03\x42\x00")},
	 "BindRequest- SearchRequest- UnbindRequest-! "},
	{"MQTT",
	 PROTOCOL_MQTT,
	 false,
	 0,
	 {C("\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00\x30\x05\x00\x01"
	    "axx\xc0\x00"),
	  C("\xe0\x00")},
	 "CONNECT- PUBLISH- PINGREQ- DISCONNECT-! "},
	{"ZooKeeper",
	 PROTOCOL_ZOOKEEPER,
	 false,
	 0,
	 {C("\x00\x00\x00\x2d\0\0\0\0\0\0\0\0\0\0\0\0\x00\x00\x75\x30\0\0\0\0\0\0\0\0\0\0\0\x10"
	    "0123456789012345\x00"),
	  C("\x00\x00\x00\x0e\x00\x00\x00\x01\x00\x00\x00\x04\x00\x00\x00\x01/\x00"),
	  C("\x00\x00\x00\x08\xff\xff\xff\xfe\x00\x00\x00\x0b"),
	  C("\x00\x00\x00\x08\x00\x00\x00\x02\xff\xff\xff\xf5")},
	 "connect- getData- ping- closeSession-! "},
	{"Bolt",
	 PROTOCOL_BOLT,
	 false,
	 0,
	 {C("\x60\x60\xb0\x17\x00\x00\x04\x05\x00\x02\x04\x04\x00\x00\x01\x04\x00\x00\x00\x03"),
	  C("\x00\x03\xb1\x01\xa0\x00\x00"), C("\x00\x02\xb0\x02\x00\x00")},
	 "#0- HELLO- #0- GOODBYE-! #0- "},
	{"Kafka, names only",
	 PROTOCOL_KAFKA,
	 false,
	 0,
	 {C("\x00\x00\x00\x0a\x00\x12\x00\x00\x00\x00\x00\x01\xff\xff\x00\x00\x00\x0a\x00\x01\x00"
	    "\x00\x00\x00\x00\x02\xff\xff")},
	 "ApiVersions- Fetch- "},
	{"RabbitMQ stream",
	 PROTOCOL_RABBITMQ_STREAM,
	 false,
	 0,
	 {C("\x00\x00\x00\x0c\x00\x11\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00"),
	  C("\x00\x00\x00\x0c\x00\x14\x00\x01\x00\x10\x00\x00\x00\x00\x00\x3c"
	    "\x00\x00\x00\x04\x00\x17\x00\x01"),
	  C("\x00\x00\x00\x0c\x80\x16\x00\x01\x00\x00\x00\x02\x00\x01zz"),
	  C("\x00\x00\x00\x0e\x00\x16\x00\x01\x00\x00\x00\x02\x00\x01\x00\x02OK")},
	 "PeerProperties- Tune- Heartbeat- Close- Close-! "},
	{"RabbitMQ stream: a key that is none",
	 PROTOCOL_RABBITMQ_STREAM,
	 false,
	 0,
	 {C("\x00\x00\x00\x04\x00\x00\x00\x01")},
	 "LOST "},
	{"RabbitMQ stream: a size that is none",
	 PROTOCOL_RABBITMQ_STREAM,
	 false,
	 0,
	 {C("\x00\x00\x00\x03\x00\x17\x00\x01")},
	 "LOST "},
	{"multiprocessing: short and long messages",
	 PROTOCOL_MULTIPROCESSING,
	 false,
	 0,
	 {C("\x00\x00\x00\x03"
	    "abc"
	    "\x00\x00\x00\x00"
	    "\xff\xff\xff\xff\x00\x00\x00\x00\x00\x00\x00\x02"
	    "de"),
	  C("\x00\x00\x00\x01"
	    "f")},
	 "#0- #0- #0- #0- "},
	{"multiprocessing: a negative length",
	 PROTOCOL_MULTIPROCESSING,
	 false,
	 0,
	 {C("\xff\xff\xff\xfe\x00\x00\x00\x00\x00\x00\x00\x02")},
	 "LOST "},
	{"MongoDB, names only",
	 PROTOCOL_MONGODB,
	 false,
	 0,
	 {C("\x14\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\xdd\x07\x00\x00zzzz")},
	 "OP_MSG- "},
	{"TDS, names only",
	 PROTOCOL_TDS,
	 false,
	 0,
	 {C("\x01\x01\x00\x0a\x00\x00\x01\x00zz\x06\x01\x00\x08\x00\x00\x01\x00")},
	 "SQLBatch- Attention- "},
	{"Cassandra, names only",
	 PROTOCOL_CASSANDRA,
	 false,
	 0,
	 {C("\x04\x00\x00\x00\x07\x00\x00\x00\x01z")},
	 "QUERY- "},
	{"HTTP/2",
	 PROTOCOL_HTTP2,
	 false,
	 0,
	 {C("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
	    "\x00\x00\x01\x01\x04\x00\x00\x00\x01z"),
	  C("\x00\x00\x08\x07\x00\x00\x00\x00\x00"
	    "01234567")},
	 "#0- SETTINGS- HEADERS- GOAWAY-! "},
};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static void start(struct talking *t, const struct conversation *c)
{
	memset(t, 0, sizeof *t);
	if (c->resumed)
		wire_parser_resume(&t->parser, c->protocol, c->mode);
	else
		wire_parser_start(&t->parser, c->protocol);
}

static void feed(struct talking *t, const struct part *p, size_t from, size_t to)
{
	if (to > from)
		talking_feed(t, p->direction, (const uint8_t *)p->bytes + from, to - from);
}

static void compare(const struct conversation *c, struct talking *t, const char *how)
{
	if (strcmp(t->marks, c->marks) != 0)
		fail_msg("%s, %s:\n  is    %s\n  meant %s", c->what, how, t->marks, c->marks);
}

/* Each part is cut once, at every byte; then all into pieces of every size. */
static void conversations_are_parsed_at_every_cut(void **state)
{
	struct talking t;
	char how[64];

	(void)state;
	for (size_t i = 0; i < COUNT(conversations); i++) {
		const struct conversation *c = &conversations[i];

		for (size_t cut_part = 0; cut_part < MAX_PARTS && c->parts[cut_part].len > 0;
		     cut_part++) {
			for (size_t cut = 0; cut <= c->parts[cut_part].len; cut++) {
				start(&t, c);
				for (size_t p = 0; p < MAX_PARTS && c->parts[p].len > 0; p++) {
					size_t at = p == cut_part ? cut : 0;

					feed(&t, &c->parts[p], 0, at);
					feed(&t, &c->parts[p], at, c->parts[p].len);
				}
				snprintf(how, sizeof how, "part %zu cut at %zu", cut_part, cut);
				compare(c, &t, how);
			}
		}
		for (size_t piece = 1; piece < 40; piece++) {
			start(&t, c);
			for (size_t p = 0; p < MAX_PARTS && c->parts[p].len > 0; p++) {
				for (size_t at = 0; at < c->parts[p].len; at += piece) {
					size_t to = at + piece;

					feed(&t, &c->parts[p], at,
					     to < c->parts[p].len ? to : c->parts[p].len);
				}
			}
			snprintf(how, sizeof how, "pieces of %zu", piece);
			compare(c, &t, how);
		}
	}
}

static void long_mysql_messages_span_packets(void **state)
{
	static uint8_t full[4 + 0xffffff];
	static const uint8_t rest[] = "\x03\x00\x00\x01xyz",
			     ok[] = "\x07\x00\x00\x02\x00\x00\x00\x02\x00\x00\x00";
	static const uint8_t columns[] = "\x01\x00\x00\x01\x01" COLUMN EOF_("\x03");
	static const uint8_t tail[] = "\x02\x00\x00\x05zz" ROW("\x06") EOF_("\x07");
	static const uint8_t fetch[] = "\x09\x00\x00\x00\x1c\x01\x00\x00\x00\x02\x00\x00\x00",
			     fetched[] = "\x02\x00\x00\x02zz" EOF_("\x03");
	struct talking t = {0};

	(void)state;
	wire_parser_resume(&t.parser, PROTOCOL_MYSQL, WIRE_MODE_EXCHANGES);
	memcpy(full, "\xff\xff\xff\x00\x03", 5);
	talking_feed(&t, WIRE_CLIENT, full, sizeof full);
	assert_false(t.lost);
	talking_feed(&t, WIRE_CLIENT, rest, sizeof rest - 1);
	talking_feed(&t, WIRE_SERVER, ok, sizeof ok - 1);
	/* A row whose first field is a packet long: it begins with FE and is not the end. */
	memcpy(full, QUERY("1"), 6);
	talking_feed(&t, WIRE_CLIENT, full, 6);
	talking_feed(&t, WIRE_SERVER, columns, sizeof columns - 1);
	memcpy(full, "\xff\xff\xff\x04\xfe", 5);
	talking_feed(&t, WIRE_SERVER, full, sizeof full);
	talking_feed(&t, WIRE_SERVER, tail, sizeof tail - 1);
	/* The first row of those fetched may be as long. */
	talking_feed(&t, WIRE_CLIENT, fetch, sizeof fetch - 1);
	memcpy(full, "\xff\xff\xff\x01", 5);
	talking_feed(&t, WIRE_SERVER, full, sizeof full);
	talking_feed(&t, WIRE_SERVER, fetched, sizeof fetched - 1);
	assert_string_equal(t.marks, "COM_QUERY+ . COM_QUERY+ . COM_STMT_FETCH+ . ");
	/* An empty packet ends a message that is exactly full. */
	memcpy(full, "\xff\xff\xff\x00\x03", 5);
	talking_feed(&t, WIRE_CLIENT, full, sizeof full);
	talking_feed(&t, WIRE_CLIENT, (const uint8_t *)"\x00\x00\x00\x01", 4);
	assert_false(t.lost);
	assert_true(wire_at_boundary(&t.parser.stream[WIRE_CLIENT]));
}

static void payload_is_skipped_by_arithmetic(void **state)
{
	struct wire_parser parser;
	struct wire_event e;
	uint8_t header[] = "$3000000000\r\n", block[4096] = {0};
	struct wire_request get = {0};
	size_t used;

	(void)state;
	wire_parser_resume(&parser, PROTOCOL_REDIS, WIRE_MODE_EXCHANGES);
	used = wire_parse(&parser, WIRE_SERVER, header, sizeof header - 1, &get, &e);
	assert_int_equal(used, sizeof header - 1);
	assert_true(parser.stream[WIRE_SERVER].skip == 3000000002u);
	used = wire_parse(&parser, WIRE_SERVER, block, sizeof block, &get, &e);
	assert_int_equal(used, sizeof block);
	assert_true(parser.stream[WIRE_SERVER].skip == 3000000002u - sizeof block);
	assert_int_equal(e.kind, WIRE_REPLY);
}

static void openings_end(void **state)
{
	struct wire_parser parser;

	(void)state;
	wire_parser_start(&parser, PROTOCOL_MYSQL);
	assert_true(wire_parser_is_opening(&parser));
	wire_parser_start(&parser, PROTOCOL_POSTGRESQL);
	assert_true(wire_parser_is_opening(&parser));
	wire_parser_start(&parser, PROTOCOL_REDIS);
	assert_false(wire_parser_is_opening(&parser));
	for (size_t i = 0; i < COUNT(conversations); i++) {
		struct talking t;

		if (conversations[i].resumed || strstr(conversations[i].marks, "LOST") != NULL)
			continue;
		start(&t, &conversations[i]);
		for (size_t p = 0; p < MAX_PARTS && conversations[i].parts[p].len > 0; p++)
			feed(&t, &conversations[i].parts[p], 0, conversations[i].parts[p].len);
		if (strstr(conversations[i].what, "cancel") == NULL &&
		    wire_parser_is_opening(&t.parser))
			fail_msg("%s is still opening", conversations[i].what);
	}
}

/* What a gap does not change: whether EOF packets are used. */
static void resuming_keeps_what_was_learned(void **state)
{
	static const uint8_t query[] = QUERY("1"), prepare[] = "\x02\x00\x00\x00\x16?";
	static const uint8_t result[] = "\x01\x00\x00\x01\x01" COLUMN EOF_("\x03") EOF_("\x04");
	static const uint8_t prepared[] =
		"\x0c\x00\x00\x01\x00\x01\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00" COLUMN EOF_(
			"\x03");
	struct talking t = {0};

	(void)state;
	wire_parser_resume(&t.parser, PROTOCOL_MYSQL, WIRE_MODE_EXCHANGES);
	talking_feed(&t, WIRE_CLIENT, query, sizeof query - 1);
	talking_feed(&t, WIRE_SERVER, result, sizeof result - 1);
	wire_parser_resume(&t.parser, PROTOCOL_MYSQL, WIRE_MODE_EXCHANGES);
	talking_feed(&t, WIRE_CLIENT, prepare, sizeof prepare - 1);
	talking_feed(&t, WIRE_SERVER, prepared, sizeof prepared - 1);
	assert_string_equal(t.marks, "COM_QUERY+ . COM_STMT_PREPARE+ . ");
}

static void text_protocols_are_identified_by_their_first_word(void **state)
{
	struct wire_event e;

	(void)state;
	assert_true(wire_identify_text(PROTOCOL_STOMP, (const uint8_t *)"DISCONNECT\n\n", 12, &e));
	assert_int_equal(e.goodbye, WIRE_GOODBYE_LIKELY);
	assert_string_equal(wire_message_name(PROTOCOL_STOMP, WIRE_CLIENT, e.code), "DISCONNECT");
	assert_true(wire_identify_text(PROTOCOL_BEANSTALKD, (const uint8_t *)"quit\r\n", 6, &e));
	assert_int_equal(e.goodbye, WIRE_GOODBYE_LIKELY);
	assert_true(wire_identify_text(PROTOCOL_SMTP, (const uint8_t *)"QUIT\r\n", 6, &e));
	assert_int_equal(e.goodbye, WIRE_GOODBYE_LIKELY);
	assert_true(
		wire_identify_text(PROTOCOL_HTTP, (const uint8_t *)"GET / HTTP/1.1\r\n", 16, &e));
	assert_int_equal(e.goodbye, WIRE_NO_GOODBYE);
	assert_string_equal(wire_message_name(PROTOCOL_HTTP, WIRE_CLIENT, e.code), "GET");
	assert_false(wire_identify_text(PROTOCOL_SMTP, (const uint8_t *)"QUITTER\r\n", 9, &e));
	assert_false(wire_identify_text(PROTOCOL_MYSQL, (const uint8_t *)"QUIT\r\n", 6, &e));
}

static void messages_have_names(void **state)
{
	(void)state;
	assert_string_equal(wire_message_name(PROTOCOL_MYSQL, WIRE_CLIENT, 0x04), "COM_QUERY");
	assert_string_equal(wire_message_name(PROTOCOL_MYSQL, WIRE_SERVER, 1), "OK");
	assert_string_equal(wire_message_name(PROTOCOL_POSTGRESQL, WIRE_CLIENT, 'P'), "Parse");
	assert_string_equal(wire_message_name(PROTOCOL_POSTGRESQL, WIRE_SERVER, 'Z'),
			    "ReadyForQuery");
	assert_null(wire_message_name(PROTOCOL_POSTGRESQL, WIRE_CLIENT, 0));
	for (unsigned p = 0; p <= PROTOCOL_COUNT; p++) {
		for (unsigned code = 0; code <= UINT16_MAX; code++) {
			const char *name =
				wire_message_name((enum protocol)p, code & 1, (uint16_t)code);

			assert_true(name == NULL || (name[0] > ' ' && strlen(name) < 32));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conversations_are_parsed_at_every_cut),
		cmocka_unit_test(long_mysql_messages_span_packets),
		cmocka_unit_test(payload_is_skipped_by_arithmetic),
		cmocka_unit_test(openings_end),
		cmocka_unit_test(resuming_keeps_what_was_learned),
		cmocka_unit_test(text_protocols_are_identified_by_their_first_word),
		cmocka_unit_test(messages_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
