/* SPDX-License-Identifier: MIT */
/*
 * The site of a stack: the one frame that a reader mends.  Library and tool use this rule, so that
 * a log names the frame that a report shows.
 *
 *   1. the application's own innermost frame of an interpreter;
 *   2. of a fork, else an installed package's innermost frame (gunicorn's arbiter, say); of an
 * opening or a use, else a script of the user's in a bin directory, else the outermost frame of a
 * package that carries nothing else (an agent's thread, say, that connects through three
 * libraries);
 *   3. else the launcher, else the interpreter's innermost frame with a file, else its innermost;
 *   4. without an interpreter's frame the innermost of the application's own program or library,
 *      outside of Go's own packages;
 *   5. else, of a use while the process ends, the innermost library function with a name, else the
 *      outermost library: a destructor;
 *   6. else an installed program's function, else a library's, with a name if there is one, else
 * the interpreter itself.
 *
 * Pure; no allocation.  Add the frames from the innermost outward, then choose.
 */
#ifndef FORKSAN_COMMON_SITE_RULE_H
#define FORKSAN_COMMON_SITE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* No frame. */
#define SITE_NONE UINT32_MAX

/* Frames that may be the site; each is the first of its sort that was added, but for OUTER ones. */
enum site_candidate {
	SITE_OWN,
	SITE_PACKAGE,
	SITE_PACKAGE_OUTER, /* outermost, of no carrier */
	SITE_LAUNCHER,
	SITE_WITH_FILE,
	SITE_INTERPRETED,
	SITE_MODULE, /* native ones from here on */
	SITE_PROGRAM_NAMED,
	SITE_LIBRARY_NAMED,
	SITE_PROGRAM,
	SITE_LIBRARY,
	SITE_LIBRARY_OUTER,
	SITE_INTERPRETER,
	SITE_CANDIDATES,
};

struct site_rule {
	uint32_t found[SITE_CANDIDATES]; /* SITE_NONE: none */
	uint32_t own_outer;		 /* the application's own, outermost */
	bool launcher_carries;		 /* the launcher is an application server's */
};

void site_rule_begin(struct site_rule *rule);

/* Adds the interpreter's frame number `index`; `file` NULL: not known. */
void site_rule_add(struct site_rule *rule, uint32_t index, const char *file, size_t len);

/* True when site_rule_add_native() has to know whether the frame has a name; finding names costs.
 */
bool site_rule_wants_name(const struct site_rule *rule, const char *module, size_t len);

/* Adds a native frame; `module`, `name` NULL: not known. */
void site_rule_add_native(struct site_rule *rule, uint32_t index, const char *module, size_t len,
			  const char *name);

/* Returns the number of the site's frame; SITE_NONE: the stack has none.  `at_exit`: a use while
 * the process ends. */
uint32_t site_rule_choose(const struct site_rule *rule, bool is_fork, bool at_exit);

/* True when the frame with that number is the application's own. */
bool site_rule_is_own(const struct site_rule *rule, uint32_t index);

/* True for a function by which libc or an interpreter ends a process. */
bool site_rule_ends_process(const char *function);

#endif
