/* SPDX-License-Identifier: MIT */
/*
 * Packs interpreter frames (see struct registry_stack for the packing).
 *
 * A deep framework can bury the application below more frames than fit.  A reader needs the
 * application's innermost frame, so a part of the room is kept back until that frame has come.
 */
#include "stack/text.h"

#include <string.h>

#include "common/own_code.h"

#define FRAME_HEAD_BYTES 5 /* language, line */
#define MAX_FUNCTION_BYTES 160
#define MAX_FILE_BYTES 400
#define OWN_RESERVE_BYTES (FRAME_HEAD_BYTES + MAX_FUNCTION_BYTES + 1 + MAX_FILE_BYTES + 1)

static size_t put_string(char *out, const char *string, size_t len)
{
	/* A NUL inside would end the string for the reader and shift all that follows. */
	len = strnlen(string, len);
	memcpy(out, string, len);
	out[len] = '\0';
	return len + 1;
}

void stack_text_push(struct stack_text *text, enum language language, const char *function,
		     size_t function_len, const char *file, size_t file_len, uint32_t line)
{
	char *out = text->bytes + text->len_bytes;
	size_t room = sizeof(text->bytes) - text->len_bytes;
	size_t cut = 0;
	bool own;

	if (function_len > MAX_FUNCTION_BYTES)
		function_len = MAX_FUNCTION_BYTES;
	if (file_len > MAX_FILE_BYTES)
		cut = file_len - MAX_FILE_BYTES; /* the end of a path says more */
	file += cut;
	file_len -= cut;
	own = !text->has_own && own_code_is_file(file, file_len);
	if (!text->has_own && !own)
		room = room > OWN_RESERVE_BYTES ? room - OWN_RESERVE_BYTES : 0;
	if ((text->truncated && !own) ||
	    FRAME_HEAD_BYTES + function_len + 1 + file_len + 1 > room) {
		text->truncated = 1;
		return;
	}
	*out++ = (char)language;
	for (unsigned i = 0; i < 4; i++)
		*out++ = (char)(line >> 8 * i);
	out += put_string(out, function, function_len);
	out += put_string(out, file, file_len);
	text->len_bytes = (uint16_t)(out - text->bytes);
	text->count++;
	text->has_own = text->has_own || own;
}
