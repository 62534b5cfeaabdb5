/* SPDX-License-Identifier: MIT */
/*
 * Kafka: first bytes.
 *
 *   0..3        4..5      6..7      8..11            12..13             14..
 *   | length BE | API key | version | correlation id | client id length | client id | ...
 *
 *   00 00 00 2B | 00 12   | 00 03   | 00 00 00 00    | 00 07            | "admin-1"
 *
 * The first request is ApiVersions (18), from old clients Metadata (3) or SaslHandshake (17), and
 * from clients that open a connection a broker any other.  The client id is a nullable string with
 * a two-byte length in every header version; null is FF FF.
 *
 * Sources: Apache Kafka documentation, "Kafka protocol guide": "Request Header", "Api Keys"; the
 * ApiVersions bytes are those of KAFKA-14935.
 */
#include "wire/protocol.h"

#define KAFKA_METADATA 3
#define KAFKA_SASL_HANDSHAKE 17
#define KAFKA_API_VERSIONS 18
#define KAFKA_MAX_API_KEY 0x5f
#define KAFKA_MAX_VERSION 0x14
#define KAFKA_CLIENT_ID 14 /* offset */

/* RabbitMQ's stream protocol has the same header and uses key 17 for its own first message; there
 * the bytes after a Kafka client id would not be a mechanism's name ("PLAIN", "SCRAM-..."). */
static enum wire_match recognise_mechanism(const uint8_t *bytes, size_t len)
{
	static const struct wire_range mechanism[] = {WIRE_IS(0x00), {0x01, 0x20}, {'A', 'Z'}};

	return WIRE_MATCH_RANGES(bytes, len, mechanism);
}

static enum wire_match recognise_client(const uint8_t *bytes, size_t len)
{
	static const struct wire_range header[] = {
		WIRE_IS(0x00), WIRE_ANY,
		WIRE_ANY,      WIRE_ANY,	       /* length below 16 MiB */
		WIRE_IS(0x00), {0, KAFKA_MAX_API_KEY}, /* key */
		WIRE_IS(0x00), {0, KAFKA_MAX_VERSION}, /* version */
		WIRE_ANY,      WIRE_ANY,
		WIRE_ANY,      WIRE_ANY, /* correlation id */
		WIRE_ANY,      WIRE_ANY, /* client id length */
	};
	enum wire_match match = WIRE_MATCH_RANGES(bytes, len, header);
	uint32_t id_len;
	bool opening;

	/* Key, version, correlation id and client id length take 10. */
	if (len >= 4 && wire_be32(bytes) < 10)
		return WIRE_NO;
	if (match != WIRE_YES)
		return match;
	opening = bytes[5] == KAFKA_METADATA || bytes[5] == KAFKA_SASL_HANDSHAKE ||
		  bytes[5] == KAFKA_API_VERSIONS;
	id_len = wire_be16(bytes + 12);
	if (id_len == 0xffff)
		id_len = 0;
	else if (id_len > 0xff)
		return WIRE_NO;
	if (id_len == 0 && !opening)
		return WIRE_NO;
	for (size_t i = 0; i < id_len; i++) {
		if (KAFKA_CLIENT_ID + i == len)
			return len == FORKSAN_HEAD_BYTES ? WIRE_YES : WIRE_MAYBE;
		if (!wire_is_printable(bytes[KAFKA_CLIENT_ID + i]))
			return WIRE_NO;
	}
	if (bytes[5] == KAFKA_SASL_HANDSHAKE && KAFKA_CLIENT_ID + id_len + 3 <= FORKSAN_HEAD_BYTES)
		return recognise_mechanism(bytes + KAFKA_CLIENT_ID + id_len,
					   len - KAFKA_CLIENT_ID - id_len);
	return WIRE_YES;
}

static int read_frame(const uint8_t *kept, size_t have, struct wire_frame *frame)
{
	uint32_t len;

	if (have < 8)
		return 8;
	len = wire_be32(kept);
	if (len < 8 || len > 0x40000000u || kept[4] != 0 || kept[5] > KAFKA_MAX_API_KEY ||
	    kept[6] != 0)
		return -1;
	frame->len_bytes = 4 + (uint64_t)len;
	frame->code = (uint16_t)(kept[5] + 1);
	return 0;
}

/* By code, from 1 on. */
static const char *const names[] = {
	"Produce",
	"Fetch",
	"ListOffsets",
	"Metadata",
	"LeaderAndIsr",
	"StopReplica",
	"UpdateMetadata",
	"ControlledShutdown",
	"OffsetCommit",
	"OffsetFetch",
	"FindCoordinator",
	"JoinGroup",
	"Heartbeat",
	"LeaveGroup",
	"SyncGroup",
	"DescribeGroups",
	"ListGroups",
	"SaslHandshake",
	"ApiVersions",
	"CreateTopics",
	"DeleteTopics",
	"DeleteRecords",
	"InitProducerId",
	"OffsetForLeaderEpoch",
	"AddPartitionsToTxn",
	"AddOffsetsToTxn",
	"EndTxn",
	"WriteTxnMarkers",
	"TxnOffsetCommit",
	"DescribeAcls",
	"CreateAcls",
	"DeleteAcls",
	"DescribeConfigs",
	"AlterConfigs",
	"AlterReplicaLogDirs",
	"DescribeLogDirs",
	"SaslAuthenticate",
	"CreatePartitions",
};

const struct wire_protocol wire_kafka = {
	.recognise = {recognise_client, NULL},
	.ports = {9092, 9093 /* by habit with TLS */},
	.frame = read_frame,
	.names = {NAMES(names)},
};
