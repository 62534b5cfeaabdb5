/* SPDX-License-Identifier: MIT */
/*
 * shim/options*.c: what FORKSAN_OPTIONS sets, what is complained of, what ignore= matches.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "options/options.h"
#include "common/suggest.h"

#define DEFAULT_WATCH                                                                              \
	(1u << CLASS_DATABASE | 1u << CLASS_CACHE | 1u << CLASS_BROKER | 1u << CLASS_DIRECTORY |   \
	 1u << CLASS_MAIL | 1u << CLASS_REMOTE | 1u << CLASS_TLS | 1u << CLASS_HTTP |              \
	 1u << CLASS_UNKNOWN)

static unsigned complaints;
static char complaint[1024]; /* the last one */

static void complain(const char *line)
{
	complaints++;
	assert_null(strchr(line, '\n'));
	snprintf(complaint, sizeof(complaint), "%s", line);
}

static void parse(const char *text)
{
	complaints = 0;
	complaint[0] = '\0';
	options_parse(text, complain);
}

static void parse_clean(const char *text)
{
	parse(text);
	assert_string_equal(complaint, "");
}

static void assert_complaint(const char *text, const char *expected)
{
	parse(text);
	assert_int_equal(complaints, 1);
	assert_string_equal(complaint, expected);
}

static void nothing_gives_the_defaults(void **state)
{
	static const char *const nothings[] = {NULL, "", ":", " : \n:"};

	(void)state;
	for (size_t i = 0; i < sizeof(nothings) / sizeof(nothings[0]); i++) {
		memset(&options, 0xff, sizeof(options));
		parse_clean(nothings[i]);
		assert_int_equal(options.mode, MODE_WARN);
		assert_false(options.help || options.payload);
		assert_int_equal(options.exitcode, 0);
		assert_int_equal(options.verbosity, 0);
		assert_int_equal(options.watch, DEFAULT_WATCH);
		assert_string_equal(options.log_path, "");
		assert_string_equal(options.ignore, "");
		assert_string_equal(options.session, "");
	}
}

static void every_key_sets_its_option(void **state)
{
	(void)state;
	parse_clean("mode=strict:help=1:payload=yes:exitcode=66:verbosity=2:watch=cache,other:"
		    "log_path=/var/log/forksan.%p:ignore=redis,/run/*:session=00c0ffee00c0ffee");
	assert_int_equal(options.mode, MODE_STRICT);
	assert_true(options.help && options.payload);
	assert_int_equal(options.exitcode, 66);
	assert_int_equal(options.verbosity, 2);
	assert_int_equal(options.watch, 1u << CLASS_CACHE | 1u << CLASS_UNKNOWN);
	assert_string_equal(options.log_path, "/var/log/forksan.%p");
	assert_string_equal(options.ignore, "redis,/run/*");
	assert_string_equal(options.session, "00c0ffee00c0ffee");
	parse_clean("strict=1");
	assert_int_equal(options.mode, MODE_STRICT);
	parse_clean("strict=1:mode=warn");
	assert_int_equal(options.mode, MODE_WARN);
	parse_clean("mode=strict:strict=0");
	assert_int_equal(options.mode, MODE_WARN);
}

static void quotes_hold_separators(void **state)
{
	(void)state;
	parse_clean("ignore='redis, CACHE,cassandra "
		    "cql,HTTP/2,80,10.*,@x,/run/x,::1,[::1]:5,fe80::1%2'");
	parse_clean("ignore='127.0.0.1:3306,[::1]:5432':log_path=\"/tmp/it's: a\":strict=1");
	assert_string_equal(options.ignore, "127.0.0.1:3306,[::1]:5432");
	assert_string_equal(options.log_path, "/tmp/it's: a");
	assert_int_equal(options.mode, MODE_STRICT);
}

static void blanks_and_newlines_separate(void **state)
{
	(void)state;
	parse_clean(" verbosity = 1 \n\t exitcode= '3' : log_path = a b ");
	assert_int_equal(options.verbosity, 1);
	assert_int_equal(options.exitcode, 3);
	assert_string_equal(options.log_path, "a b");
}

