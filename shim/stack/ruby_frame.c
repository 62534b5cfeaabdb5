/* SPDX-License-Identifier: MIT */
/* Ruby's objects, read as data.  See ruby_frame.h. */
#include "stack/ruby_frame.h"

/* struct RBasic: flags, klass.  Flag bits: include/ruby/internal/value_type.h, fl_type.h;
 * internal/imemo.h. */
#define TYPE_MASK 0x1f
#define TYPE_STRING 0x05
#define TYPE_IMEMO 0x1a
#define USER_SHIFT 12
#define IMEMO_MASK 0xf
#define IMEMO_METHOD_ENTRY 6
#define IMEMO_ISEQ 7
#define STRING_NO_EMBED (1u << (USER_SHIFT + 1))
#define EMBED_LEN_SHIFT (USER_SHIFT + 2)
#define EMBED_LEN_MASK 0x1f

/* struct RString: up to 3.1 the length of a short string is in its flags and the bytes follow the
 * header; since 3.2 the length always comes first (variable width allocation). */
#define STRING_LEN 16
#define STRING_SHORT_BYTES_OLD 16
#define STRING_BYTES 24 /* or the pointer to the bytes */

size_t ruby_frame_string(struct peek *peek, const struct ruby *ruby, uint64_t object, char *out,
			 size_t size)
{
	uint64_t flags, len = 0;
	uintptr_t bytes = 0;

	/* small numbers, symbols, nil and the like are no addresses: all have a low bit set, or are
	 * below the first page */
	if ((object & 7) != 0 || !peek_u64(peek, object, &flags) ||
	    (flags & TYPE_MASK) != TYPE_STRING)
		return 0;
	if (ruby->short_len_in_flags && (flags & STRING_NO_EMBED) == 0) {
		len = flags >> EMBED_LEN_SHIFT & EMBED_LEN_MASK;
		bytes = object + STRING_SHORT_BYTES_OLD;
	} else {
		if (!peek_u64(peek, object + STRING_LEN, &len))
			return 0;
		bytes = object + STRING_BYTES;
		if ((flags & STRING_NO_EMBED) != 0 && !peek_pointer(peek, bytes, &bytes))
			return 0;
	}
	if (len > size - 1) { /* the end of a path says more */
		bytes += len - (size - 1);
		len = size - 1;
	}
	return peek_copy(peek, bytes, out, len) ? len : 0;
}

/* The kind of an internal object, IMEMO_...; -1: `object` is no internal object. */
static int read_kind(struct peek *peek, uint64_t object)
{
	uint64_t flags;

	if ((object & 7) != 0 || !peek_u64(peek, object, &flags) ||
	    (flags & TYPE_MASK) != TYPE_IMEMO)
		return -1;
	return (int)(flags >> USER_SHIFT & IMEMO_MASK);
}

bool ruby_frame_is_iseq(struct peek *peek, uint64_t frame)
{
	return read_kind(peek, frame) == IMEMO_ISEQ;
}

/* True for a frame that Ruby's functions take without ending the process. */
bool ruby_frame_is_safe(struct peek *peek, uint64_t frame)
{
	int kind = read_kind(peek, frame);

	return kind == IMEMO_METHOD_ENTRY || kind == IMEMO_ISEQ;
}

/* The file of a frame: absolute where it has such a path (code from eval has none).  A function
 * written in C has no path at all, and ruby->absolute_path() is not called, since that would make a
 * string. */
static size_t read_file(struct peek *peek, const struct ruby *ruby, uint64_t frame, char *out,
			size_t size)
{
	size_t given = ruby_frame_string(peek, ruby, ruby->path(frame), out, size);
	size_t absolute;

	if (given == 0)
		return 0;
	absolute = ruby_frame_string(peek, ruby, ruby->absolute_path(frame), out, size);
	return absolute != 0 ? absolute : given;
}

bool ruby_frame_push(struct stack_capture *capture, const struct ruby *ruby, uint64_t frame,
		     uint32_t line)
{
	struct peek *peek = &capture->peek;
	size_t file_len = read_file(peek, ruby, frame, capture->file, sizeof(capture->file));
	size_t label_len;

	if (file_len == 0)
		return true;
	label_len = ruby_frame_string(peek, ruby, ruby->label(frame), capture->function,
				      sizeof(capture->function));
	stack_push(capture, LANGUAGE_RUBY, label_len, file_len, line);
	return !capture->text.truncated || !capture->text.has_own;
}
