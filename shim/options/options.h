/* SPDX-License-Identifier: MIT */
/*
 * FORKSAN_OPTIONS="key=value:key=value", parsed once in the constructor.  options.def lists the
 * keys, common/option_text.h has the grammar.  An unknown key or a bad value is one line on stderr
 * with the wrong text, the expected one and the closest valid key; the host runs on as without the
 * entry.
 */
#ifndef FORKSAN_SHIM_OPTIONS_H
#define FORKSAN_SHIM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "forksan/limits.h"
#include "forksan/protocols.h"

/* The action on a violation.  X(identifier, name) */
#define FORKSAN_MODES(X)                                                                           \
	X(MODE_WARN, "warn")                                                                       \
	X(MODE_STRICT, "strict")                                                                   \
	X(MODE_ISOLATE, "isolate")

#define MODE_ID(id, name) id,
enum option_mode { FORKSAN_MODES(MODE_ID) MODE_COUNT };
#undef MODE_ID

struct options {
	enum option_mode mode;
	bool dry_run; /* isolate mode: says what it would do, and does nothing */
	bool help;
	bool payload;
	int exitcode;
	int verbosity;
	uint32_t watch; /* bit for each enum connection_class */
	char log_path[FORKSAN_PATH_BYTES];
	char ignore[FORKSAN_LIST_BYTES];
	char session[32];
	char labels[FORKSAN_LIST_BYTES];
	char suppressions[FORKSAN_PATH_BYTES];
	int summary_interval_s;
	uint64_t log_max_size; /* bytes; 0: no limit */
	/* The whole text as given, NULL for none; the environment's, so for the constructor alone.
	 */
	const char *text;
};

/* Constant after options_parse(). */
extern FORKSAN_HIDDEN struct options options;

/* The first words of each warning, behind which the entry stands. */
#define OPTIONS_WARNING "FORKSAN_OPTIONS: "

/* Sets the defaults and reads `text` (NULL: nothing) into `options`.  Each mistake voids its own
 * entry, and `warn` gets one line without newline.  Pure but for `options`; no allocation. */
void options_parse(const char *text, void (*warn)(const char *line));

/* True when a process that breaks the rule is cut off from the connection. */
static inline bool options_isolate(void)
{
	return options.mode == MODE_ISOLATE && !options.dry_run;
}

/* True when a use is judged before its bytes move, and may be kept from moving them. */
static inline bool options_judge_first(void)
{
	return options.mode == MODE_STRICT || options_isolate();
}

/* Returns the name of options.mode: "warn", "strict", "isolate". */
const char *options_mode_name(void);

/* Writes the list of help=1 to `out`, at most `size` bytes and a NUL; returns the length. */
size_t options_help(char *out, size_t size);

/* True when ignore= matches the connection: by a class name, a protocol name, a port, an address or
 * a range (10.0.0.0/8), address:port or a unix path; `*` matches any run of characters. */
bool options_ignores(enum protocol protocol, const char *peer_text);

#endif
