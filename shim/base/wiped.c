/* SPDX-License-Identifier: MIT */
/* See wiped.h. */
#include "base/wiped.h"

#include <string.h>

#include "base/kernel.h"
#include "base/sys.h"

struct wiped wiped;

void wiped_start(void)
{
	sys_madvise(&wiped, sizeof wiped, MADV_WIPEONFORK);
}

void wiped_clear(void)
{
	memset(&wiped, 0, sizeof wiped);
}
