/* SPDX-License-Identifier: MIT */
/*
 * See own_code.h.
 *
 * The rule is a list of path parts, from the layouts of Debian, pip, venv, pyenv, conda, RubyGems,
 * Bundler, CPAN, local::lib, Composer and PEAR.  One list serves all languages: the parts of one
 * language do not occur in the paths of another, and an application may run two.
 */
#include "common/own_code.h"

#include <string.h>

/* Parts of the paths of installed packages; the package's name follows. */
static const char *const packages[] = {
	/* Python: PEP 370 and the sysconfig schemes */
	"/site-packages/",
	"/dist-packages/",
	/* Ruby: Gem.path, RbConfig vendordir and sitedir */
	"/gems/",
	"/vendor_ruby/",
	"/site_ruby/",
	/* Perl: Config vendorlib, sitelib, and local::lib */
	"/perl5/",
	"/local/share/perl/",
	/* PHP: PEAR and Debian's php-* packages */
	"/share/php/",
	"/share/pear/",
	/* Composer, Bundler, and all others that keep foreign code apart */
	"/vendor/",
	"/node_modules/",
};

/* Parts of the paths of interpreters' own libraries, where no part of a package follows. */
static const char *const libraries[] = {
	"/lib/python2.",
	"/lib/python3",
	"/lib64/python3",
	/* RbConfig rubylibdir */
	"/lib/ruby/",
	"/lib64/ruby/",
	/* Perl: Config privlib, archlib */
	"/lib/perl/",
	"/share/perl/",
	"/perl/5.",
	"/perl-base/",
};

/* Carriers of applications, by the name of the package, gem, module or launcher.  A version may
 * follow. */
/* clang-format off */
static const char carriers[][20] = {
	/* Python */
	"gunicorn", "uwsgi", "uvicorn", "hypercorn", "waitress", "daphne", "cheroot", "cherrypy",
	"mod_wsgi", "celery", "billiard", "rq", "huey", "dramatiq", "eventlet", "gevent", "greenlet",
	"werkzeug", "flask", "django", "starlette", "fastapi", "asgiref", "tornado", "twisted",
	/* Ruby */
	"puma", "unicorn", "rack", "rackup", "thin", "passenger", "phusion_passenger", "falcon",
	"resque", "sidekiq", "parallel", "spring", "bundler", "rubygems", "railties", "actionpack",
	"sinatra",
	/* Perl */
	"starman", "Starman", "Starlet", "plackup", "Plack", "Net/Server", "HTTP/Server",
	"Mojolicious", "Mojo", "Dancer2", "Catalyst", "Parallel",
	/* PHP */
	"workerman", "amphp", "symfony/http-kernel", "laravel/framework",
};
/* clang-format on */

/* Where launchers such as gunicorn, celery, unicorn and starman lie. */
static const char *const launchers[] = {"/bin/", "/sbin/"};

/* Code without a file: "<frozen importlib._bootstrap>", "<string>", "<internal:kernel>",
 * "(eval 12)", "-e", "[internal]". */
static bool has_no_file(const char *file, size_t len)
{
	return len == 0 || file[0] == '<' || file[0] == '(' || file[0] == '[' || file[0] == '-';
}

/* The text behind the last of the parts in the path; NULL: the path has no such part. */
static const char *behind_last(const char *file, size_t len, const char *const *parts, size_t count)
{
	const char *last = NULL;

	for (size_t i = 0; i < count; i++) {
		size_t part = strlen(parts[i]);
		const char *at = file;

		while ((at = memmem(at, len - (size_t)(at - file), parts[i], part)) != NULL) {
			at += part;
			if (last == NULL || at > last)
				last = at;
			at--; /* the slash begins the next part, too */
		}
	}
	return last;
}

#define BEHIND_LAST(file, len, parts)                                                              \
	behind_last(file, len, parts, sizeof(parts) / sizeof((parts)[0]))

static bool is_given(const char *file, size_t len)
{
	return BEHIND_LAST(file, len, packages) != NULL ||
	       BEHIND_LAST(file, len, libraries) != NULL;
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

bool own_code_is_package(const char *file, size_t len)
{
	return !has_no_file(file, len) && BEHIND_LAST(file, len, packages) != NULL;
}

/* True when [name, name + len) is that of a carrier, alone or with a path, version or suffix
 * behind. */
static bool names_carrier(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++) {
		size_t carrier = strlen(carriers[i]);

		if (len >= carrier && memcmp(name, carriers[i], carrier) == 0 &&
		    (len == carrier || strchr("/.-", name[carrier]) != NULL))
			return true;
	}
	return false;
}

bool own_code_is_carrier(const char *file, size_t len)
{
	const char *name = own_code_is_launcher(file, len)
				   ? (const char *)memrchr(file, '/', len) + 1
				   : BEHIND_LAST(file, len, packages);

	return name != NULL && names_carrier(name, len - (size_t)(name - file));
}

/* --- native frames ------------------------------------------------------------------------- */

static bool begins_with_one_of(const char *text, size_t len, const char *const *beginnings,
			       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t beginning = strlen(beginnings[i]);

		if (len >= beginning && memcmp(text, beginnings[i], beginning) == 0)
			return true;
	}
	return false;
}

#define BEGINS_WITH(text, len, list)                                                               \
	begins_with_one_of(text, len, list, sizeof(list) / sizeof((list)[0]))

static bool has(const char *text, size_t len, const char *part)
{
	return memmem(text, len, part, strlen(part)) != NULL;
}

bool own_code_is_go_library(const char *function)
{
	/* Packages by import path: those in Go's src directory that a call on a connection passes.
	 */
	static const char *const prefixes[] = {
		"syscall.", "runtime.",	 "runtime/", "internal/", "net.",
		"net/",	    "os.",	 "os/",	     "io.",	  "bufio.",
		"crypto/",  "database/", "sync.",    "context.",  "vendor/golang.org/",
	};

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (strncmp(function, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

enum own_code_rank own_code_rank_of(const char *module, size_t len)
{
	static const char *const system_directories[] = {"/usr/lib", "/lib", "/usr/local/lib",
							 "/opt/lib"};
	static const char *const machinery[] = {"libc.so",     "libc-2.", "libpthread", "ld-linux",
						"libforksan.", "[vdso]",  "linux-vdso", "ld-musl"};
	static const char *const interpreters[] = {"python", "libpython", "ruby", "libruby",
						   "perl",   "libperl",	  "php",  "libphp"};
	const char *slash = memrchr(module, '/', len);
	const char *base = slash != NULL ? slash + 1 : module;
	size_t base_len = len - (size_t)(base - module);
	bool is_program = has(module, len, "/bin/") || has(module, len, "/sbin/");
	bool is_library = base_len >= 3 && memcmp(base, "lib", 3) == 0;

	if (base_len == 0 || BEGINS_WITH(base, base_len, machinery))
		return OWN_CODE_MACHINERY;
	if (BEGINS_WITH(base, base_len, interpreters) && (is_program || is_library))
		return OWN_CODE_INTERPRETER;
	if (BEGINS_WITH(module, len, system_directories) || has(module, len, "-packages/") ||
	    has(module, len, "/gems/"))
		return OWN_CODE_LIBRARY;
	if (is_program)
		return OWN_CODE_PROGRAM;
	return is_library && has(base, base_len, ".so") ? OWN_CODE_LIBRARY : OWN_CODE_MODULE;
}
