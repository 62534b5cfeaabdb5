/* SPDX-License-Identifier: MIT */
/*
 * shim/report/log_line.c, report/text.c: what records say.  Lines of the log are checked against
 * docs/log.schema.json by tests/report/validate_log.py.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "options/options.h"
#include "common/names.h"
#include "report/origin.h"
#include "report/render.h"
#include "report/site.h"
#include "sample.h"

static struct sample sample;
static char bytes[FORKSAN_RECORD_BYTES + 1];
static size_t len;

static void complain(const char *line)
{
	fail_msg("%s", line);
}

static int begin(void **state)
{
	(void)state;
	options_parse("", complain);
	sample_init(&sample);
	memset(bytes, 0, sizeof(bytes));
	return 0;
}

static int end(void **state)
{
	(void)state;
	sample_free(&sample);
	return 0;
}

static void render_json(size_t size)
{
	memset(bytes, '#', sizeof(bytes));
	len = report_json_finding(bytes, size, sample.registry, &sample.finding, 7);
	assert_true(len <= size);
	assert_int_equal(bytes[size], '#');
	bytes[len] = '\0';
}

static void render_stack(size_t size, enum finding_stack which)
{
	memset(bytes, '#', sizeof(bytes));
	len = report_json_stack(bytes, size, sample.registry, &sample.finding,
				sample.finding.stacks[which], 8);
	assert_true(len <= size);
	assert_int_equal(bytes[size], '#');
	bytes[len] = '\0';
}

static void render_text(size_t size)
{
	memset(bytes, '#', sizeof(bytes));
	len = report_text_finding(bytes, size, sample.registry, &sample.finding);
	assert_true(len < size);
	assert_int_equal(bytes[size], '#');
	assert_int_equal(strlen(bytes), len);
}

static void assert_contains(const char *part)
{
	if (strstr(bytes, part) == NULL)
		fail_msg("\"%s\" is missing in:\n%s", part, bytes);
}

static void assert_lacks(const char *part)
{
	if (strstr(bytes, part) != NULL)
		fail_msg("\"%s\" should not be in:\n%s", part, bytes);
}

/* --- the log ----------------------------------------------------------------------------- */

