/* SPDX-License-Identifier: MIT */
/*
 * See progress.h.
 */
#include "base/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/escape.h"
#include "base/now.h"
#include "base/paragraph.h"

#define FIRST_MS 1000
#define BETWEEN_MS 250
#define NAME_BYTES 40

void progress_begin(struct progress *progress)
{
	*progress = (struct progress){
		.shows = isatty(STDERR_FILENO) == 1,
		.next_ms = now_ms() + FIRST_MS,
	};
}

void progress_show(struct progress *progress, const char *name, uint64_t bytes, uint64_t size)
{
	char clean[ESCAPED_BYTES(NAME_BYTES)];
	size_t len = strlen(name);
	uint64_t now;

	if (!progress->shows || (now = now_ms()) < progress->next_ms)
		return;
	progress->next_ms = now + BETWEEN_MS;
	progress->drawn = true;
	escape_text(len < NAME_BYTES ? name : name + len - NAME_BYTES + 1, clean, sizeof clean);
	fprintf(stderr, "\r%s: %" PRIu64 " MB read", clean, bytes / 1000000);
	if (size > 0)
		fprintf(stderr, ", %" PRIu64 " %%", bytes >= size ? 100 : bytes * 100 / size);
	fputs("   ", stderr);
	fflush(stderr);
}

void progress_clear(struct progress *progress)
{
	if (!progress->drawn)
		return;
	fprintf(stderr, "\r%*s\r", PARAGRAPH_COLUMNS - 1, "");
	progress->drawn = false;
}
