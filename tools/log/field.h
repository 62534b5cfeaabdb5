/* SPDX-License-Identifier: MIT */
/*
 * Fields of a record that record.c has checked.
 */
#ifndef FORKSAN_TOOLS_LOG_FIELD_H
#define FORKSAN_TOOLS_LOG_FIELD_H

#include <jansson.h>

/* The text of a field, borrowed; NULL where the field is missing, null or of another type. */
static inline const char *field_string(const json_t *object, const char *name)
{
	return json_string_value(json_object_get(object, name));
}

/* The number in a field; 0 where the field is missing or holds no integer. */
static inline long long field_integer(const json_t *object, const char *name)
{
	return (long long)json_integer_value(json_object_get(object, name));
}

#endif
