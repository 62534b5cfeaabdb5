/* SPDX-License-Identifier: MIT */
/*
 * See suppress.h.  The entries lie in one anonymous mapping, shared with the children of forks,
 * which is made in a program that has the option alone.
 */
#include "report/suppress.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/address.h"
#include "base/compiler.h"
#include "base/sys.h"
#include "base/text.h"
#include "common/fingerprint.h"
#include "common/names.h"
#include "common/suppression.h"
#include "forksan/atomics.h"
#include "options/options.h"
#include "report/site.h"
#include "report/write.h"
#include "report/write_parts.h"
#include "stack/stack.h"
#include "wire/wire.h"

#define FILE_BYTES 65536
#define MAX_ENTRIES 1024
#define MAX_WARNINGS 8
#define WARNING_BYTES 500 /* as long as report_warn() takes */
#define SYMBOL_BYTES 256
#define SHOWN_BYTES 64
#define REMEMBERED 64 /* a power of two */

struct entry {
	const char *text;
	unsigned line;
	_Atomic uint32_t used;
};

struct table {
	struct entry entries[MAX_ENTRIES];
	char text[FILE_BYTES + 2]; /* a NUL in the place of each newline, and one at the end */
};

FORKSAN_AT_START static struct table *table; /* NULL: no entries */
FORKSAN_AT_START static unsigned entry_count;
FORKSAN_AT_START static unsigned left_out; /* good entries for which there was no room */
FORKSAN_AT_START static bool incomplete;

/* Of suppress_start(). */
static void (*warn)(const char *line);

static const char expected_file[] = "expected a regular file of at most 64 KiB";

/* --- reading ------------------------------------------------------------------------------- */

/* "suppressions=FILE:LINE: "; line 0: the file. */
static void begin_warning(struct text *text, char bytes[WARNING_BYTES], unsigned line)
{
	size_t len = strlen(options.suppressions);

	text_init(text, bytes, WARNING_BYTES);
	text_put_string(text, "suppressions=");
	/* The end says which file it is. */
	if (len > 256)
		text_put_string(text, "...");
	text_put_escaped(text, options.suppressions + (len > 256 ? len - 256 : 0),
			 len > 256 ? 256 : len);
	if (line > 0) {
		text_put_char(text, ':');
		text_put_uint(text, line);
	}
	text_put_string(text, ": ");
}

static void warn_of_file(const char *fault, long error)
{
	char bytes[WARNING_BYTES];
	struct text text;

	incomplete = true;
	begin_warning(&text, bytes, 0);
	text_put_string(&text, fault);
	if (error < 0) {
		text_put_string(&text, " (errno ");
		text_put_int(&text, -error);
		text_put_char(&text, ')');
	}
	text_put_string(&text, "; nothing is suppressed");
	warn(bytes);
}

static void warn_of_line(unsigned line, struct span found, const char *guess)
{
	static unsigned warnings;
	char bytes[WARNING_BYTES];
	struct text text;

	incomplete = true;
	if (++warnings > MAX_WARNINGS)
		return;
	begin_warning(&text, bytes, line);
	text_put_string(&text, "expected WHAT:PATTERN, found ");
	text_put_escaped(&text, found.start, found.len < SHOWN_BYTES ? found.len : SHOWN_BYTES);
	if (guess) {
		text_put_string(&text, "; did you mean ");
		text_put_string(&text, guess);
		text_put_string(&text, ":?");
	}
	if (warnings == MAX_WARNINGS)
		text_put_string(&text, " (further lines are not shown)");
	warn(bytes);
}

/* Opens the file and returns its descriptor; negative after a warning.  Links are followed: the
 * file is only read, and a file of a Kubernetes ConfigMap is a link. */
static int open_file(void)
{
	long fd = sys_open(options.suppressions, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, 0);
	struct stat stat;

	if (fd == -ENOENT)
		warn_of_file("no such file", 0);
	else if (fd < 0)
		warn_of_file("it cannot be opened", fd);
	if (fd < 0)
		return -1;
	if (sys_fstat((int)fd, &stat) == 0 && S_ISREG(stat.st_mode) && stat.st_size <= FILE_BYTES)
		return (int)fd;
	warn_of_file(expected_file, 0);
	sys_close((int)fd);
	return -1;
}

