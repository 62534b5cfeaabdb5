-- SPDX-License-Identifier: MIT
-- The store of a fleet's records in ClickHouse, for more than one PostgreSQL can hold (docs/fleet.md).
-- Tested with ClickHouse 18.16, Debian's, whose functions later versions have, too.
--
--     clickhouse-client --multiquery <clickhouse.sql
--     INSERT INTO fleet.lines FORMAT JSONEachRow {"agent": "web-7", "line": "{\"record\":...}"}
--
-- Debian's rsyslog has no output for ClickHouse: what inserts is a shipper of your choice, or a job that
-- copies.  `agent` must be the name that the certificate proved, as in PostgreSQL; here nothing looks
-- after allowances or forged names.
--
-- Duplicates: records and examples keep one row of each key when their parts are merged, so questions
-- about them say FINAL, or count keys; sightings are minima and maxima, which duplicates do not change.
-- Retention: ALTER TABLE fleet.records DROP PARTITION 20261126 (a day).

CREATE DATABASE IF NOT EXISTS fleet;

-- What is inserted goes through the views below, and is not kept here.
CREATE TABLE IF NOT EXISTS fleet.lines (agent String, line String) ENGINE = Null;

CREATE TABLE IF NOT EXISTS fleet.records (
	day Date,
	time DateTime,
	agent String,
	session String,
	seq UInt64,
	record String,
	service String,
	version String,
	finding String,
	fingerprint String,
	kind String,
	repeat UInt64
) ENGINE = ReplacingMergeTree() PARTITION BY toYYYYMMDD(day) ORDER BY (agent, session, seq);

CREATE MATERIALIZED VIEW IF NOT EXISTS fleet.to_records TO fleet.records AS
SELECT toDate(time) AS day, parseDateTimeBestEffortOrZero(visitParamExtractString(line, 'time')) AS time,
	agent, visitParamExtractString(line, 'session') AS session, visitParamExtractUInt(line, 'seq') AS seq,
	visitParamExtractString(line, 'record') AS record,
	visitParamExtractString(line, 'service.name') AS service,
	visitParamExtractString(line, 'service.version') AS version,
	if(record = 'finding', visitParamExtractString(line, 'id'), '') AS finding,
	if(record = 'finding', visitParamExtractString(line, 'fingerprint'), '') AS fingerprint,
	if(record = 'finding', visitParamExtractString(line, 'kind'), '') AS kind,
	if(record = 'finding', visitParamExtractUInt(line, 'repeat'), 0) AS repeat
FROM fleet.lines WHERE length(session) = 16 AND seq > 0 AND record != '' AND endsWith(line, '}');

-- Where a bug was seen.
CREATE TABLE IF NOT EXISTS fleet.sightings (
	fingerprint String,
	service String,
	version String,
	agent String,
	first_seen AggregateFunction(min, DateTime),
	last_seen AggregateFunction(max, DateTime)
) ENGINE = AggregatingMergeTree() ORDER BY (fingerprint, service, version, agent);

CREATE MATERIALIZED VIEW IF NOT EXISTS fleet.to_sightings TO fleet.sightings AS
SELECT visitParamExtractString(line, 'fingerprint') AS fingerprint,
	visitParamExtractString(line, 'service.name') AS service,
	visitParamExtractString(line, 'service.version') AS version, agent,
	minState(parseDateTimeBestEffortOrZero(visitParamExtractString(line, 'time'))) AS first_seen,
	maxState(parseDateTimeBestEffortOrZero(visitParamExtractString(line, 'time'))) AS last_seen
FROM fleet.lines
WHERE visitParamExtractString(line, 'record') = 'finding' AND length(fingerprint) = 16 AND endsWith(line, '}')
GROUP BY fingerprint, service, version, agent;

-- A whole finding of each kind; its stacks stand in fleet.stacks by their ids.
CREATE TABLE IF NOT EXISTS fleet.examples (
	fingerprint String,
	service String,
	version String,
	kind String,
	agent String,
	line String
) ENGINE = ReplacingMergeTree() ORDER BY (fingerprint, service, version, kind);

CREATE MATERIALIZED VIEW IF NOT EXISTS fleet.to_examples TO fleet.examples AS
SELECT visitParamExtractString(line, 'fingerprint') AS fingerprint,
	visitParamExtractString(line, 'service.name') AS service,
	visitParamExtractString(line, 'service.version') AS version,
	visitParamExtractString(line, 'kind') AS kind, agent, line
FROM fleet.lines
WHERE visitParamExtractString(line, 'record') = 'finding' AND length(fingerprint) = 16 AND endsWith(line, '}');

CREATE TABLE IF NOT EXISTS fleet.stacks (agent String, id String, line String)
ENGINE = ReplacingMergeTree() ORDER BY (agent, id);

CREATE MATERIALIZED VIEW IF NOT EXISTS fleet.to_stacks TO fleet.stacks AS
SELECT agent, visitParamExtractString(line, 'id') AS id, line
FROM fleet.lines WHERE visitParamExtractString(line, 'record') = 'stack' AND length(id) = 16;

-- Lines that are no record block nothing.
CREATE TABLE IF NOT EXISTS fleet.broken (received DateTime, agent String, beginning String)
ENGINE = MergeTree() PARTITION BY toYYYYMMDD(received) ORDER BY (agent, received);

CREATE MATERIALIZED VIEW IF NOT EXISTS fleet.to_broken TO fleet.broken AS
SELECT now() AS received, agent, substring(line, 1, 2000) AS beginning
FROM fleet.lines
WHERE length(visitParamExtractString(line, 'session')) != 16 OR visitParamExtractUInt(line, 'seq') = 0
	OR visitParamExtractString(line, 'record') = '' OR NOT endsWith(line, '}');

-- Which services share a connection across fork, since which version, on how many hosts.
CREATE VIEW IF NOT EXISTS fleet.bug_list AS
SELECT fingerprint, groupUniqArray(service) AS services, groupUniqArray(version) AS versions,
	argMin(version, first) AS since, uniqExact(agent) AS hosts, min(first) AS first_seen,
	max(last) AS last_seen
FROM (
	SELECT fingerprint, service, version, agent, minMerge(first_seen) AS first, maxMerge(last_seen) AS last
	FROM fleet.sightings GROUP BY fingerprint, service, version, agent
) GROUP BY fingerprint;

-- Records that were lost on their way, by the holes that they leave.
CREATE VIEW IF NOT EXISTS fleet.gaps AS
SELECT agent, session, max(seq) - uniqExact(seq) AS missing,
	arrayFilter(n -> n > 0 AND NOT has(groupUniqArray(seq) AS seqs, n), range(toUInt64(max(seq)) + 1)) AS numbers
FROM fleet.records GROUP BY agent, session HAVING missing > 0;
