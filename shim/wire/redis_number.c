/* SPDX-License-Identifier: MIT */
/*
 * Redis: numbers, which both directions write as decimal digits and CR LF.
 */
#include "wire/redis.h"

enum redis_number redis_read_number(struct wire_stream *s, const uint8_t *bytes, size_t len,
				    uint64_t max, size_t *used)
{
	while (*used < len) {
		uint8_t byte = bytes[(*used)++];

		if (s->flags & REDIS_RETURN) {
			uint8_t flags = s->flags;

			s->flags &= (uint8_t)~REDIS_NUMBER_FLAGS;
			if (byte != '\n' || !(flags & REDIS_DIGIT) || s->number > max)
				return REDIS_NUMBER_BAD;
			return flags & REDIS_MINUS ? REDIS_NUMBER_NULL : REDIS_NUMBER_DONE;
		}
		if (byte == '\r') {
			s->flags |= REDIS_RETURN;
		} else if (byte == '-' && !(s->flags & (REDIS_MINUS | REDIS_DIGIT))) {
			s->flags |= REDIS_MINUS;
		} else if (wire_is_digit(byte) && s->number <= max / 10) {
			s->flags |= REDIS_DIGIT;
			s->number = s->number * 10 + (uint64_t)(byte - '0');
		} else {
			return REDIS_NUMBER_BAD;
		}
	}
	return REDIS_NUMBER_MORE;
}
