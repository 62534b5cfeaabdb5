-- SPDX-License-Identifier: MIT
-- The store of a fleet's records: PostgreSQL 15 or later, in a database whose encoding is UTF8.
--
--     createdb -E UTF8 -T template0 forksan && psql -d forksan -f postgresql.sql
--
-- It is run again after an upgrade: tables stay, functions and views are made anew.
--
-- The centre's rsyslog calls fleet.take(agent, line) for each line.  `agent` is the name in the
-- certificate that the line came with; nothing that a line says is believed about where it comes
-- from.  take() ends in one of these ways, and the centre acknowledges the line after its commit:
--
--     stored      a row of fleet.records, which is unique: the same line again is counted, no more
--     broken      not a record of forksan: fleet.broken has the line and why
--     forged      it says the name of another agent: fleet.broken, too, and agents.forged counts it
--     refused     the agent has spent its allowance: agents.refused counts it
--     not yet     the store itself is in trouble (no space, no memory): take() waits, and the centre
--                 with it; when the server ends, the line was not acknowledged and comes again
--
-- So a line can neither be lost nor block those behind it.
--
--   agents 1---n sessions 1---n records n---1 bugs 1---n sightings (service, version, agent)
--     |                                        1---n examples (service, version, kind)
--     1---n stack_names n---1 stack_bodies
--
-- records has a narrow row for each record and a partition for each day; everything that reports
-- ask for stands summed up in the small tables beside it.

\set ON_ERROR_STOP on
SET client_min_messages = warning;
BEGIN;
CREATE SCHEMA IF NOT EXISTS fleet;
SET LOCAL search_path = fleet;

-- The centre may call take(), readers may read; neither may anything else.
DO $$
BEGIN
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'forksan_centre') THEN
		CREATE ROLE forksan_centre LOGIN;
	END IF;
	IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'forksan_reader') THEN
		CREATE ROLE forksan_reader LOGIN;
	END IF;
END $$;
-- In LATIN1 every byte is a character, so no line can make the statement itself fail.  take() turns
-- the characters back into bytes.
ALTER ROLE forksan_centre SET client_encoding = 'LATIN1';
-- ompgsql's own COMMIT has nothing left to commit (centre.conf), and would say so for each line.
ALTER ROLE forksan_centre SET client_min_messages = 'error';
ALTER ROLE forksan_centre SET log_min_messages = 'error';

-- --- tables ----------------------------------------------------------------------------------

CREATE TABLE IF NOT EXISTS settings (
	one boolean PRIMARY KEY DEFAULT true CHECK (one),
	-- An agent's allowance: so many new records at once, and so many more each minute.  The burst is
	-- a week of ten records a minute: a host whose network was away that long loses nothing.
	burst bigint NOT NULL DEFAULT 100000,
	per_minute bigint NOT NULL DEFAULT 100,
	-- What an agent may add in a day to the tables that outlive records: bugs, sightings, examples,
	-- sessions, stacks.  A day of a busy host is less than 1 MB.
	news_bytes_per_day bigint NOT NULL DEFAULT 32000000,
	-- A session that has not ended and sends no record for so long is silent (summary_interval=600).
	heartbeat interval NOT NULL DEFAULT '30 minutes',
	keep_records interval NOT NULL DEFAULT '30 days',
	keep_stacks interval NOT NULL DEFAULT '90 days',
	keep_bugs interval NOT NULL DEFAULT '400 days'
);
INSERT INTO settings DEFAULT VALUES ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS agents (
	agent integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	name text NOT NULL UNIQUE, -- in its certificate
	first_seen timestamptz NOT NULL DEFAULT now(),
	last_seen timestamptz NOT NULL DEFAULT now(), -- when a line of it came, of whatever worth
	stored bigint NOT NULL DEFAULT 0,
	duplicates bigint NOT NULL DEFAULT 0,
	broken bigint NOT NULL DEFAULT 0,
	forged bigint NOT NULL DEFAULT 0,
	refused bigint NOT NULL DEFAULT 0,
	allowance double precision, -- of new records; as of filled_at
	filled_at timestamptz NOT NULL DEFAULT now(),
	news_day date,
	news_bytes bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);

