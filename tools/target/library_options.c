/* SPDX-License-Identifier: MIT */
/* See library_options.h. */
#include "target/library_options.h"

#include <string.h>

#include "base/cli.h"
#include "options/options.h"

/* Of the text that is being read. */
static const char *reading_verb, *reading_prefix;
static bool is_accepted;

static void refuse(const char *warning)
{
	cli_error(reading_verb, "%s%s", reading_prefix, warning + strlen(OPTIONS_WARNING));
	is_accepted = false;
}

bool library_accepts(const char *verb, const char *prefix, const char *text)
{
	reading_verb = verb;
	reading_prefix = prefix;
	is_accepted = true;
	options_parse(text, refuse);
	return is_accepted;
}
