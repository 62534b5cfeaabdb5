/* SPDX-License-Identifier: MIT */
#ifndef FORKSAN_TOOLS_CMD_TOP_H
#define FORKSAN_TOOLS_CMD_TOP_H

extern const struct verb verb_top;

#endif
