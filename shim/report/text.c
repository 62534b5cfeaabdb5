/* SPDX-License-Identifier: MIT */
/*
 * Records as text for people, in the manner of valgrind and the sanitizers: every line begins with
 * ==PID==, so that a reader can separate the output of several processes, and a finding ends with
 * one SUMMARY line of stable form, for scripts.
 *
 *   ==812== forksan: shared-use: MySQL 127.0.0.1:3306 is used by two processes: 812 (gunicorn) ...
 *   ==812==   why         812 uses a connection that its sibling 811 has used since they parted
 *   ==812==   opened at   /srv/app.py:12
 *   ==812==   used at     /srv/app.py:31
 *   ...
 *   ==812== Used by 812 (gunicorn), send of 38 bytes, COM_QUERY:
 *   ==812==   => #0 load_user /srv/app.py:31
 *   ...
 *   SUMMARY: forksan: shared-use opened at /srv/app.py:12, used at /srv/app.py:31 (pid 812, ...)
 */
#include "report/render.h"

#include <stdbool.h>
#include <string.h>

#include "base/address.h"
#include "options/options.h"
#include "report/block.h"
#include "report/history_text.h"
#include "common/names.h"
#include "report/stack_text.h"
#include "wire/wire.h"

/* Of a connection's last operations, with all stacks and without. */
#define HISTORY_LINES 8
#define FEW_HISTORY_LINES 3

/* The last lines of a block: two sites, see report_put_site(). */
#define SUMMARY_BYTES 2048

static void put_escaped_string(struct text *text, const char *string)
{
	text_put_escaped(text, string, strlen(string));
}

/* --- parts ------------------------------------------------------------------------------- */

/* "811 (gunicorn, sibling, ended)" */
static void put_process(struct text *text, const struct finding_process *process)
{
	text_put_int(text, process->pid);
	text_put_string(text, " (");
	text_put_escaped(text, process->comm, strnlen(process->comm, sizeof(process->comm)));
	if (process->relation != RELATION_NONE) {
		text_put_string(text, ", ");
		text_put_string(text, relation_name(process->relation));
	}
	if (!process->alive)
		text_put_string(text, ", ended");
	text_put_char(text, ')');
}

static bool put_address(struct text *text, const void *address, socklen_t len)
{
	char bytes[ADDRESS_TEXT_BYTES];
	struct text plain;

	text_init(&plain, bytes, sizeof(bytes));
	if (!address_put(&plain, address, len))
		return false;
	text_put_escaped(text, bytes, plain.len);
	return true;
}

/* "MySQL 127.0.0.1:3306" */
static void put_connection(struct text *text, const struct finding *finding)
{
	enum connection_class class = wire_class(finding->protocol);

	if (class == CLASS_UNKNOWN)
		text_put_string(text, "a connection to");
	else
		text_put_string(text, wire_protocol_name(finding->protocol));
	text_put_char(text, ' ');
	if (!put_address(text, &finding->peer, finding->peer_len))
		text_put_string(text, "an unknown peer");
}

/* "send of 38 bytes, COM_QUERY" */
static void put_operation(struct text *text, const struct finding *finding)
{
	put_escaped_string(text, finding->operation);
	if (finding->operation_bytes > 0) {
		text_put_string(text, " of ");
		text_put_int(text, finding->operation_bytes);
		text_put_string(text, finding->operation_bytes == 1 ? " byte" : " bytes");
	}
	if (finding->message != NULL) {
		text_put_string(text, ", ");
		put_escaped_string(text, finding->message);
	}
}

static void put_headline(struct text *text, const struct finding *finding)
{
	static const char *const between[KIND_COUNT] = {
		[KIND_OPEN_AT_FORK] = " is still open in forked process ",
		[KIND_INHERITED_EPOLL] =
			", registered before the fork, is on the epoll instance used by ",
		[KIND_INHERITED_USE] = ", opened before the fork, is used by ",
		[KIND_SHARED_USE] = " is used by two processes: ",
		[KIND_SHARED_EPOLL] = " is polled no longer as it was, by ",
		[KIND_FOREIGN_GOODBYE] = " is ended by ",
		[KIND_CROSSED_REPLY] = " has crossed replies: ",
	};
	static const char *const before_other[KIND_COUNT] = {
		[KIND_OPEN_AT_FORK] = ", shared with ",
		[KIND_INHERITED_EPOLL] = " while open in ",
		[KIND_INHERITED_USE] = " while open in ",
		[KIND_SHARED_USE] = " and ",
		[KIND_SHARED_EPOLL] = ", in the epoll instance of ",
		[KIND_FOREIGN_GOODBYE] = " while open in ",
		[KIND_CROSSED_REPLY] = " and ",
	};
	static const char *const by_other[KIND_COUNT] = {
		[KIND_SHARED_EPOLL] = " and was taken from its epoll instance by ",
		[KIND_FOREIGN_GOODBYE] = " and was ended by ",
	};
	enum kind kind = finding->kind < KIND_COUNT ? finding->kind : KIND_SHARED_USE;

	text_put_string(text, "forksan: ");
	text_put_string(text, kind_name(kind));
	text_put_string(text, finding->likely ? " (likely): " : ": ");
	put_connection(text, finding);
	text_put_string(text, finding->needed ? " is needed by " : between[kind]);
	put_process(text, &finding->reporter);
	if (finding->other.pid > 0) {
		text_put_string(text, finding->needed ? by_other[kind] : before_other[kind]);
		put_process(text, &finding->other);
	}
}

