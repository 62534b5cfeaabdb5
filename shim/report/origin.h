/* SPDX-License-Identifier: MIT */
/*
 * The origin of a record: the host, and the labels by which users know the service.
 * Async-signal-safe, no malloc, no errno.
 */
#ifndef FORKSAN_SHIM_REPORT_ORIGIN_H
#define FORKSAN_SHIM_REPORT_ORIGIN_H

#include "base/json.h"
#include "forksan/registry.h"

/* Reads labels=, else the values of OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES (NULL: not set);
 * see common/labels.h.  Called once, in the constructor. */
void origin_start(const char *service_name, const char *resource_attributes);

/* Copies the labels into the registry, where `forksan metrics` finds them. */
void origin_publish(struct registry *registry);

/* Room for the name of a host, and a NUL. */
#define ORIGIN_HOST_BYTES 65

/* Asks the kernel for the host's name, which a program may change at any time, and returns `host`.
 */
const char *origin_ask_host(char host[ORIGIN_HOST_BYTES]);

/* Writes the members "host" and "labels", an object of strings. */
void origin_put(struct json *json, const char *host);

#endif
