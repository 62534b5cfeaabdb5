/* SPDX-License-Identifier: MIT */
/*
 * The labels of a log's records: the names that the service's operator gives to the service.  For
 * the library and for `forksan run`, which writes a summary too.  Pure, no allocation.
 */
#ifndef FORKSAN_COMMON_LABELS_H
#define FORKSAN_COMMON_LABELS_H

#include <stdbool.h>
#include <stddef.h>

#include "forksan/limits.h"

struct labels {
	char bytes[FORKSAN_LIST_BYTES]; /* key NUL value NUL key NUL value NUL ... */
	size_t len;
};

/* Reads `option`, the value of labels= ("env=prod,team=shop").  Where `option` is empty, reads the
 * values of OTEL_SERVICE_NAME, which becomes service.name, and OTEL_RESOURCE_ATTRIBUTES,
 * percent-encoded as OpenTelemetry's specification says (NULL: not set).  An item without '=', with
 * a key of other than printable ASCII, or for which there is no room, is left out; of equal keys
 * the first counts. */
void labels_read(struct labels *labels, const char *option, const char *service_name,
		 const char *resource_attributes);

/* The label at *at (0: the first); *at moves behind the label.  False: no label is left. */
bool labels_next(const struct labels *labels, size_t *at, const char **key, const char **value);

#endif
