/* SPDX-License-Identifier: MIT */
/*
 * PHP's frames, read as data: php.c finds the innermost one in its own process, the tool in another
 * one.  Everything is read through peek.h.
 */
#ifndef FORKSAN_SHIM_STACK_PHP_FRAME_H
#define FORKSAN_SHIM_STACK_PHP_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "stack/walk.h"

#define PHP_STRING_BYTES 24   /* of zend_string: where its bytes begin */
#define PHP_GLOBALS_WORDS 640 /* of executor_globals; current_execute_data is word 61 in 8.2 */
#define PHP_FUNCTION_WORDS 64 /* of zend_op_array, which has 31 in 8.2 */

/* The innermost frame of user code, from `frame` on; 0: there is no such frame, or `frame` is no
 * frame. */
uintptr_t php_frame_find_user(struct peek *peek, uintptr_t frame, uintptr_t *function);

/* The line of the statement that a frame runs; 0: not known. */
uint32_t php_frame_line(struct peek *peek, uintptr_t frame);

/* Copies a zend_string, without the beginning of one that is too long; returns the length. */
size_t php_frame_string(struct peek *peek, uintptr_t string, char *out, size_t size);

/* Appends `frame` and the frames outwards; `file_offset` is that of the file's name in a function.
 */
void php_frame_walk(struct stack_capture *capture, uintptr_t frame, uint32_t file_offset);

#endif
