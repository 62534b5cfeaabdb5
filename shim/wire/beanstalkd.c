/* SPDX-License-Identifier: MIT */
/*
 * beanstalkd: first bytes.
 *
 *   <command> <arguments> CR LF [<job> CR LF]
 *
 * Commands that memcached has too ("delete ", "touch ", "stats") are not asked: a connection opens
 * with "use", "watch", "put" or "reserve".
 *
 * Source: beanstalkd doc/protocol.txt, "Producer Commands", "Worker Commands", "Other Commands".
 */
#include "wire/protocol.h"

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const char *const commands[] = {
		"put ",		"use ",	       "reserve\r\n", "reserve-with-timeout ",
		"reserve-job ", "watch ",      "ignore ",     "peek",
		"kick ",	"kick-job ",   "list-tube",   "stats-job ",
		"stats-tube ",	"pause-tube ", "bury ",	      "release ",
		NULL,
	};

	return wire_match_texts(bytes, len, commands);
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	static const char *const replies[] = {"INSERTED ", "USING ", "RESERVED ", "WATCHING ",
					      NULL};

	return wire_match_texts(bytes, len, replies);
}

static const char *const words[] = {
	"put",	       "use",	       "reserve",     "reserve-with-timeout",
	"reserve-job", "delete",       "release",     "bury",
	"touch",       "watch",	       "ignore",      "peek",
	"peek-ready",  "peek-delayed", "peek-buried", "kick",
	"kick-job",    "stats",	       "stats-job",   "stats-tube",
	"list-tubes",  "pause-tube",   "quit",
};

static bool answers(uint8_t first)
{
	return first >= 'A' && first <= 'Z';
}

const struct wire_protocol wire_beanstalkd = {
	.recognise = {recognise_client, recognise_server},
	.answers = answers,
	.ports = {11300},
	.names = {NAMES(words)},
	.starts_with_name = true,
	.goodbye_code = 23, /* quit */
};