static FILE *open_log(char path[32])
{
	int fd;

	strcpy(path, "/tmp/forksan-log-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	return fdopen(fd, "w");
}

static void add_record(FILE *log)
{
	assert_int_equal(fwrite(bytes, 1, len, log), len);
}

/* Closes and removes the log. */
static void validate(FILE *log, const char *path)
{
	char directory[] = __FILE__;
	char command[512];
	int status;

	fclose(log);
	*strrchr(directory, '/') = '\0';
	snprintf(command, sizeof(command), "/usr/bin/python3 %s/../report/validate_log.py %s",
		 directory, path);
	status = system(command);
	unlink(path);
	assert_int_equal(status, 0);
}

static void a_finding_has_every_field(void **state)
{
	(void)state;
	render_json(FORKSAN_RECORD_BYTES);
	assert_contains(
		"{\"record\":\"finding\",\"version\":2,\"seq\":7,\"id\":\"9f1c22d07be34a55\","
		"\"fingerprint\":\"");
	assert_contains("\",\"kind\":\"shared-use\",\"level\":\"violation\","
			"\"time\":\"2026-11-24T08:46:56.123456789Z\","
			"\"session\":\"00c0ffee00c0ffee\",\"pid\":812,\"ppid\":810,"
			"\"comm\":\"gunicorn\",\"repeat\":1,\"merged\":null,\"text\":\"812 uses a "
			"connection");
	assert_contains("\"connection\":{\"id\":\"2a41\",\"protocol\":\"MySQL\","
			"\"class\":\"database\",\"peer\":\"127.0.0.1:3306\","
			"\"local\":\"127.0.0.1:51234\",\"fd\":7,\"opened_by\":810,"
			"\"opened_at\":\"2026-11-24T08:46:50.000000000Z\"}");
	assert_contains("\"other\":{\"pid\":811,\"comm\":\"gunicorn\",\"relation\":\"sibling\","
			"\"alive\":true}");
	assert_contains("\"culprit\":{\"opened\":\"/srv/app.py:12\",\"use\":\"/srv/app.py:42\"}");
	assert_contains("\"operation\":{\"call\":\"send\",\"bytes\":38,\"message\":\"COM_QUERY\"}");
	assert_contains("\"history\":[]");
	/* The application's own frames. */
	assert_contains("\"forked\":[{\"language\":\"python\",\"function\":\"load_user\","
			"\"file\":\"/srv/app.py\",\"line\":22}");
	assert_contains("\"host\":\"");
	assert_contains("\"labels\":{}");
	assert_contains("\"stack_ids\":{\"opened\":\"");
	assert_lacks("libc.so.6");
	render_stack(FORKSAN_RECORD_BYTES, FINDING_STACK_FORKED);
	assert_contains("{\"record\":\"stack\",\"version\":2,\"seq\":8,\"id\":\"");
	assert_contains("\"file\":\"/srv/app.py\",\"line\":22}");
	assert_contains("{\"language\":\"native\",\"function\":null,"
			"\"module\":\"/lib/x86_64-linux-gnu/libc.so.6\",\"offset\":1080147,"
			"\"build_id\":\"a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0\"}");
	assert_contains("\"module\":null,\"offset\":140724603457536,\"build_id\":null}");
	assert_contains("\"truncated\":false}\n");
}

static void a_server_named_in_tls_is_shown(void **state)
{
	(void)state;
	render_json(FORKSAN_RECORD_BYTES);
	assert_lacks("server_name");
	render_text(FORKSAN_RECORD_BYTES);
	assert_lacks("TLS to");
	strcpy(sample.finding.server_name, "db.example.org");
	render_json(FORKSAN_RECORD_BYTES);
	assert_contains("\"local\":\"127.0.0.1:51234\",\"server_name\":\"db.example.org\","
			"\"fd\":7,");
	render_text(FORKSAN_RECORD_BYTES);
	assert_contains("connection  MySQL 127.0.0.1:3306 from 127.0.0.1:51234, "
			"TLS to db.example.org, fd 7, cookie 2a41\n");
}

static void put_every_record(FILE *log)
{
	struct report_writer writer = {.time_ns = 1,
				       .host = "host",
				       .seq = 1,
				       .session = "00c0ffee00c0ffee",
				       .pid = 7,
				       .ppid = 1,
				       .comm = "sh"};

	render_json(FORKSAN_RECORD_BYTES);
	add_record(log);
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		sample.finding.kind = (enum kind)kind;
		sample.finding.message = NULL;
		render_json(FORKSAN_RECORD_BYTES);
		add_record(log);
	}
	for (int merge = FINDING_MERGED_PLACES; merge <= FINDING_MERGED_SITES; merge++) {
		sample.finding.merge = (enum finding_merge)merge;
		render_json(FORKSAN_RECORD_BYTES);
		add_record(log);
	}
	for (int relation = 0; relation < RELATION_COUNT; relation++) {
		sample.finding.other.relation = (enum relation)relation;
		render_json(FORKSAN_RECORD_BYTES);
		add_record(log);
	}
	for (int protocol = 0; protocol < PROTOCOL_COUNT; protocol++) {
		sample.finding.protocol = (enum protocol)protocol;
		render_json(FORKSAN_RECORD_BYTES);
		add_record(log);
	}
	strcpy(sample.finding.server_name, "db.example.org");
	render_json(FORKSAN_RECORD_BYTES);
	add_record(log);
	memset(&sample.finding.other, 0, sizeof(sample.finding.other));
	memset(sample.finding.stacks, 0, sizeof(sample.finding.stacks));
	sample.finding.local_len = 0;
	sample.finding.peer_len = 0;
	sample.finding.operation = NULL;
	render_json(FORKSAN_RECORD_BYTES);
	add_record(log);
	for (size_t i = 0; i < FINDING_STACK_COUNT; i++) {
		sample_init(&sample);
		render_stack(FORKSAN_RECORD_BYTES, (enum finding_stack)i);
		add_record(log);
	}
	len = report_json_session(bytes, FORKSAN_RECORD_BYTES, sample.registry, &writer);
	add_record(log);
	options.text = "payload=1:log_path='\xff\"'";
	options.mode = MODE_STRICT;
	len = report_json_session(bytes, FORKSAN_RECORD_BYTES, sample.registry, &writer);
	add_record(log);
	store_relaxed(&sample.registry->header.counters[LOST_IO_URING], UINT64_C(3));
	len = report_json_summary(bytes, FORKSAN_RECORD_BYTES, sample.registry, &writer);
	add_record(log);
	writer.times = 10;
	writer.blind = LOST_EXEC_UNSEEN;
	len = report_json_blind(bytes, FORKSAN_RECORD_BYTES, sample.registry, &writer);
	add_record(log);
}

