/* SPDX-License-Identifier: MIT */
/*
 * The links of the chain from a log to the centre.  Each check prints what it found, and what to do
 * where something is missing, and returns false then.
 */
#ifndef FORKSAN_TOOLS_FLEET_LINKS_H
#define FORKSAN_TOOLS_FLEET_LINKS_H

#include <stdbool.h>

#include "fleet/agent_conf.h"

/* Prints a link of the chain: its name, what was found, and what to do (NULL: nothing).  Foreign
 * text is escaped. */
bool link_good(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool link_missing(const char *name, const char *advice, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

bool check_rsyslog(void);
bool check_configuration(const struct agent_conf *conf);
bool check_certificate(const struct agent_conf *conf);
bool check_agent(const struct agent_conf *conf);
bool check_centre(const struct agent_conf *conf);
bool check_logs(const struct agent_conf *conf);
/* `directory` holds logrotate's files. */
bool check_rotation(const struct agent_conf *conf, const char *directory);
bool check_clock(void);

#endif
