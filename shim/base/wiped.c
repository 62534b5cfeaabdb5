/* SPDX-License-Identifier: MIT */
/* See wiped.h. */
#include "base/wiped.h"

#include <string.h>
#include <sys/mman.h>

#include "base/sys.h"

#ifndef MADV_WIPEONFORK
#define MADV_WIPEONFORK 18 /* Linux 4.14, madvise(2) */
#endif

struct wiped wiped;

void wiped_start(void)
{
	sys_madvise(&wiped, sizeof wiped, MADV_WIPEONFORK);
}

void wiped_clear(void)
{
	memset(&wiped, 0, sizeof wiped);
}
