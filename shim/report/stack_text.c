/* SPDX-License-Identifier: MIT */
/*
 * A stack as text.  See stack_text.h.
 *
 *     ==812==   => #2 load_user /srv/app.py:31
 *     ==812==      #14 mysql_real_query (libmariadb.so.3+0x1c4a0)
 *
 * Numbers count all frames, also hidden ones, so that a number means the same frame at every
 * verbosity and in `forksan report`.
 */
#include "report/stack_text.h"

#include <stdbool.h>
#include <string.h>

#include "stack/culprit.h"
#include "options/options.h"
#include "report/site.h"

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

static void put_module(struct text *text, const struct stack_frame *frame, bool whole)
{
	const char *name = frame->module;
	size_t len = frame->module_len;

	if (name == NULL) {
		text_put_string(text, "unknown file");
		return;
	}
	if (!whole)
		name = base_of(frame, &len);
	put_foreign(text, name, len);
}

/* `whole`: with the file's path and build-id. */
static void put_native(struct text *text, const struct stack_frame *frame, bool whole)
{
	char symbol[SYMBOL_BYTES];
	bool named = stack_frame_symbol(frame, symbol, sizeof(symbol)) > 0;

	if (named) {
		put_foreign(text, symbol, strlen(symbol));
		text_put_string(text, " (");
	}
	put_module(text, frame, whole);
	text_put_string(text, "+0x");
	text_put_hex(text, frame->offset);
	if (whole && frame->build_id != NULL) {
		text_put_string(text, ", build-id ");
		text_put_hex_bytes(text, frame->build_id, frame->build_id_len);
	}
	if (named)
		text_put_char(text, ')');
}

static void put_frame(struct text *text, const struct stack_frame *frame)
{
	if (frame->language == LANGUAGE_NATIVE) {
		put_native(text, frame, options.verbosity >= 2);
		return;
	}
	put_foreign(text, frame->function, frame->function_len);
	text_put_char(text, ' ');
	put_place(text, frame);
}

/* True for the frame that culprit_find() chose: `site` is empty afterwards. */
static bool take_culprit(char *site, const struct stack_frame *frame)
{
	char bytes[SITE_BYTES];
	struct text place;

	if (site[0] == '\0' || frame->file == NULL)
		return false;
	text_init(&place, bytes, sizeof(bytes));
	text_put_bytes(&place, frame->file, frame->file_len);
	text_put_char(&place, ':');
	text_put_uint(&place, frame->line);
	if (place.truncated || strcmp(bytes, site) != 0)
		return false;
	site[0] = '\0';
	return true;
}

static void put_remark(struct text *text, const char *prefix, const char *remark)
{
	text_put_string(text, prefix);
	text_put_string(text, "     ");
	text_put_string(text, remark);
	text_put_char(text, '\n');
}

void report_put_stack(struct text *text, const char *prefix, const struct registry *registry,
		      struct stack_id stack)
{
	unsigned count = stack_frame_count(registry, stack);
	char culprit[SITE_BYTES];
	struct stack_frame frame;

	culprit_find(registry, stack, culprit, sizeof(culprit));
	for (unsigned i = 0; i < count && stack_frame_at(registry, stack, i, &frame); i++) {
		text_put_string(text, prefix);
		text_put_string(text, take_culprit(culprit, &frame) ? "  => #" : "     #");
		text_put_uint(text, i);
		text_put_char(text, ' ');
		put_frame(text, &frame);
		text_put_char(text, '\n');
	}
	if (count == 0)
		put_remark(text, prefix, "no stack was taken");
	if (stack_is_truncated(registry, stack))
		put_remark(text, prefix, "outer frames were left out");
	if (stack_is_late(registry, stack))
		put_remark(text, prefix, "read after the call: may be of later");
}

bool report_put_site(struct text *text, const struct registry *registry, struct stack_id stack,
		     enum site_event event)
{
	struct site site = site_find(registry, stack, event);
	struct stack_frame frame;

	if (site.frame == SITE_NONE || !stack_frame_at(registry, stack, site.frame, &frame)) {
		text_put_string(text, "an unknown place");
		return false;
	}
	if (site.at_exit)
		text_put_string(text, "exit, in ");
	if (frame.language == LANGUAGE_NATIVE)
		put_native(text, &frame, false);
	else
		put_place(text, &frame);
	return true;
}

/* Puts "/srv/app/db.py:12 connect"; code of a module has no function worth a name. */
static void put_place_and_function(struct text *text, const struct stack_frame *frame)
{
	if (frame->language == LANGUAGE_NATIVE) {
		put_native(text, frame, false);
		return;
	}
	put_place(text, frame);
	if (frame->function == NULL || frame->function_len == 0 || frame->function[0] == '<')
		return;
	text_put_char(text, ' ');
	put_foreign(text, frame->function, frame->function_len);
}

void report_put_way(struct text *text, const struct registry *registry, struct stack_id stack,
		    enum site_event event)
{
	struct site site = site_find(registry, stack, event);
	struct stack_frame frame;

	if (site.frame == SITE_NONE || !stack_frame_at(registry, stack, site.frame, &frame)) {
		text_put_string(text, "an unknown place");
		return;
	}
	if (site.at_exit)
		text_put_string(text, "at exit, in ");
	put_place_and_function(text, &frame);
	if (site.own_outer == SITE_NONE || site.own_outer == site.frame ||
	    !stack_frame_at(registry, stack, site.own_outer, &frame))
		return;
	text_put_string(text, ", from ");
	put_place_and_function(text, &frame);
}
