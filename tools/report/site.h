/* SPDX-License-Identifier: MIT */
/*
 * The site of a stack: the one place that a reader mends.  Findings with the same sites are one
 * bug.
 */
#ifndef FORKSAN_TOOLS_REPORT_SITE_H
#define FORKSAN_TOOLS_REPORT_SITE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define SITE_FILE_BYTES 384
#define SITE_MODULE_BYTES 96
#define SITE_FUNCTION_BYTES 256 /* as the library's fingerprints take it */
#define SITE_WAY_IN_BYTES 448

struct symbols;

/* The event at the site. */
enum site_role { SITE_OPENED, SITE_FORKED, SITE_USED };

struct site {
	char file[SITE_FILE_BYTES];	    /* source file, where one is known */
	char module[SITE_MODULE_BYTES];	    /* a native frame's module, base name; else empty */
	char function[SITE_FUNCTION_BYTES]; /* empty: unknown */
	long long line;			    /* 0: unknown; then `offset` may say more */
	unsigned long long offset;	    /* in the module, of a frame without a name; 0: none */
	bool own; /* the application's own, neither a library's nor an interpreter's */
	char way_in[SITE_WAY_IN_BYTES]; /* "FILE:LINE", the next own file outward; may be empty */
	char innermost[SITE_WAY_IN_BYTES]; /* of a package's site: "FILE:LINE" of the library that
					      called; may be empty */
	bool forks;			   /* the site of a fork */
	bool at_exit;	/* of a use: the process was ending, in this module or function */
	bool at_import; /* a module was being loaded */
};

/*
 * Finds the site of a checked stack by the rule of common/site_rule.h.  `culprit` is "FILE:LINE" of
 * a log of version 1, whose frame is the site; NULL: none.  Native frames are named from symbol
 * tables and debug information.
 */
void site_find(struct symbols *symbols, const json_t *stack, enum site_role role,
	       const char *culprit, struct site *site);

/* Writes "FILE:LINE FUNCTION" as far as known, at most `size` bytes with the NUL, without the
 * directory `below` (NULL: none) in front of the file; for a fork in a package "PACKAGE FUNCTION".
 */
void site_text(const struct site *site, const char *below, char *out, size_t size);

#endif
