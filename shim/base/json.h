/* SPDX-License-Identifier: MIT */
/*
 * A bounded writer of one JSON value: however small the buffer, the bytes written can be completed
 * to valid JSON in valid UTF-8.
 *
 * Room for closing the open objects and arrays is always kept, so json_end_*() never fails.  A
 * member that does not fit is left out whole and counted in `left_out`; json_mark() and
 * json_complete_or_rewind() do the same for a group of members.  Pure, no allocation, no locale, no
 * errno; async-signal-safe.  The caller owns the buffer.
 *
 *     json_init(&json, bytes, sizeof(bytes));
 *     json_begin_object(&json, NULL);
 *     json_put_uint(&json, "pid", 7);
 *     json_begin_array(&json, "frames");
 *     json_put_string(&json, NULL, "f");
 *     json_end_array(&json);
 *     json_end_object(&json);                    {"pid":7,"frames":["f"]}
 *
 * `key` is ASCII that needs no escape, or NULL for an element of an array and for the outermost
 * value.
 */
#ifndef FORKSAN_SHIM_JSON_H
#define FORKSAN_SHIM_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json {
	char *bytes; /* no NUL at the end */
	size_t size;
	size_t len;
	size_t reserved;   /* bytes kept free at the end, see json_reserve() */
	unsigned depth;	   /* objects and arrays that are open in `bytes` */
	unsigned skipped;  /* open objects and arrays that were left out whole */
	unsigned left_out; /* members that did not fit */
	bool comma;	   /* the next member needs a comma in front */
	bool overflow;	   /* the member being written did not fit; false between calls */
};

/* A place to go back to; valid while the object or array is open in which json_mark() was called.
 */
struct json_mark {
	size_t len;
	unsigned left_out;
	bool comma;
};

void json_init(struct json *json, char *bytes, size_t size);

/* Keeps `bytes` free for members that are written after the next json_reserve(). */
void json_reserve(struct json *json, size_t bytes);

/* Bytes that members may still take. */
size_t json_room(const struct json *json);

void json_begin_object(struct json *json, const char *key);
void json_begin_array(struct json *json, const char *key);
void json_end_object(struct json *json);
void json_end_array(struct json *json);

void json_put_null(struct json *json, const char *key);
void json_put_bool(struct json *json, const char *key, bool value);
void json_put_int(struct json *json, const char *key, int64_t value);
void json_put_uint(struct json *json, const char *key, uint64_t value);

/* Any bytes: each that is no UTF-8 becomes U+FFFD.  NULL becomes null. */
void json_put_string(struct json *json, const char *key, const char *string);
void json_put_bytes(struct json *json, const char *key, const char *bytes, size_t len);

struct json_mark json_mark(const struct json *json);

/* True when nothing was left out since the mark; else all since the mark is taken back. */
bool json_complete_or_rewind(struct json *json, struct json_mark mark);

#endif
