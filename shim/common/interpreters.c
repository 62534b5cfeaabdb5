/* SPDX-License-Identifier: MIT */
/*
 * See interpreters.h; docs/interpreters.md says which versions were run.
 */
#include "common/interpreters.h"

#include <stddef.h>

static const struct {
	enum language language;
	unsigned major, first_minor, last_minor;
} known[] = {
	{LANGUAGE_PYTHON, 3, 8, 14}, /* shim/stack/python_layout.c */
	{LANGUAGE_RUBY, 2, 7, 7},    {LANGUAGE_RUBY, 3, 0, 4},
	{LANGUAGE_PERL, 5, 24, 999},				/* offsets are found at run time */
	{LANGUAGE_PHP, 7, 0, 4},     {LANGUAGE_PHP, 8, 0, 999}, /* likewise */
};

bool interpreter_is_read(enum language language, unsigned major, unsigned minor)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].language == language && known[i].major == major &&
		    minor >= known[i].first_minor && minor <= known[i].last_minor)
			return true;
	return false;
}
