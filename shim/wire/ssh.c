/* SPDX-License-Identifier: MIT */
/*
 * SSH: first bytes.  Everything behind the two identification strings and the key exchange is
 * encrypted, and both sides speak at any time: nothing more is read.
 *
 *   "SSH-2.0-OpenSSH_9.2" CR LF        both sides, at once
 *   "SSH-1.99-..."                     a server that also speaks version 1
 *
 * A server may send other lines before the identification string; such a server is known by the
 * string of the client.
 *
 * Sources: RFC 4253 section 4.2 "Protocol Version Exchange", 5.1 "Old Client, New Server", 7.1 (key
 * exchange at any time).
 */
#include "wire/protocol.h"

static enum wire_match recognise(const uint8_t *bytes, size_t len)
{
	static const char *const strings[] = {"SSH-2.0-", "SSH-1.99-", "SSH-1.5-", NULL};

	return wire_match_texts(bytes, len, strings);
}

const struct wire_protocol wire_ssh = {
	.recognise = {recognise, recognise},
	.ports = {22},
	.pushes = true,
};
