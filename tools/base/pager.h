/* SPDX-License-Identifier: MIT */
/*
 * A pager for output that may be longer than the terminal: the rules are git's.
 */
#ifndef FORKSAN_TOOLS_PAGER_H
#define FORKSAN_TOOLS_PAGER_H

/*
 * When stdout is a terminal, from here on all output to stdout goes through FORKSAN_PAGER, else
 * PAGER, else less where the terminal can do more than print; an empty value or "cat" means none.
 * A missing LESS is set to FRX: a short text stays on the terminal, colours pass.  Does
 * nothing elsewhere.  Call before any output, after asking whether stdout has colours.
 */
void pager_begin(void);

/* Ends the output and waits until the reader has closed the pager.  Call before the exit. */
void pager_end(void);

#endif