static void every_record_is_as_the_schema_says(void **state)
{
	char path[32];
	FILE *log = open_log(path);

	(void)state;
	put_every_record(log);
	validate(log, path);
}

static void foreign_bytes_stay_valid(void **state)
{
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/run/\xff\"\n"};
	char path[32];
	FILE *log = open_log(path);
	struct stack_id id = sample_begin_stack(&sample);

	(void)state;
	memcpy(sample.finding.reporter.comm, "\xff\xfe\"\\\x01\x1b[31m\xc3\xa9\xc3\xa9\xc3", 16);
	memcpy(sample.finding.other.comm, "0123456789abcdef", 16); /* no NUL */
	sample_add_frame(&sample, id, LANGUAGE_RUBY, "\xf0\x9f", "/s\xc3\xa9/\x80\x81.rb", 1);
	sample_add_module(&sample, 2, "/opt/\xfe.so");
	sample_add_native(&sample, id, 3, 1);
	sample.finding.stacks[FINDING_STACK_THIS_USE] = id;
	memcpy(&sample.finding.peer, &un, sizeof(un));
	sample.finding.peer_len = sizeof(un);
	render_json(FORKSAN_RECORD_BYTES);
	assert_contains("\"comm\":\"\xef\xbf\xbd\xef\xbf\xbd\\\"\\\\\\u0001\\u001b[31m");
	assert_contains("\"peer\":\"/run/\xef\xbf\xbd\\\"\\u000a\"");
	add_record(log);
	validate(log, path);

	render_text(FORKSAN_RECORD_BYTES);
	assert_null(strpbrk(bytes, "\x1b\x01\xff"));
}

/* Four stacks as large as the registry holds, of bytes that take six each in JSON. */
static void fill_stacks(void)
{
	char name[120];

	memset(name, '\x01', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < FINDING_STACK_COUNT; i++) {
		struct stack_id id = sample_begin_stack(&sample);

		sample_add_frame(&sample, id, LANGUAGE_PYTHON, "innermost", "/srv/app.py", 5);
		while (sample_add_frame(&sample, id, LANGUAGE_PYTHON, name, name, 1))
			continue;
		for (int n = 0; n < FORKSAN_MAX_NATIVE_FRAMES; n++)
			sample_add_native(&sample, id, 1, 0x1000u + (unsigned)n);
		sample.finding.stacks[i] = id;
	}
}

static void the_largest_stack_fits(void **state)
{
	char path[32];
	FILE *log = open_log(path);

	(void)state;
	fill_stacks();
	for (size_t i = 0; i < FINDING_STACK_COUNT; i++) {
		render_stack(FORKSAN_RECORD_BYTES, (enum finding_stack)i);
		assert_contains("\"truncated\":false}\n");
		add_record(log);
	}
	render_text(FORKSAN_RECORD_BYTES);
	assert_contains("SUMMARY: forksan: shared-use opened at /srv/app.py:5");
	validate(log, path);
}

