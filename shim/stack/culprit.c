/* SPDX-License-Identifier: MIT */
/*
 * See culprit.h; common/own_code.c has the paths.
 */
#include "stack/culprit.h"

#include <string.h>

#include "common/own_code.h"
#include "common/site_rule.h"
#include "base/text.h"

bool culprit_is_own_bytes(enum language language, const char *file, size_t len)
{
	return language != LANGUAGE_NATIVE && own_code_is_file(file, len);
}

bool culprit_is_own(enum language language, const char *file)
{
	return culprit_is_own_bytes(language, file, strlen(file));
}

static void write_place(const struct stack_frame *frame, char *out, size_t size)
{
	struct text text;
	char line[16];
	size_t file_len = frame->file_len;
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
	struct stack_frame frame;
	struct site_rule rule;
	uint32_t index;

	out[0] = '\0';
	site_rule_begin(&rule);
	for (unsigned i = 0; i < count && stack_frame_at(registry, id, i, &frame); i++) {
		if (frame.language == LANGUAGE_NATIVE)
			break;
		site_rule_add(&rule, i, frame.file, frame.file_len);
	}
	index = site_rule_choose(&rule, false, false);
	/* Any other frame is the interpreter's own library, or carries others. */
	if (index == SITE_NONE ||
	    (!site_rule_is_own(&rule, index) && index != rule.found[SITE_PACKAGE_OUTER]))
		return false;
	if (!stack_frame_at(registry, id, index, &frame))
		return false;
	write_place(&frame, out, size);
	return true;
}

bool culprit_find_native(const struct registry *registry, struct stack_id id,
			 struct stack_frame *out)
{
	unsigned count = stack_frame_count(registry, id);
	enum own_code_rank best = OWN_CODE_MACHINERY;
	struct stack_frame frame;
	bool found = false;

	for (unsigned i = 0; i < count && stack_frame_at(registry, id, i, &frame); i++) {
		enum own_code_rank rank;

		if (frame.language != LANGUAGE_NATIVE)
			continue;
		rank = frame.module != NULL ? own_code_rank_of(frame.module, frame.module_len)
					    : OWN_CODE_MACHINERY;
		if (found && rank >= best)
			continue;
		best = rank;
		*out = frame;
		found = true;
	}
	return found;
}
