/* SPDX-License-Identifier: MIT */
/*
 * AMQP 0-8 to 0-9-1 and 1.0 (RabbitMQ, ActiveMQ, Qpid, Service Bus): first bytes, and the
 * client's frames.
 *
 *   client:  "AMQP" | 00 00 09 01    0-9-1
 *            "AMQP" | 00 01 00 00    1.0;  03 01 00 00 with SASL;  02 01 00 00 with TLS
 *            "AMQP" | 01 01 ..       0-8, 0-9, 0-10
 *
 *   0-9-1    type | channel 2 | length 4 BE | payload | CE      method: class 2, method 2, ...
 *            01 | 00 00 | .. .. .. .. | 00 0A 00 32 ..          Connection.Close: goodbye
 *   1.0      length 4 BE | offset 02 | type | channel 2 | 00 53 <performative> ...
 *                                                  00 53 18     close: goodbye
 *
 *   server:  01 | 00 00 | LL LL LL LL | 00 0A 00 0A | ...      method frame, Connection.Start
 *            "AMQP" | ..             its own version, when it does not speak the client's, or 1.0
 *
 * Sources: AMQP 0-9-1 specification, 2.2.4 "Connection ... protocol header", 4.2.2 "Protocol
 * Header", 4.2.3 "General Frame Format", class connection (10), method start (10); OASIS AMQP 1.0
 * part 2 "Transport", 2.2 "Version Negotiation", 2.3 "Framing", 2.7 "Performatives".
 */
#include "wire/protocol.h"

#define FRAME_HEADER_BYTES 7
#define FRAME_METHOD 1
#define FRAME_MAX 0x8000000u /* 128 MiB; RabbitMQ offers 128 KiB */
#define AMQP1_HEADER_BYTES 8
#define AMQP1_PERFORMATIVE_BYTES 11 /* with 00 53 of the described type, and the code */

/* Codes of wire_message_name(): class * 256 + method, or AMQP 1.0's performative. */
#define CODE(class, method) ((class) * 256 + (method))
#define CONNECTION_CLOSE CODE(10, 50)
#define PERFORMATIVE(code) (0xf000 | (code))
#define PERFORMATIVE_CLOSE PERFORMATIVE(0x18)

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range header[] = {
		WIRE_IS('A'), WIRE_IS('M'), WIRE_IS('Q'), WIRE_IS('P'), {0x00, 0x03}, {0x00, 0x01},
	};

	return WIRE_MATCH_RANGES(bytes, len, header);
}

static enum wire_match recognise_server(const uint8_t *bytes, size_t len)
{
	static const struct wire_range start[] = {
		WIRE_IS(0x01), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_IS(0x00), WIRE_ANY,
		WIRE_ANY,      WIRE_IS(0x00), WIRE_IS(0x0a), WIRE_IS(0x00), WIRE_IS(0x0a),
	};

	return wire_match_best(recognise_client(bytes, len), WIRE_MATCH_RANGES(bytes, len, start));
}

static int amqp1_frame(const uint8_t *kept, size_t have, struct wire_frame *frame)
{
	uint32_t len = wire_be32(kept);

	if (have < AMQP1_HEADER_BYTES)
		return AMQP1_HEADER_BYTES;
	if (len < AMQP1_HEADER_BYTES || len > FRAME_MAX || kept[4] < 2 || kept[5] > 1)
		return -1;
	frame->len_bytes = len;
	if (len < AMQP1_PERFORMATIVE_BYTES || kept[4] != 2)
		return 0; /* a heart-beat, or an extended header */
	if (have < AMQP1_PERFORMATIVE_BYTES)
		return AMQP1_PERFORMATIVE_BYTES;
	if (kept[5] == 0 && kept[8] == 0x00 && kept[9] == 0x53) {
		frame->code = PERFORMATIVE(kept[10]);
		if (frame->code == PERFORMATIVE_CLOSE)
			frame->goodbye = WIRE_GOODBYE;
	}
	return 0;
}

static int read_frame(const uint8_t *kept, size_t have, struct wire_frame *frame)
{
	uint32_t len;

	if (have < FRAME_HEADER_BYTES)
		return FRAME_HEADER_BYTES;
	if (wire_match_text(kept, have, "AMQP") == WIRE_YES) {
		frame->len_bytes = 8;
		return 0;
	}
	/* A 1.0 frame opens with the length, whose first byte is 0; no 0-9-1 frame has type 0. */
	if (kept[0] == 0)
		return amqp1_frame(kept, have, frame);
	len = wire_be32(kept + 3);
	if ((kept[0] > 3 && kept[0] != 8) || len > FRAME_MAX)
		return -1;
	frame->len_bytes = FRAME_HEADER_BYTES + (uint64_t)len + 1;
	if (kept[0] != FRAME_METHOD)
		return 0;
	if (len < 4)
		return -1;
	if (have < FRAME_HEADER_BYTES + 4)
		return FRAME_HEADER_BYTES + 4;
	if (kept[7] != 0 || kept[9] != 0)
		return -1;
	frame->code = (uint16_t)CODE(kept[8], kept[10]);
	if (frame->code == CONNECTION_CLOSE)
		frame->goodbye = WIRE_GOODBYE;
	return 0;
}

static const char *name_of(enum wire_direction direction, uint16_t code)
{
	static const struct {
		uint16_t code;
		const char *name;
	} names[] = {
		{CODE(10, 11), "Connection.StartOk"}, {CODE(10, 31), "Connection.TuneOk"},
		{CODE(10, 40), "Connection.Open"},    {CODE(10, 50), "Connection.Close"},
		{CODE(10, 51), "Connection.CloseOk"}, {CODE(20, 10), "Channel.Open"},
		{CODE(20, 40), "Channel.Close"},      {CODE(20, 41), "Channel.CloseOk"},
		{CODE(40, 10), "Exchange.Declare"},   {CODE(50, 10), "Queue.Declare"},
		{CODE(50, 20), "Queue.Bind"},	      {CODE(50, 30), "Queue.Purge"},
		{CODE(50, 40), "Queue.Delete"},	      {CODE(60, 10), "Basic.Qos"},
		{CODE(60, 20), "Basic.Consume"},      {CODE(60, 30), "Basic.Cancel"},
		{CODE(60, 40), "Basic.Publish"},      {CODE(60, 70), "Basic.Get"},
		{CODE(60, 80), "Basic.Ack"},	      {CODE(60, 90), "Basic.Reject"},
		{CODE(60, 120), "Basic.Nack"},	      {CODE(85, 10), "Confirm.Select"},
		{CODE(90, 10), "Tx.Select"},	      {CODE(90, 20), "Tx.Commit"},
		{PERFORMATIVE(0x10), "open"},	      {PERFORMATIVE(0x11), "begin"},
		{PERFORMATIVE(0x12), "attach"},	      {PERFORMATIVE(0x13), "flow"},
		{PERFORMATIVE(0x14), "transfer"},     {PERFORMATIVE(0x15), "disposition"},
		{PERFORMATIVE(0x16), "detach"},	      {PERFORMATIVE(0x17), "end"},
		{PERFORMATIVE(0x18), "close"},
	};

	(void)direction;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (names[i].code == code)
			return names[i].name;
	}
	return NULL;
}

const struct wire_protocol wire_amqp = {
	.recognise = {recognise_client, recognise_server},
	.ports = {5672, 5671 /* TLS */},
	.frame = read_frame,
	.name = name_of,
	.pushes = true,
};
