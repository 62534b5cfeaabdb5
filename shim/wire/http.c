/* SPDX-License-Identifier: MIT */
/*
 * HTTP/1.0 and 1.1: first bytes.
 *
 *   <method> SP <target> SP HTTP/1.1 CR LF ...      client
 *   HTTP/1.1 SP <status> ...                        server
 *
 * The target is "/...", "*" or "http...", and a host for CONNECT; so GET is distinguished from the
 * inline command of Redis, and CONNECT from those of NATS and STOMP.
 *
 * Sources: RFC 9112 section 3 "Request Line", 3.2 "Request Target", 4 "Status Line"; RFC 9110
 * section 9.3, RFC 5789 (PATCH), RFC 4918 and 3253 (WebDAV).
 */
#include "wire/protocol.h"

#include <string.h>

static enum wire_match recognise_target(const uint8_t *bytes, size_t len, bool host)
{
	if (len == 0)
		return WIRE_MAYBE;
	if (host) /* "{" is NATS, which stands above */
		return wire_is_printable(bytes[0]) ? WIRE_YES : WIRE_NO;
	return bytes[0] == '/' || bytes[0] == '*' || (bytes[0] | 0x20) == 'h' ? WIRE_YES : WIRE_NO;
}

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const char *const methods[] = {
		"GET ",	  "POST ",    "PUT ",	   "HEAD ",   "DELETE ", "PATCH ", "OPTIONS ",
		"TRACE ", "CONNECT ", "PROPFIND ", "REPORT ", "COPY ",	 "MOVE ",  "MKCOL ",
		"LOCK ",  "UNLOCK ",  "PURGE ",	   "SEARCH ", NULL,
	};
	enum wire_match best = WIRE_NO;

	for (size_t i = 0; methods[i] != NULL; i++) {
		enum wire_match match = wire_match_text(bytes, len, methods[i]);
		size_t method_len = strlen(methods[i]);

		if (match == WIRE_YES)
			match = recognise_target(bytes + method_len, len - method_len,
						 strcmp(methods[i], "CONNECT ") == 0);
		best = wire_match_best(best, match);
	}
	return best;
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	return wire_match_text(bytes, len, "HTTP/1.");
}

static const char *const words[] = {
	"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
};

const struct wire_protocol wire_http = {
	.recognise = {recognise_client, recognise_server},
	.ports = {80, 8080, 8000, 9200 /* Elasticsearch */, 8123 /* ClickHouse */},
	.paths = {"docker.sock", "containerd.sock"},
	.names = {NAMES(words)},
	.starts_with_name = true,
};
