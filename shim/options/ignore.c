/* SPDX-License-Identifier: MIT */
/*
 * ignore=: the connections that a user does not want to watch.  See options_ignores() in options.h.
 */
#include "options/options.h"

#include <string.h>

#include "options/network.h"
#include "wire/wire.h"

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/*
 * True when the whole of `text` matches `pattern`, where `*` stands for any run of characters.  On
 * a mismatch only the last `*` takes one more character: the characters that earlier ones took can
 * stay, since any match for the rest that an earlier `*` would allow, the last allows, too.  So the
 * time is at most the product of the lengths.  ASCII case is ignored: protocols, classes and
 * hexadecimal digits.
 */
static bool matches(struct span pattern, struct span text)
{
	size_t p = 0;
	size_t t = 0;
	size_t star = pattern.len; /* position after the last `*`; the length: none so far */
	size_t star_text = 0;
	bool starred = false;

	while (t < text.len) {
		if (p < pattern.len && pattern.start[p] == '*') {
			star = ++p;
			star_text = t;
			starred = true;
		} else if (p < pattern.len && lower(pattern.start[p]) == lower(text.start[t])) {
			p++;
			t++;
		} else if (starred) {
			p = star;
			t = ++star_text;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.start[p] == '*')
		p++;
	return p == pattern.len;
}

struct peer {
	struct span whole;
	struct span address; /* without the port; IPv6 without brackets */
	struct span port;    /* empty for unix sockets */
	bool has_network;
	struct network network;
};

static struct peer split(const char *peer_text)
{
	struct peer peer = {.whole = span_from(peer_text)};
	const char *colon = strrchr(peer_text, ':');

	peer.has_network = network_parse(peer.whole, &peer.network);
	peer.address = peer.whole;
	peer.port = (struct span){peer_text + peer.whole.len, 0};
	if (colon == NULL || peer_text[0] == '/' || peer_text[0] == '@')
		return peer;
	peer.address.len = (size_t)(colon - peer_text);
	peer.port = span_from(colon + 1);
	if (peer.address.len >= 2 && peer_text[0] == '[' && colon[-1] == ']') {
		peer.address.start++;
		peer.address.len -= 2;
	}
	return peer;
}

/* True when `pattern` is an address or a range of addresses that holds the peer's. */
static bool matches_network(struct span pattern, const struct peer *peer)
{
	struct network network;

	return peer->has_network && network_parse(pattern, &network) &&
	       network_holds(&network, &peer->network);
}

bool options_ignores(enum protocol protocol, const char *peer_text)
{
	struct peer peer = split(peer_text);
	struct span list = span_from(options.ignore);

	while (list.len > 0) {
		struct span pattern = span_next_item(&list);

		if (pattern.len == 0)
			continue;
		if (matches(pattern, peer.whole) || matches(pattern, peer.address) ||
		    (peer.port.len > 0 && matches(pattern, peer.port)) ||
		    matches_network(pattern, &peer) ||
		    matches(pattern, span_from(wire_protocol_name(protocol))) ||
		    matches(pattern, span_from(wire_class_name(wire_class(protocol)))))
			return true;
	}
	return false;
}