/* Whatever the stacks, a shipper that cuts lines at 8 KiB gets findings whole. */
static void the_largest_finding_is_small(void **state)
{
	char path[32];
	FILE *log = open_log(path);

	(void)state;
	fill_stacks();
	render_json(FORKSAN_FINDING_BYTES);
	assert_true(len <= 6 * 1024);
	assert_contains("\"opened\":[{\"language\":\"python\",\"function\":\"innermost\"");
	assert_contains("\"this_use\":[{\"language\":\"python\",\"function\":\"innermost\"");
	add_record(log);
	validate(log, path);
}

static void what_does_not_fit_loses_outer_frames(void **state)
{
	char path[32];
	FILE *log = open_log(path);

	(void)state;
	fill_stacks();
	for (size_t size = 1024; size < 32 * 1024; size += 1021) {
		render_stack(size, FINDING_STACK_OPENED);
		add_record(log);
		assert_contains("\"frames\":[{\"language\":\"python\",\"function\":\"innermost\"");
		if (size < 16 * 1024)
			assert_contains("\"truncated\":true}\n");
	}
	for (size_t size = 3000; size < FORKSAN_FINDING_BYTES; size += 101) {
		render_json(size);
		add_record(log);
		assert_contains("\"opened\":[{\"language\":\"python\",\"function\":\"innermost\"");
	}
	validate(log, path);
}

/* As `forksan attach` stores it. */
static void a_stack_that_was_read_late_is_named(void **state)
{
	(void)state;
	sample_stack(&sample, sample.finding.stacks[FINDING_STACK_FORKED])->flags = STACK_LATE;
	render_json(FORKSAN_RECORD_BYTES);
	assert_contains("\"late\":[\"forked\"]");
}

static void a_stack_that_was_cut_when_taken_is_named(void **state)
{
	(void)state;
	sample_stack(&sample, sample.finding.stacks[FINDING_STACK_FORKED])->flags = 1;
	render_json(FORKSAN_RECORD_BYTES);
	assert_contains("\"truncated\":[\"forked\"]");
	render_stack(FORKSAN_RECORD_BYTES, FINDING_STACK_FORKED);
	assert_contains("\"truncated\":true}\n");
	options.verbosity = 1;
	render_text(FORKSAN_RECORD_BYTES);
	assert_contains("outer frames were left out");
}

/* --- what names things ------------------------------------------------------------------- */

static uint64_t fingerprint(void)
{
	return site_fingerprint(sample.registry, &sample.finding);
}

static struct stack_id stack_of(const char *function, const char *file, uint32_t line)
{
	struct stack_id id = sample_begin_stack(&sample);

	sample_add_frame(&sample, id, LANGUAGE_PYTHON, "connect",
			 "/usr/lib/python3/dist-packages/pymysql/connections.py", 644);
	sample_add_frame(&sample, id, LANGUAGE_PYTHON, function, file, line);
	return id;
}

static void a_bug_has_one_fingerprint(void **state)
{
	struct stack_id *opened = &sample.finding.stacks[FINDING_STACK_OPENED];
	struct stack_id *forked = &sample.finding.stacks[FINDING_STACK_FORKED];
	uint64_t first;

	(void)state;
	*opened = stack_of("make_pool", "/srv/app/db.py", 12);
	*forked = stack_of("main", "/srv/app/serve.py", 3);
	first = fingerprint();
	/* Another run, host, directory; lines have moved; another kind, other uses. */
	*opened = stack_of("make_pool", "/home/me/app/db.py", 99);
	*forked = stack_of("main", "/home/me/app/serve.py", 33);
	sample.finding.kind = KIND_CROSSED_REPLY;
	sample.finding.id++;
	sample.finding.stacks[FINDING_STACK_THIS_USE].n = 0;
	assert_true(fingerprint() == first && first != 0);
	*opened = stack_of("make_other_pool", "/srv/app/db.py", 12);
	assert_true(fingerprint() != first);
	*opened = stack_of("make_pool", "/srv/app/db2.py", 12);
	assert_true(fingerprint() != first);
	*opened = stack_of("make_pool", "/srv/app/db.py", 12);
	assert_true(fingerprint() == first);
	*forked = stack_of("main2", "/srv/app/serve.py", 3);
	assert_true(fingerprint() != first);
	*forked = stack_of("main", "/srv/app/serve.py", 3);
	sample.finding.protocol = PROTOCOL_REDIS;
	assert_true(fingerprint() != first);
}

