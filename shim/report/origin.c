/* SPDX-License-Identifier: MIT */
/*
 * Where a record comes from.  See origin.h.  Constant after origin_start().
 *
 *     key NUL value NUL key NUL value NUL ...
 */
#include "report/origin.h"

#include <stdint.h>
#include <string.h>
#include <sys/utsname.h>

#include "common/span.h"
#include "forksan/limits.h"
#include "options/options.h"
#include "base/sys.h"

static char labels[FORKSAN_LIST_BYTES];
static size_t labels_len;

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends the bytes and a NUL; %XX is a byte where `encoded`.  False when there is no room. */
static bool append(struct span text, bool encoded)
{
	size_t at = labels_len;

	for (size_t i = 0; i < text.len && at < sizeof(labels); i++) {
		bool code = encoded && text.start[i] == '%' && i + 2 < text.len &&
			    hex_digit(text.start[i + 1]) >= 0 && hex_digit(text.start[i + 2]) >= 0;
		int byte = (unsigned char)text.start[i];

		if (code) {
			byte = hex_digit(text.start[i + 1]) << 4 | hex_digit(text.start[i + 2]);
			i += 2;
		}
		if (byte != 0)
			labels[at++] = (char)byte;
	}
	if (at >= sizeof(labels))
		return false;
	labels[at++] = '\0';
	labels_len = at;
	return true;
}

static bool is_there(struct span key)
{
	for (size_t at = 0; at < labels_len;) {
		const char *name = labels + at;

		if (span_is(key, name))
			return true;
		at += strlen(name) + 1;
		at += strlen(labels + at) + 1;
	}
	return false;
}

/* Of characters that JSON takes as they are. */
static bool is_name(struct span key)
{
	for (size_t i = 0; i < key.len; i++)
		if (key.start[i] <= ' ' || key.start[i] > '~' || key.start[i] == '"' ||
		    key.start[i] == '\\')
			return false;
	return key.len > 0;
}

/* The first of equal keys counts: JSON has each once. */
static void add(struct span key, struct span value, bool encoded)
{
	size_t before = labels_len;

	if (!is_name(key) || is_there(key))
		return;
	if (!append(key, false) || !append(value, encoded))
		labels_len = before;
}

static void add_list(struct span list, bool encoded)
{
	while (list.len > 0) {
		struct span item = span_next_item(&list);
		const char *equals = memchr(item.start, '=', item.len);
		size_t key_len;

		if (equals == NULL)
			continue;
		key_len = (size_t)(equals - item.start);
		add(span_trim((struct span){item.start, key_len}),
		    span_trim((struct span){equals + 1, item.len - key_len - 1}), encoded);
	}
}

void origin_start(const char *service_name, const char *resource_attributes)
{
	labels_len = 0;
	if (options.labels[0] != '\0') {
		add_list(span_from(options.labels), false);
		return;
	}
	if (service_name != NULL && service_name[0] != '\0')
		add(span_from("service.name"), span_from(service_name), false);
	if (resource_attributes != NULL)
		add_list(span_from(resource_attributes), true);
}

static void put_labels(struct json *json)
{
	json_begin_object(json, "labels");
	for (size_t at = 0; at < labels_len;) {
		const char *key = labels + at;
		const char *value = key + strlen(key) + 1;

		json_put_string(json, key, value);
		at += strlen(key) + 1 + strlen(value) + 1;
	}
	json_end_object(json);
}

void origin_put(struct json *json)
{
	struct utsname name;

	name.nodename[0] = '\0';
	sys_call(SYS_uname, (long)(uintptr_t)&name, 0, 0, 0, 0, 0);
	json_put_bytes(json, "host", name.nodename, strnlen(name.nodename, sizeof(name.nodename)));
	put_labels(json);
}
