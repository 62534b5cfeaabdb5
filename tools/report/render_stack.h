/* SPDX-License-Identifier: MIT */
/*
 * One stack as text.
 */
#ifndef FORKSAN_TOOLS_RENDER_STACK_H
#define FORKSAN_TOOLS_RENDER_STACK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Prints a checked, annotated stack, innermost frame first.  A reader wants an interpreter's
 * frames, so with such frames only the native ones of drivers and other libraries follow, unless
 * `every_frame`. */
void render_stack(const json_t *stack, const char *culprit, bool every_frame, FILE *out);

#endif
