/* SPDX-License-Identifier: MIT */
/*
 * See socket_address.h.
 */
#include "base/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

static void print_unix(const char *name, size_t len, char *out, size_t size)
{
	if (len > 0 && name[0] == '\0')
		snprintf(out, size, "@%.*s", (int)len - 1, name + 1);
	else
		snprintf(out, size, "%.*s", (int)len, name);
}

void socket_address_print(const struct sockaddr *address, size_t len_bytes, char *out, size_t size)
{
	char text[INET6_ADDRSTRLEN];
	struct sockaddr_in6 in6; /* a copy, since the bytes need not be aligned */
	struct sockaddr_in in;
	sa_family_t family = AF_UNSPEC;

	out[0] = '\0';
	if (len_bytes >= sizeof family)
		memcpy(&family, address, sizeof family);
	if (family == AF_INET && len_bytes >= sizeof in) {
		memcpy(&in, address, sizeof in);
		inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
		snprintf(out, size, "%s:%d", text, ntohs(in.sin_port));
	} else if (family == AF_INET6 && len_bytes >= sizeof in6) {
		memcpy(&in6, address, sizeof in6);
		inet_ntop(AF_INET6, &in6.sin6_addr, text, sizeof text);
		snprintf(out, size, "[%s]:%d", text, ntohs(in6.sin6_port));
	} else if (family == AF_UNIX) {
		print_unix((const char *)address + offsetof(struct sockaddr_un, sun_path),
			   len_bytes - offsetof(struct sockaddr_un, sun_path), out, size);
	}
}
