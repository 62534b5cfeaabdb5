/* SPDX-License-Identifier: MIT */
/*
 * See agent_conf.h.
 */
#include "fleet/agent_conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blanks out what follows a '#' up to the line's end: enrol's values have none. */
static void remove_comments(char *text)
{
	for (char *at = text; (at = strchr(at, '#')) != NULL;)
		while (*at != '\0' && *at != '\n')
			*at++ = ' ';
}

const char *agent_conf_read(struct agent_conf *conf, const char *path)
{
	FILE *in = fopen(path, "re");
	size_t len;

	conf->path = path;
	conf->text = NULL;
	if (in == NULL)
		return strerror(errno);
	conf->text = calloc(1, AGENT_CONF_TEXT_BYTES);
	len = conf->text != NULL ? fread(conf->text, 1, AGENT_CONF_TEXT_BYTES - 1, in) : 0;
	fclose(in);
	if (len == 0)
		return "it is empty, or cannot be read";
	remove_comments(conf->text);
	return NULL;
}

void agent_conf_free(struct agent_conf *conf)
{
	free(conf->text);
}

bool agent_conf_value(const struct agent_conf *conf, const char *name,
		      char out[AGENT_CONF_VALUE_BYTES])
{
	size_t name_len = strlen(name);

	for (const char *at = conf->text; (at = strcasestr(at, name)) != NULL; at += name_len) {
		const char *end;

		/* "port" is no part of "xport", and "tls" none of "tls.caCert". */
		if ((at > conf->text && strchr(" \t\n(,", at[-1]) == NULL) ||
		    strncmp(at + name_len, "=\"", 2) != 0)
			continue;
		at += name_len + 2;
		end = strchr(at, '"');
		if (end == NULL || (size_t)(end - at) >= AGENT_CONF_VALUE_BYTES)
			return false;
		snprintf(out, AGENT_CONF_VALUE_BYTES, "%.*s", (int)(end - at), at);
		return true;
	}
	return false;
}

bool agent_conf_has(const struct agent_conf *conf, const char *word)
{
	return strcasestr(conf->text, word) != NULL;
}
