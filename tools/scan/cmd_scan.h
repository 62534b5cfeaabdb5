/* SPDX-License-Identifier: MIT */
#ifndef FORKSAN_TOOLS_CMD_SCAN_H
#define FORKSAN_TOOLS_CMD_SCAN_H

extern const struct verb verb_scan;

#endif
