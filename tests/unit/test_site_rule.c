/* SPDX-License-Identifier: MIT */
/*
 * shim/common/site_rule.c: which frame of a stack a reader mends.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/site_rule.h"

/* Frames from the innermost outward; native ones begin with "native:", and a named one's name
 * follows a blank. */
static struct site_rule rule_of(const char *const *frames, size_t count)
{
	struct site_rule rule;

	site_rule_begin(&rule);
	for (uint32_t i = 0; i < count; i++) {
		const char *module = frames[i] + strlen("native:"), *blank;

		if (strncmp(frames[i], "native:", 7) != 0) {
			site_rule_add(&rule, i, frames[i], strlen(frames[i]));
			continue;
		}
		blank = strchr(module, ' ');
		site_rule_add_native(&rule, i, module,
				     blank != NULL ? (size_t)(blank - module) : strlen(module),
				     blank != NULL ? blank + 1 : NULL);
	}
	return rule;
}

#define OPENED 0
#define FORKED 1
#define ENDING 2

#define assert_site(expected, event, ...)                                                          \
	do {                                                                                       \
		const char *const frames[] = {__VA_ARGS__};                                        \
		struct site_rule rule = rule_of(frames, sizeof(frames) / sizeof(frames[0]));       \
		assert_int_equal(site_rule_choose(&rule, (event) == FORKED, (event) == ENDING),    \
				 expected);                                                        \
	} while (0)

#define PACKAGES "/usr/lib/python3/dist-packages/"

static void a_go_program_beats_its_own_packages(void **state)
{
	(void)state;
	assert_site(3, OPENED, "native:/srv/job internal/runtime/syscall.Syscall6",
		    "native:/srv/job syscall.RawSyscall6", "native:/srv/job net.(*conn).Write",
		    "native:/srv/job main.ping", "native:/srv/job main.main",
		    "native:/srv/job runtime.main");
	assert_site(1, OPENED, "native:/usr/bin/job internal/poll.(*FD).Read",
		    "native:/usr/bin/job example.com/shop/orders.Load",
		    "native:/usr/bin/job runtime.goexit");
	assert_site(0, OPENED, "native:/srv/job syscall.RawSyscall6",
		    "native:/srv/job runtime.main");
}

static void the_application_beats_all(void **state)
{
	(void)state;
	assert_site(1, OPENED, PACKAGES "pymysql/connections.py", "/srv/app/db.py",
		    "/srv/app/app.py", "/usr/bin/gunicorn");
	assert_site(1, FORKED, PACKAGES "parallel/parallel.rb", "/srv/app/tasks.rb",
		    "native:/usr/bin/ruby main");
	assert_site(0, OPENED, "/srv/app/db.py", "native:/srv/app/native.so f");
}

static void an_agent_is_the_owner_of_what_it_opened(void **state)
{
	(void)state;
	assert_site(2, OPENED, PACKAGES "eventlet/greenio/base.py",
		    PACKAGES "urllib3/connection.py", PACKAGES "sentry_sdk/worker.py",
		    "/usr/lib/python3.11/threading.py", PACKAGES "gunicorn/app/base.py",
		    "/usr/bin/gunicorn");
}

static void a_fork_is_its_server_s(void **state)
{
	(void)state;
	assert_site(0, FORKED, PACKAGES "gunicorn/arbiter.py", PACKAGES "gunicorn/app/base.py",
		    "/usr/bin/gunicorn");
	assert_site(1, FORKED, "/usr/lib/python3.11/multiprocessing/popen_fork.py",
		    PACKAGES "billiard/process.py", "/usr/bin/celery");
	assert_site(2, OPENED, PACKAGES "gunicorn/arbiter.py", PACKAGES "gunicorn/app/base.py",
		    "/usr/bin/gunicorn");
}

static void a_script_of_the_user_is_no_launcher(void **state)
{
	(void)state;
	assert_site(1, OPENED, PACKAGES "redis/connection.py", "/usr/local/bin/nightly");
}