/* Fills table->text.  Returns the length, or -errno. */
static long read_text(int fd)
{
	size_t len = 0;

	/* One byte more: the file may have grown, and a line cut short fits more. */
	while (len <= FILE_BYTES) {
		long result = sys_read(fd, table->text + len, FILE_BYTES + 1 - len);

		if (result == -EINTR)
			continue;
		if (result < 0)
			return result;
		if (result == 0)
			break;
		len += (size_t)result;
	}
	return (long)len;
}

static void add_line(char *line, size_t len, unsigned number)
{
	const char *entry, *guess = NULL;
	struct span fault;

	line[len] = '\0';
	/* A NUL would cut an entry short, and the shorter one fits more. */
	if (strlen(line) < len) {
		warn_of_line(number, (struct span){"a NUL byte", sizeof "a NUL byte" - 1}, NULL);
		return;
	}
	entry = suppression_of_line(line);
	if (entry == NULL)
		return;
	if (!suppression_is_good(entry, &fault, &guess))
		warn_of_line(number, fault, guess);
	else if (entry_count == MAX_ENTRIES)
		left_out++;
	else
		table->entries[entry_count++] = (struct entry){.text = entry, .line = number};
}

static void add_lines(size_t len)
{
	char bytes[WARNING_BYTES];
	unsigned number = 0;
	struct text text;

	for (size_t start = 0; start < len;) {
		char *line = table->text + start;
		const char *end = memchr(line, '\n', len - start);
		size_t line_len = end ? (size_t)(end - line) : len - start;

		add_line(line, line_len, ++number);
		start += line_len + 1;
	}
	if (left_out == 0)
		return;
	incomplete = true;
	begin_warning(&text, bytes, 0);
	text_put_string(&text, "the entries after the 1024th are not used: ");
	text_put_uint(&text, left_out);
	warn(bytes);
}

void suppress_start(void (*warn_)(const char *line))
{
	long pages, len;
	int fd;

	warn = warn_;
	fd = open_file();
	if (fd < 0)
		return;
	pages = sys_mmap(NULL, sizeof *table, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
			 -1, 0);
	if (!sys_is_error(pages)) {
		table = (struct table *)pages;
		len = read_text(fd);
		if (len < 0)
			warn_of_file("it cannot be read", len);
		else if (len > FILE_BYTES)
			warn_of_file(expected_file, 0);
		else
			add_lines((size_t)len);
	} else {
		warn_of_file("no memory", pages);
	}
	sys_close(fd);
}

bool suppress_is_incomplete(void)
{
	return incomplete;
}

bool suppress_has_entries(void)
{
	return entry_count > 0;
}

/* --- matching ------------------------------------------------------------------------------ */

struct asked {
	const struct registry *registry;
	const struct finding *finding;
	char fingerprint[FINGERPRINT_DIGITS + 1]; /* "": not known yet */
};

static bool text_fits(struct span pattern, const char *text)
{
	return suppression_pattern_fits(pattern, span_from(text));
}

static bool bytes_fit(struct span pattern, const char *bytes, size_t len)
{
	return bytes != NULL && len > 0 &&
	       suppression_pattern_fits(pattern, (struct span){bytes, len});
}

static bool peer_fits(struct span pattern, const struct finding *finding)
{
	char bytes[ADDRESS_TEXT_BYTES];
	struct text text;

	text_init(&text, bytes, sizeof bytes);
	if (!address_put(&text, &finding->peer, finding->peer_len))
		return text_fits(pattern, "unknown");
	return bytes_fit(pattern, bytes, text.len);
}

static bool frame_fits(enum suppression_word word, struct span pattern,
		       const struct stack_frame *frame)
{
	bool native = frame->language == LANGUAGE_NATIVE;
	char symbol[SYMBOL_BYTES];

	if (word == SUPPRESSION_MODULE)
		return native && bytes_fit(pattern, frame->module, frame->module_len);
	if (word == SUPPRESSION_FILE)
		return !native && bytes_fit(pattern, frame->file, frame->file_len);
	if (!native)
		return bytes_fit(pattern, frame->function, frame->function_len);
	return stack_frame_symbol(frame, symbol, sizeof symbol) > 0 && text_fits(pattern, symbol);
}

