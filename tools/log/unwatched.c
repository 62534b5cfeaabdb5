/* SPDX-License-Identifier: MIT */
/*
 * See unwatched.h.
 */
#include "log/unwatched.h"

#include <inttypes.h>
#include <string.h>

#include "base/escape.h"
#include "base/plural.h"
#include "log/field.h"

static void copy(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", text != NULL ? text : "");
}

void unwatched_add(struct unwatched *unwatched, const char *peer, const char *protocol,
		   const char *class, uint64_t connections)
{
	struct unwatched_peer added;

	copy(added.peer, sizeof added.peer, peer);
	copy(added.protocol, sizeof added.protocol, protocol);
	copy(added.class, sizeof added.class, class);
	added.connections = connections;
	for (size_t i = 0; i < unwatched->count; i++) {
		struct unwatched_peer *kept = &unwatched->kept[i];

		if (strcmp(kept->peer, added.peer) != 0 ||
		    strcmp(kept->protocol, added.protocol) != 0)
			continue;
		kept->connections += connections;
		return;
	}
	if (unwatched->count < UNWATCHED_KEPT)
		unwatched->kept[unwatched->count++] = added;
	else
		unwatched->more += connections;
}

void unwatched_add_json(struct unwatched *unwatched, const json_t *peers, uint64_t more)
{
	const json_t *peer;
	size_t i;

	json_array_foreach(peers, i, peer) {
		unwatched_add(unwatched, field_string(peer, "peer"), field_string(peer, "protocol"),
			      field_string(peer, "class"),
			      (uint64_t)field_integer(peer, "connections"));
	}
	unwatched->more += more;
}

void unwatched_print(const struct unwatched *unwatched, const char *prefix, FILE *out)
{
	for (size_t i = 0; i < unwatched->count; i++) {
		const struct unwatched_peer *kept = &unwatched->kept[i];

		fprintf(out, "%snot watched: %" PRIu64 " connection%s to ", prefix,
			kept->connections, plural(kept->connections));
		escape_print(kept->peer, out);
		fputs(", ", out);
		escape_print(kept->protocol, out);
		fputc('\n', out);
	}
	if (unwatched->more > 0)
		fprintf(out, "%snot watched: %" PRIu64 " %sconnection%s\n", prefix, unwatched->more,
			unwatched->count > 0 ? "further " : "", plural(unwatched->more));
}

json_t *unwatched_json(const struct unwatched *unwatched)
{
	json_t *array = json_array();

	for (size_t i = 0; array != NULL && i < unwatched->count; i++) {
		const struct unwatched_peer *kept = &unwatched->kept[i];

		json_array_append_new(array,
				      json_pack("{s:s, s:s, s:s, s:I}", "peer", kept->peer,
						"protocol", kept->protocol, "class", kept->class,
						"connections", (json_int_t)kept->connections));
	}
	return array;
}