static void without_files_the_interpreter_counts(void **state)
{
	(void)state;
	assert_site(1, OPENED, "<string>", "/usr/lib/python3.11/socket.py");
	assert_site(0, OPENED, "<string>", "<string>");
	assert_site(0, FORKED, "-e", "native:/usr/bin/perl main");
}

static void native_frames_by_what_says_most(void **state)
{
	(void)state;
	assert_site(2, OPENED, "native:/lib/libc.so.6 connect",
		    "native:/usr/lib/libpq.so.5 PQconnectPoll", "native:/srv/job",
		    "native:/srv/job main");
	assert_site(2, OPENED, "native:/usr/lib/libpq.so.5", "native:/usr/lib/libpq.so.5",
		    "native:/usr/lib/libpq.so.5 PQexec");
	assert_site(1, OPENED, "native:/usr/lib/libpq.so.5 PQexec", "native:/usr/bin/psql main");
	assert_site(0, OPENED, "native:/usr/lib/libpq.so.5 PQexec", "native:/usr/bin/psql");
	assert_site(0, ENDING, "native:/usr/lib/libpq.so.5 PQfinish", "native:/usr/bin/psql main");
	assert_site(1, ENDING, "native:/usr/lib/libmariadb.so.3", "native:/usr/lib/php/mysqli.so",
		    "native:/usr/bin/php8.2 php_request_shutdown");
	assert_site(0, ENDING, "native:/srv/lib/libown.so.1", "native:/lib/libc.so.6 exit");
	assert_site(1, OPENED, "native:/lib/libc.so.6 send", "native:/usr/bin/python3.11 main");
	assert_site(SITE_NONE, OPENED, "native:/lib/libc.so.6 send");
}

static void the_way_in_ends_at_the_application_s_outermost(void **state)
{
	const char *const frames[] = {"/srv/app/db.py", "/srv/app/settings.py",
				      PACKAGES "gunicorn/util.py", "/usr/bin/gunicorn"};
	struct site_rule rule = rule_of(frames, 4);

	(void)state;
	assert_int_equal(rule.own_outer, 1);
	assert_true(site_rule_is_own(&rule, 0));
	assert_false(site_rule_is_own(&rule, 2));
	assert_false(site_rule_is_own(&rule, SITE_NONE));
}

static void names_are_asked_for_where_they_decide(void **state)
{
	const char *const none[] = {"native:/lib/libc.so.6"};
	const char *const library[] = {"native:/usr/lib/libpq.so.5 PQexec"};
	const char *const interpreted[] = {"/srv/app/db.py"};
	struct site_rule rule = rule_of(none, 1);

	(void)state;
	assert_true(site_rule_wants_name(&rule, "/usr/lib/libpq.so.5", 19));
	assert_true(site_rule_wants_name(&rule, "/usr/bin/psql", 13));
	assert_true(site_rule_wants_name(&rule, "/srv/job", 8));
	assert_false(site_rule_wants_name(&rule, NULL, 0));
	rule = rule_of(library, 1);
	assert_false(site_rule_wants_name(&rule, "/usr/lib/libpq.so.5", 19));
	assert_true(site_rule_wants_name(&rule, "/usr/bin/psql", 13));
	rule = rule_of(interpreted, 1);
	assert_false(site_rule_wants_name(&rule, "/usr/bin/psql", 13));
}

static void what_ends_a_process(void **state)
{
	(void)state;
	assert_true(site_rule_ends_process("exit"));
	assert_true(site_rule_ends_process("Py_FinalizeEx"));
	assert_false(site_rule_ends_process("_exit"));
	assert_false(site_rule_ends_process("mysql_close"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_go_program_beats_its_own_packages),
		cmocka_unit_test(the_application_beats_all),
		cmocka_unit_test(an_agent_is_the_owner_of_what_it_opened),
		cmocka_unit_test(a_fork_is_its_server_s),
		cmocka_unit_test(a_script_of_the_user_is_no_launcher),
		cmocka_unit_test(without_files_the_interpreter_counts),
		cmocka_unit_test(native_frames_by_what_says_most),
		cmocka_unit_test(the_way_in_ends_at_the_application_s_outermost),
		cmocka_unit_test(names_are_asked_for_where_they_decide),
		cmocka_unit_test(what_ends_a_process),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
