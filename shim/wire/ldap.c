/* SPDX-License-Identifier: MIT */
/*
 * LDAP: first bytes, and the client's messages.
 *
 *   30 <length> | 02 <n> <message id, n bytes> | <operation> ...        BER, LDAPMessage
 *
 *   length: one byte below 80, or 81..84 and that many bytes
 *   operation, client: 60 Bind  42 Unbind  63 Search  66 Modify  68 Add  4A Delete  6C ModifyDN
 *                      6E Compare  50 Abandon  77 Extended (StartTLS)
 *   operation, server: 61 BindResponse  64 65 73 Search...  78 ExtendedResponse  ...
 *
 *   30 05 | 02 01 <id> | 42 00      UnbindRequest: goodbye, no response (section 4.3)
 *
 * Sources: RFC 4511 section 4.1.1 "Message Envelope", 4.2 to 4.12, 5.1 "Protocol Encoding"; X.690
 * section 8.1.3 for the length.
 */
#include "wire/protocol.h"

#define LDAP_SEQUENCE 0x30
#define LDAP_INTEGER 0x02

/* Offset of the operation's tag: 0 while too few bytes are there, -1 when this is no LDAPMessage.
 */
static int find_operation(const uint8_t *bytes, size_t len)
{
	size_t at = 2;

	if (bytes[0] != LDAP_SEQUENCE)
		return -1;
	if (len < 2)
		return 0;
	if (bytes[1] >= 0x80) {
		if (bytes[1] < 0x81 || bytes[1] > 0x84)
			return -1;
		at += bytes[1] - 0x80u;
	} else if (bytes[1] < 5) {
		return -1;
	}
	if (at >= len)
		return 0;
	if (bytes[at] != LDAP_INTEGER)
		return -1;
	if (++at >= len)
		return 0;
	/* A message id is at most 2^31 - 1 and is not 0 in a request. */
	if (bytes[at] < 1 || bytes[at] > 4)
		return -1;
	at += 1u + bytes[at];
	return at < len ? (int)at : 0;
}

static enum wire_match recognise_tag(const uint8_t *bytes, size_t len, const uint8_t *tags)
{
	int at = find_operation(bytes, len);

	if (at <= 0)
		return at == 0 ? WIRE_MAYBE : WIRE_NO;
	for (; *tags != 0; tags++) {
		if (bytes[at] == *tags)
			return WIRE_YES;
	}
	return WIRE_NO;
}

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const uint8_t requests[] = {0x60, 0x42, 0x63, 0x66, 0x68, 0x4a,
					   0x6c, 0x6e, 0x50, 0x77, 0};

	return recognise_tag(bytes, len, requests);
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	static const uint8_t responses[] = {0x61, 0x64, 0x65, 0x67, 0x69, 0x6b,
					    0x6d, 0x6f, 0x73, 0x78, 0x79, 0};

	return recognise_tag(bytes, len, responses);
}

#define LDAP_MAX_MESSAGE 0x10000000u
#define LDAP_UNBIND 0x42

static int read_frame(const uint8_t *kept, size_t have, struct wire_frame *frame)
{
	uint64_t len = 0;
	size_t bytes;
	int at;

	if (have < 2)
		return 2;
	if (kept[0] != LDAP_SEQUENCE)
		return -1;
	bytes = kept[1] >= 0x80 ? kept[1] - 0x80u : 0;
	if (bytes > 4 || kept[1] == 0x80)
		return -1;
	if (have < 2 + bytes)
		return (int)(2 + bytes);
	for (size_t i = 0; i < bytes; i++)
		len = len << 8 | kept[2 + i];
	if (bytes == 0)
		len = kept[1];
	if (len < 5 || len > LDAP_MAX_MESSAGE)
		return -1;
	frame->len_bytes = 2 + bytes + len;
	at = find_operation(kept, have);
	if (at <= 0)
		return at < 0 ? -1 : (int)have + 1;
	frame->code = kept[at];
	if (kept[at] == LDAP_UNBIND)
		frame->goodbye = WIRE_GOODBYE;
	return 0;
}

static const char *name_of(enum wire_direction direction, uint16_t code)
{
	(void)direction;
	switch (code) {
	case 0x60:
		return "BindRequest";
	case LDAP_UNBIND:
		return "UnbindRequest";
	case 0x63:
		return "SearchRequest";
	case 0x66:
		return "ModifyRequest";
	case 0x68:
		return "AddRequest";
	case 0x4a:
		return "DelRequest";
	case 0x6c:
		return "ModifyDNRequest";
	case 0x6e:
		return "CompareRequest";
	case 0x50:
		return "AbandonRequest";
	case 0x77:
		return "ExtendedRequest";
	}
	return NULL;
}

const struct wire_protocol wire_ldap = {
	.recognise = {recognise_client, recognise_server},
	.ports = {389, 636 /* TLS */, 3268, 3269 /* global catalogue */},
	.paths = {"ldapi", "slapd"},
	.frame = read_frame,
	.name = name_of,
};
