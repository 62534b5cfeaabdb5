/* SPDX-License-Identifier: MIT */
/*
 * beanstalkd: first bytes.
 *
 *   <command> <arguments> CR LF [<job> CR LF]
 *
 * The commands it shares with memcached ("delete ", "touch ", "stats") are not asked: a connection
 * opens with "use", "watch", "put" or "reserve".
 *
 * Source: beanstalkd doc/protocol.txt, "Producer Commands", "Worker Commands", "Other Commands".
 */
#include "tell.h"

static enum wire_match tell_client(const uint8_t *bytes, size_t len)
{
	static const char *const commands[] = {
		"put ",		"use ",	       "reserve\r\n", "reserve-with-timeout ",
		"reserve-job ", "watch ",      "ignore ",     "peek",
		"kick ",	"kick-job ",   "list-tube",   "stats-job ",
		"stats-tube ",	"pause-tube ", NULL,
	};

	return wire_match_texts(bytes, len, commands);
}

static enum wire_match tell_server(const uint8_t *bytes, size_t len)
{
	static const char *const replies[] = {"INSERTED ", "USING ", "RESERVED ", "WATCHING ",
					      NULL};

	return wire_match_texts(bytes, len, replies);
}

const struct wire_protocol wire_beanstalkd = {
	.protocol = PROTOCOL_BEANSTALKD,
	.tell = {tell_client, tell_server},
	.ports = {11300},
};
