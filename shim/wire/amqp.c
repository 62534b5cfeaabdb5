/* SPDX-License-Identifier: MIT */
/*
 * AMQP 0-8 to 0-9-1 and 1.0 (RabbitMQ, ActiveMQ, Qpid, Service Bus): first bytes.
 *
 *   client:  "AMQP" | 00 00 09 01    0-9-1
 *            "AMQP" | 00 01 00 00    1.0;  03 01 00 00 with SASL;  02 01 00 00 with TLS
 *            "AMQP" | 01 01 ..       0-8, 0-9, 0-10
 *   server:  01 | 00 00 | LL LL LL LL | 00 0A 00 0A | ...      method frame, Connection.Start
 *            "AMQP" | ..             its own version, when it does not speak the client's, or 1.0
 *
 * Sources: AMQP 0-9-1 specification, 2.2.4 "Connection ... protocol header", 4.2.2 "Protocol
 * Header", 4.2.3 "General Frame Format", class connection (10), method start (10); OASIS AMQP 1.0
 * part 2 "Transport", 2.2 "Version Negotiation".
 */
#include "tell.h"

static enum wire_match tell_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range header[] = {
		WIRE_IS('A'), WIRE_IS('M'), WIRE_IS('Q'), WIRE_IS('P'), {0x00, 0x03}, {0x00, 0x01},
	};

	return WIRE_MATCH_RANGES(bytes, len, header);
}

static enum wire_match tell_server(const uint8_t *bytes, size_t len)
{
	static const struct wire_range start[] = {
		WIRE_IS(0x01), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_ANY,
		WIRE_ANY,      WIRE_IS(0x00), WIRE_IS(0x0a), WIRE_IS(0x00), WIRE_IS(0x0a),
	};

	return wire_match_best(tell_client(bytes, len), WIRE_MATCH_RANGES(bytes, len, start));
}

const struct wire_protocol wire_amqp = {
	.protocol = PROTOCOL_AMQP,
	.tell = {tell_client, tell_server},
	.ports = {5672, 5671 /* TLS */},
};
