/* SPDX-License-Identifier: MIT */
/*
 * The types of options.  See value.h.
 */
#include "options/value.h"

#include <stdint.h>
#include <string.h>

#include "forksan/limits.h"
#include "forksan/protocols.h"
#include "forksan/registry.h"
#include "common/option_text.h"
#include "common/suggest.h"
#include "options/network.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *const option_mode_names[MODE_COUNT] = {
#define MODE_NAME(id, name) [id] = (name),
	FORKSAN_MODES(MODE_NAME)
#undef MODE_NAME
};

/* By enum connection_class, then the word for all classes. */
static const char *const class_names[] = {
#define CLASS_NAME(id, name) name,
	FORKSAN_CLASSES(CLASS_NAME)
#undef CLASS_NAME
		[CLASS_COUNT] = "all",
};
#define CLASS_ALL CLASS_COUNT

/* The names of a connection in ignore=: classes and protocols. */
static const char *const names[] = {
#define CLASS_NAME(id, name) name,
	FORKSAN_CLASSES(CLASS_NAME)
#undef CLASS_NAME
#define PROTOCOL_NAME(id, name, class, symbol) name,
		FORKSAN_PROTOCOLS(PROTOCOL_NAME)
#undef PROTOCOL_NAME
};

static bool read_bool(struct option_reading *reading)
{
	int found = option_text_bool(reading->value);

	if (found >= 0)
		*(bool *)reading->member = found != 0;
	return found >= 0;
}

static bool read_mode(struct option_reading *reading)
{
	int found = span_find(reading->value, option_mode_names, MODE_COUNT);

	if (found >= 0)
		*(enum option_mode *)reading->member = (enum option_mode)found;
	return found >= 0;
}

/* Reads a number from 0 to `max`, which has at most six digits. */
static bool read_number(struct option_reading *reading, int max)
{
	struct span value = reading->value;
	int number = 0;

	if (value.len == 0 || value.len > 6)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (value.start[i] < '0' || value.start[i] > '9')
			return false;
		number = number * 10 + (value.start[i] - '0');
	}
	if (number > max)
		return false;
	*(int *)reading->member = number;
	return true;
}

static bool read_status(struct option_reading *reading)
{
	return read_number(reading, 255);
}

/* Reads seconds, up to a week and more. */
static bool read_seconds(struct option_reading *reading)
{
	return read_number(reading, 999999);
}

/* Reads "4096", "64M"; K, M and G are powers of 1024. */
static bool read_size(struct option_reading *reading)
{
	static const char units[] = "KMG";
	struct span value = reading->value;
	const char *unit = value.len > 0 ? strchr(units, value.start[value.len - 1]) : NULL;
	uint64_t size = 0;

	if (unit != NULL && *unit != '\0')
		value.len--;
	else
		unit = NULL;
	if (value.len == 0 || value.len > 9)
		return false;
	for (size_t i = 0; i < value.len; i++) {
		if (value.start[i] < '0' || value.start[i] > '9')
			return false;
		size = size * 10 + (uint64_t)(value.start[i] - '0');
	}
	if (unit != NULL)
		size <<= 10 * (unit - units + 1);
	*(uint64_t *)reading->member = size;
	return true;
}

static bool read_verbosity(struct option_reading *reading)
{
	return read_number(reading, 2);
}

/* True for a class or protocol; case does not matter, as in options_ignores(). */
static bool is_known_name(struct span item)
{
	for (size_t i = 0; i < COUNT(names); i++)
		if (item.len == strlen(names[i]) &&
		    suggest_distance(item.start, item.len, names[i], item.len) == 0)
			return true;
	return false;
}

static bool read_string(struct option_reading *reading)
{
	char *string = reading->member;

	if (reading->value.len >= reading->size_bytes)
		return false;
	memcpy(string, reading->value.start, reading->value.len);
	string[reading->value.len] = '\0';
	return true;
}

/* Reads a path.  A colon without quotes was rather meant to separate: log_path=/tmp/log:strict. */
static bool read_path(struct option_reading *reading)
{
	const struct span *value = &reading->value;

	if (!reading->quoted && memchr(value->start, ':', value->len) != NULL)
		return false;
	return read_string(reading);
}

/* False for an item that no connection can match: such an item would ignore nothing, without
 * notice. */