static void commas_and_blanks_separate_as_in_the_sanitizers(void **state)
{
	(void)state;
	parse_clean("strict=1,verbosity=1 exitcode=3\tpayload=1\nwatch=cache,other,ignore=a*,b*");
	assert_int_equal(options.mode, MODE_STRICT);
	assert_int_equal(options.verbosity, 1);
	assert_int_equal(options.exitcode, 3);
	assert_true(options.payload);
	assert_int_equal(options.watch, 1u << CLASS_CACHE | 1u << CLASS_UNKNOWN);
	assert_string_equal(options.ignore, "a*,b*");
	parse_clean("ignore= verbosity=2::exitcode=4,");
	assert_string_equal(options.ignore, "");
	assert_int_equal(options.verbosity, 2);
	assert_int_equal(options.exitcode, 4);
}

/* The quotes of ignore='127.0.0.1:13306' are the shell's. */
static void a_port_behind_an_address_needs_no_quotes(void **state)
{
	(void)state;
	parse_clean("ignore=127.0.0.1:13306:strict=1");
	assert_string_equal(options.ignore, "127.0.0.1:13306");
	assert_int_equal(options.mode, MODE_STRICT);
	parse_clean("verbosity=1:ignore=[::1]:5432,10.0.0.0/8:80,fe80::1%2,*:90:exitcode=2");
	assert_string_equal(options.ignore, "[::1]:5432,10.0.0.0/8:80,fe80::1%2,*:90");
	assert_int_equal(options.exitcode, 2);
	parse_clean("ignore=::1");
	assert_string_equal(options.ignore, "::1");
}

static void what_is_no_address_is_no_pattern(void **state)
{
	static const char *const bad[] = {
		"127.0.0.1:http", "127.0.0.1:65536", "127.0.0",		  "127.0.0.1.2",
		"256.0.0.1",	  "10.0.0.0/33",     "10.0.0.0/",	  "::1/129",
		"[::1",		  "[::1]x",	     "1:2:3:4:5",	  "12345::1",
		"1::2::3",	  "1:2:3:4:5:6:7:",  "::1.2.3",		  "localhost:5",
		"65536",	  "'::1'",	     "1:2:3:4:5:6:7:8:9",
	};
	static const char *const good[] = {
		"0",
		"65535",
		"10.0.0.0/0",
		"[::]/0",
		"::ffff:10.0.0.1",
		"1::8:80",
		"1:2:3:4:5:6:7:8",
		"[1::]:1",
		"2001:DB8::/32:9",
		"1:2:3:4:5:6:1.2.3.4",
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "ignore=redis,%s", bad[i]);
		parse(text);
		if (complaints != 1)
			fail_msg("\"%s\" was taken", bad[i]);
		assert_string_equal(options.ignore, "");
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text), "ignore=redis,%s", good[i]);
		parse_clean(text);
		assert_string_equal(options.ignore, text + 7);
	}
}

static void watch_replaces_or_changes(void **state)
{
	(void)state;
	parse_clean("watch=+system,-http");
	assert_int_equal(options.watch, (DEFAULT_WATCH | 1u << CLASS_SYSTEM) & ~(1u << CLASS_HTTP));
	parse_clean("watch=all");
	assert_int_equal(options.watch, (1u << CLASS_COUNT) - 1);
	parse_clean("watch=all,-http");
	assert_int_equal(options.watch, ((1u << CLASS_COUNT) - 1) & ~(1u << CLASS_HTTP));
	parse_clean("watch=tls:watch=+http");
	assert_int_equal(options.watch, 1u << CLASS_TLS | 1u << CLASS_HTTP);
	parse("watch=");
	assert_int_equal(complaints, 1);
	parse_clean("watch=cache,unknown");
	assert_int_equal(options.watch, 1u << CLASS_CACHE | 1u << CLASS_UNKNOWN);
	parse_clean("watch=+system,-unknown");
	assert_int_equal(options.watch,
			 (DEFAULT_WATCH | 1u << CLASS_SYSTEM) & ~(1u << CLASS_UNKNOWN));
}

