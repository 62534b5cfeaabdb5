/* SPDX-License-Identifier: MIT */
/*
 * The labels of a log's records.  See labels.h.
 */
#include "common/labels.h"

#include <string.h>

#include "common/span.h"

bool labels_next(const struct labels *labels, size_t *at, const char **key, const char **value)
{
	if (*at >= labels->len)
		return false;
	*key = labels->bytes + *at;
	*value = *key + strlen(*key) + 1;
	*at = (size_t)(*value - labels->bytes) + strlen(*value) + 1;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Appends the bytes and a NUL; %XX is a byte where `encoded`.  False when there is no room. */
static bool append(struct labels *labels, struct span text, bool encoded)
{
	size_t at = labels->len;

	for (size_t i = 0; i < text.len && at < sizeof(labels->bytes); i++) {
		bool code = encoded && text.start[i] == '%' && i + 2 < text.len &&
			    hex_digit(text.start[i + 1]) >= 0 && hex_digit(text.start[i + 2]) >= 0;
		int byte = (unsigned char)text.start[i];

		if (code) {
			byte = hex_digit(text.start[i + 1]) << 4 | hex_digit(text.start[i + 2]);
			i += 2;
		}
		if (byte != 0)
			labels->bytes[at++] = (char)byte;
	}
	if (at >= sizeof(labels->bytes))
		return false;
	labels->bytes[at++] = '\0';
	labels->len = at;
	return true;
}

static bool is_there(const struct labels *labels, struct span key)
{
	const char *other, *value;

	for (size_t at = 0; labels_next(labels, &at, &other, &value);)
		if (span_is(key, other))
			return true;
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
static void add(struct labels *labels, struct span key, struct span value, bool encoded)
{
	size_t before = labels->len;

	if (!is_name(key) || is_there(labels, key))
		return;
	if (!append(labels, key, false) || !append(labels, value, encoded))
		labels->len = before;
}

static void add_list(struct labels *labels, struct span list, bool encoded)
{
	while (list.len > 0) {
		struct span item = span_next_item(&list);
		const char *equals = memchr(item.start, '=', item.len);
		size_t key_len;

		if (equals == NULL)
			continue;
		key_len = (size_t)(equals - item.start);
		add(labels, span_trim((struct span){item.start, key_len}),
		    span_trim((struct span){equals + 1, item.len - key_len - 1}), encoded);
	}
}

void labels_read(struct labels *labels, const char *option, const char *service_name,
		 const char *resource_attributes)
{
	labels->len = 0;
	if (option[0] != '\0') {
		add_list(labels, span_from(option), false);
		return;
	}
	if (service_name != NULL && service_name[0] != '\0')
		add(labels, span_from("service.name"), span_from(service_name), false);
	if (resource_attributes != NULL)
		add_list(labels, span_from(resource_attributes), true);
}
