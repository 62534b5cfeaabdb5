/* SPDX-License-Identifier: MIT */
/*
 * memcached: the names of messages.
 *
 * Source: memcached doc/protocol-binary.txt section 3.3 "Command Opcodes", protocol_binary.h.
 */
#include "wire/memcached.h"

const char *memcached_name(enum wire_direction direction, uint16_t code)
{
	static const char *const binary[] = {
		"Get",	     "Set",	 "Add",	      "Replace",    "Delete",	  "Increment",
		"Decrement", "Quit",	 "Flush",     "GetQ",	    "Noop",	  "Version",
		"GetK",	     "GetKQ",	 "Append",    "Prepend",    "Stat",	  "SetQ",
		"AddQ",	     "ReplaceQ", "DeleteQ",   "IncrementQ", "DecrementQ", "QuitQ",
		"FlushQ",    "AppendQ",	 "PrependQ",  "Verbosity",  "Touch",	  "GAT",
		"GATQ",	     NULL,	 "SASL list", "SASL auth",  "SASL step",  "GATK",
		"GATKQ",
	};
	const struct memcached_command *command = memcached_command_by_code(code);

	if (code >= MEMCACHED_CODE_BINARY)
		return wire_name_at(NAMES(binary), (uint16_t)(code - MEMCACHED_CODE_BINARY + 1));
	return direction == WIRE_CLIENT && command != NULL ? command->name : NULL;
}