static void a_bad_value_names_what_was_expected(void **state)
{
	(void)state;
	assert_complaint("verbosity=3", "FORKSAN_OPTIONS: verbosity=3: "
					"expected 0, 1 or 2");
	assert_complaint("exitcode=256", "FORKSAN_OPTIONS: exitcode=256: "
					 "expected a number from 0 to 255");
	assert_complaint("exitcode=-1", "FORKSAN_OPTIONS: exitcode=-1: "
					"expected a number from 0 to 255");
	assert_complaint("strict=maybe", "FORKSAN_OPTIONS: strict=maybe: "
					 "expected 0 or 1");
	assert_complaint("mode=srtict",
			 "FORKSAN_OPTIONS: mode=srtict: "
			 "expected warn, strict or isolate; did you mean \"strict\"?");
	assert_complaint(
		"watch=cache,+databse",
		"FORKSAN_OPTIONS: watch=cache,+databse: expected a list of "
		"unknown, database, cache, broker, directory, mail, remote, tls, http, system or "
		"all, each with + or - to change the default, found \"databse\"; did you mean "
		"\"database\"?");
	assert_complaint("ignore=6379,Postgres",
			 "FORKSAN_OPTIONS: ignore=6379,Postgres: expected a list of less than 512 "
			 "bytes of classes, protocols, ports, addresses, ranges (10.0.0.0/8) or "
			 "paths, found "
			 "\"Postgres\"; did you mean \"PostgreSQL\"?");
	assert_string_equal(options.ignore, "");
	assert_complaint("ignore=localhost",
			 "FORKSAN_OPTIONS: ignore=localhost: expected a list of less than 512 "
			 "bytes of classes, protocols, ports, addresses, ranges (10.0.0.0/8) or "
			 "paths");
	assert_complaint("labels=web",
			 "FORKSAN_OPTIONS: labels=web: expected a list of key=value of "
			 "less than 512 bytes, in quotes");
	assert_complaint("summary_interval=1000000",
			 "FORKSAN_OPTIONS: summary_interval=1000000: expected a number of seconds "
			 "up to 999999");
	assert_int_equal(options.summary_interval_s, 600);
	assert_complaint("session=../../etc/passwd", "FORKSAN_OPTIONS: session=../../etc/passwd: "
						     "expected 16 hexadecimal digits");
	assert_string_equal(options.session, "");
}

static void an_unknown_key_names_the_closest(void **state)
{
	(void)state;
	assert_complaint("log_pth=/tmp/x", "FORKSAN_OPTIONS: unknown key \"log_pth\", expected "
					   "mode, strict, dry_run, log_path, log_max_size, watch, "
					   "ignore, suppressions, exitcode, "
					   "verbosity, payload, labels, summary_interval, session "
					   "or help; did you mean \"log_path\"?");
	parse("LOG_PATH=/tmp/x");
	assert_non_null(strstr(complaint, "; did you mean \"log_path\"?"));
	parse("zzzzzzzzzz=1");
	assert_int_equal(complaints, 1);
	assert_null(strstr(complaint, "did you mean"));
}

static void what_is_no_entry_is_named(void **state)
{
	(void)state;
	assert_complaint("redis:verbosity=1",
			 "FORKSAN_OPTIONS: expected key=value, found \"redis\"");
	assert_int_equal(options.verbosity, 1);
	assert_complaint("ignore='a:strict=1", "FORKSAN_OPTIONS: ignore=: expected a closing "
					       "quote, found \"'a:strict=1\"");
	assert_complaint("ignore='a'b:strict=1", "FORKSAN_OPTIONS: ignore=: expected ':' after a "
						 "closing quote, found \"b\"");
	assert_int_equal(options.mode, MODE_STRICT);
	assert_string_equal(options.ignore, "");
	assert_complaint("=1:verbosity=2", "FORKSAN_OPTIONS: expected key=value, found \"=1\"");
	assert_int_equal(options.verbosity, 2);
}

/* What a colon cuts off cannot pass for a value. */
static void a_misplaced_colon_voids_the_entry(void **state)
{
	(void)state;
	assert_complaint("exitcode=5:nonsense:verbosity=1",
			 "FORKSAN_OPTIONS: exitcode=5:nonsense: expected a number from 0 to 255");
	assert_int_equal(options.exitcode, 0);
	assert_int_equal(options.verbosity, 1);
	assert_complaint("log_path=/tmp/log:strict",
			 "FORKSAN_OPTIONS: log_path=/tmp/log:strict: expected a path of less than "
			 "512 bytes, with ':' in quotes");
	assert_string_equal(options.log_path, "");
	assert_complaint("mode=isolat", "FORKSAN_OPTIONS: mode=isolat: expected warn, strict or "
					"isolate; did you mean \"isolate\"?");
}

static void one_mistake_does_not_spoil_the_rest(void **state)
{
	(void)state;
	parse("nonsense:strict=2:verbosity=1:bogus=7:exitcode=9");
	assert_int_equal(complaints, 3);
	assert_int_equal(options.mode, MODE_WARN);
	assert_int_equal(options.verbosity, 1);
	assert_int_equal(options.exitcode, 9);
}

