/* SPDX-License-Identifier: MIT */
/*
 * TLS: first bytes, and records.
 *
 *   0      1..2      3..4        5
 *   | type | version | length BE | handshake type | ...
 *   16       03 01..   LL LL       01 ClientHello     client
 *   16       03 03     LL LL       02 ServerHello     server
 *   15       03 03     00 02     | 02 | description   server, an alert at once
 *
 *   goodbye, client: close_notify
 *   15       03 03     00 02     | 01 | 00            plain
 *   15       03 03     00 1A ..                       TLS 1.2, encrypted (GCM; others differ)
 *   17       03 03     00 13 ..                       TLS 1.3, encrypted: known by its size
 *
 * Sources: RFC 8446 section 5.1 "Record Layer" (a record is at most 2^14 bytes), 4 "Handshake
 * Protocol", 6 "Alert Protocol" (6.1 "Closure Alerts"), 5.2 "Record Payload Protection"; RFC 5246
 * sections 6.2.1, 7.2.1.
 */
#include "wire/protocol.h"

#define TLS_RECORD_HEADER_BYTES 5
#define TLS_MAX_RECORD_BYTES (16384 + 2048) /* RFC 5246 section 6.2.3 */

/* Content types, RFC 8446 section 5.1 and RFC 6520. */
#define TLS_CHANGE_CIPHER_SPEC 0x14
#define TLS_ALERT 0x15
#define TLS_APPLICATION_DATA 0x17
#define TLS_HEARTBEAT 0x18

#define TLS_CLOSE_NOTIFY 0
#define TLS13_ALERT_BYTES 19 /* level, description, inner type, tag of 16 */

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range hello[] = {
		WIRE_IS(0x16), WIRE_IS(0x03), {0x00, 0x04}, {0x00, 0x40}, WIRE_ANY, WIRE_IS(0x01),
	};

	return WIRE_MATCH_RANGES(bytes, len, hello);
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	static const struct wire_range hello[] = {
		WIRE_IS(0x16), WIRE_IS(0x03), {0x00, 0x04}, {0x00, 0x40}, WIRE_ANY, WIRE_IS(0x02),
	};
	static const struct wire_range alert[] = {
		WIRE_IS(0x15), WIRE_IS(0x03), {0x00, 0x04},
		WIRE_IS(0x00), WIRE_IS(0x02), {0x01, 0x02},
	};

	return wire_match_best(WIRE_MATCH_RANGES(bytes, len, hello),
			       WIRE_MATCH_RANGES(bytes, len, alert));
}

/*
 * A record.  15 is an alert: a plain alert holds level and description; an alert encrypted by TLS
 * 1.2 is known by the type, and a client sends an alert only to end.  TLS 1.3 hides the type; an
 * alert is then 2 bytes, the type and a tag of 16, and little else is as short.
 */
static int read_frame(const uint8_t *kept, size_t have, struct wire_frame *frame)
{
	uint32_t len;

	if (have < TLS_RECORD_HEADER_BYTES)
		return TLS_RECORD_HEADER_BYTES;
	len = wire_be16(kept + 3);
	if (kept[0] < TLS_CHANGE_CIPHER_SPEC || kept[0] > TLS_HEARTBEAT || kept[1] != 0x03 ||
	    kept[2] > 0x04 || len > TLS_MAX_RECORD_BYTES)
		return -1;
	frame->len_bytes = TLS_RECORD_HEADER_BYTES + (uint64_t)len;
	frame->code = kept[0];
	if (kept[0] == TLS_ALERT && len == 2) {
		if (have < TLS_RECORD_HEADER_BYTES + 2)
			return TLS_RECORD_HEADER_BYTES + 2;
		if (kept[6] == TLS_CLOSE_NOTIFY)
			frame->goodbye = WIRE_GOODBYE;
	} else if (kept[0] == TLS_ALERT ||
		   (kept[0] == TLS_APPLICATION_DATA && len == TLS13_ALERT_BYTES)) {
		frame->goodbye = WIRE_GOODBYE_LIKELY;
	}
	return 0;
}

static const char *name_of(enum wire_direction direction, uint16_t code)
{
	(void)direction;
	switch (code) {
	case TLS_CHANGE_CIPHER_SPEC:
		return "change_cipher_spec";
	case TLS_ALERT:
		return "alert";
	case 0x16:
		return "handshake";
	case TLS_APPLICATION_DATA:
		return "application_data";
	}
	return NULL;
}

const struct wire_protocol wire_tls = {
	.recognise = {recognise_client, recognise_server},
	.ports = {443, 8443},
	.frame = read_frame,
	.name = name_of,
};
