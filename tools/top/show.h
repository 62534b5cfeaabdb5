/* SPDX-License-Identifier: MIT */
/*
 * A view of a session in lines of text, for the screen and for --once, or as JSON.  Names of
 * processes, peers and files are foreign text, and escaped.
 */
#ifndef FORKSAN_TOOLS_TOP_SHOW_H
#define FORKSAN_TOOLS_TOP_SHOW_H

#include <stdint.h>
#include <stdio.h>

#include "session/list.h"
#include "session/view.h"

/* One look. */
struct top_look {
	const struct session_view *view;
	const struct session_view *before; /* the look before; NULL: there is none, so no rates */
	double seconds;			   /* between the two */
	const char *session;
	uint32_t uid;
};

/* Prints the state of the session, a few lines. */
void top_show_totals(const struct top_look *look, FILE *out);

/* Prints the line above the connections, without a newline; then a line for each connection. */
void top_show_columns(const struct top_look *look, FILE *out);
void top_show_connections(const struct top_look *look, FILE *out);

/* Prints one JSON object on one line. */
void top_show_json(const struct top_look *look, FILE *out);

/* Prints a line for each session. */
void top_show_list(const struct session_listed *sessions, size_t count, FILE *out);

#endif