static void what_does_not_fit_is_refused_whole(void **state)
{
	char text[FORKSAN_PATH_BYTES + 32] = "log_path=";

	(void)state;
	memset(text + 9, 'x', FORKSAN_PATH_BYTES - 1);
	parse_clean(text);
	assert_int_equal(strlen(options.log_path), FORKSAN_PATH_BYTES - 1);
	memset(text + 9, 'x', FORKSAN_PATH_BYTES);
	parse(text);
	assert_int_equal(complaints, 1);
	assert_string_equal(options.log_path, "");
}

static void complaints_are_clean_short_and_few(void **state)
{
	char text[8192] = "";

	(void)state;
	parse("\x1b[2J\xff=1");
	assert_non_null(strstr(complaint, "expected key=value, found \"?[2J?=1\""));
	memset(text, 'k', 4000);
	text[4000] = '=';
	parse(text);
	assert_non_null(strstr(complaint, "kkk...\""));
	text[0] = '\0';
	for (int i = 0; i < 1000; i++)
		strcat(text, "a=1:");
	parse(text);
	assert_int_equal(complaints, 9);
	assert_string_equal(complaint, "FORKSAN_OPTIONS: further mistakes are not shown");
}

static void help_lists_every_key(void **state)
{
	static const char *const keys[] = {
#define OPTION(type, name, member, standard, sentence) "  " #name "=" standard,
#define ALIAS(name, standard, key, off, on, sentence) "  " #name "=" standard,
#include "options.def"
#undef OPTION
#undef ALIAS
	};
	char help[4096];
	char cut[100];
	size_t len = options_help(help, sizeof(help));

	(void)state;
	assert_int_equal(len, strlen(help));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_non_null(strstr(help, keys[i]));
	assert_int_equal(options_help(cut, sizeof(cut)), sizeof(cut) - 1);
}

static bool ignores(const char *patterns, enum protocol protocol, const char *peer)
{
	snprintf(options.ignore, sizeof(options.ignore), "%s", patterns);
	return options_ignores(protocol, peer);
}

static void ignore_matches_by_every_name_of_a_connection(void **state)
{
	(void)state;
	parse_clean("");
	assert_false(ignores("", PROTOCOL_REDIS, "127.0.0.1:6379"));
	assert_false(ignores(" , ", PROTOCOL_REDIS, "127.0.0.1:6379"));
	assert_true(ignores("redis", PROTOCOL_REDIS, "127.0.0.1:6379"));
	assert_true(ignores("mysql, cache", PROTOCOL_REDIS, "127.0.0.1:6379"));
	assert_true(ignores("6379", PROTOCOL_UNKNOWN, "127.0.0.1:6379"));
	assert_false(ignores("637", PROTOCOL_UNKNOWN, "127.0.0.1:6379"));
	assert_true(ignores("127.0.0.1", PROTOCOL_UNKNOWN, "127.0.0.1:6379"));
	assert_true(ignores("127.0.0.1:6379", PROTOCOL_UNKNOWN, "127.0.0.1:6379"));
	assert_false(ignores("127.0.0.1:6380", PROTOCOL_UNKNOWN, "127.0.0.1:6379"));
	assert_true(ignores("10.*", PROTOCOL_UNKNOWN, "10.1.2.3:5432"));
	assert_true(ignores("10.*:5432", PROTOCOL_UNKNOWN, "10.1.2.3:5432"));
	assert_true(ignores("*.3:*4*", PROTOCOL_UNKNOWN, "10.1.2.3:5432"));
	assert_false(ignores("*.4:*4*", PROTOCOL_UNKNOWN, "10.1.2.3:5432"));
	assert_true(ignores("::1", PROTOCOL_UNKNOWN, "[::1]:5432"));
	assert_true(ignores("[::1]:5432", PROTOCOL_UNKNOWN, "[::1]:5432"));
	assert_true(ignores("FE80::*", PROTOCOL_UNKNOWN, "[fe80::1%2]:5432"));
	assert_true(ignores("/run/mysqld/*", PROTOCOL_MYSQL, "/run/mysqld/mysqld.sock"));
	assert_true(ignores("@bus*", PROTOCOL_OTHER, "@bus:1"));
	assert_false(ignores("1", PROTOCOL_OTHER, "@bus:1"));
	assert_true(ignores("*", PROTOCOL_OTHER, "@"));
}

