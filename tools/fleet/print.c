/* SPDX-License-Identifier: MIT */
/*
 * How a link of the chain is shown.  See links.h.
 */
#include <stdarg.h>
#include <stdio.h>

#include "base/paragraph.h"
#include "fleet/links.h"

static void put(const char *state, const char *name, const char *format, va_list arguments)
{
	char text[2048], line[2200];

	vsnprintf(text, sizeof text, format, arguments);
	snprintf(line, sizeof line, "%s: %s", name, text);
	paragraph_print(state, line, stdout);
}

bool link_good(const char *name, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put("good", name, format, arguments);
	va_end(arguments);
	return true;
}

bool link_missing(const char *name, const char *advice, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	put("MISSING", name, format, arguments);
	va_end(arguments);
	if (advice != NULL)
		paragraph_print("  do", advice, stdout);
	return false;
}