static bool is_pattern(struct span item)
{
	struct network network;
	int32_t port;

	if (item.len == 0 || item.start[0] == '/' || item.start[0] == '@' ||
	    memchr(item.start, '*', item.len) != NULL)
		return true;
	return is_known_name(item) || network_parse_port(item, &port) ||
	       network_parse(item, &network);
}

static bool read_patterns(struct option_reading *reading)
{
	struct span list = reading->value;

	while (list.len > 0) {
		struct span item = span_next_item(&list);

		if (!is_pattern(item)) {
			reading->wrong = item;
			return false;
		}
	}
	return read_string(reading);
}

/* Reads items "key=value"; quotes keep an item from being an option. */
static bool read_labels(struct option_reading *reading)
{
	struct span list = reading->value;

	while (list.len > 0) {
		struct span item = span_next_item(&list);

		if (item.len > 0 && memchr(item.start, '=', item.len) == NULL) {
			reading->wrong = item;
			return false;
		}
	}
	return read_string(reading);
}

/* Reads a session, which is a part of a file's name: hexadecimal digits alone, so the name leads
 * nowhere else. */
static bool read_session(struct option_reading *reading)
{
	struct span value = reading->value;

	if (value.len != 0 && value.len != REGISTRY_SESSION_BYTES - 1)
		return false;
	for (size_t i = 0; i < value.len; i++)
		if (memchr("0123456789abcdef", value.start[i], 16) == NULL)
			return false;
	return read_string(reading);
}

/*
 * Reads classes.  A list replaces the classes that are watched, unless its first item has a sign:
 * then the list changes the classes.  The last word on a class wins.
 */
static bool read_watch(struct option_reading *reading)
{
	static const char *const other_name = "other";
	struct span list = reading->value;
	uint32_t set = 0;

	if (list.len > 0 && (list.start[0] == '+' || list.start[0] == '-'))
		set = *(const uint32_t *)reading->member;
	do {
		struct span item = span_next_item(&list);
		char sign = '+';
		uint32_t bits;
		int found;

		if (item.len > 0 && (item.start[0] == '+' || item.start[0] == '-')) {
			sign = item.start[0];
			item.start++;
			item.len--;
		}
		found = span_find(item, class_names, COUNT(class_names));
		/* The class's former name. */
		if (found < 0 && span_find(item, &other_name, 1) == 0)
			found = CLASS_UNKNOWN;
		if (found < 0) {
			reading->wrong = item;
			return false;
		}
		bits = found == CLASS_ALL ? (1u << CLASS_COUNT) - 1 : 1u << found;
		set = sign == '-' ? set & ~bits : set | bits;
	} while (list.len > 0);
	*(uint32_t *)reading->member = set;
	return true;
}

_Static_assert(FORKSAN_PATH_BYTES == 512 && FORKSAN_LIST_BYTES == 512, "as the texts below say");

const struct option_value option_values[OPTION_TYPE_COUNT] = {
	[OPTION_BOOL] = {read_bool, "0 or 1", NULL, 0},
	[OPTION_MODE] = {read_mode, NULL, option_mode_names, MODE_COUNT},
	[OPTION_PATH] = {read_path, "a path of less than 512 bytes, with ':' in quotes", NULL, 0},
	[OPTION_WATCH] =
		{read_watch,
		 "a list of unknown, database, cache, broker, directory, mail, remote, tls, "
		 "http, system or all, each with + or - to change the default",
		 class_names, COUNT(class_names)},
	[OPTION_PATTERNS] = {read_patterns,
			     "a list of less than 512 bytes of classes, protocols, ports, "
			     "addresses, ranges (10.0.0.0/8) or paths",
			     names, COUNT(names)},
	[OPTION_STATUS] = {read_status, "a number from 0 to 255", NULL, 0},
	[OPTION_VERBOSITY] = {read_verbosity, "0, 1 or 2", NULL, 0},
	[OPTION_LABELS] = {read_labels, "a list of key=value of less than 512 bytes, in quotes",
			   NULL, 0},
	[OPTION_SIZE] = {read_size, "a number of bytes with K, M, G or none of them behind", NULL,
			 0},
	[OPTION_SECONDS] = {read_seconds, "a number of seconds up to 999999", NULL, 0},
	[OPTION_SESSION] = {read_session, "16 hexadecimal digits", NULL, 0},
};