static void ignore_matches_ranges(void **state)
{
	(void)state;
	parse_clean("");
	assert_true(ignores("10.0.0.0/8", PROTOCOL_REDIS, "10.255.0.1:6379"));
	assert_false(ignores("10.0.0.0/8", PROTOCOL_REDIS, "11.0.0.1:6379"));
	assert_true(ignores("10.1.2.128/25", PROTOCOL_REDIS, "10.1.2.200:6379"));
	assert_false(ignores("10.1.2.128/25", PROTOCOL_REDIS, "10.1.2.100:6379"));
	assert_true(ignores("10.0.0.0/8:6379", PROTOCOL_REDIS, "10.255.0.1:6379"));
	assert_false(ignores("10.0.0.0/8:6380", PROTOCOL_REDIS, "10.255.0.1:6379"));
	assert_true(ignores("[2001:db8::]/32", PROTOCOL_REDIS, "[2001:db8:5::1]:6379"));
	assert_false(ignores("[2001:db8::]/32", PROTOCOL_REDIS, "[2001:db9::1]:6379"));
	assert_true(ignores("2001:db8::/33", PROTOCOL_REDIS, "[2001:db8:7fff::1]:6379"));
	assert_false(ignores("2001:db8::/33", PROTOCOL_REDIS, "[2001:db8:8000::1]:6379"));
	assert_true(ignores("10.0.0.0/8", PROTOCOL_REDIS, "[::ffff:10.1.2.3]:6379"));
	assert_true(ignores("0:0:0:0:0:0:0:1", PROTOCOL_REDIS, "[::1]:6379"));
	assert_true(ignores("fe80::1%2", PROTOCOL_REDIS, "[fe80::1%2]:6379"));
	assert_false(ignores("fe80::1%3", PROTOCOL_REDIS, "[fe80::1%2]:6379"));
	assert_true(ignores("fe80::/10", PROTOCOL_REDIS, "[fe80::1%2]:6379"));
	assert_false(ignores("0.0.0.0/0", PROTOCOL_REDIS, "/run/redis.sock"));
	assert_false(ignores("0.0.0.0/0", PROTOCOL_REDIS, "[2001:db8::1]:6379"));
}

/* Two stars and no match: the time must not explode. */
static void many_stars_take_little_time(void **state)
{
	(void)state;
	assert_false(ignores("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", PROTOCOL_OTHER,
			     "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void distance_counts_letters(void **state)
{
	(void)state;
	assert_int_equal(suggest_distance("", 0, "abc", 3), 3);
	assert_int_equal(suggest_distance("abc", 3, "abc", 3), 0);
	assert_int_equal(suggest_distance("acb", 3, "abc", 3), 1);
	assert_int_equal(suggest_distance("kitten", 6, "sitting", 7), 3);
	assert_int_equal(suggest_distance("a", 1, "0123456789012345678901234567890123", 34),
			 SUGGEST_MAX_LEN + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_gives_the_defaults),
		cmocka_unit_test(every_key_sets_its_option),
		cmocka_unit_test(quotes_hold_separators),
		cmocka_unit_test(blanks_and_newlines_separate),
		cmocka_unit_test(commas_and_blanks_separate_as_in_the_sanitizers),
		cmocka_unit_test(a_port_behind_an_address_needs_no_quotes),
		cmocka_unit_test(what_is_no_address_is_no_pattern),
		cmocka_unit_test(watch_replaces_or_changes),
		cmocka_unit_test(a_bad_value_names_what_was_expected),
		cmocka_unit_test(an_unknown_key_names_the_closest),
		cmocka_unit_test(what_is_no_entry_is_named),
		cmocka_unit_test(a_misplaced_colon_voids_the_entry),
		cmocka_unit_test(one_mistake_does_not_spoil_the_rest),
		cmocka_unit_test(what_does_not_fit_is_refused_whole),
		cmocka_unit_test(complaints_are_clean_short_and_few),
		cmocka_unit_test(help_lists_every_key),
		cmocka_unit_test(ignore_matches_by_every_name_of_a_connection),
		cmocka_unit_test(ignore_matches_ranges),
		cmocka_unit_test(many_stars_take_little_time),
		cmocka_unit_test(distance_counts_letters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
