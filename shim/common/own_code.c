/* SPDX-License-Identifier: MIT */
/*
 * See own_code.h.
 *
 * The rule is a list of path parts, from the layouts of Debian, pip, venv, pyenv, conda, RubyGems,
 * Bundler, CPAN, local::lib, Composer and PEAR.  It is one list for all languages: the parts of one
 * do not occur in the paths of another, and an application may run two.
 */
#include "common/own_code.h"

#include <string.h>

/* Parts of the paths of installed code. */
static const char *const given[] = {
	/* Python: PEP 370 and the sysconfig schemes; the standard library's own directory */
	"/site-packages/",
	"/dist-packages/",
	"/lib/python2.",
	"/lib/python3",
	"/lib64/python3",
	/* Ruby: Gem.path, RbConfig rubylibdir and vendordir */
	"/gems/",
	"/vendor_ruby/",
	"/site_ruby/",
	"/lib/ruby/",
	"/lib64/ruby/",
	/* Perl: Config privlib, archlib, vendorlib, sitelib, and local::lib */
	"/perl5/",
	"/lib/perl/",
	"/share/perl/",
	"/perl/5.",
	"/perl-base/",
	/* PHP: PEAR and Debian's php-* packages */
	"/share/php/",
	"/share/pear/",
	/* Composer, Bundler, and whoever else keeps others' code apart */
	"/vendor/",
	"/node_modules/",
};

/* Where launchers such as gunicorn, celery, unicorn and starman lie. */
static const char *const launchers[] = {"/bin/", "/sbin/"};

/* Code without a file: "<frozen importlib._bootstrap>", "<string>", "<internal:kernel>",
 * "(eval 12)", "-e", "[internal]". */
static bool has_no_file(const char *file, size_t len)
{
	return len == 0 || file[0] == '<' || file[0] == '(' || file[0] == '[' || file[0] == '-';
}

static bool is_given(const char *file, size_t len)
{
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++) {
		if (memmem(file, len, given[i], strlen(given[i])) != NULL)
			return true;
	}
	return false;
}

bool own_code_is_launcher(const char *file, size_t len)
{
	const char *base = memrchr(file, '/', len);

	if (base == NULL || memchr(base, '.', len - (size_t)(base - file)) != NULL ||
	    is_given(file, len))
		return false;
	for (size_t i = 0; i < sizeof(launchers) / sizeof(launchers[0]); i++) {
		size_t part = strlen(launchers[i]);

		if ((size_t)(base - file) + 1 >= part &&
		    memcmp(base + 1 - part, launchers[i], part) == 0)
			return true;
	}
	return false;
}

bool own_code_is_file(const char *file, size_t len)
{
	return !has_no_file(file, len) && !is_given(file, len) && !own_code_is_launcher(file, len);
}
