/* SPDX-License-Identifier: MIT */
/*
 * The agent's configuration of rsyslogd, as contrib/fleet/enrol writes it: the values that the
 * checks need.
 */
#ifndef FORKSAN_TOOLS_FLEET_AGENT_CONF_H
#define FORKSAN_TOOLS_FLEET_AGENT_CONF_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#define AGENT_CONF_TEXT_BYTES ((size_t)1 << 16) /* enrol's has 2 KB */
#define AGENT_CONF_VALUE_BYTES PATH_MAX

struct agent_conf {
	const char *path;
	char *text;
};

/* Reads the file.  NULL, or why it cannot be used; agent_conf_free() in both cases. */
const char *agent_conf_read(struct agent_conf *conf, const char *path);
void agent_conf_free(struct agent_conf *conf);

/* Copies the first value of a parameter, NAME="VALUE", names compared without case.  Comments are
 * no text.  False: there is none, or it is too long. */
bool agent_conf_value(const struct agent_conf *conf, const char *name,
		      char out[AGENT_CONF_VALUE_BYTES]);

/* True when the text outside of comments has that word. */
bool agent_conf_has(const struct agent_conf *conf, const char *word);

#endif