/* ", 6.1 s before" */
static void put_age(struct text *text, uint64_t earlier_ns, uint64_t later_ns)
{
	uint64_t ms = (later_ns - earlier_ns) / 1000000;

	text_put_string(text, ", ");
	if (ms < 1000) {
		text_put_uint(text, ms);
		text_put_string(text, " ms before");
		return;
	}
	text_put_uint(text, ms / 1000);
	text_put_char(text, '.');
	text_put_uint(text, ms % 1000 / 100);
	text_put_string(text, " s before");
}

/* Of a connection from before the watch nobody knows who opened it, nor when. */
static void put_opener(struct text *text, const struct finding *finding)
{
	text_put_string(text,
			finding->open_before ? "before the watch began, held then by " : "by ");
	text_put_int(text, finding->opened_by);
	if (!finding->open_before && finding->opened_at_ns <= finding->time_ns)
		put_age(text, finding->opened_at_ns, finding->time_ns);
}

static void put_merge(struct block *block, enum finding_merge merge)
{
	static const char *const notes[] = {
		[FINDING_MERGED_PLACES] =
			"stands for every further place that uses this connection",
		[FINDING_MERGED_PROCESSES] =
			"stands for every further process that does this to this connection",
		[FINDING_MERGED_CONNECTIONS] =
			"stands for every further connection from this place",
		[FINDING_MERGED_SITES] =
			"stands for all else of this kind with these opening and fork sites",
	};

	if (merge == FINDING_NOT_MERGED)
		return;
	block_begin_field(block, "note");
	text_put_string(&block->text, notes[merge]);
	block_end_line(block);
}

/* A client that works in a thread of its own (kazoo, paho) is dead in the child before it is used.
 */
static bool has_dead_threads(const struct finding *finding)
{
	return finding->threads > 1 && kind_level(finding->kind) != LEVEL_VIOLATION;
}

static void put_threads(struct block *block, const struct finding *finding)
{
	if (!has_dead_threads(finding))
		return;
	block_begin_field(block, "threads");
	text_put_string(&block->text, "the process that forked had ");
	text_put_uint(&block->text, finding->threads);
	text_put_string(&block->text,
			", its child has one: a client that works in a thread is dead there");
	block_end_line(block);
}

static void put_connection_field(struct block *block, const struct finding *finding)
{
	struct text *text = &block->text;

	block_begin_field(block, "connection");
	put_connection(text, finding);
	if (finding->local_len > 0) {
		struct text local = *text;

		text_put_string(text, " from ");
		if (!put_address(text, &finding->local, finding->local_len))
			*text = local;
	}
	if (finding->label[0] != '\0') {
		text_put_string(text, ", ");
		put_escaped_string(text, finding->label);
	}
	if (finding->server_name[0] != '\0') {
		text_put_string(text, ", TLS to ");
		put_escaped_string(text, finding->server_name);
	}
	text_put_string(text, ", fd ");
	text_put_int(text, finding->fd);
	text_put_string(text, ", cookie ");
	text_put_hex(text, finding->cookie);
	block_end_line(block);
}

static void put_fields(struct block *block, const struct registry *registry,
		       const struct finding *finding)
{
	struct text *text = &block->text;

	block_begin_field(block, "why");
	put_escaped_string(text, finding->text);
	block_end_line(block);
	block_begin_field(block, "opened at");
	report_put_site(text, registry, finding->stacks[FINDING_STACK_OPENED], SITE_OF_OPENING);
	block_end_line(block);
	if (finding->operation != NULL) {
		block_begin_field(block, "used at");
		report_put_site(text, registry, finding->stacks[FINDING_STACK_THIS_USE],
				SITE_OF_USE);
		block_end_line(block);
	}
	put_threads(block, finding);
	put_connection_field(block, finding);
	block_begin_field(block, "opened");
	put_opener(text, finding);
	block_end_line(block);
	block_begin_field(block, "time");
	text_put_time(text, finding->time_ns);
	if (finding->repeat > 1) {
		text_put_string(text, ", seen ");
		text_put_uint(text, finding->repeat);
		text_put_string(text, " times so far");
	}
	block_end_line(block);
	put_merge(block, finding->merge);
}

