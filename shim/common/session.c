/* SPDX-License-Identifier: MIT */
/* See session.h. */
#include "common/session.h"

#include <string.h>

#define DIGITS (REGISTRY_SESSION_BYTES - 1)
#define WAITER_MASK UINT64_C(0xffffff)

static const char hex_digits[] = "0123456789abcdef";

/* The number of hexadecimal digits with which the text begins.  Not strspn(): each start of a
 * program asks, and libc's function and its table lie on pages that nothing else touches. */
static size_t count_digits(const char *text)
{
	size_t n = 0;

	while ((text[n] >= '0' && text[n] <= '9') || (text[n] >= 'a' && text[n] <= 'f'))
		n++;
	return n;
}

bool session_is_name(const char *text)
{
	size_t n = count_digits(text);

	return n == DIGITS && text[n] == '\0';
}

bool session_is_draft(const char *text)
{
	return count_digits(text) == DIGITS && text[DIGITS] == '.' &&
	       session_is_name(text + DIGITS + 1);
}

void session_put_number(char out[REGISTRY_SESSION_BYTES], uint64_t number)
{
	for (int i = 0; i < DIGITS; i++)
		out[i] = hex_digits[number >> (60 - 4 * i) & 15];
	out[DIGITS] = '\0';
}

void session_put_draft(char out[SESSION_DRAFT_BYTES], const char *session, uint64_t number)
{
	memcpy(out, session, DIGITS);
	out[DIGITS] = '.';
	session_put_number(out + DIGITS + 1, number);
}

void session_put_directory(char out[SESSION_DIRECTORY_BYTES], uint32_t uid)
{
	static const char head[] = REGISTRY_DIRECTORY "/" REGISTRY_USER_PREFIX;
	char digits[10];
	size_t n = 0;

	_Static_assert(sizeof head + sizeof digits <= SESSION_DIRECTORY_BYTES, "fits");
	memcpy(out, head, sizeof head - 1);
	out += sizeof head - 1;
	do {
		digits[n++] = (char)('0' + uid % 10);
		uid /= 10;
	} while (uid != 0);
	while (n > 0)
		*out++ = digits[--n];
	*out = '\0';
}

void session_put_path(char out[SESSION_PATH_BYTES], uint32_t uid, const char *session_or_draft)
{
	size_t len, name_len = strnlen(session_or_draft, SESSION_DRAFT_BYTES - 1);

	session_put_directory(out, uid);
	len = strlen(out);
	out[len] = '/';
	memcpy(out + len + 1, session_or_draft, name_len);
	out[len + 1 + name_len] = '\0';
}

uint64_t session_number_for_waiter(uint64_t random, int32_t pid)
{
	return (random & ~WAITER_MASK) | ((uint64_t)(uint32_t)pid & WAITER_MASK);
}

int32_t session_waiter(const char *session)
{
	uint32_t pid = 0;

	for (int i = DIGITS - 6; i < DIGITS; i++)
		pid = pid << 4 | (uint32_t)(strchr(hex_digits, session[i]) - hex_digits);
	return (int32_t)pid;
}