static void equal_stacks_have_one_id(void **state)
{
	struct stack_id one = stack_of("f", "/srv/a.py", 1);
	uint64_t id = site_stack_id(sample.registry, one);

	(void)state;
	assert_true(id != 0 && site_stack_id(sample.registry, (struct stack_id){0}) == 0);
	assert_true(site_stack_id(sample.registry, stack_of("f", "/srv/a.py", 1)) == id);
	assert_true(site_stack_id(sample.registry, stack_of("f", "/srv/a.py", 2)) != id);
	assert_true(site_stack_id(sample.registry, stack_of("g", "/srv/a.py", 1)) != id);
	assert_true(site_stack_id(sample.registry, stack_of("f", "/srv/b.py", 1)) != id);
	sample_add_native(&sample, one, 1, 0x1000);
	assert_true(site_stack_id(sample.registry, one) != id);
}

static void labels_are_in_every_record(void **state)
{
	(void)state;
	origin_start("shop", "env=prod,team=a%20b%2Cc,bad,\"=x,env=other,empty=");
	render_json(FORKSAN_FINDING_BYTES);
	assert_contains("\"labels\":{\"service.name\":\"shop\",\"env\":\"prod\",\"team\":\"a b,c\","
			"\"empty\":\"\"}");
	render_stack(FORKSAN_RECORD_BYTES, FINDING_STACK_OPENED);
	assert_contains("\"labels\":{\"service.name\":\"shop\",");
	options_parse("labels='env=stage, a%20=b'", complain);
	origin_start("shop", "env=prod");
	render_json(FORKSAN_FINDING_BYTES);
	assert_contains("\"labels\":{\"env\":\"stage\",\"a%20\":\"b\"}");
	options_parse("", complain);
	origin_start(NULL, NULL);
	render_json(FORKSAN_FINDING_BYTES);
	assert_contains("\"labels\":{}");
}

static void render_summary(bool final)
{
	struct report_writer writer = {.time_ns = 1,
				       .seq = 3,
				       .session = "00c0ffee00c0ffee",
				       .host = "h",
				       .pid = 7,
				       .final = final};

	len = report_json_summary(bytes, FORKSAN_RECORD_BYTES, sample.registry, &writer);
	bytes[len] = '\0';
}

static void a_summary_says_what_it_is_worth(void **state)
{
	_Atomic uint64_t *counters = sample.registry->header.counters;

	(void)state;
	render_summary(true);
	assert_contains(
		"\"final\":true,\"complete\":false,\"incomplete_because\":[\"not_watched\"]");
	store_relaxed(&counters[COUNT_CONNECTIONS], UINT64_C(1));
	store_relaxed(&counters[LOST_STALE_FDS], UINT64_C(1));
	render_summary(false);
	assert_contains("\"final\":false,\"complete\":true,\"incomplete_because\":[]");
	store_relaxed(&counters[LOST_REPORTS], UINT64_C(2));
	store_relaxed(&counters[LOST_LOG], UINT64_C(2));
	render_summary(true);
	assert_contains(
		"\"complete\":false,\"incomplete_because\":[\"lost_reports\",\"log_moved\"]");
}

/* --- text -------------------------------------------------------------------------------- */