CREATE TABLE IF NOT EXISTS sessions (
	agent integer NOT NULL REFERENCES agents,
	session bigint NOT NULL,
	host text NOT NULL, -- as the session says: a container's own name differs from its agent's
	service text NOT NULL,
	version text NOT NULL,
	labels jsonb NOT NULL,
	forksan text, -- its version
	first_time timestamptz NOT NULL,
	last_time timestamptz NOT NULL,
	last_received timestamptz NOT NULL DEFAULT now(),
	records bigint NOT NULL DEFAULT 0, -- different ones
	last_seq bigint NOT NULL DEFAULT 0,
	forgotten_seq bigint NOT NULL DEFAULT 0, -- the rows in records up to this one are removed
	summary_seq bigint NOT NULL DEFAULT 0, -- of the summary that the next columns are from
	final boolean NOT NULL DEFAULT false,
	complete boolean,
	because text[] NOT NULL DEFAULT '{}',
	counters jsonb,
	PRIMARY KEY (agent, session)
) WITH (fillfactor = 50);

CREATE TABLE IF NOT EXISTS bugs (
	bug integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	fingerprint text NOT NULL UNIQUE,
	protocol text NOT NULL,
	first_seen timestamptz NOT NULL,
	last_seen timestamptz NOT NULL,
	worst smallint NOT NULL -- of table kinds
) WITH (fillfactor = 50);

-- Where a bug was seen: one row for each service, version and agent.
CREATE TABLE IF NOT EXISTS sightings (
	bug integer NOT NULL REFERENCES bugs ON DELETE CASCADE,
	service text NOT NULL,
	version text NOT NULL,
	agent integer NOT NULL REFERENCES agents,
	first_seen timestamptz NOT NULL,
	last_seen timestamptz NOT NULL,
	records bigint NOT NULL DEFAULT 0,
	worst smallint NOT NULL,
	PRIMARY KEY (bug, service, version, agent)
) WITH (fillfactor = 50);

-- One finding of each kind with its whole stacks, as a line of a log.
CREATE TABLE IF NOT EXISTS examples (
	bug integer NOT NULL REFERENCES bugs ON DELETE CASCADE,
	service text NOT NULL,
	version text NOT NULL,
	kind smallint NOT NULL,
	proven boolean NOT NULL,
	agent integer NOT NULL REFERENCES agents, -- who says so
	record jsonb NOT NULL,
	PRIMARY KEY (bug, service, version, kind)
);

-- Stacks by the name that an agent gives them; equal ones are stored once for all agents.  One agent
-- cannot give a stack to another: its names are its own.
CREATE TABLE IF NOT EXISTS stack_bodies (
	body bytea PRIMARY KEY, -- SHA-256 of the text of frames
	frames jsonb NOT NULL
);
CREATE TABLE IF NOT EXISTS stack_names (
	agent integer NOT NULL REFERENCES agents,
	stack bigint NOT NULL,
	body bytea NOT NULL REFERENCES stack_bodies,
	received date NOT NULL DEFAULT current_date,
	PRIMARY KEY (agent, stack)
);
CREATE INDEX IF NOT EXISTS stack_names_body ON stack_names (body);

-- `day` is of the record's own time, so that a line which comes again a day later meets its first row.
-- The default partition has records of clocks that are far off.
CREATE TABLE IF NOT EXISTS records (
	day date NOT NULL,
	agent integer NOT NULL,
	session bigint NOT NULL,
	seq bigint NOT NULL,
	time timestamptz NOT NULL,
	finding bigint, -- its id; this column and those below are null in other records
	bug integer,
	kind smallint,
	repeat bigint,
	PRIMARY KEY (agent, session, seq, day)
) PARTITION BY RANGE (day);
CREATE INDEX IF NOT EXISTS records_of_bug ON records (bug, day) WHERE bug IS NOT NULL;
CREATE TABLE IF NOT EXISTS records_other PARTITION OF records DEFAULT;

CREATE TABLE IF NOT EXISTS broken (
	received timestamptz NOT NULL DEFAULT now(),
	agent integer NOT NULL REFERENCES agents,
	why text NOT NULL,
	line text NOT NULL -- its first 2000 characters, one for each byte
);
CREATE INDEX IF NOT EXISTS broken_of_agent ON broken (agent, received);

-- --- small functions -------------------------------------------------------------------------