static void put_stacks(struct block *block, const struct registry *registry,
		       const struct finding *finding)
{
	struct text *text = &block->text;
	const struct stack_id *stacks = finding->stacks;

	if (finding->operation != NULL) {
		block_put_empty_line(block);
		block_begin_line(block);
		text_put_string(text, "Used by ");
		put_process(text, &finding->reporter);
		text_put_string(text, ", ");
		put_operation(text, finding);
		text_put_string(text, ":\n");
		report_put_stack(text, block->prefix, registry, stacks[FINDING_STACK_THIS_USE]);
	}
	if (finding->other.pid > 0 && stacks[FINDING_STACK_OTHER_USE].n != 0) {
		block_put_empty_line(block);
		block_begin_line(block);
		text_put_string(text, "Used before by ");
		put_process(text, &finding->other);
		text_put_string(text, ":\n");
		report_put_stack(text, block->prefix, registry, stacks[FINDING_STACK_OTHER_USE]);
	}
	block_put_empty_line(block);
	block_begin_line(block);
	text_put_string(text, "Opened ");
	put_opener(text, finding);
	text_put_string(text, ":\n");
	report_put_stack(text, block->prefix, registry, stacks[FINDING_STACK_OPENED]);
	block_put_empty_line(block);
	block_begin_line(block);
	text_put_string(text, "Forked:\n");
	report_put_stack(text, block->prefix, registry, stacks[FINDING_STACK_FORKED]);
}

static void put_summary_line(struct text *text, const struct registry *registry,
			     const struct finding *finding)
{
	bool used = finding->operation != NULL;

	text_put_string(text, "SUMMARY: forksan: ");
	text_put_string(text, kind_name(finding->kind));
	text_put_string(text, finding->likely ? " (likely) opened at " : " opened at ");
	report_put_site(text, registry, finding->stacks[FINDING_STACK_OPENED], SITE_OF_OPENING);
	text_put_string(text, used ? ", used at " : ", forked at ");
	report_put_site(text, registry,
			finding->stacks[used ? FINDING_STACK_THIS_USE : FINDING_STACK_FORKED],
			used ? SITE_OF_USE : SITE_OF_FORK);
	text_put_string(text, " (pid ");
	text_put_int(text, finding->reporter.pid);
	if (finding->other.pid > 0) {
		text_put_string(text, ", pid ");
		text_put_int(text, finding->other.pid);
	}
	text_put_string(text, ")\n");
}

/* Puts place and process; "by 810, 6.1 s before" and the like follow. */
static void put_way(struct block *block, const char *label, const struct registry *registry,
		    struct stack_id stack, enum site_event event)
{
	block_begin_field(block, label);
	report_put_way(&block->text, registry, stack, event);
}

/* Puts a finding at verbosity 0: at most 12 lines with headline and SUMMARY.  `forksan report` of a
 * log, and verbosity=1, show the stacks. */
static void put_few_lines(struct block *block, const struct registry *registry,
			  const struct finding *finding)
{
	const struct stack_id *stacks = finding->stacks;
	struct text *text = &block->text;

	block_begin_field(block, "why");
	put_escaped_string(text, finding->text);
	block_end_line(block);
	if (finding->open_before) {
		block_begin_field(block, "opened");
	} else {
		put_way(block, "opened", registry, stacks[FINDING_STACK_OPENED], SITE_OF_OPENING);
		text_put_string(text, ", ");
	}
	put_opener(text, finding);
	block_end_line(block);
	put_way(block, "forked", registry, stacks[FINDING_STACK_FORKED], SITE_OF_FORK);
	block_end_line(block);
	if (finding->operation != NULL) {
		put_way(block, "used", registry, stacks[FINDING_STACK_THIS_USE], SITE_OF_USE);
		text_put_string(text, ", ");
		put_operation(text, finding);
		block_end_line(block);
	}
	if (finding->other.pid > 0 && stacks[FINDING_STACK_OTHER_USE].n != 0) {
		put_way(block, "used before", registry, stacks[FINDING_STACK_OTHER_USE],
			SITE_OF_USE);
		text_put_string(text, ", by ");
		put_process(text, &finding->other);
		block_end_line(block);
	}
	put_threads(block, finding);
	put_connection_field(block, finding);
	put_merge(block, finding->merge);
	report_history_put_text(block, registry, finding->slot,
				FEW_HISTORY_LINES - (finding->merge != FINDING_NOT_MERGED) -
					has_dead_threads(finding));
}

size_t report_text_finding(char *bytes, size_t size, const struct registry *registry,
			   const struct finding *finding)
{
	struct block block;
	struct text *text = &block.text;

	block_init(&block, bytes, size - SUMMARY_BYTES, finding->reporter.pid);
	block_begin_line(&block);
	put_headline(text, finding);
	block_end_line(&block);
	if (options.verbosity == 0) {
		put_few_lines(&block, registry, finding);
	} else {
		put_fields(&block, registry, finding);
		put_stacks(&block, registry, finding);
		block_put_empty_line(&block);
		report_history_put_text(&block, registry, finding->slot, HISTORY_LINES);
	}
	text->size = size;
	if (text->truncated)
		text_put_string(text, "\n(the rest did not fit)\n");
	put_summary_line(text, registry, finding);
	return text->len;
}
