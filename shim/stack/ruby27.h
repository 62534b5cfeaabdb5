/* SPDX-License-Identifier: MIT */
/* Ruby 2.7, which keeps frames elsewhere than later versions. */
#ifndef FORKSAN_SHIM_STACK_RUBY27_H
#define FORKSAN_SHIM_STACK_RUBY27_H

#include <stdint.h>

#include "stack/ruby_frame.h"

/* Appends the calling thread's frames.  `vm` is the address of the VM.  Called by ruby.c for Ruby
 * 2.7 alone. */
void stack_ruby27_walk(struct stack_capture *capture, const struct ruby *ruby, uintptr_t vm);

#endif
