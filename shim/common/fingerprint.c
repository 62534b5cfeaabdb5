/* SPDX-License-Identifier: MIT */
/*
 * See fingerprint.h.  The hash is 64 bit FNV-1a over the texts, each with its NUL.
 */
#include "common/fingerprint.h"

#include <string.h>

#define OFFSET_BASIS UINT64_C(0xcbf29ce484222325)
#define PRIME UINT64_C(0x100000001b3)

static uint64_t add(uint64_t hash, const char *text)
{
	const unsigned char *at = (const unsigned char *)(text != NULL ? text : "?");

	do {
		hash = (hash ^ *at) * PRIME;
	} while (*at++ != '\0');
	return hash;
}

static uint64_t add_site(uint64_t hash, struct fingerprint_site site)
{
	const char *slash = site.file != NULL ? strrchr(site.file, '/') : NULL;

	hash = add(hash, slash != NULL ? slash + 1 : site.file);
	return add(hash, site.function);
}

uint64_t fingerprint(const char *protocol, struct fingerprint_site opened,
		     struct fingerprint_site forked)
{
	return add_site(add_site(add(OFFSET_BASIS, protocol), opened), forked);
}
