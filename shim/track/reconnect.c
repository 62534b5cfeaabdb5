/* SPDX-License-Identifier: MIT */
/*
 * See reconnect.h.  The table is private memory; how many entries mean something is in wiped.track,
 * so that a fork child begins with none.
 */
#include "track/reconnect.h"

#include "base/address.h"
#include "base/compiler.h"
#include "base/sys.h"
#include "base/text.h"
#include "base/wiped.h"
#include "forksan/atomics.h"
#include "report/report.h"

/* Servers from which this process was isolated, and to which it has not connected since: a pool's
 * worth.  Hashes of their addresses, 0: none. */
#define SERVERS 16
static _Atomic uint64_t servers[SERVERS];

/* FNV-1a of the address as text: a struct sockaddr_in may hold stray bytes. */
static uint64_t hash_of(const void *address, socklen_t len)
{
	char bytes[ADDRESS_TEXT_BYTES];
	uint64_t hash = UINT64_C(14695981039346656037);
	struct text text;

	text_init(&text, bytes, sizeof bytes);
	address_put(&text, address, len);
	for (size_t i = 0; i < text.len; i++)
		hash = (hash ^ (uint8_t)bytes[i]) * UINT64_C(1099511628211);
	return hash | 1;
}

void reconnect_expect(const struct registry_socket *socket)
{
	uint8_t peer[FORKSAN_ADDRESS_BYTES];
	uint32_t len = registry_socket_peer(socket, peer);
	uint32_t n = fetch_add_relaxed(&wiped.track.isolations, 1);

	store_release(&servers[n % SERVERS], hash_of(peer, len));
}

/* A pool reconnects many times: the log gets one record for each process and server. */
static void note(uint64_t hash, const struct sockaddr *address, socklen_t len)
{
	uint64_t signals;

	if (exchange_acq_rel(&wiped.track.reconnected, hash) == hash)
		return;
	sys_block_signals(&signals);
	report_reconnected(registry_get(), address, len);
	sys_restore_signals(signals);
}

void reconnect_made(const struct sockaddr *address, socklen_t len)
{
	uint32_t count = load_relaxed(&wiped.track.isolations);
	uint64_t hash;

	if (likely(count == 0))
		return;
	hash = hash_of(address, len);
	for (uint32_t i = 0; i < count && i < SERVERS; i++) {
		uint64_t found = hash;

		if (!compare_exchange_acq_rel(&servers[i], &found, 0))
			continue;
		registry_count(COUNT_RECONNECTED);
		note(hash, address, len);
		return;
	}
}
