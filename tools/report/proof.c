/* SPDX-License-Identifier: MIT */
/*
 * See proof.h.
 */
#include "report/proof.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/escape.h"
#include "base/paragraph.h"
#include "log/field.h"

#define PROOF_LINES 6

static bool is_write(const char *call)
{
	static const char *const writes[] = {"send",   "sendto",  "sendmsg",  "sendmmsg", "write",
					     "writev", "pwritev", "sendfile", "splice"};

	for (size_t i = 0; call != NULL && i < sizeof writes / sizeof writes[0]; i++)
		if (strcmp(call, writes[i]) == 0)
			return true;
	return false;
}

/* Finds the finding's own operation in the history: the last by that process with that call.
 * Returns the length of the history when there is no such operation. */
static size_t find_operation(const json_t *finding, const json_t *history)
{
	const char *call = field_string(json_object_get(finding, "operation"), "call");
	size_t i = json_array_size(history);

	while (i > 0) {
		const json_t *entry = json_array_get(history, --i);
		const char *name = field_string(entry, "call");

		if (call != NULL && name != NULL && strcmp(call, name) == 0 &&
		    field_integer(entry, "pid") == field_integer(finding, "pid"))
			return i;
	}
	return json_array_size(history);
}

/* Puts the effect of the finding's own operation on the other process. */
static void put_mark(const json_t *finding, enum kind kind, const char *call, FILE *out)
{
	long long other = field_integer(json_object_get(finding, "other"), "pid");

	if (other == 0)
		return;
	if (kind == KIND_CROSSED_REPLY && is_write(call))
		fprintf(out, "  <- into %lld's exchange", other);
	else if (kind == KIND_CROSSED_REPLY)
		fprintf(out, "  <- an answer to %lld", other);
	else if (kind == KIND_FOREIGN_GOODBYE && json_is_true(json_object_get(finding, "needed")))
		fprintf(out, "  <- %lld had ended the session", other);
	else if (kind == KIND_FOREIGN_GOODBYE)
		fprintf(out, "  <- ends %lld's session", other);
	else if (kind == KIND_SHARED_EPOLL)
		fprintf(out, "  <- %lld is not woken as before", other);
	else if (kind == KIND_SHARED_USE)
		fprintf(out, "  <- %lld used it before", other);
}

static void put_operation(const json_t *entry, FILE *out)
{
	const char *call = field_string(entry, "call"), *message = field_string(entry, "message");

	fprintf(out, "%lld ", field_integer(entry, "pid"));
	if (is_write(call))
		fputs("writes", out);
	else if (field_integer(entry, "bytes") > 0)
		fputs("reads ", out);
	else
		escape_print(call, out);
	fprintf(out, " %lld byte%s", field_integer(entry, "bytes"),
		field_integer(entry, "bytes") == 1 ? "" : "s");
	if (message != NULL) {
		char cut[40], clean[ESCAPED_BYTES(sizeof cut)];

		snprintf(cut, sizeof cut, "%.30s", message);
		escape_text(cut, clean, sizeof clean);
		fprintf(out, "  %s", clean);
	}
}

static void print_proof_line(const json_t *finding, enum kind kind, const json_t *entry,
			     const json_t *first, bool marked, FILE *out)
{
	long long start = field_integer(first, "monotonic_ns");
	long long then = field_integer(entry, "monotonic_ns");
	struct sentence line, mark;

	sentence_begin(&line);
	if (start > 0 && then >= start)
		fprintf(line.out, "%7.1f ms  ", (double)(then - start) / 1e6);
	put_operation(entry, line.out);
	sentence_begin(&mark);
	if (marked)
		put_mark(finding, kind, field_string(entry, "call"), mark.out);
	sentence_end(&line);
	sentence_end(&mark);
	fprintf(out, "   %-*s%s", PARAGRAPH_INDENT - 3, entry == first ? "proof" : "", line.text);
	if (mark.len > 0 &&
	    PARAGRAPH_INDENT + paragraph_width(line.text) + mark.len > PARAGRAPH_COLUMNS)
		fprintf(out, "\n%*s", PARAGRAPH_INDENT + 10, "");
	fprintf(out, "%s\n", mark.text);
	free(line.text);
	free(mark.text);
}

/* True for reads, writes and goodbyes; false for the ioctl() by which a driver asks how many bytes
 * are there. */
static bool says_something(const json_t *entry)
{
	const char *call = field_string(entry, "call");

	return field_integer(entry, "bytes") > 0 || (call != NULL && strcmp(call, "shutdown") == 0);
}

/* See proof.h.  Without a history the finding's own sentence is printed. */
void proof_print(const json_t *finding, enum kind kind, FILE *out)
{
	const json_t *history = json_object_get(finding, "history"), *shown[PROOF_LINES];
	size_t last = find_operation(finding, history), count = 0;

	if (last == json_array_size(history)) {
		paragraph_print("why", field_string(finding, "text"), out);
		return;
	}
	shown[count++] = json_array_get(history, last);
	for (size_t i = last; i-- > 0 && count < PROOF_LINES;)
		if (says_something(json_array_get(history, i)))
			shown[count++] = json_array_get(history, i);
	for (size_t i = count; i-- > 0;)
		print_proof_line(finding, kind, shown[i], shown[count - 1], i == 0, out);
}
