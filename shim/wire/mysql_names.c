/* SPDX-License-Identifier: MIT */
/*
 * MySQL: the names of commands and replies.
 *
 * Source: MySQL Source Code Documentation, my_command.h (enum_server_command); MariaDB
 * documentation, "COM_STMT_BULK_EXECUTE".
 */
#include "wire/mysql.h"

static const char *client_name(uint16_t code)
{
	static const char *const names[] = {
		"COM_SLEEP",
		"COM_QUIT",
		"COM_INIT_DB",
		"COM_QUERY",
		"COM_FIELD_LIST",
		"COM_CREATE_DB",
		"COM_DROP_DB",
		"COM_REFRESH",
		"COM_SHUTDOWN",
		"COM_STATISTICS",
		"COM_PROCESS_INFO",
		"COM_CONNECT",
		"COM_PROCESS_KILL",
		"COM_DEBUG",
		"COM_PING",
		"COM_TIME",
		"COM_DELAYED_INSERT",
		"COM_CHANGE_USER",
		"COM_BINLOG_DUMP",
		"COM_TABLE_DUMP",
		"COM_CONNECT_OUT",
		"COM_REGISTER_SLAVE",
		"COM_STMT_PREPARE",
		"COM_STMT_EXECUTE",
		"COM_STMT_SEND_LONG_DATA",
		"COM_STMT_CLOSE",
		"COM_STMT_RESET",
		"COM_SET_OPTION",
		"COM_STMT_FETCH",
		"COM_DAEMON",
		"COM_BINLOG_DUMP_GTID",
		"COM_RESET_CONNECTION",
	};

	switch (code) {
	case MYSQL_CODE_LOGIN:
		return "login";
	case MYSQL_CODE_UPGRADE:
		return "SSLRequest";
	case MYSQL_CODE(0xfa):
		return "COM_STMT_BULK_EXECUTE";
	}
	return wire_name_at(NAMES(names), code);
}

static const char *server_name(uint16_t code)
{
	switch ((enum mysql_reply)code) {
	case MYSQL_REPLY_OK:
		return "OK";
	case MYSQL_REPLY_ERR:
		return "ERR";
	case MYSQL_REPLY_EOF:
		return "EOF";
	case MYSQL_REPLY_INFILE:
		return "LOCAL INFILE";
	case MYSQL_REPLY_RESULT:
		return "result set";
	case MYSQL_REPLY_GREETING:
		return "greeting";
	}
	return NULL;
}

const char *mysql_name(enum wire_direction direction, uint16_t code)
{
	return direction == WIRE_CLIENT ? client_name(code) : server_name(code);
}
