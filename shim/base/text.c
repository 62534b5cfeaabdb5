/* SPDX-License-Identifier: MIT */
/*
 * The bounded writer of text.  See text.h.
 */
#include "base/text.h"

#include <string.h>

#define NS_PER_SECOND UINT64_C(1000000000)
#define SECONDS_PER_DAY UINT64_C(86400)
#define UINT64_DIGITS 20

void text_init(struct text *text, char *bytes, size_t size)
{
	*text = (struct text){.bytes = bytes, .size = size};
	bytes[0] = '\0';
}

void text_put_bytes(struct text *text, const char *bytes, size_t len)
{
	size_t room = text->size - 1 - text->len;

	if (len > room) {
		len = room;
		text->truncated = true;
	}
	memcpy(text->bytes + text->len, bytes, len);
	text->len += len;
	text->bytes[text->len] = '\0';
}

void text_put_string(struct text *text, const char *string)
{
	text_put_bytes(text, string, strlen(string));
}

void text_put_char(struct text *text, char c)
{
	text_put_bytes(text, &c, 1);
}

/* At least `width` digits of `value` in `base`, zeros in front. */
static void put_number(struct text *text, uint64_t value, unsigned base, size_t width)
{
	char digits[UINT64_DIGITS];
	size_t at = sizeof(digits);

	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0 || sizeof(digits) - at < width);
	text_put_bytes(text, digits + at, sizeof(digits) - at);
}

void text_put_uint(struct text *text, uint64_t value)
{
	put_number(text, value, 10, 1);
}

void text_put_int(struct text *text, int64_t value)
{
	if (value < 0)
		text_put_char(text, '-');
	put_number(text, value < 0 ? -(uint64_t)value : (uint64_t)value, 10, 1);
}

void text_put_hex(struct text *text, uint64_t value)
{
	put_number(text, value, 16, 1);
}

void text_put_hex_fixed(struct text *text, uint64_t value)
{
	put_number(text, value, 16, 16);
}

void text_put_hex_bytes(struct text *text, const uint8_t *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put_number(text, bytes[i], 16, 2);
}

/*
 * The civil date of a day counted from 1970-01-01.  Years are counted from a March, so that the
 * leap day is a year's last and months have a fixed pattern: 153 days in five of them.
 */
static void put_date(struct text *text, uint64_t day)
{
	const uint64_t days_per_era = 146097; /* 400 years, after which the calendar repeats */
	uint64_t shifted = day + 719468;      /* from 0000-03-01 */
	uint64_t era = shifted / days_per_era;
	uint64_t day_of_era = shifted % days_per_era;
	uint64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	uint64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	uint64_t month_from_march = (5 * day_of_year + 2) / 153;
	uint64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
	uint64_t year = era * 400 + year_of_era + (month <= 2 ? 1 : 0);

	put_number(text, year, 10, 4);
	text_put_char(text, '-');
	put_number(text, month, 10, 2);
	text_put_char(text, '-');
	put_number(text, day_of_year - (153 * month_from_march + 2) / 5 + 1, 10, 2);
}

void text_put_time(struct text *text, uint64_t time_ns)
{
	uint64_t seconds = time_ns / NS_PER_SECOND;
	uint64_t of_day = seconds % SECONDS_PER_DAY;

	put_date(text, seconds / SECONDS_PER_DAY);
	text_put_char(text, 'T');
	put_number(text, of_day / 3600, 10, 2);
	text_put_char(text, ':');
	put_number(text, of_day / 60 % 60, 10, 2);
	text_put_char(text, ':');
	put_number(text, of_day % 60, 10, 2);
	text_put_char(text, '.');
	put_number(text, time_ns % NS_PER_SECOND, 10, 9);
	text_put_char(text, 'Z');
}

void text_pad_to(struct text *text, size_t line_start, size_t column)
{
	do
		text_put_char(text, ' ');
	while (!text->truncated && text->len - line_start < column);
}

size_t text_utf8_len(const char *bytes, size_t len)
{
	const unsigned char *u = (const unsigned char *)bytes;
	unsigned char low = 0x80;
	unsigned char high = 0xbf;
	size_t need;

	if (u[0] < 0x80)
		return 1;
	if (u[0] >= 0xc2 && u[0] <= 0xdf)
		need = 2;
	else if (u[0] >= 0xe0 && u[0] <= 0xef)
		need = 3;
	else if (u[0] >= 0xf0 && u[0] <= 0xf4)
		need = 4;
	else
		return 0;
	/* Only the second byte has a narrower range: overlong, surrogate, above U+10FFFF. */
	if (u[0] == 0xe0)
		low = 0xa0;
	else if (u[0] == 0xed)
		high = 0x9f;
	else if (u[0] == 0xf0)
		low = 0x90;
	else if (u[0] == 0xf4)
		high = 0x8f;
	if (len < need || u[1] < low || u[1] > high)
		return 0;
	for (size_t i = 2; i < need; i++)
		if (u[i] < 0x80 || u[i] > 0xbf)
			return 0;
	return need;
}

void text_put_escaped(struct text *text, const char *bytes, size_t len)
{
	size_t at = 0;

	while (at < len) {
		const unsigned char c = (unsigned char)bytes[at];
		size_t sequence = text_utf8_len(bytes + at, len - at);
		bool c1_control = c == 0xc2 && sequence == 2 && (unsigned char)bytes[at + 1] < 0xa0;

		if (sequence == 0 || c < 0x20 || c == 0x7f || c1_control)
			text_put_char(text, '?');
		else
			text_put_bytes(text, bytes + at, sequence);
		at += sequence == 0 ? 1 : sequence;
	}
}
