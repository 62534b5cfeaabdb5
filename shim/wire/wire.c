/* SPDX-License-Identifier: MIT */
/*
 * Identifying a connection's protocol: by bytes, by port, by path.
 *
 * Each direction is recognised alone: the first protocol in the order of protocols.h whose
 * recogniser has not answered NO decides, once the answer is YES.  So the answer is only refined,
 * however the bytes are cut.  Of the two directions the server's counts first where the protocol
 * greets (the login packet of a client means little, the earlier greeting everything), else the
 * client's, else the server's.
 */
#include "wire/wire.h"

#include <string.h>

#include "wire/protocol.h"

static enum protocol recognise(enum wire_direction direction, const uint8_t *bytes, size_t len)
{
	if (len == 0)
		return PROTOCOL_UNKNOWN;
	for (unsigned p = PROTOCOL_OTHER + 1; p < PROTOCOL_COUNT; p++) {
		/* cppcheck-suppress AssignmentIntegerToAddress ; a pointer to a function */
		wire_recognise *recogniser = wire_protocol_of(p)->recognise[direction];

		if (recogniser == NULL)
			continue;
		switch (recogniser(bytes, len)) {
		case WIRE_NO:
			continue;
		case WIRE_MAYBE:
			/* A recogniser that cannot decide on a full head would be a bug; the
			 * protocol must not stay undecided for ever. */
			if (len >= FORKSAN_HEAD_BYTES)
				continue;
			return PROTOCOL_UNKNOWN;
		case WIRE_YES:
			return (enum protocol)p;
		}
	}
	return PROTOCOL_OTHER;
}

enum protocol wire_identify(const uint8_t *head[2], const size_t len[2])
{
	enum protocol client = recognise(WIRE_CLIENT, head[WIRE_CLIENT], len[WIRE_CLIENT]);
	enum protocol server = recognise(WIRE_SERVER, head[WIRE_SERVER], len[WIRE_SERVER]);

	if (wire_protocol_of(server)->greets)
		return server;
	if (client != PROTOCOL_UNKNOWN)
		return client;
	/* Unmatched bytes of a server say nothing: many replies look like nothing in particular. */
	return server != PROTOCOL_OTHER ? server : PROTOCOL_UNKNOWN;
}

/* True when a client with that first byte speaks the protocol in words. */
static bool is_in_words(enum protocol protocol, uint8_t first)
{
	const struct wire_protocol *p = wire_protocol_of(protocol);

	return p->answers != NULL && first != p->framed_by;
}

enum protocol wire_identify_at(enum protocol hint, const uint8_t *head[2], const size_t len[2])
{
	enum protocol told = wire_identify(head, len);

	if (len[WIRE_CLIENT] == 0 || told == hint || !is_in_words(told, head[WIRE_CLIENT][0]))
		return told;
	if (is_in_words(hint, head[WIRE_CLIENT][0]) &&
	    wire_protocol_of(hint)->recognise[WIRE_CLIENT](head[WIRE_CLIENT], len[WIRE_CLIENT]) ==
		    WIRE_YES)
		return hint;
	if (len[WIRE_SERVER] == 0)
		return len[WIRE_CLIENT] < FORKSAN_HEAD_BYTES ? PROTOCOL_UNKNOWN : PROTOCOL_OTHER;
	return wire_protocol_of(told)->answers(head[WIRE_SERVER][0]) ? told : PROTOCOL_OTHER;
}

enum protocol wire_by_port(uint16_t port)
{
	for (unsigned p = PROTOCOL_OTHER + 1; p < PROTOCOL_COUNT; p++) {
		const uint16_t *ports = wire_protocol_of(p)->ports;

		for (size_t k = 0; k < WIRE_MAX_PORTS && ports[k] != 0; k++) {
			if (ports[k] == port)
				return (enum protocol)p;
		}
	}
	return PROTOCOL_UNKNOWN;
}

/* True when `part` occurs in the `len` bytes at `name`, which may hold NULs. */
static bool contains(const char *name, size_t len, const char *part)
{
	size_t part_len = strlen(part);

	for (size_t at = 0; at + part_len <= len; at++) {
		if (memcmp(name + at, part, part_len) == 0)
			return true;
	}
	return false;
}

/* `part`: struct wire_protocol.paths.  `last`: where the path's last component begins. */
static bool matches_path(const char *path, size_t len, size_t last, const char *part)
{
	size_t part_len = strlen(part);

	if (part[0] != '/')
		return contains(path + last, len - last, part);
	if (part[part_len - 1] == '/')
		return contains(path, len, part);
	return len >= part_len && memcmp(path + len - part_len, part, part_len) == 0;
}

enum protocol wire_by_path(const char *path, size_t len)
{
	size_t start = 0;

	for (size_t i = 0; i < len; i++) {
		if (path[i] == '/')
			start = i + 1;
	}
	for (unsigned p = PROTOCOL_OTHER + 1; p < PROTOCOL_COUNT; p++) {
		const char *const *parts = wire_protocol_of(p)->paths;

		for (size_t k = 0; k < WIRE_MAX_PATHS && parts[k] != NULL; k++) {
			if (matches_path(path, len, start, parts[k]))
				return (enum protocol)p;
		}
	}
	return PROTOCOL_UNKNOWN;
}

enum connection_class wire_class(enum protocol protocol)
{
#define CLASS_OF(id, name, class, symbol) [id] = class,
	static const uint8_t classes[PROTOCOL_COUNT] = {FORKSAN_PROTOCOLS(CLASS_OF)};
#undef CLASS_OF

	if ((unsigned)protocol >= PROTOCOL_COUNT)
		return CLASS_UNKNOWN;
	return (enum connection_class)classes[protocol];
}

const char *wire_protocol_name(enum protocol protocol)
{
#define NAME_OF(id, name, class, symbol) [id] = name,
	static const char *const names[PROTOCOL_COUNT] = {FORKSAN_PROTOCOLS(NAME_OF)};
#undef NAME_OF

	return names[(unsigned)protocol < PROTOCOL_COUNT ? protocol : PROTOCOL_UNKNOWN];
}

const char *wire_class_name(enum connection_class class)
{
#define NAME_OF(id, name) [id] = name,
	static const char *const names[CLASS_COUNT] = {FORKSAN_CLASSES(NAME_OF)};
#undef NAME_OF

	return names[(unsigned)class < CLASS_COUNT ? class : CLASS_UNKNOWN];
}
