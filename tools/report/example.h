/* SPDX-License-Identifier: MIT */
/*
 * The finding that stands for all of one kind of a bug.
 */
#ifndef FORKSAN_TOOLS_REPORT_EXAMPLE_H
#define FORKSAN_TOOLS_REPORT_EXAMPLE_H

#include <jansson.h>

#include "report/collect.h"

/* Returns the kept finding with the names of its native frames (symbols/annotate.h); the caller
 * owns the object.  NULL: none was kept. */
json_t *example_load(const struct report *report, const struct bug *bug, enum kind kind);

/* Returns the finding by which to advise, likewise: that of the headline, but where a process also
 * ended the session of a connection that two used, that of the goodbye.  Inside TLS a goodbye is
 * never proven, and so no headline; to connect again in each child does not stop a goodbye. */
json_t *example_for_advice(const struct report *report, const struct bug *bug);

#endif
