/* SPDX-License-Identifier: MIT */
/*
 * One line of a log as a record: parsed and checked, so that the rest of the tool trusts the types.
 *
 * docs/log.md is the contract.  Names that docs/log.md does not list are ignored; a line in which a
 * listed name has the wrong type is broken.  Pure: bytes in, record or fault out.
 */
#ifndef FORKSAN_TOOLS_LOG_RECORD_H
#define FORKSAN_TOOLS_LOG_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forksan/finding.h"

#define LOG_VERSION 2	  /* the version that is written; 1 and 2 are read */
#define LOG_TIME_BYTES 31 /* 2026-11-24T08:46:56.123456789Z and a NUL */

enum log_stack {
	LOG_STACK_OPENED,
	LOG_STACK_FORKED,
	LOG_STACK_OTHER_USE,
	LOG_STACK_THIS_USE,
	LOG_STACK_COUNT,
};

/* Names of the four stacks, as keys of `stacks`. */
extern const char *const log_stack_names[LOG_STACK_COUNT];

enum log_record_type {
	RECORD_FINDING,
	RECORD_SESSION,
	RECORD_PROCESS,
	RECORD_SUMMARY,
	RECORD_STACK,
	RECORD_UNKNOWN, /* of a later version: nothing but json is set */
};

/* Strings and objects are borrowed from json. */
struct log_record {
	json_t *json; /* owned: log_record_free() */
	int version;
	enum log_record_type type;
	const char *time; /* LOG_TIME_BYTES - 1 characters: sorts as text */
	uint64_t session;
	int64_t pid;
	/* finding */
	enum kind kind;
	uint64_t id;
	uint64_t repeat;
	const char *comm;
	const char *text;
	json_t *connection;
	json_t *other;	   /* an object, or JSON null */
	json_t *operation; /* an object, or JSON null */
	json_t *stacks[LOG_STACK_COUNT];
	bool *stacks_checked;	    /* of the line parser, while the record is read */
	size_t history_len;	    /* entries; json may be without the history */
	uint64_t fingerprint;	    /* version 2 */
	const char *culprit_opened; /* NULL: none */
	const char *culprit_use;
	/* stack; id as above */
	json_t *frames;
	/* process; comm and text as above */
	const char *counter;
	uint64_t times;
	/* summary */
	json_t *counters;
	json_t *unwatched; /* an array; NULL: the summary has none */
	uint64_t unwatched_more;
	const char *watched_from;  /* of forksan attach; NULL: the summary is the library's */
	const char *watched_until; /* NULL: not known */
};

/* Why a line is broken: expected X, found Y. */
struct log_fault {
	char expected[96];
	char found[96];
};

struct line_parser;

/* Parses `len_bytes` of text.  With `parser` lines that repeat each other are cheap, and json may
 * be without the history; NULL: json is the whole line.  False: the line is broken and *fault says
 * why; *record then needs no free. */
bool log_record_parse(const char *text, size_t len_bytes, struct line_parser *parser,
		      struct log_record *record, struct log_fault *fault);
void log_record_free(struct log_record *record);

#endif