-- The kinds of include/forksan/finding.h, rising.  Their numbers are in the tables: a new kind gets one
-- between, and none is ever changed.
CREATE TABLE IF NOT EXISTS kinds (
	kind smallint PRIMARY KEY,
	name text NOT NULL UNIQUE,
	level text NOT NULL
);
INSERT INTO kinds VALUES
	(10, 'open-at-fork', 'notice'),
	(20, 'inherited-epoll', 'hazard'),
	(30, 'inherited-use', 'hazard'),
	(40, 'shared-use', 'violation'),
	(50, 'shared-epoll', 'violation'),
	(60, 'foreign-goodbye', 'violation'),
	(70, 'crossed-reply', 'violation')
ON CONFLICT (kind) DO UPDATE SET name = excluded.name, level = excluded.level;

CREATE OR REPLACE FUNCTION kind_number(of text) RETURNS smallint LANGUAGE sql STABLE STRICT AS $$
	SELECT kind FROM fleet.kinds WHERE name = of
$$;
CREATE OR REPLACE FUNCTION kind_name(of smallint) RETURNS text LANGUAGE sql STABLE STRICT AS $$
	SELECT name FROM fleet.kinds WHERE kind = of
$$;
CREATE OR REPLACE FUNCTION level_name(of smallint) RETURNS text LANGUAGE sql STABLE STRICT AS $$
	SELECT level FROM fleet.kinds WHERE kind = of
$$;

-- 16 hexadecimal digits as a number, and back.
CREATE OR REPLACE FUNCTION from_hex(digits text) RETURNS bigint LANGUAGE plpgsql IMMUTABLE STRICT AS $$
BEGIN
	IF digits !~ '^[0-9a-f]{16}$' THEN
		RAISE EXCEPTION 'expected 16 hexadecimal digits, found %', left(digits, 40)
			USING ERRCODE = 'data_exception';
	END IF;
	RETURN ('x' || digits)::bit(64)::bigint;
END $$;
CREATE OR REPLACE FUNCTION hex(number bigint) RETURNS text LANGUAGE sql IMMUTABLE STRICT AS $$
	SELECT lpad(to_hex(number), 16, '0')
$$;

