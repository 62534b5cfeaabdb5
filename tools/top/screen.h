/* SPDX-License-Identifier: MIT */
/*
 * The live view: a terminal that is drawn anew every so many seconds (ncurses).
 */
#ifndef FORKSAN_TOOLS_TOP_SCREEN_H
#define FORKSAN_TOOLS_TOP_SCREEN_H

#include <stdint.h>

/* Shows the session until the user leaves (q), a signal comes or the session is over.  Returns an
 * enum exit_status. */
int top_screen(uint32_t uid, const char *session, double interval_seconds);

#endif
