/* SPDX-License-Identifier: MIT */
/*
 * A stack as text.  See stack_text.h.
 *
 *     ==812==   => #2 load_user /srv/app.py:31
 *     ==812==      #14 mysql_real_query (libmariadb.so.3+0x1c4a0)
 *
 * Numbers count all frames, also those that are not shown, so that they mean the same at every
 * verbosity and in `forksan report`.
 */
#include "report/stack_text.h"

#include <stdbool.h>
#include <string.h>

#include "stack/culprit.h"
#include "options/options.h"

/* Frames shown at verbosity 0.  A request's way through gunicorn, Flask and SQLAlchemy has about 25
 * frames; the driver's own native ones are fewer than ten. */
#define SHOWN_INTERPRETER 24
#define SHOWN_NATIVE 12

#define SITE_BYTES 512
#define SYMBOL_BYTES 256

/* The last part of a module's path. */
static const char *base_of(const struct stack_frame *frame, size_t *len)
{
	const char *slash = memrchr(frame->module, '/', frame->module_len);
	const char *base = slash != NULL ? slash + 1 : frame->module;

	*len = frame->module_len - (size_t)(base - frame->module);
	return base;
}

/* The files that hold nothing but an interpreter: their frames say less than its own. */
static bool is_interpreter(const struct stack_frame *frame)
{
	static const char *const prefixes[] = {"python", "libpython", "ruby", "libruby",
					       "perl",	 "libperl",   "php",  "libphp"};
	const char *base;
	size_t len;

	if (frame->module == NULL)
		return false;
	base = base_of(frame, &len);
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		size_t prefix_len = strlen(prefixes[i]);

		if (len >= prefix_len && memcmp(base, prefixes[i], prefix_len) == 0)
			return true;
	}
	return false;
}

static void put_foreign(struct text *text, const char *bytes, size_t len)
{
	if (bytes != NULL)
		text_put_escaped(text, bytes, len);
	else
		text_put_char(text, '?');
}

static void put_place(struct text *text, const struct stack_frame *frame)
{
	put_foreign(text, frame->file, frame->file_len);
	text_put_char(text, ':');
	text_put_uint(text, frame->line);
}

static void put_module(struct text *text, const struct stack_frame *frame)
{
	const char *name = frame->module;
	size_t len = frame->module_len;

	if (name == NULL) {
		text_put_string(text, "unknown file");
		return;
	}
	if (options.verbosity < 2)
		name = base_of(frame, &len);
	put_foreign(text, name, len);
}

static void put_native(struct text *text, const struct stack_frame *frame)
{
	char symbol[SYMBOL_BYTES];
	bool named = stack_frame_symbol(frame, symbol, sizeof(symbol)) > 0;

	if (named) {
		put_foreign(text, symbol, strlen(symbol));
		text_put_string(text, " (");
	}
	put_module(text, frame);
	text_put_string(text, "+0x");
	text_put_hex(text, frame->offset);
	if (options.verbosity >= 2 && frame->build_id != NULL) {
		text_put_string(text, ", build-id ");
		text_put_hex_bytes(text, frame->build_id, frame->build_id_len);
	}
	if (named)
		text_put_char(text, ')');
}

static void put_frame(struct text *text, const struct stack_frame *frame)
{
	if (frame->language == LANGUAGE_NATIVE) {
		put_native(text, frame);
		return;
	}
	put_foreign(text, frame->function, frame->function_len);
	text_put_char(text, ' ');
	put_place(text, frame);
}

/* What is shown of a stack, so far. */
struct showing {
	char culprit[SITE_BYTES]; /* empty: none, or shown already */
	unsigned interpreter;
	unsigned native;
	unsigned left_out;
	unsigned native_end; /* frames from here on are outside of the interpreter: libc's, its
				host's */
};

/* True once: for the frame that culprit_find() chose. */
static bool take_culprit(struct showing *showing, const struct stack_frame *frame)
{
	char bytes[SITE_BYTES];
	struct text place;

	if (showing->culprit[0] == '\0' || frame->file == NULL)
		return false;
	text_init(&place, bytes, sizeof(bytes));
	text_put_bytes(&place, frame->file, frame->file_len);
	text_put_char(&place, ':');
	text_put_uint(&place, frame->line);
	if (place.truncated || strcmp(bytes, showing->culprit) != 0)
		return false;
	showing->culprit[0] = '\0';
	return true;
}

