/* SPDX-License-Identifier: MIT */
/*
 * A library of the global scope, with a function that plugin_deepbind.c has, too.
 */
int answer(void);

int answer(void)
{
	return 1;
}