-- Text that a line brought, fit to be shown by anything: bounded, without control characters.
CREATE OR REPLACE FUNCTION clean(given text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT left(regexp_replace(coalesce(given, ''), '[\u0001-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]', '?', 'g'), 200)
$$;

-- Raises data_exception, with what was expected, when it is false.
CREATE OR REPLACE FUNCTION expect(is_so boolean, expected text) RETURNS void LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	IF is_so IS NOT TRUE THEN
		RAISE EXCEPTION 'expected %', expected USING ERRCODE = 'data_exception';
	END IF;
END $$;

-- The record with all frames of its stacks, as far as the agent has sent them.
CREATE OR REPLACE FUNCTION whole(of_agent integer, record jsonb) RETURNS jsonb LANGUAGE sql STABLE AS $$
	SELECT jsonb_set(record, '{stacks}', coalesce(record->'stacks', '{}') || coalesce(
		(SELECT jsonb_object_agg(id.key, body.frames)
		 FROM jsonb_each_text(record->'stack_ids') id
		 JOIN stack_names name ON name.agent = of_agent AND id.value ~ '^[0-9a-f]{16}$'
			AND name.stack = ('x' || id.value)::bit(64)::bigint
		 JOIN stack_bodies body USING (body)), '{}'))
$$;

-- --- taking a line ---------------------------------------------------------------------------

-- Spends some of the agent's news of the day; refuses the whole record when they are spent.
CREATE OR REPLACE FUNCTION spend_news(of_agent integer, bytes bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	UPDATE agents SET news_day = current_date,
		news_bytes = CASE WHEN news_day = current_date THEN news_bytes ELSE 0 END + 200 + bytes
	WHERE agent = of_agent AND (news_day IS DISTINCT FROM current_date
		OR news_bytes < (SELECT news_bytes_per_day FROM settings));
	IF NOT FOUND THEN
		RAISE EXCEPTION 'refused' USING ERRCODE = 'FK001';
	END IF;
END $$;

CREATE OR REPLACE FUNCTION take_stack(of_agent integer, record jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	frames text := (record->'frames')::text;
	digest bytea := sha256(convert_to(frames, 'UTF8'));
	id bigint := from_hex(record->>'id');
BEGIN
	PERFORM expect(jsonb_typeof(record->'frames') = 'array', 'frames');
	PERFORM expect(id IS NOT NULL, 'an id');
	IF EXISTS (SELECT FROM stack_names WHERE agent = of_agent AND stack = id) THEN
		RETURN;
	END IF;
	PERFORM spend_news(of_agent, length(frames));
	INSERT INTO stack_bodies VALUES (digest, record->'frames') ON CONFLICT DO NOTHING;
	INSERT INTO stack_names VALUES (of_agent, id, digest) ON CONFLICT DO NOTHING;
END $$;

CREATE OR REPLACE FUNCTION take_summary(of_agent integer, of_session bigint, seq bigint, record jsonb)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM expect(jsonb_typeof(record->'counters') = 'object', 'counters');
	UPDATE sessions s SET summary_seq = seq, final = (record->>'final')::boolean,
		complete = (record->>'complete')::boolean, counters = record->'counters',
		because = ARRAY(SELECT clean(name) FROM
			jsonb_array_elements_text(record->'incomplete_because') name LIMIT 64)
	WHERE s.agent = of_agent AND s.session = of_session AND s.summary_seq < seq;
END $$;

-- Returns the finding's bug.
CREATE OR REPLACE FUNCTION take_finding(of_agent integer, in_session sessions, record jsonb)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
	number smallint := kind_number(record->>'kind');
	-- What a host's clock says moves "first seen" and "last seen" of all hosts: within reason.
	at timestamptz := least(now(), greatest((record->>'time')::timestamptz,
		now() - (SELECT keep_records FROM settings)));
	is_proven boolean := coalesce(record->>'certainty', 'proven') <> 'likely';
	print text := hex(from_hex(record->>'fingerprint'));
	example jsonb;
	of_bug integer;
BEGIN
	PERFORM expect(number IS NOT NULL, 'a known kind');
	PERFORM expect(jsonb_typeof(record->'connection') = 'object', 'a connection');
	PERFORM expect(from_hex(record->>'id') IS NOT NULL, 'an id');
	PERFORM expect((record->>'repeat')::bigint > 0, 'a repeat');
	UPDATE bugs SET first_seen = least(first_seen, at), last_seen = greatest(last_seen, at),
		worst = greatest(worst, number)
	WHERE fingerprint = print RETURNING bug INTO of_bug;
	IF of_bug IS NULL THEN
		PERFORM expect(print IS NOT NULL, 'a fingerprint');
		PERFORM spend_news(of_agent, 0);
		INSERT INTO bugs AS b (fingerprint, protocol, first_seen, last_seen, worst)
		VALUES (print, clean(record#>>'{connection,protocol}'), at, at, number)
		ON CONFLICT (fingerprint) DO UPDATE SET last_seen = greatest(b.last_seen, at)
		RETURNING bug INTO of_bug;
	END IF;
	UPDATE sightings SET first_seen = least(first_seen, at), last_seen = greatest(last_seen, at),
		worst = greatest(worst, number), records = records + 1
	WHERE bug = of_bug AND service = in_session.service AND version = in_session.version
		AND agent = of_agent;
	IF NOT FOUND THEN
		PERFORM spend_news(of_agent, 0);
		INSERT INTO sightings AS s
		VALUES (of_bug, in_session.service, in_session.version, of_agent, at, at, 1, number)
		ON CONFLICT (bug, service, version, agent) DO UPDATE SET records = s.records + 1;
	END IF;
	-- The first of each kind is kept, and the first that is proven in its place.
	IF NOT EXISTS (SELECT FROM examples WHERE bug = of_bug AND service = in_session.service
			AND version = in_session.version AND kind = number AND proven >= is_proven) THEN
		example := whole(of_agent, record);
		PERFORM spend_news(of_agent, length(example::text));
		INSERT INTO examples VALUES (of_bug, in_session.service, in_session.version, number, is_proven,
			of_agent, example)
		ON CONFLICT (bug, service, version, kind) DO UPDATE
		SET proven = excluded.proven, agent = excluded.agent, record = excluded.record
		WHERE excluded.proven > examples.proven;
	END IF;
	RETURN of_bug;
END $$;

-- Returns the record's session, which is made when the first record of it comes.
CREATE OR REPLACE FUNCTION find_session(of_agent integer, id bigint, record jsonb)
RETURNS sessions LANGUAGE plpgsql AS $$
DECLARE
	at timestamptz := (record->>'time')::timestamptz;
	labels jsonb := coalesce(record->'labels', '{}');
	found sessions;
BEGIN
	SELECT * INTO found FROM sessions WHERE agent = of_agent AND session = id;
	IF found.agent IS NULL THEN
		PERFORM spend_news(of_agent, length(labels::text));
		INSERT INTO sessions (agent, session, host, service, version, labels, first_time, last_time)
		VALUES (of_agent, id, clean(record->>'host'), clean(labels->>'service.name'),
			clean(labels->>'service.version'), labels, at, at)
		ON CONFLICT (agent, session) DO UPDATE SET last_time = excluded.last_time
		RETURNING * INTO found;
	END IF;
	RETURN found;
END $$;

-- True: stored; false: it is there.  Raises FK001 when the agent's allowance is spent, and
-- data_exception for what is no record.
CREATE OR REPLACE FUNCTION take_record(of_agent integer, record jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	what text := record->>'record';
	at timestamptz;
	on_day date;
	id bigint;
	number bigint;
	of_bug integer;
	in_session sessions;
BEGIN
	PERFORM expect(jsonb_typeof(record) = 'object', 'an object');
	PERFORM expect(what IS NOT NULL, 'a record');
	PERFORM expect((record->>'version')::integer >= 2, 'version 2');
	PERFORM expect(jsonb_typeof(coalesce(record->'labels', '{}')) = 'object', 'labels as an object');
	at := (record->>'time')::timestamptz;
	id := from_hex(record->>'session');
	number := (record->>'seq')::bigint;
	PERFORM expect(at BETWEEN '1970-01-01' AND '2200-01-01', 'a time');
	PERFORM expect(id IS NOT NULL, 'a session');
	PERFORM expect(number > 0, 'a seq');
	on_day := (at AT TIME ZONE 'UTC')::date;

	IF EXISTS (SELECT FROM records WHERE agent = of_agent AND session = id AND seq = number
			AND day = on_day) THEN
		RETURN false;
	END IF;
	UPDATE agents a SET filled_at = now(),
		allowance = least(burst, coalesce(a.allowance, burst) +
			per_minute * extract(epoch FROM now() - a.filled_at) / 60) - 1
	FROM settings WHERE a.agent = of_agent AND least(burst, coalesce(a.allowance, burst) +
		per_minute * extract(epoch FROM now() - a.filled_at) / 60) >= 1;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'refused' USING ERRCODE = 'FK001';
	END IF;
	in_session := find_session(of_agent, id, record);
	IF what = 'finding' THEN
		of_bug := take_finding(of_agent, in_session, record);
		INSERT INTO records VALUES (on_day, of_agent, id, number, at, from_hex(record->>'id'), of_bug,
			kind_number(record->>'kind'), (record->>'repeat')::bigint);
	ELSE
		INSERT INTO records VALUES (on_day, of_agent, id, number, at);
	END IF;
	UPDATE sessions SET records = records + 1, last_seq = greatest(last_seq, number),
		first_time = least(first_time, at), last_time = greatest(last_time, at), last_received = now(),
		forksan = CASE what WHEN 'session' THEN clean(record->>'forksan') ELSE forksan END
	WHERE agent = of_agent AND session = id;
	IF what = 'stack' THEN
		PERFORM take_stack(of_agent, record);
	ELSIF what = 'summary' THEN
		PERFORM take_summary(of_agent, id, number, record);
	END IF;
	RETURN true;
END $$;

-- Takes one line.  Raises an error when the store itself is in trouble.
CREATE OR REPLACE FUNCTION take_once(agent_name text, line text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	of_agent integer;
	outcome text;
	record jsonb;
	why text;
BEGIN
	UPDATE agents SET last_seen = now() WHERE name = agent_name RETURNING agent INTO of_agent;
	IF of_agent IS NULL THEN
		INSERT INTO agents (name) VALUES (agent_name)
		ON CONFLICT (name) DO UPDATE SET last_seen = now() RETURNING agent INTO of_agent;
	END IF;
	-- What a record that is not stored has changed is undone at the end of this block.
	BEGIN
		record := convert_from(convert_to(line, 'LATIN1'), 'UTF8')::jsonb;
		IF record->>'host' <> agent_name
		   AND EXISTS (SELECT FROM agents WHERE name = record->>'host') THEN
			outcome := 'forged';
			why := 'the host is another agent''s name';
		ELSIF take_record(of_agent, record) THEN
			outcome := 'stored';
		ELSE
			outcome := 'duplicate';
		END IF;
	EXCEPTION
		WHEN SQLSTATE 'FK001' THEN
			outcome := 'refused';
		WHEN data_exception OR not_null_violation OR check_violation OR program_limit_exceeded
			OR raise_exception THEN
			outcome := 'broken';
			why := SQLERRM;
		-- All other errors are the store's own.
	END;
	IF why IS NOT NULL AND (SELECT count(*) < 1000 FROM (SELECT FROM broken
			WHERE agent = of_agent AND received >= current_date LIMIT 1000) kept) THEN
		INSERT INTO broken (agent, why, line) VALUES (of_agent, clean(why), left(line, 2000));
	END IF;
	UPDATE agents SET stored = stored + (outcome = 'stored')::integer,
		duplicates = duplicates + (outcome = 'duplicate')::integer,
		broken = broken + (outcome = 'broken')::integer,
		forged = forged + (outcome = 'forged')::integer,
		refused = refused + (outcome = 'refused')::integer
	WHERE agent = of_agent;
	RETURN outcome;
END $$;

-- Takes one line; the head of this file says how it can end.  `line` has one character for each byte
-- of the line (client_encoding is LATIN1).
--
-- While the store is in trouble (no space, no memory, two centres in each other's way) this waits, and
-- so does the centre.  An error would not do: rsyslog tries a statement that fails on a good connection
-- twice, and then passes the line over (3 of 6000 lost on a full disk, measured).
CREATE OR REPLACE FUNCTION take(agent_name text, line text) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path = fleet, pg_temp AS $$
BEGIN
	LOOP
		BEGIN
			RETURN take_once(agent_name, line);
		EXCEPTION WHEN others THEN
			RAISE LOG 'forksan: a line of % waits: % (%)', agent_name, SQLERRM, SQLSTATE;
		END;
		PERFORM pg_sleep(0.5);
	END LOOP;
END $$;

-- --- looking after the tables ----------------------------------------------------------------

-- Makes the partition of one day, and moves there what the default partition has of that day.
CREATE OR REPLACE FUNCTION make_partition(of_day date) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	name text := 'records_' || to_char(of_day, 'YYYYMMDD');
BEGIN
	IF to_regclass('fleet.' || name) IS NOT NULL THEN
		RETURN;
	END IF;
	EXECUTE format('CREATE TABLE fleet.%I (LIKE fleet.records INCLUDING ALL)', name);
	EXECUTE format('WITH moved AS (DELETE FROM fleet.records_other WHERE day = %L RETURNING *)
		INSERT INTO fleet.%I SELECT * FROM moved', of_day, name);
	EXECUTE format('ALTER TABLE fleet.records ATTACH PARTITION fleet.%I FOR VALUES FROM (%L) TO (%L)',
		name, of_day, of_day + 1);
END $$;

-- Makes the partitions of the days to come and removes what is older than the settings allow.  Call
-- it once a day (cron); a day that is missed costs nothing but tidiness.
CREATE OR REPLACE FUNCTION maintain() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = fleet, pg_temp AS $$
DECLARE
	s settings;
	part regclass;
BEGIN
	SELECT * INTO s FROM settings;
	FOR i IN -1..7 LOOP
		PERFORM make_partition(current_date + i);
	END LOOP;
	FOR part IN SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'fleet.records'::regclass
		AND inhrelid::regclass::text ~ '_\d{8}$' AND
		to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') < current_date - s.keep_records
	LOOP
		EXECUTE format('UPDATE fleet.sessions s SET forgotten_seq = greatest(forgotten_seq, old.seq)
			FROM (SELECT agent, session, max(seq) AS seq FROM %s GROUP BY 1, 2) old
			WHERE s.agent = old.agent AND s.session = old.session', part);
		EXECUTE format('DROP TABLE %s', part);
	END LOOP;
	DELETE FROM records_other r USING sessions
	WHERE sessions.agent = r.agent AND sessions.session = r.session
		AND sessions.last_received < now() - s.keep_records;
	DELETE FROM broken WHERE received < now() - s.keep_records;
	DELETE FROM sessions WHERE last_received < now() - s.keep_bugs
		OR (final AND last_received < now() - s.keep_records);
	DELETE FROM stack_names WHERE received < current_date - s.keep_stacks;
	DELETE FROM stack_bodies b WHERE NOT EXISTS (SELECT FROM stack_names n WHERE n.body = b.body);
	DELETE FROM sightings WHERE last_seen < now() - s.keep_bugs;
	DELETE FROM bugs WHERE last_seen < now() - s.keep_bugs
		AND NOT EXISTS (SELECT FROM records WHERE records.bug = bugs.bug);
END $$;

-- --- answers ---------------------------------------------------------------------------------

-- Which services share a connection across fork, since which version, on how many hosts.
CREATE OR REPLACE VIEW bug_list AS
SELECT b.fingerprint, kind_name(b.worst) AS worst, level_name(b.worst) AS level, b.protocol,
	e.record#>>'{culprit,opened}' AS opened,
	s.services, s.versions, s.versions[1] AS since, s.hosts, s.records, b.first_seen, b.last_seen
FROM bugs b
CROSS JOIN LATERAL (
	SELECT array_agg(DISTINCT service) AS services, count(DISTINCT agent) AS hosts,
		sum(records)::bigint AS records,
		ARRAY(SELECT version FROM sightings WHERE bug = b.bug GROUP BY version
			ORDER BY min(first_seen)) AS versions
	FROM sightings WHERE bug = b.bug) s
LEFT JOIN LATERAL (
	SELECT record FROM examples WHERE bug = b.bug ORDER BY kind DESC, proven DESC LIMIT 1) e ON true;

-- Records that were lost on their way, or could not be written, by the hole that they leave.  What a
-- session lost at its very end leaves none: see silent.
CREATE OR REPLACE VIEW gaps AS
SELECT a.name AS agent, hex(s.session) AS session, s.host, s.service, g.first, g.last,
	g.last - g.first + 1 AS missing, g.until
FROM sessions s
JOIN agents a USING (agent)
CROSS JOIN LATERAL (
	SELECT lag(seq, 1, s.forgotten_seq) OVER (ORDER BY seq) + 1 AS first, seq - 1 AS last, time AS until
	FROM records r WHERE r.agent = s.agent AND r.session = s.session AND seq > s.forgotten_seq) g
WHERE s.records < s.last_seq AND g.first <= g.last;

-- Sessions that have not ended and send nothing: the host, its network or its agent is down, the
-- session was killed, or what it says is lost.
CREATE OR REPLACE VIEW silent AS
SELECT a.name AS agent, hex(s.session) AS session, s.host, s.service, s.version, s.last_received,
	a.last_seen AS agent_last_seen
FROM sessions s JOIN agents a USING (agent), settings
WHERE NOT s.final AND s.last_received < now() - settings.heartbeat;

-- What sessions did not see, judge or write, by their own word.
CREATE OR REPLACE VIEW losses AS
SELECT a.name AS agent, hex(s.session) AS session, s.service, s.version, reason,
	(s.counters->>reason)::numeric AS count
FROM sessions s JOIN agents a USING (agent), unnest(s.because) reason
WHERE s.complete IS FALSE;

-- Prometheus text of the store's own counts.
CREATE OR REPLACE FUNCTION metrics() RETURNS SETOF text LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = fleet, pg_temp AS $$
	WITH label AS (
		SELECT *, '{agent="' || replace(replace(clean(name), '\', '\\'), '"', '\"') || '"} ' AS of
		FROM agents)
	SELECT '# TYPE forksan_fleet_records_total counter'
	UNION ALL SELECT 'forksan_fleet_records_total' || of || stored FROM label
	UNION ALL SELECT '# TYPE forksan_fleet_duplicates_total counter'
	UNION ALL SELECT 'forksan_fleet_duplicates_total' || of || duplicates FROM label
	UNION ALL SELECT '# TYPE forksan_fleet_broken_total counter'
	UNION ALL SELECT 'forksan_fleet_broken_total' || of || broken FROM label
	UNION ALL SELECT '# TYPE forksan_fleet_forged_total counter'
	UNION ALL SELECT 'forksan_fleet_forged_total' || of || forged FROM label
	UNION ALL SELECT '# TYPE forksan_fleet_refused_total counter'
	UNION ALL SELECT 'forksan_fleet_refused_total' || of || refused FROM label
	UNION ALL SELECT '# TYPE forksan_fleet_missing_records gauge'
	UNION ALL SELECT 'forksan_fleet_missing_records' || of || coalesce((SELECT sum(last_seq - records)
		FROM sessions WHERE sessions.agent = label.agent), 0) FROM label
	UNION ALL SELECT '# TYPE forksan_fleet_silent_sessions gauge'
	UNION ALL SELECT 'forksan_fleet_silent_sessions' || of || (SELECT count(*)
		FROM silent WHERE silent.agent = label.name) FROM label
	UNION ALL SELECT '# TYPE forksan_fleet_last_seen_timestamp_seconds gauge'
	UNION ALL SELECT 'forksan_fleet_last_seen_timestamp_seconds' || of
		|| round(extract(epoch FROM last_seen)) FROM label
	UNION ALL SELECT '# TYPE forksan_fleet_bugs gauge'
	UNION ALL SELECT 'forksan_fleet_bugs{level="' || level || '"} '
		|| (SELECT count(*) FROM bugs WHERE level_name(worst) = level)
		FROM unnest(ARRAY['notice', 'hazard', 'violation']) level
	UNION ALL SELECT '# TYPE forksan_fleet_bug_first_seen_timestamp_seconds gauge'
	UNION ALL SELECT 'forksan_fleet_bug_first_seen_timestamp_seconds{fingerprint="' || fingerprint
		|| '",level="' || level_name(worst) || '"} ' || round(extract(epoch FROM first_seen)) FROM bugs
$$;

-- The store as lines of a log, for `forksan report --db`: of each bug and kind one whole example that
-- stands for all (`repeat`), with `fleet` saying where it was seen; and each session's last summary.
CREATE OR REPLACE FUNCTION log_lines(since timestamptz DEFAULT '-infinity') RETURNS SETOF text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = fleet, pg_temp AS $$
	WITH seen AS ( -- the highest `repeat` of each finding
		SELECT bug, kind, count(*) AS findings, sum(repeat) AS times, min(first) AS first,
			max(last) AS last
		FROM (SELECT bug, kind, agent, session, finding, max(repeat) AS repeat, min(time) AS first,
				max(time) AS last
			FROM records WHERE bug IS NOT NULL AND time >= since GROUP BY 1, 2, 3, 4, 5) finding
		GROUP BY 1, 2),
	fleet AS (
		SELECT bug, count(DISTINCT agent) AS hosts, min(s.first_seen) AS first, max(s.last_seen) AS last,
			(array_agg(DISTINCT a.name))[1:20] AS names,
			(array_agg(DISTINCT service))[1:20] AS services,
			(ARRAY(SELECT v.version FROM sightings v WHERE v.bug = s.bug GROUP BY v.version
				ORDER BY min(v.first_seen)))[1:20] AS versions
		FROM sightings s JOIN agents a USING (agent) GROUP BY bug),
	example AS ( -- chosen without looking into the records, which are large
		SELECT e.* FROM examples e JOIN (
			SELECT DISTINCT ON (bug, kind) bug, kind, service, version FROM examples
			ORDER BY bug, kind, proven DESC, service, version) chosen
		USING (bug, kind, service, version))
	SELECT (example.record || jsonb_build_object('repeat', times, 'fleet', jsonb_build_object(
		'hosts', hosts, 'host_names', names, 'services', services, 'versions', versions,
		'findings', findings, 'example_of', a.name,
		'first', to_char(fleet.first AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US000"Z"'),
		'last', to_char(fleet.last AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US000"Z"'))))::text
	FROM seen JOIN fleet USING (bug) JOIN example USING (bug, kind) JOIN agents a USING (agent)
	UNION ALL
	SELECT jsonb_build_object('record', CASE WHEN counters IS NULL THEN 'session' ELSE 'summary' END,
		'version', 2, 'seq', greatest(summary_seq, 1), 'host', host, 'labels', labels, 'pid', 1,
		'session', hex(session), 'time',
		to_char(last_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US000"Z"'),
		'final', final, 'complete', complete, 'incomplete_because', to_jsonb(because),
		'counters', counters)::text
	FROM sessions WHERE last_time >= since
$$;

-- How many records are known to be lost: the holes in `seq`, and what agents were refused.
CREATE OR REPLACE FUNCTION lost_records() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = fleet, pg_temp AS $$
	SELECT coalesce(sum(last_seq - records), 0)::bigint FROM sessions
$$;

-- --- who may do what -------------------------------------------------------------------------

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA fleet FROM PUBLIC;
GRANT USAGE ON SCHEMA fleet TO forksan_centre, forksan_reader;
GRANT EXECUTE ON FUNCTION take(text, text) TO forksan_centre;
GRANT SELECT ON ALL TABLES IN SCHEMA fleet TO forksan_reader;
GRANT EXECUTE ON FUNCTION log_lines(timestamptz), lost_records(), metrics(), kind_name(smallint),
	level_name(smallint), hex(bigint) TO forksan_reader;

SELECT maintain();
COMMIT;
