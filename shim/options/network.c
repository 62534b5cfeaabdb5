/* SPDX-License-Identifier: MIT */
/*
 * Addresses and ranges of addresses.  See network.h.
 */
#include "options/network.h"

#include <string.h>

#define IPV6_BYTES 16
#define IPV6_BITS 128
#define IPV4_AT 12 /* of an IPv4 address in its IPv6 form (RFC 4291 section 2.5.5.2) */

/* A decimal number of at most `max`; false for anything else, an empty text too. */
static bool parse_number(struct span text, uint32_t max, uint32_t *number)
{
	*number = 0;
	if (text.len == 0 || text.len > 5)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		if (text.start[i] < '0' || text.start[i] > '9')
			return false;
		*number = *number * 10 + (uint32_t)(text.start[i] - '0');
	}
	return *number <= max;
}

bool network_parse_port(struct span text, int32_t *port)
{
	uint32_t number;
	bool good = parse_number(text, UINT16_MAX, &number);

	*port = (int32_t)number;
	return good;
}

/* Takes from *text the part before the first `c`, and drops that `c`; all of *text when there is no
 * `c`. */
static struct span take_until(struct span *text, char c)
{
	const char *found = memchr(text->start, c, text->len);
	struct span part = *text;

	if (found != NULL)
		part.len = (size_t)(found - text->start);
	text->start += part.len + (found != NULL);
	text->len -= part.len + (found != NULL);
	return part;
}

static bool parse_ipv4(struct span text, uint8_t bytes[4])
{
	for (int i = 0; i < 4; i++) {
		bool last = memchr(text.start, '.', text.len) == NULL;
		struct span part = take_until(&text, '.');
		uint32_t number;

		if (last != (i == 3) || !parse_number(part, UINT8_MAX, &number))
			return false;
		bytes[i] = (uint8_t)number;
	}
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_group(struct span text, uint8_t bytes[2])
{
	unsigned number = 0;

	if (text.len == 0 || text.len > 4)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int digit = hex_digit(text.start[i]);

		if (digit < 0)
			return false;
		number = number << 4 | (unsigned)digit;
	}
	bytes[0] = (uint8_t)(number >> 8);
	bytes[1] = (uint8_t)number;
	return true;
}

/* Parses groups with single colons between them, the last of which may be an IPv4 address.  Returns
 * the number of bytes; -1: malformed, or more than `room`. */
static int parse_groups(struct span text, uint8_t *bytes, int room)
{
	int len = 0;

	while (text.len > 0) {
		bool last = memchr(text.start, ':', text.len) == NULL;
		struct span group = take_until(&text, ':');

		if (last && room - len >= 4 && parse_ipv4(group, bytes + len))
			return len + 4;
		if (room - len < 2 || !parse_group(group, bytes + len))
			return -1;
		len += 2;
		if (!last && text.len == 0)
			return -1; /* a colon at the end */
	}
	return len;
}

static bool parse_ipv6(struct span text, uint8_t bytes[IPV6_BYTES])
{
	const char *gap = memmem(text.start, text.len, "::", 2);
	uint8_t after[IPV6_BYTES];
	int head, tail;

	memset(bytes, 0, IPV6_BYTES);
	if (gap == NULL)
		return parse_groups(text, bytes, IPV6_BYTES) == IPV6_BYTES;
	head = parse_groups((struct span){text.start, (size_t)(gap - text.start)}, bytes,
			    IPV6_BYTES - 2);
	tail = parse_groups((struct span){gap + 2, text.len - (size_t)(gap + 2 - text.start)},
			    after, IPV6_BYTES - 2);
	if (head < 0 || tail < 0 || head + tail > IPV6_BYTES - 2)
		return false;
	memcpy(bytes + IPV6_BYTES - tail, after, (size_t)tail);
	return true;
}

/* Parses "/PREFIX:PORT", each of which may be missing; `bits`: the longest prefix. */
static bool parse_end(struct span text, uint32_t bits, struct network *network)
{
	uint32_t prefix = bits;
	bool has_port;
	struct span before;

	if (text.len > 0 && text.start[0] != '/' && text.start[0] != ':')
		return false;
	has_port = memchr(text.start, ':', text.len) != NULL;
	before = take_until(&text, ':');
	if (before.len > 0 &&
	    !parse_number((struct span){before.start + 1, before.len - 1}, bits, &prefix))
		return false;
	network->prefix_bits = IPV6_BITS - bits + prefix;
	return !has_port || network_parse_port(text, &network->port);
}

/* Parses IPv6 with or without brackets; a port needs the brackets. */
static bool parse_long(struct span text, struct network *network)
{
	bool bracketed = text.start[0] == '[';
	const char *text_end = text.start + text.len;
	const char *end = memchr(text.start, bracketed ? ']' : '/', text.len);
	struct span address = {text.start + bracketed, 0};

	if (end == NULL && bracketed)
		return false;
	if (end == NULL)
		end = text_end;
	address.len = (size_t)(end - address.start);
	end += bracketed;
	network->scope = address;
	address = take_until(&network->scope, '%');
	return parse_ipv6(address, network->address) &&
	       parse_end((struct span){end, (size_t)(text_end - end)}, IPV6_BITS, network);
}

static bool parse_short(struct span text, struct network *network)
{
	struct span address = text;

	for (address.len = 0; address.len < text.len; address.len++)
		if (text.start[address.len] == '/' || text.start[address.len] == ':')
			break;
	network->address[10] = network->address[11] = 0xff;
	return parse_ipv4(address, network->address + IPV4_AT) &&
	       parse_end((struct span){text.start + address.len, text.len - address.len}, 32,
			 network);
}

bool network_parse(struct span text, struct network *network)
{
	const char *colon = memchr(text.start, ':', text.len);
	bool two = colon != NULL &&
		   memchr(colon + 1, ':', text.len - (size_t)(colon + 1 - text.start)) != NULL;

	*network = (struct network){.port = NETWORK_ANY_PORT};
	if (text.len == 0)
		return false;
	return two || text.start[0] == '[' ? parse_long(text, network) : parse_short(text, network);
}

bool network_holds(const struct network *network, const struct network *peer)
{
	unsigned whole = network->prefix_bits / 8;
	unsigned rest = network->prefix_bits % 8;

	if (network->port != NETWORK_ANY_PORT && network->port != peer->port)
		return false;
	if (network->scope.len > 0 &&
	    (network->scope.len != peer->scope.len ||
	     memcmp(network->scope.start, peer->scope.start, peer->scope.len) != 0))
		return false;
	if (memcmp(network->address, peer->address, whole) != 0)
		return false;
	return rest == 0 || (network->address[whole] ^ peer->address[whole]) >> (8 - rest) == 0;
}