static bool is_shown(struct showing *showing, const struct stack_frame *frame, unsigned index)
{
	if (options.verbosity >= 1)
		return true;
	if (frame->language != LANGUAGE_NATIVE)
		return showing->interpreter++ < SHOWN_INTERPRETER;
	if (showing->interpreter > 0 && (is_interpreter(frame) || index >= showing->native_end))
		return false;
	return showing->native++ < SHOWN_NATIVE;
}

/* The outermost native frame of an interpreter; past the last frame when there is none. */
static unsigned find_native_end(const struct registry *registry, struct stack_id stack)
{
	unsigned count = stack_frame_count(registry, stack);
	struct stack_frame frame;

	for (unsigned i = count; i-- > 0;)
		if (stack_frame_at(registry, stack, i, &frame) &&
		    frame.language == LANGUAGE_NATIVE && is_interpreter(&frame))
			return i;
	return count;
}

static void put_remark(struct text *text, const char *prefix, uint64_t count, const char *remark)
{
	text_put_string(text, prefix);
	text_put_string(text, "     ");
	if (count > 0) {
		text_put_uint(text, count);
		text_put_char(text, ' ');
	}
	text_put_string(text, remark);
	text_put_char(text, '\n');
}

void report_put_stack(struct text *text, const char *prefix, const struct registry *registry,
		      struct stack_id stack)
{
	unsigned count = stack_frame_count(registry, stack);
	struct showing showing = {.native_end = find_native_end(registry, stack)};
	struct stack_frame frame;

	culprit_find(registry, stack, showing.culprit, sizeof(showing.culprit));
	for (unsigned i = 0; i < count && stack_frame_at(registry, stack, i, &frame); i++) {
		bool shown = is_shown(&showing, &frame, i);
		bool culprit = take_culprit(&showing, &frame);

		if (!shown && !culprit) {
			showing.left_out++;
			continue;
		}
		text_put_string(text, prefix);
		text_put_string(text, culprit ? "  => #" : "     #");
		text_put_uint(text, i);
		text_put_char(text, ' ');
		put_frame(text, &frame);
		text_put_char(text, '\n');
	}
	if (count == 0)
		put_remark(text, prefix, 0, "no stack was taken");
	if (showing.left_out > 0)
		put_remark(text, prefix, showing.left_out, "more (verbosity=1 shows them)");
	if (stack_is_truncated(registry, stack))
		put_remark(text, prefix, 0, "outer frames were left out");
}

/* True when libc's exit() is in the stack: what happens then is nobody's line of code, but a
 * destructor's. */
static bool is_at_exit(const struct registry *registry, struct stack_id stack)
{
	unsigned count = stack_frame_count(registry, stack);
	struct stack_frame frame;
	char symbol[SYMBOL_BYTES];

	for (unsigned i = 0; i < count && stack_frame_at(registry, stack, i, &frame); i++) {
		const char *base;
		size_t len;

		if (frame.module == NULL)
			continue;
		base = base_of(&frame, &len);
		if (len >= 5 && memcmp(base, "libc.", 5) == 0 &&
		    stack_frame_symbol(&frame, symbol, sizeof(symbol)) > 0 &&
		    strcmp(symbol, "exit") == 0)
			return true;
	}
	return false;
}

void report_put_site(struct text *text, const struct registry *registry, struct stack_id stack)
{
	char site[SITE_BYTES];
	struct stack_frame frame;

	if (culprit_find(registry, stack, site, sizeof(site))) {
		put_foreign(text, site, strlen(site));
		return;
	}
	if (is_at_exit(registry, stack))
		text_put_string(text, "exit, in ");
	if (stack_frame_at(registry, stack, 0, &frame) && frame.language != LANGUAGE_NATIVE)
		put_place(text, &frame);
	else if (culprit_find_native(registry, stack, &frame))
		put_native(text, &frame);
	else
		text_put_string(text, "an unknown place");
}
