/* SPDX-License-Identifier: MIT */
/*
 * Reads the store of a fleet (contrib/fleet/postgresql.sql) as if the store were a log.
 *
 * libpq is loaded when a store is asked for, so the tool runs where libpq is not installed.
 */
#ifndef FORKSAN_TOOLS_REPORT_STORE_H
#define FORKSAN_TOOLS_REPORT_STORE_H

#include <stdbool.h>

#include "report/collect.h"

/* True when `name` is the URI of a store, and no file's name. */
bool store_is_uri(const char *name);

/* Adds what the store has to the report, and how many records the store knows to be lost.  Returns
 * STATUS_OK, or STATUS_USAGE with a message, which does not repeat the URI (a password may stand
 * there). */
int store_read(struct report *report, const char *verb, const char *uri);

#endif