static unsigned count_output_lines(void)
{
	unsigned lines = 0;

	for (const char *at = bytes; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	return lines;
}

static void the_text_is_short(void **state)
{
	(void)state;
	render_text(FORKSAN_RECORD_BYTES);
	assert_string_equal(
		bytes,
		"==812== forksan: shared-use: MySQL 127.0.0.1:3306 is used by two "
		"processes: 812 (gunicorn) and 811 (gunicorn, sibling)\n"
		"==812==   why         812 uses a connection that its sibling 811 has used "
		"since they parted\n"
		"==812==   opened      /srv/app.py:12 load_user, from /srv/app.py:99, by 810, "
		"6.1 s before\n"
		"==812==   forked      /srv/app.py:22 load_user, from /srv/app.py:99\n"
		"==812==   used        /srv/app.py:42 load_user, from /srv/app.py:99, send of "
		"38 bytes, COM_QUERY\n"
		"==812==   used before /srv/app.py:32 load_user, from /srv/app.py:99, by 811 "
		"(gunicorn, sibling)\n"
		"==812==   connection  MySQL 127.0.0.1:3306 from 127.0.0.1:51234, fd 7, "
		"cookie 2a41\n"
		"SUMMARY: forksan: shared-use opened at /srv/app.py:12, used at "
		"/srv/app.py:42 (pid 812, pid 811)\n");
	/* No frame of machinery, whatever the stacks. */
	fill_stacks();
	sample.finding.merge = FINDING_MERGED_PLACES;
	render_text(FORKSAN_RECORD_BYTES);
	assert_true(count_output_lines() <= 12);
	assert_lacks("libc.so");
	/* What is likely is said to be. */
	assert_lacks("likely");
	sample.finding.likely = true;
	render_text(FORKSAN_RECORD_BYTES);
	assert_contains("forksan: shared-use (likely): MySQL");
	assert_contains("SUMMARY: forksan: shared-use (likely) opened at ");
}

static void the_text_has_every_stack_when_asked(void **state)
{
	(void)state;
	options.verbosity = 1;
	render_text(FORKSAN_RECORD_BYTES);
	assert_contains("==812== forksan: shared-use: MySQL 127.0.0.1:3306 is used by two "
			"processes: 812 (gunicorn) and 811 (gunicorn, sibling)\n"
			"==812==   why         812 uses a connection that its sibling 811 has used "
			"since they parted\n"
			"==812==   opened at   /srv/app.py:12\n"
			"==812==   used at     /srv/app.py:42\n"
			"==812==   connection  MySQL 127.0.0.1:3306 from 127.0.0.1:51234, fd 7, "
			"cookie 2a41\n"
			"==812==   opened      by 810, 6.1 s before\n"
			"==812==   time        2026-11-24T08:46:56.123456789Z\n"
			"==812==\n"
			"==812== Used by 812 (gunicorn), send of 38 bytes, COM_QUERY:\n"
			"==812==      #0 connect /usr/lib/python3/dist-packages/pymysql/"
			"connections.py:644\n"
			"==812==   => #1 load_user /srv/app.py:42\n"
			"==812==      #2 <module> /srv/app.py:99\n"
			"==812==      #3 libc.so.6+0x107b53\n");
	assert_contains("==812==\n"
			"==812== Used before by 811 (gunicorn, sibling):\n");
	assert_contains("\nSUMMARY: forksan: shared-use opened at /srv/app.py:12, used at "
			"/srv/app.py:42 (pid 812, pid 811)\n");
}

static void a_finding_that_stands_for_more_says_so(void **state)
{
	(void)state;
	render_text(FORKSAN_RECORD_BYTES);
	assert_lacks("note ");
	sample.finding.merge = FINDING_MERGED_PLACES;
	render_json(FORKSAN_RECORD_BYTES);
	assert_contains("\"merged\":\"places\"");
	render_text(FORKSAN_RECORD_BYTES);
	assert_contains("==812==   note        stands for every further place that uses this "
			"connection\n");
	sample.finding.merge = FINDING_MERGED_CONNECTIONS;
	render_json(FORKSAN_RECORD_BYTES);
	assert_contains("\"merged\":\"connections\"");
	render_text(FORKSAN_RECORD_BYTES);
	assert_contains("==812==   note        stands for every further connection from this "
			"place\n");
	sample.finding.merge = FINDING_MERGED_SITES;
	render_json(FORKSAN_RECORD_BYTES);
	assert_contains("\"merged\":\"sites\"");
	render_text(FORKSAN_RECORD_BYTES);
	assert_contains("==812==   note        stands for all else of this kind with these opening "
			"and fork sites\n");
}

static void each_kind_has_its_headline(void **state)
{
	static const char *const headlines[KIND_COUNT] = {
		[KIND_OPEN_AT_FORK] = "open-at-fork: MySQL 127.0.0.1:3306 is still open in forked "
				      "process 812 (gunicorn), shared with 811 (gunicorn, ",
		[KIND_INHERITED_EPOLL] = "inherited-epoll: MySQL 127.0.0.1:3306, registered "
					 "before the fork, is on the epoll instance used by "
					 "812 (gunicorn) while open in 811 (",
		[KIND_INHERITED_USE] = "inherited-use: MySQL 127.0.0.1:3306, opened before the "
				       "fork, is used by 812 (gunicorn) while open in 811 (",
		[KIND_SHARED_USE] = "shared-use: MySQL 127.0.0.1:3306 is used by two processes: ",
		[KIND_SHARED_EPOLL] = "shared-epoll: MySQL 127.0.0.1:3306 is polled no longer as "
				      "it was, by 812 (gunicorn), in the epoll instance of 811 (",
		[KIND_FOREIGN_GOODBYE] = "foreign-goodbye: MySQL 127.0.0.1:3306 is ended by 812 "
					 "(gunicorn) while open in 811 (",
		[KIND_CROSSED_REPLY] = "crossed-reply: MySQL 127.0.0.1:3306 has crossed replies: "
				       "812 (gunicorn) and 811 (",
	};

	(void)state;
	for (int kind = 0; kind < KIND_COUNT; kind++) {
		sample.finding.kind = (enum kind)kind;
		render_text(FORKSAN_RECORD_BYTES);
		assert_contains(headlines[kind]);
	}
	/* The process that needs what the other has ended finds it out. */
	sample.finding.kind = KIND_FOREIGN_GOODBYE;
	sample.finding.needed = true;
	render_text(FORKSAN_RECORD_BYTES);
	assert_contains("foreign-goodbye: MySQL 127.0.0.1:3306 is needed by 812 (gunicorn) and was "
			"ended by 811 (");
	sample.finding.kind = KIND_SHARED_EPOLL;
	render_text(FORKSAN_RECORD_BYTES);
	assert_contains(
		" is needed by 812 (gunicorn) and was taken from its epoll instance by 811");
	sample.finding.needed = false;
	sample.finding.kind = KIND_OPEN_AT_FORK;
	sample.finding.operation = NULL;
	sample.finding.stacks[FINDING_STACK_OTHER_USE].n = 0;
	sample.finding.stacks[FINDING_STACK_THIS_USE].n = 0;
	render_text(FORKSAN_RECORD_BYTES);
	assert_lacks("used at");
	assert_lacks("Used");
	assert_contains("SUMMARY: forksan: open-at-fork opened at /srv/app.py:12, forked at "
			"/srv/app.py:22 (pid 812, pid 811)\n");
}

static void verbosity_shows_all_frames_and_build_ids(void **state)
{
	(void)state;
	options.verbosity = 1;
	render_text(FORKSAN_RECORD_BYTES);
	assert_contains("     #4 python3.11+0x4ab000\n");
	options.verbosity = 2;
	render_text(FORKSAN_RECORD_BYTES);
	assert_contains("     #3 /lib/x86_64-linux-gnu/libc.so.6+0x107b53, build-id a0a0a0a0a0a0");
}

static void a_block_that_does_not_fit_still_has_its_summary(void **state)
{
	(void)state;
	options.verbosity = 1;
	fill_stacks();
	for (size_t size = 4096; size < 16 * 1024; size += 331) {
		const char *line;

		render_text(size);
		assert_contains(
			"\n(the rest did not fit)\nSUMMARY: forksan: shared-use opened at ");
		line = strstr(bytes, "SUMMARY");
		assert_int_equal(strchr(line, '\n') - bytes, len - 1);
	}
}

static void repeats_and_deaths_are_told(void **state)
{
	(void)state;
	options.verbosity = 1;
	sample.finding.opened_at_ns = sample.finding.time_ns - 12345678;
	render_text(FORKSAN_RECORD_BYTES);
	assert_contains("opened      by 810, 12 ms before\n");
	sample.finding.repeat = 100;
	sample.finding.other.alive = false;
	render_text(FORKSAN_RECORD_BYTES);
	assert_contains(", seen 100 times so far\n");
	assert_contains("811 (gunicorn, sibling, ended)");
}

static void the_summary_prints_what_is_not_zero(void **state)
{
	struct report_writer writer = {.time_ns = 1,
				       .host = "host",
				       .seq = 1,
				       .session = "00c0ffee00c0ffee",
				       .pid = 7,
				       .ppid = 1,
				       .comm = "sh"};

	(void)state;
	store_relaxed(&sample.registry->header.counters[COUNT_FORKS], UINT64_C(2));
	store_relaxed(&sample.registry->header.counters[LOST_FDS], UINT64_C(3));
	len = report_text_summary(bytes, sizeof(bytes), sample.registry, &writer);
	assert_string_equal(bytes, "==7== forksan: summary of session 00c0ffee00c0ffee\n"
				   "==7==   forks seen: 2\n"
				   "==7==   not seen: connections not watched: the descriptor "
				   "number was too high (lost_fds 3)\n");
}

static void values_out_of_range_have_names(void **state)
{
	(void)state;
	assert_string_equal(kind_name((enum kind)99), "unknown");
	assert_int_equal(kind_level((enum kind)99), LEVEL_VIOLATION);
	assert_string_equal(language_name((enum language)99), "unknown");
	assert_string_equal(relation_name((enum relation)99), "unrelated");
	assert_string_equal(counter_name((enum registry_counter)99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_finding_has_every_field, begin, end),
		cmocka_unit_test_setup_teardown(a_server_named_in_tls_is_shown, begin, end),
		cmocka_unit_test_setup_teardown(every_record_is_as_the_schema_says, begin, end),
		cmocka_unit_test_setup_teardown(foreign_bytes_stay_valid, begin, end),
		cmocka_unit_test_setup_teardown(the_largest_stack_fits, begin, end),
		cmocka_unit_test_setup_teardown(the_largest_finding_is_small, begin, end),
		cmocka_unit_test_setup_teardown(a_bug_has_one_fingerprint, begin, end),
		cmocka_unit_test_setup_teardown(equal_stacks_have_one_id, begin, end),
		cmocka_unit_test_setup_teardown(labels_are_in_every_record, begin, end),
		cmocka_unit_test_setup_teardown(a_summary_says_what_it_is_worth, begin, end),
		cmocka_unit_test_setup_teardown(what_does_not_fit_loses_outer_frames, begin, end),
		cmocka_unit_test_setup_teardown(a_stack_that_was_read_late_is_named, begin, end),
		cmocka_unit_test_setup_teardown(a_stack_that_was_cut_when_taken_is_named, begin,
						end),
		cmocka_unit_test_setup_teardown(the_text_is_short, begin, end),
		cmocka_unit_test_setup_teardown(the_text_has_every_stack_when_asked, begin, end),
		cmocka_unit_test_setup_teardown(a_finding_that_stands_for_more_says_so, begin, end),
		cmocka_unit_test_setup_teardown(each_kind_has_its_headline, begin, end),
		cmocka_unit_test_setup_teardown(verbosity_shows_all_frames_and_build_ids, begin,
						end),
		cmocka_unit_test_setup_teardown(a_block_that_does_not_fit_still_has_its_summary,
						begin, end),
		cmocka_unit_test_setup_teardown(repeats_and_deaths_are_told, begin, end),
		cmocka_unit_test_setup_teardown(the_summary_prints_what_is_not_zero, begin, end),
		cmocka_unit_test(values_out_of_range_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
