/* SPDX-License-Identifier: MIT */
/*
 * shim/common/suppression.c: the words of an entry, and shell patterns.
 */
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/suppression.h"

static bool fits(const char *pattern, const char *text)
{
	return suppression_pattern_fits(span_from(pattern), span_from(text));
}

/* libc's fnmatch() is the authority; the library cannot use it, since it may allocate. */
static void patterns_are_a_shell_s(void **state)
{
	static const char *const patterns[] = {
		"",	 "*",	   "a",	    "a*",    "*a",	  "*a*b*",  "a?c",
		"[abc]", "[!abc]", "[a-c]", "[]]",   "[!]]",	  "[]-a]",  "[a-]",
		"[^a]*", "\\*",	   "[\\]]", "*/b/*", "a**b",	  "*ab*ab", "[a-c]*",
		"??",	 "[!a-c]", "a[",    "[]",    "x[a-c]?*z", "*.so.?",
	};
	static const char *const texts[] = {
		"",	 "a",  "b",  "c",   "d",   "]",	   "[",	     "^",	    "-",
		"*",	 "ab", "ac", "abc", "axc", "abab", "ababab", "/a/b/c.so.6", ".a/b",
		"xbqqz", "a[", "[]", "ba",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
		for (size_t k = 0; k < sizeof(texts) / sizeof(texts[0]); k++)
			if (fits(patterns[i], texts[k]) != (fnmatch(patterns[i], texts[k], 0) == 0))
				fail_msg("\"%s\" and \"%s\"", patterns[i], texts[k]);
}

static bool ask(void *finding, enum suppression_word word, struct span pattern)
{
	const char *const *values = finding;

	return suppression_pattern_fits(pattern, span_from(values[word]));
}

static void every_word_of_an_entry_must_fit(void **state)
{
	const char *finding[SUPPRESSION_WORDS] = {
		[SUPPRESSION_KIND] = "shared-use",
		[SUPPRESSION_PROTOCOL] = "Redis",
		[SUPPRESSION_CLASS] = "cache",
		[SUPPRESSION_PEER] = "127.0.0.1:6379",
		[SUPPRESSION_FUNCTION] = "open(int, char)",
		[SUPPRESSION_FILE] = "/srv/app.py",
		[SUPPRESSION_MODULE] = "/usr/lib/libc.so.6",
		[SUPPRESSION_FINGERPRINT] = "4833da6c00000001",
	};

	(void)state;
	assert_true(suppression_fits("kind:*", ask, finding));
	assert_true(
		suppression_fits("kind:shared-use peer:127.*:6379\t class:cache", ask, finding));
	assert_true(suppression_fits("function:\"open(int, char)\" file:*/app.py", ask, finding));
	assert_true(suppression_fits("fingerprint:4833da6c* module:*/libc.so.?\r", ask, finding));
	assert_false(suppression_fits("kind:shared-use class:broker", ask, finding));
	assert_false(suppression_fits("kind:shared", ask, finding));
	/* No word that fits makes up for one that is none. */
	assert_false(suppression_fits("kind:shared-use knd:x", ask, finding));
}

static void assert_fault(const char *entry, const char *found, const char *meant)
{
	const char *guess = NULL;
	struct span fault;

	assert_false(suppression_is_good(entry, &fault, &guess));
	assert_true(span_is(fault, found));
	if (meant != NULL)
		assert_string_equal(guess, meant);
	else
		assert_null(guess);
}

static void a_wrong_word_is_named(void **state)
{
	char longest[5 + SUPPRESSION_PATTERN_BYTES + 1] = "kind:";
	const char *guess;
	struct span fault;

	(void)state;
	assert_fault("knd:x", "knd:x", "kind");
	assert_fault("kind:x shared-use", "shared-use", NULL);
	assert_fault("kind:", "", NULL);
	assert_fault("function:\"open", "open", NULL);
	memset(longest + 5, 'x', SUPPRESSION_PATTERN_BYTES);
	assert_fault(longest, longest + 5, NULL);
	longest[5 + SUPPRESSION_PATTERN_BYTES - 1] = '\0';
	assert_true(suppression_is_good(longest, &fault, &guess));
	assert_null(suppression_of_line(" \t\r"));
	assert_null(suppression_of_line("  # kind:*"));
	assert_string_equal(suppression_of_line("  kind:*"), "kind:*");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_a_shell_s),
		cmocka_unit_test(every_word_of_an_entry_must_fit),
		cmocka_unit_test(a_wrong_word_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
