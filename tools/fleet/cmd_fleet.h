/* SPDX-License-Identifier: MIT */
/*
 * forksan fleet: whether this host's logs reach the centre of a fleet (docs/fleet.md).
 */
#ifndef FORKSAN_TOOLS_FLEET_CMD_FLEET_H
#define FORKSAN_TOOLS_FLEET_CMD_FLEET_H

#include "base/verb.h"

extern const struct verb verb_fleet;

#endif
