/* SPDX-License-Identifier: MIT */
/*
 * One stack as text.
 */
#ifndef FORKSAN_TOOLS_RENDER_STACK_H
#define FORKSAN_TOOLS_RENDER_STACK_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Prints a checked, annotated stack, innermost frame first.  Where an interpreter ran, its frames
 * are what the reader wants, so of the native ones only those of drivers and other libraries
 * follow, unless `every_frame`. */
void render_stack(const json_t *stack, const char *culprit, bool every_frame, FILE *out);

#endif
