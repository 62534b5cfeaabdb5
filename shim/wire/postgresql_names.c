/* SPDX-License-Identifier: MIT */
/*
 * PostgreSQL: the names of messages.
 *
 * Source: PostgreSQL documentation, "Message Formats".
 */
#include "wire/postgresql.h"

struct letter {
	uint16_t code;
	const char *name;
};

static const struct letter client_names[] = {
	{'B', "Bind"},
	{'C', "Close"},
	{'D', "Describe"},
	{'E', "Execute"},
	{'F', "FunctionCall"},
	{'H', "Flush"},
	{'P', "Parse"},
	{'Q', "Query"},
	{'S', "Sync"},
	{'X', "Terminate"},
	{'c', "CopyDone"},
	{'d', "CopyData"},
	{'f', "CopyFail"},
	{'p', "PasswordMessage"},
	{POSTGRESQL_CODE_STARTUP, "StartupMessage"},
	{POSTGRESQL_CODE_SSL, "SSLRequest"},
	{POSTGRESQL_CODE_GSS, "GSSENCRequest"},
	{POSTGRESQL_CODE_CANCEL, "CancelRequest"},
};

static const struct letter server_names[] = {
	{'1', "ParseComplete"},
	{'2', "BindComplete"},
	{'3', "CloseComplete"},
	{'A', "NotificationResponse"},
	{'C', "CommandComplete"},
	{'D', "DataRow"},
	{'E', "ErrorResponse"},
	{'G', "CopyInResponse"},
	{'H', "CopyOutResponse"},
	{'I', "EmptyQueryResponse"},
	{'K', "BackendKeyData"},
	{'N', "NoticeResponse"},
	{'R', "Authentication"},
	{'S', "ParameterStatus"},
	{'T', "RowDescription"},
	{'V', "FunctionCallResponse"},
	{'W', "CopyBothResponse"},
	{'Z', "ReadyForQuery"},
	{'c', "CopyDone"},
	{'d', "CopyData"},
	{'n', "NoData"},
	{'s', "PortalSuspended"},
	{'t', "ParameterDescription"},
	{'v', "NegotiateProtocolVersion"},
};

static const char *find(const struct letter *letters, size_t count, uint16_t code)
{
	for (size_t i = 0; i < count; i++) {
		if (letters[i].code == code)
			return letters[i].name;
	}
	return NULL;
}

const char *postgresql_name(enum wire_direction direction, uint16_t code)
{
	if (direction == WIRE_CLIENT)
		return find(NAMES(client_names), code);
	return find(NAMES(server_names), code);
}
