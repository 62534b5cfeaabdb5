/* SPDX-License-Identifier: MIT */
/*
 * See history.h.  A writer takes an index with one addition and fills that entry.  A writer that is
 * a whole ring behind another could write to the same entry, so a reader shows an entry only when
 * its time is not 0 and the same before and after the copy.
 */
#include "registry/history.h"

#include <string.h>
#include <time.h>

#include "options/options.h"
#include "base/sys.h"
#include "base/text.h"

static uint64_t owner_of(struct socket_slot slot)
{
	return ((uint64_t)slot.n << 24 | registry_socket_generation(slot)) + 1;
}

/* True when the history is free, or its connection is gone. */
static bool is_free(uint64_t owner)
{
	struct socket_slot slot = {(uint32_t)((owner - 1) >> 24)};

	return owner == 0 || slot.n >= FORKSAN_MAX_SOCKETS || owner_of(slot) != owner;
}

static struct registry_history *find(const struct registry *registry, struct socket_slot slot)
{
	uint32_t index = load_acquire(&registry->sockets[slot.n].history);

	const struct registry_history *history;

	if (index == 0 || index > FORKSAN_MAX_HISTORIES)
		return NULL;
	history = &registry->histories[index - 1];
	return registry_reach(history, sizeof *history)
		       ? (struct registry_history *)(uintptr_t)history
		       : NULL;
}

void history_start(struct socket_slot slot)
{
	struct registry *registry = registry_get();

	if (find(registry, slot))
		return;
	for (uint32_t i = 0; i < FORKSAN_MAX_HISTORIES; i++) {
		struct registry_history *history = &registry->histories[i];
		uint64_t owner;

		if (!registry_reach_new(history, sizeof *history))
			return;
		owner = load_acquire(&history->owner);
		if (!is_free(owner) ||
		    !compare_exchange_acq_rel(&history->owner, &owner, owner_of(slot)))
			continue;
		store_relaxed(&history->has_payloads,
			      options.payload && registry_reach_new(registry->payloads[i],
								    sizeof *registry->payloads));
		for (uint32_t n = 0; n < FORKSAN_HISTORY_OPERATIONS; n++)
			store_relaxed(&history->operations[n].time_ns, 0);
		store_relaxed(&history->next, 0);
		store_release(&registry->sockets[slot.n].history, i + 1);
		return;
	}
}

/* The place for the bytes of an operation; NULL: there is no page. */
static uint8_t *payload_at(const struct registry *registry, const struct registry_history *history,
			   uint32_t at)
{
	const uint8_t *payload = registry->payloads[history - registry->histories][at];

	return registry_reach(payload, FORKSAN_PAYLOAD_BYTES) ? (uint8_t *)(uintptr_t)payload
							      : NULL;
}

/* Copies the first of the moved bytes; returns their number. */
static uint8_t copy_payload(uint8_t *out, const struct iovec *iov, int count, size_t moved)
{
	size_t len = 0;

	if (moved > FORKSAN_PAYLOAD_BYTES)
		moved = FORKSAN_PAYLOAD_BYTES;
	for (int i = 0; i < count && len < moved; i++) {
		size_t n = iov[i].iov_len < moved - len ? iov[i].iov_len : moved - len;

		if (!iov[i].iov_base)
			break;
		memcpy(out + len, iov[i].iov_base, n);
		len += n;
	}
	return (uint8_t)len;
}

void history_add(struct socket_slot slot, const struct history_act *act, const struct iovec *iov,
		 int count, size_t moved)
{
	struct registry *registry = registry_get();
	struct registry_history *history = find(registry, slot);
	struct registry_operation *entry;
	uint32_t at;

	if (!history || load_acquire(&history->owner) != owner_of(slot))
		return;
	at = fetch_add_relaxed(&history->next, 1) % FORKSAN_HISTORY_OPERATIONS;
	entry = &history->operations[at];
	store_release(&entry->time_ns, 0);
	entry->serial = act->by;
	entry->tid = act->tid;
	entry->operation = (uint16_t)act->operation;
	entry->message = act->message;
	entry->writes = act->writes;
	entry->protocol = act->protocol != PROTOCOL_UNKNOWN
				  ? (uint8_t)act->protocol
				  : (uint8_t)load_relaxed(&registry->sockets[slot.n].protocol);
	entry->payload_len_bytes = 0;
	if (unlikely(options.payload) && iov && load_relaxed(&history->has_payloads)) {
		uint8_t *payload = payload_at(registry, history, at);

		if (payload)
			entry->payload_len_bytes = copy_payload(payload, iov, count, moved);
	}
	entry->result = (int64_t)moved;
	store_release(&entry->time_ns,
		      act->time_ns != 0 ? act->time_ns : sys_clock_ns(CLOCK_MONOTONIC));
}

static void copy_entry(const struct registry *registry, const struct registry_history *history,
		       uint32_t at, struct history_entry *out)
{
	const uint8_t *payload;

	memcpy(&out->operation, &history->operations[at], sizeof out->operation);
	if (out->operation.payload_len_bytes > FORKSAN_PAYLOAD_BYTES)
		out->operation.payload_len_bytes = FORKSAN_PAYLOAD_BYTES;
	if (out->operation.payload_len_bytes == 0)
		return;
	payload = payload_at(registry, history, at);
	if (payload)
		memcpy(out->payload, payload, out->operation.payload_len_bytes);
	else
		out->operation.payload_len_bytes = 0;
}

bool history_next(const struct registry *registry, struct socket_slot slot,
		  struct history_cursor *cursor, struct history_entry *out)
{
	const struct registry_history *history = find(registry, slot);

	if (!history)
		return false;
	if (!cursor->begun) {
		cursor->begun = true;
		cursor->end = load_acquire(&history->next);
		cursor->next = cursor->end > FORKSAN_HISTORY_OPERATIONS
				       ? cursor->end - FORKSAN_HISTORY_OPERATIONS
				       : 0;
	}
	while (cursor->next != cursor->end) {
		uint32_t at = cursor->next++ % FORKSAN_HISTORY_OPERATIONS;
		const struct registry_operation *entry = &history->operations[at];
		uint64_t time_ns = load_acquire(&entry->time_ns);

		copy_entry(registry, history, at, out);
		if (time_ns != 0 && load_acquire(&entry->time_ns) == time_ns) {
			store_relaxed(&out->operation.time_ns, time_ns);
			return true;
		}
	}
	return false;
}

size_t history_payload_text(const struct history_entry *entry, char out[HISTORY_PAYLOAD_TEXT_BYTES])
{
	struct text text;

	text_init(&text, out, HISTORY_PAYLOAD_TEXT_BYTES);
	for (size_t i = 0; i < entry->operation.payload_len_bytes; i++) {
		const uint8_t *byte = &entry->payload[i];

		switch (*byte) {
		case '\n':
			text_put_string(&text, "\\n");
			break;
		case '\r':
			text_put_string(&text, "\\r");
			break;
		case '\t':
			text_put_string(&text, "\\t");
			break;
		case '\\':
			text_put_string(&text, "\\\\");
			break;
		default:
			if (*byte >= ' ' && *byte <= '~') {
				text_put_char(&text, (char)*byte);
			} else {
				text_put_string(&text, "\\x");
				text_put_hex_bytes(&text, byte, 1);
			}
			break;
		}
	}
	return text.len;
}
