/* SPDX-License-Identifier: MIT */
/*
 * See identify.h.
 */
#include "track/identify.h"

#include <string.h>

#include "track/connection.h"
#include "track/conversation.h"
#include "wire/wire.h"

static void append_head(struct registry_socket *socket, enum wire_direction direction,
			const struct iovec *iov, int count, size_t moved)
{
	uint32_t len = load_relaxed(&socket->head_len[direction]);

	for (int i = 0; i < count && moved > 0 && len < FORKSAN_HEAD_BYTES; i++) {
		size_t n = iov[i].iov_len < moved ? iov[i].iov_len : moved;
		size_t room = FORKSAN_HEAD_BYTES - len;

		moved -= n;
		if (n > room)
			n = room;
		memcpy(&socket->head[direction][len], iov[i].iov_base, n);
		len += (uint32_t)n;
	}
	store_relaxed(&socket->head_len[direction], len);
}

/* Notes the protocol that the bytes have identified; false when such a connection is not
 * watched. */
static noinline bool identified(const struct track_call *call, enum protocol protocol)
{
	struct registry_socket *socket = call->socket;
	uint8_t peer[FORKSAN_ADDRESS_BYTES];
	uint32_t peer_len = registry_socket_peer(socket, peer);

	/* SOCKET_UNIDENTIFIED stays until the opening, too, has been parsed (conversation.c). */
	store_relaxed(&socket->protocol, protocol);
	if (!track_class_is_watched(registry_socket_protocol(socket)) ||
	    track_is_ignored(protocol, peer, peer_len)) {
		if (fetch_and_relaxed(&socket->flags, ~(uint32_t)SOCKET_COUNTED) & SOCKET_COUNTED)
			registry_uncount(COUNT_CONNECTIONS);
		track_note_unwatched(registry_socket_protocol(socket), peer, peer_len);
		track_stop_watching(call->slot);
		return false;
	}
	if (!(fetch_or_relaxed(&socket->flags, SOCKET_COUNTED) & SOCKET_COUNTED))
		registry_count(COUNT_CONNECTIONS);
	/* From now on the connection is not judged by direction, and the words have another use
	 * (pending.c). */
	for (int way = 0; way < LINEAGE_WAYS && protocol != PROTOCOL_OTHER; way++)
		store_relaxed(&socket->last_way[way], 0);
	return true;
}

/* The protocol of all bytes in the heads. */
static noinline enum protocol read_heads(const struct registry_socket *socket)
{
	uint8_t copy[2][FORKSAN_HEAD_BYTES];
	const uint8_t *head[2] = {copy[0], copy[1]};
	size_t len[2];

	memcpy(copy, socket->head, sizeof copy);
	for (int d = 0; d < 2; d++) {
		len[d] = load_relaxed(&socket->head_len[d]);
		if (len[d] > FORKSAN_HEAD_BYTES)
			len[d] = FORKSAN_HEAD_BYTES;
	}
	return wire_identify_at((enum protocol)load_relaxed(&socket->hint), head, len);
}

bool identify_protocol(const struct track_call *call, const struct iovec *iov, int count,
		       size_t moved)
{
	struct registry_socket *socket = call->socket;
	uint32_t earlier[2] = {load_relaxed(&socket->head_len[0]),
			       load_relaxed(&socket->head_len[1])};
	enum protocol protocol;
	bool watched;

	if (load_relaxed(&socket->protocol) != PROTOCOL_UNKNOWN)
		return true;
	append_head(socket, call->way == TRACK_WRITE ? WIRE_CLIENT : WIRE_SERVER, iov, count,
		    moved);
	protocol = read_heads(socket);
	if (protocol == PROTOCOL_UNKNOWN)
		return track_class_is_watched(registry_socket_protocol(socket));
	watched = identified(call, protocol);
	if (watched && protocol != PROTOCOL_OTHER)
		conversation_open(call, earlier);
	else
		fetch_and_relaxed(&socket->flags, ~(uint32_t)SOCKET_UNIDENTIFIED);
	/* A head may hold a password (Redis's AUTH), and nobody needs the heads any more. */
	memset(socket->head, 0, sizeof socket->head);
	return watched;
}
