/* SPDX-License-Identifier: MIT */
/*
 * The origin of a record.  See origin.h.
 */
#include "report/origin.h"

#include <stdint.h>
#include <string.h>
#include <sys/utsname.h>

#include "common/labels.h"
#include "options/options.h"
#include "base/compiler.h"
#include "base/sys.h"

FORKSAN_AT_START static struct labels labels; /* constant after origin_start() */

void origin_start(const char *service_name, const char *resource_attributes)
{
	labels_read(&labels, options.labels, service_name, resource_attributes);
}

void origin_publish(struct registry *registry)
{
	memcpy(registry->labels, labels.bytes, labels.len);
	store_release(&registry->labels_len_bytes, (uint32_t)labels.len);
}

static void put_labels(struct json *json)
{
	const char *key, *value;

	json_begin_object(json, "labels");
	for (size_t at = 0; labels_next(&labels, &at, &key, &value);)
		json_put_string(json, key, value);
	json_end_object(json);
}

_Static_assert(sizeof(((struct utsname *)0)->nodename) == ORIGIN_HOST_BYTES, "the whole name");

const char *origin_ask_host(char host[ORIGIN_HOST_BYTES])
{
	struct utsname name;

	name.nodename[0] = '\0';
	sys_call(SYS_uname, (long)(uintptr_t)&name, 0, 0, 0, 0, 0);
	memcpy(host, name.nodename, ORIGIN_HOST_BYTES);
	return host;
}

void origin_put(struct json *json, const char *host)
{
	json_put_bytes(json, "host", host, strnlen(host, ORIGIN_HOST_BYTES));
	put_labels(json);
}
