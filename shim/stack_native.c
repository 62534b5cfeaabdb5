/* SPDX-License-Identifier: MIT */
/* Placeholder until the walker is in. */
#include "stack_walk.h"

void stack_native_walk(struct stack_capture *capture, struct registry *registry)
{
	(void)capture;
	(void)registry;
}

int stack_native_available(void)
{
	return 0;
}
