/* SPDX-License-Identifier: MIT */
/*
 * What the doctor has found: a list of checks, each with its words and with what to do.
 */
#ifndef FORKSAN_TOOLS_DOCTOR_SHEET_H
#define FORKSAN_TOOLS_DOCTOR_SHEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The ways to watch a program, a bit each. */
enum doctor_way {
	DOCTOR_PRELOAD = 1, /* forksan run, LD_PRELOAD */
	DOCTOR_ATTACH = 2,  /* from the kernel (eBPF) */
	DOCTOR_SCAN = 4,    /* forksan scan */
};
#define DOCTOR_WAYS 3

/* Rising. */
enum doctor_state {
	DOCTOR_GOOD,
	DOCTOR_NOTE,  /* worth knowing; nothing is lost by it */
	DOCTOR_LIMIT, /* something is not seen, or not said */
	DOCTOR_BLIND, /* this way sees nothing */
};

struct doctor_check {
	const char *name;
	enum doctor_state state;
	unsigned ways; /* of enum doctor_way: those that the state is about */
	char *text;
	char *advice; /* NULL: nothing to do */
};

struct doctor_sheet {
	struct doctor_check *checks;
	size_t count;
};

/* Appends a check; `advice` may be NULL.  The words come from `format`. */
void sheet_add(struct doctor_sheet *sheet, const char *name, enum doctor_state state, unsigned ways,
	       const char *advice, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* The worst state of the checks that are about `way`. */
enum doctor_state sheet_state(const struct doctor_sheet *sheet, enum doctor_way way);

/* The first check in that state that is about `way`; NULL: none. */
const struct doctor_check *sheet_reason(const struct doctor_sheet *sheet, enum doctor_way way,
					enum doctor_state state);

void sheet_free(struct doctor_sheet *sheet);

#endif
