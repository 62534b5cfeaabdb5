/* SPDX-License-Identifier: MIT */
/*
 * Tells an application's own source files from those it was given.  See culprit.h.
 *
 * The rule is a list of path parts, from the layouts of Debian, pip, venv, pyenv, conda, RubyGems,
 * Bundler, CPAN, local::lib, Composer and PEAR.  It is one list for all languages: the parts of one
 * do not occur in the paths of another, and an application may run two.
 */
#include "stack/culprit.h"

#include <string.h>

#include "base/text.h"

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

/* Where launchers such as gunicorn, celery, unicorn and starman lie: own only when nothing else is.
 */
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

bool culprit_is_own_bytes(enum language language, const char *file, size_t len)
{
	return language != LANGUAGE_NATIVE && !has_no_file(file, len) && !is_given(file, len) &&
	       !culprit_is_launcher(file, len);
}

bool culprit_is_own(enum language language, const char *file)
{
	return culprit_is_own_bytes(language, file, strlen(file));
}

/* A file in a bin directory, without a suffix, and not a part of an installed package. */
bool culprit_is_launcher(const char *file, size_t len)
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

static void write_place(const struct stack_frame *frame, char *out, size_t size)
{
	struct text text;
	char line[16];
	size_t file_len = strlen(frame->file);
	size_t line_len;

	text_init(&text, line, sizeof(line));
	text_put_char(&text, ':');
	text_put_uint(&text, frame->line);
	line_len = text.len;
	text_init(&text, out, size);
	if (file_len + line_len + 1 > size) {
		size_t cut = file_len + line_len + 1 - size;

		cut = cut < file_len ? cut : file_len;
		text_put_bytes(&text, frame->file + cut, file_len - cut);
	} else {
		text_put_bytes(&text, frame->file, file_len);
	}
	text_put_bytes(&text, line, line_len);
}

bool culprit_find(const struct registry *registry, struct stack_id id, char *out, size_t size)
{
	unsigned count = stack_frame_count(registry, id);
	struct stack_frame launcher = {.file = NULL};
	struct stack_frame frame;

	out[0] = '\0';
	for (unsigned i = 0; i < count && stack_frame_at(registry, id, i, &frame); i++) {
		if (frame.language == LANGUAGE_NATIVE)
			break;
		if (frame.file == NULL)
			continue;
		if (culprit_is_own(frame.language, frame.file)) {
			write_place(&frame, out, size);
			return true;
		}
		if (launcher.file == NULL && culprit_is_launcher(frame.file, strlen(frame.file)))
			launcher = frame;
	}
	if (launcher.file == NULL)
		return false;
	write_place(&launcher, out, size);
	return true;
}
