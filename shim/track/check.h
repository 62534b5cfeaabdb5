/* SPDX-License-Identifier: MIT */
/*
 * What a fork would share: the gate before a fork (forksan_check()).
 */
#ifndef FORKSAN_SHIM_TRACK_CHECK_H
#define FORKSAN_SHIM_TRACK_CHECK_H

/* How many watched connections of known protocol this process has open.  Unless there are none the
 * log gets a record that names the first of them, and where each was opened.  errno is kept. */
int track_check(void);

#endif
