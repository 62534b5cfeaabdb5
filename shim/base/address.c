/* SPDX-License-Identifier: MIT */
/*
 * Socket addresses as text.  See address.h.
 *
 * inet_ntop() would do for the numbers, but is not on the list of signal-safety(7).
 */
#include "base/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#define IPV6_GROUPS 8

static void put_ipv4(struct text *text, const uint8_t bytes[4])
{
	for (int i = 0; i < 4; i++) {
		if (i > 0)
			text_put_char(text, '.');
		text_put_uint(text, bytes[i]);
	}
}

/* The first of the longest runs of at least two zero groups (RFC 5952 section 4.2); length 0: there
 * is no such run. */
static void find_zeros(const uint16_t group[IPV6_GROUPS], int *start, int *length)
{
	*start = 0;
	*length = 0;
	for (int i = 0; i < IPV6_GROUPS; i++) {
		int run = 0;

		while (i + run < IPV6_GROUPS && group[i + run] == 0)
			run++;
		if (run >= 2 && run > *length) {
			*start = i;
			*length = run;
		}
	}
}

static void put_ipv6(struct text *text, const struct in6_addr *address)
{
	uint16_t group[IPV6_GROUPS];
	int zeros_at;
	int zeros;

	if (IN6_IS_ADDR_V4MAPPED(address)) {
		text_put_string(text, "::ffff:");
		put_ipv4(text, address->s6_addr + 12);
		return;
	}
	for (int i = 0; i < IPV6_GROUPS; i++)
		group[i] = (uint16_t)(address->s6_addr[2 * i] << 8 | address->s6_addr[2 * i + 1]);
	find_zeros(group, &zeros_at, &zeros);
	for (int i = 0; i < IPV6_GROUPS; i++) {
		if (zeros > 0 && i == zeros_at) {
			text_put_string(text, "::");
			i += zeros - 1;
			continue;
		}
		if (i > 0 && i != zeros_at + zeros)
			text_put_char(text, ':');
		text_put_hex(text, group[i]);
	}
}

static void put_port(struct text *text, in_port_t port)
{
	text_put_char(text, ':');
	text_put_uint(text, ntohs(port));
}

static bool put_unix(struct text *text, const struct sockaddr_un *address, size_t path_len)
{
	if (path_len == 0)
		return false; /* unnamed: unix(7) */
	if (address->sun_path[0] != '\0') {
		text_put_bytes(text, address->sun_path, strnlen(address->sun_path, path_len));
		return true;
	}
	/* Abstract: the length counts, NULs are part of the name; ss(8) prints '@' for each. */
	for (size_t i = 0; i < path_len; i++)
		text_put_char(text, address->sun_path[i] == '\0' ? '@' : address->sun_path[i]);
	return true;
}

/* Copies, since callers keep addresses as bytes of any alignment. */
bool address_put(struct text *text, const void *address, socklen_t len)
{
	union {
		sa_family_t family;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
	} copy = {0};

	if (len < sizeof(sa_family_t))
		return false;
	memcpy(&copy, address, len < sizeof(copy) ? len : sizeof(copy));
	if (copy.family == AF_INET && len >= sizeof(copy.in)) {
		put_ipv4(text, (const uint8_t *)&copy.in.sin_addr);
		put_port(text, copy.in.sin_port);
		return true;
	}
	/* The kernel takes an IPv6 address without its scope (SIN6_LEN_RFC2133). */
	if (copy.family == AF_INET6 && len >= offsetof(struct sockaddr_in6, sin6_scope_id)) {
		text_put_char(text, '[');
		put_ipv6(text, &copy.in6.sin6_addr);
		if (copy.in6.sin6_scope_id != 0) {
			text_put_char(text, '%');
			text_put_uint(text, copy.in6.sin6_scope_id);
		}
		text_put_char(text, ']');
		put_port(text, copy.in6.sin6_port);
		return true;
	}
	if (copy.family == AF_UNIX) {
		size_t path_len = len - offsetof(struct sockaddr_un, sun_path);

		if (path_len > sizeof(copy.un.sun_path))
			path_len = sizeof(copy.un.sun_path);
		return put_unix(text, &copy.un, path_len);
	}
	return false;
}