static bool any_frame_fits(enum suppression_word word, struct span pattern,
			   const struct asked *asked)
{
	struct stack_frame frame;

	for (size_t i = 0; i < FINDING_STACK_COUNT; i++) {
		struct stack_id stack = asked->finding->stacks[i];
		unsigned count = stack_frame_count(asked->registry, stack);

		for (unsigned k = 0; k < count; k++)
			if (stack_frame_at(asked->registry, stack, k, &frame) &&
			    frame_fits(word, pattern, &frame))
				return true;
	}
	return false;
}

static bool fingerprint_fits(struct span pattern, struct asked *asked)
{
	struct text text;

	if (asked->fingerprint[0] == '\0') {
		text_init(&text, asked->fingerprint, sizeof asked->fingerprint);
		text_put_hex_fixed(&text, site_fingerprint(asked->registry, asked->finding));
	}
	return text_fits(pattern, asked->fingerprint);
}

static bool word_fits(void *argument, enum suppression_word word, struct span pattern)
{
	struct asked *asked = argument;
	const struct finding *finding = asked->finding;

	switch (word) {
	case SUPPRESSION_KIND:
		return text_fits(pattern, kind_name(finding->kind));
	case SUPPRESSION_PROTOCOL:
		return text_fits(pattern, wire_protocol_name(finding->protocol));
	case SUPPRESSION_CLASS:
		return text_fits(pattern, wire_class_name(wire_class(finding->protocol)));
	case SUPPRESSION_PEER:
		return peer_fits(pattern, finding);
	case SUPPRESSION_FUNCTION:
	case SUPPRESSION_FILE:
	case SUPPRESSION_MODULE:
		return any_frame_fits(word, pattern, asked);
	case SUPPRESSION_FINGERPRINT:
		return fingerprint_fits(pattern, asked);
	case SUPPRESSION_WORDS:
		break;
	}
	return false;
}

static bool any_entry_fits(const struct registry *registry, const struct finding *finding)
{
	struct asked asked = {.registry = registry, .finding = finding};

	for (unsigned i = 0; i < entry_count; i++) {
		if (!suppression_fits(table->entries[i].text, word_fits, &asked))
			continue;
		store_relaxed(&table->entries[i].used, 1);
		return true;
	}
	return false;
}

static uint64_t mix(uint64_t hash, uint64_t value)
{
	/* The multiplier of FNV-1a, on words; the shift brings high bits down. */
	hash = (hash ^ value) * UINT64_C(0x100000001b3);
	return hash ^ hash >> 29;
}

/* All that the answer depends on; the lowest bit is left for the answer. */
static uint64_t key_of(const struct finding *finding)
{
	uint64_t key = mix(UINT64_C(0xcbf29ce484222325), finding->cookie);

	key = mix(key, (uint64_t)finding->kind << 32 | (uint32_t)finding->protocol);
	for (size_t i = 0; i < FINDING_STACK_COUNT; i++)
		key = mix(key, finding->stacks[i].n);
	return key & ~UINT64_C(1);
}

bool suppress_fits(const struct registry *registry, const struct finding *finding)
{
	/* Answers, each with the key in the same word: a torn one cannot be. */
	static _Atomic uint64_t remembered[REMEMBERED];
	uint64_t key = key_of(finding);
	_Atomic uint64_t *place = &remembered[key >> 1 & (REMEMBERED - 1)];
	uint64_t found = load_relaxed(place);
	bool fits;

	if ((found & ~UINT64_C(1)) == key)
		return (found & 1) != 0;
	fits = any_entry_fits(registry, finding);
	store_relaxed(place, key | fits);
	return fits;
}

const char *suppress_unused(unsigned *at, unsigned *line)
{
	while (*at < entry_count) {
		const struct entry *entry = &table->entries[(*at)++];

		if (load_relaxed(&entry->used) != 0)
			continue;
		*line = entry->line;
		return entry->text;
	}
	return NULL;
}
