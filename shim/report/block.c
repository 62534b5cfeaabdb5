/* SPDX-License-Identifier: MIT */
/*
 * Lines behind ==PID==.  See block.h.
 */
#include "report/block.h"

#include <string.h>

#define LABEL_COLUMN 12 /* counted from behind the prefix and two blanks */

void block_init(struct block *block, char *bytes, size_t size, pid_t pid)
{
	struct text prefix;

	text_init(&prefix, block->prefix, sizeof(block->prefix));
	text_put_string(&prefix, "==");
	text_put_int(&prefix, pid);
	text_put_string(&prefix, "== ");
	text_init(&block->text, bytes, size);
}

void block_begin_line(struct block *block)
{
	text_put_string(&block->text, block->prefix);
}

void block_end_line(struct block *block)
{
	text_put_char(&block->text, '\n');
}

void block_begin_field(struct block *block, const char *label)
{
	size_t start;

	block_begin_line(block);
	text_put_string(&block->text, "  ");
	start = block->text.len;
	text_put_string(&block->text, label);
	text_pad_to(&block->text, start, LABEL_COLUMN);
}

void block_put_empty_line(struct block *block)
{
	text_put_bytes(&block->text, block->prefix, strlen(block->prefix) - 1);
	block_end_line(block);
}
