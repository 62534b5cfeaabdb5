/* SPDX-License-Identifier: MIT */
/*
 * forksan enable UNIT, forksan disable UNIT: a systemd service under forksan, by a drop-in.
 */
#ifndef FORKSAN_TOOLS_UNIT_CMD_UNIT_H
#define FORKSAN_TOOLS_UNIT_CMD_UNIT_H

#include "base/verb.h"

#define ENABLE_VERB "enable"
#define DISABLE_VERB "disable"

extern const struct verb verb_enable;
extern const struct verb verb_disable;

#endif
