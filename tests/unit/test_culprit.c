/* SPDX-License-Identifier: MIT */
/* Which files are the application's own, and which line of a stack is named: culprit.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

#include "common/own_code.h"
#include "stack/culprit.h"
#include "forksan/registry.h"
#include "registry/registry.h"
#include "stack/store.h"
#include "stack/text.h"

static void own_files(void **state)
{
	static const char *const own[] = {
		"/srv/app/models.py",
		"app.py",
		"./tasks.py",
		"/home/u/library/python/app.py",
		"/home/u/perl5app/x.pl",
		"/srv/gemstones/app.rb",
		"/srv/vendors/app.php",
		"C:app.py",
		"/usr/local/bin/app.py",
		"/home/u/my-lib/python/db.py",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		assert_true(culprit_is_own(LANGUAGE_PYTHON, own[i]));
}

static void given_files(void **state)
{
	static const char *const given[] = {
		/* Python: Debian, pip into /usr/local, venv, pyenv, conda, Fedora */
		"/usr/lib/python3.11/socket.py",
		"/usr/lib/python3/dist-packages/pymysql/connections.py",
		"/usr/local/lib/python3.11/dist-packages/flask/app.py",
		"/srv/app/venv/lib/python3.12/site-packages/django/db/backends/base/base.py",
		"/root/.pyenv/versions/3.11.7/lib/python3.11/threading.py",
		"/opt/conda/lib/python3.10/socket.py",
		"/usr/lib64/python3.9/socket.py",
		"<frozen importlib._bootstrap>",
		"<string>",
		"<stdin>",
		/* Ruby */
		"/usr/lib/ruby/3.1.0/socket.rb",
		"/usr/lib/ruby/vendor_ruby/active_record/base.rb",
		"/usr/share/rubygems-integration/all/gems/puma-5.6.5/lib/puma/cluster.rb",
		"/var/lib/gems/3.1.0/gems/mysql2-0.5.4/lib/mysql2/client.rb",
		"/srv/app/vendor/bundle/ruby/3.1.0/gems/pg-1.4/lib/pg.rb",
		"<internal:kernel>",
		"(eval)",
		/* Perl */
		"/usr/share/perl5/Starman/Server.pm",
		"/usr/share/perl/5.36/IO/Socket.pm",
		"/usr/lib/x86_64-linux-gnu/perl5/5.36/DBI.pm",
		"/usr/lib/x86_64-linux-gnu/perl/5.36/IO/Socket.pm",
		"/usr/local/share/perl/5.36.0/Plack.pm",
		"/home/u/perl5/lib/perl5/DBIx/Class.pm",
		"(eval 12)",
		"-e",
		/* PHP */
		"/srv/app/vendor/doctrine/dbal/src/Driver.php",
		"/usr/share/php/Predis/Client.php",
		"[internal function]",
		/* launchers */
		"/usr/bin/gunicorn",
		"/srv/app/venv/bin/celery",
		"/usr/sbin/uwsgi",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(given) / sizeof(given[0]); i++)
		assert_false(culprit_is_own(LANGUAGE_PYTHON, given[i]));
	assert_false(culprit_is_own(LANGUAGE_NATIVE, "/srv/app/main.c"));
}

static struct stack_id store(const char *const *files, size_t count)
{
	static struct stack_text text;

	memset(&text, 0, sizeof(text));
	for (size_t i = 0; i < count; i++)
		stack_text_push(&text, LANGUAGE_PYTHON, "f", 1, files[i], strlen(files[i]),
				(uint32_t)i + 1);
	return stack_store(registry_get(), &(const uint64_t){0}, 0, false, &text);
}

static void the_innermost_own_frame_is_named(void **state)
{
	const char *const files[] = {"/usr/lib/python3.11/socket.py", "/srv/app/db.py",
				     "/srv/app/main.py", "/usr/bin/gunicorn"};
	struct stack_id id = store(files, 4);
	char out[64];

	(void)state;
	assert_true(culprit_find(registry_get(), id, out, sizeof(out)));
	assert_string_equal(out, "/srv/app/db.py:2");
}

static void a_launcher_is_named_when_nothing_else_is(void **state)
{
	const char *const files[] = {"/usr/lib/python3.11/socket.py", "/home/u/bin/report"};
	char out[64];

	(void)state;
	assert_true(culprit_find(registry_get(), store(files, 2), out, sizeof(out)));
	assert_string_equal(out, "/home/u/bin/report:2");
}

/* An agent's thread under a server's event loop: the package that wanted the connection, neither
 * what it called nor what carries it. */
static void the_outermost_package_is_named_when_nothing_is_own(void **state)
{
	const char *const agent[] = {
		"/usr/lib/python3/dist-packages/eventlet/greenio/base.py",
		"/usr/lib/python3.11/ssl.py",
		"/usr/lib/python3/dist-packages/urllib3/connection.py",
		"/srv/venv/lib/python3.11/site-packages/sentry_sdk/transport.py",
		"/srv/venv/lib/python3.11/site-packages/sentry_sdk/worker.py",
		"/usr/lib/python3.11/threading.py",
		"/usr/lib/python3/dist-packages/eventlet/greenthread.py",
		"/usr/bin/gunicorn",
	};
	const char *const gem[] = {
		"/var/lib/gems/3.1.0/gems/bunny-2.19.0/lib/bunny/transport.rb",
		"/var/lib/gems/3.1.0/gems/newrelic_rpm-9/lib/agent.rb",
		"/usr/lib/ruby/3.1.0/monitor.rb",
		"/usr/share/rubygems-integration/all/gems/puma-5.6.5/lib/puma/cluster.rb",
		"/usr/lib/ruby/vendor_ruby/bundler/cli/exec.rb",
	};
	const char *const carriers[] = {"/usr/lib/python3/dist-packages/gunicorn/arbiter.py",
					"/usr/bin/gunicorn"};
	char out[96];

	(void)state;
	assert_true(culprit_find(registry_get(), store(agent, 8), out, sizeof(out)));
	assert_string_equal(out, "/srv/venv/lib/python3.11/site-packages/sentry_sdk/worker.py:5");
	assert_true(culprit_find(registry_get(), store(gem, 5), out, sizeof(out)));
	assert_string_equal(out, "/var/lib/gems/3.1.0/gems/newrelic_rpm-9/lib/agent.rb:2");
	assert_true(culprit_find(registry_get(), store(carriers, 2), out, sizeof(out)));
	assert_string_equal(out, "/usr/bin/gunicorn:2");
}

static void a_script_of_the_users_comes_before_a_package(void **state)
{
	const char *const files[] = {"/usr/lib/python3/dist-packages/pymysql/connections.py",
				     "/home/u/bin/report"};
	char out[64];

	(void)state;
	assert_true(culprit_find(registry_get(), store(files, 2), out, sizeof(out)));
	assert_string_equal(out, "/home/u/bin/report:2");
}

static void packages_and_carriers(void **state)
{
	static const struct {
		const char *file;
		bool package;
		bool carrier;
	} cases[] = {
		{"/usr/lib/python3/dist-packages/gunicorn/arbiter.py", true, true},
		{"/usr/lib/python3/dist-packages/gunicornish/arbiter.py", true, false},
		{"/usr/lib/python3/dist-packages/rq.py", true, true},
		{"/usr/lib/python3/dist-packages/r", true, false},
		{"/usr/lib/python3.11/threading.py", false, false},
		{"/var/lib/gems/3.1.0/gems/puma-5.6.5/lib/puma.rb", true, true},
		{"/var/lib/gems/3.1.0/gems/pg-1.4/lib/gems/puma/x.rb", true, true},
		{"/usr/lib/ruby/3.1.0/socket.rb", false, false},
		{"/usr/share/perl5/Net/Server/PreFork.pm", true, true},
		{"/usr/share/perl5/Net/LDAP.pm", true, false},
		{"/usr/share/perl/5.36/IO/Socket.pm", false, false},
		{"/usr/local/share/perl/5.36.0/Plack.pm", true, false}, /* behind a version */
		{"/srv/app/vendor/doctrine/dbal/src/Driver.php", true, false},
		{"/srv/app/vendor/laravel/framework/src/Worker.php", true, true},
		{"/srv/venv/bin/celery", false, true},
		{"/home/u/bin/report", false, false},
		{"/srv/gunicorn/app.py", false, false},
		/* the last part counts, whichever that is */
		{"/srv/vendor/x/venv/site-packages/gunicorn/app.py", true, true},
		{"/srv/site-packages/x/vendor/gunicorn/app.php", true, true},
		{"<string>", false, false},
		{"", false, false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t len = strlen(cases[i].file);

		if (own_code_is_package(cases[i].file, len) != cases[i].package ||
		    own_code_is_carrier(cases[i].file, len) != cases[i].carrier)
			fail_msg("%s", cases[i].file);
	}
}

static void ranks_of_modules(void **state)
{
	static const struct {
		const char *module;
		enum own_code_rank rank;
	} cases[] = {
		{"/srv/app/server", OWN_CODE_MODULE},
		{"/srv/app/plugin.so", OWN_CODE_MODULE},
		{"/srv/app/python-worker", OWN_CODE_MODULE},
		{"/usr/sbin/nginx", OWN_CODE_PROGRAM},
		{"/usr/bin/pgbench", OWN_CODE_PROGRAM},
		{"/usr/lib/x86_64-linux-gnu/libpq.so.5", OWN_CODE_LIBRARY},
		{"/lib64/libssl.so.3", OWN_CODE_LIBRARY},
		{"/opt/driver/libdriver.so", OWN_CODE_LIBRARY},
		{"/srv/app/lib", OWN_CODE_MODULE},
		{"/srv/app/lib.so", OWN_CODE_LIBRARY},
		{"/srv/venv/lib/python3.11/site-packages/psycopg2/_psycopg.so", OWN_CODE_LIBRARY},
		{"/usr/bin/python3.11", OWN_CODE_INTERPRETER},
		{"/usr/lib/x86_64-linux-gnu/libruby-3.1.so.3.1", OWN_CODE_INTERPRETER},
		{"/lib/x86_64-linux-gnu/libc.so.6", OWN_CODE_MACHINERY},
		{"/lib64/ld-linux-x86-64.so.2", OWN_CODE_MACHINERY},
		{"linux-vdso.so.1", OWN_CODE_MACHINERY},
		{"", OWN_CODE_MACHINERY},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (own_code_rank_of(cases[i].module, strlen(cases[i].module)) != cases[i].rank)
			fail_msg("%s", cases[i].module);
}

static uint64_t frame_in(const char *path, uint32_t number, uint64_t offset)
{
	struct registry_module *module = &registry_get()->modules[number - 1];

	strcpy(module->path, path);
	store_release(&module->hash, 7);
	return (uint64_t)number << REGISTRY_FRAME_MODULE_SHIFT | offset;
}

/* Two faults of one program differ by its own frame, not by the library's that both went through.
 */
static void the_programs_own_native_frame_says_most(void **state)
{
	static struct stack_text none;
	const uint64_t native[5] = {
		frame_in("/lib/x86_64-linux-gnu/libc.so.6", 1, 0x10),
		frame_in("/usr/lib/x86_64-linux-gnu/libpq.so.5", 2, 0x20),
		frame_in("/srv/app/server", 3, 0x30),
		frame_in("/srv/app/server", 3, 0x40),
		frame_in("/lib/x86_64-linux-gnu/libc.so.6", 1, 0x50),
	};
	struct stack_frame frame;
	char out[8];

	(void)state;
	memset(&none, 0, sizeof(none));
	assert_false(culprit_find(registry_get(),
				  stack_store(registry_get(), native, 5, false, &none), out,
				  sizeof(out)));
	assert_true(culprit_find_native(
		registry_get(), stack_store(registry_get(), native, 5, false, &none), &frame));
	assert_int_equal(frame.offset, 0x30);
	assert_true(culprit_find_native(
		registry_get(), stack_store(registry_get(), native, 2, false, &none), &frame));
	assert_int_equal(frame.offset, 0x20);
	assert_true(culprit_find_native(
		registry_get(), stack_store(registry_get(), native, 1, false, &none), &frame));
	assert_int_equal(frame.offset, 0x10);
	assert_false(culprit_find_native(registry_get(), (struct stack_id){0}, &frame));
}

static void no_own_frame_is_no_culprit(void **state)
{
	const char *const files[] = {"/usr/lib/python3.11/socket.py", "<string>"};
	const char *const gem[] = {"/usr/share/rubygems-integration/all/gems/puma-5.6.5/bin/puma"};
	char out[64] = "x";

	(void)state;
	assert_false(culprit_find(registry_get(), store(gem, 1), out, sizeof(out)));
	assert_false(culprit_find(registry_get(), store(files, 2), out, sizeof(out)));
	assert_string_equal(out, "");
	assert_false(culprit_find(registry_get(), (struct stack_id){0}, out, sizeof(out)));
	assert_false(culprit_find(NULL, (struct stack_id){1}, out, sizeof(out)));
}

static void a_long_path_loses_its_beginning(void **state)
{
	const char *const files[] = {"/srv/a/very/long/path/to/the/application/db.py"};
	char out[16];

	(void)state;
	assert_true(culprit_find(registry_get(), store(files, 1), out, sizeof(out)));
	assert_string_equal(out, "ication/db.py:1");
}

static void a_path_that_just_fits_is_whole(void **state)
{
	const char *const files[] = {"/srv/app/db.py"};
	char out[17]; /* the path, ":1", the NUL */

	(void)state;
	assert_true(culprit_find(registry_get(), store(files, 1), out, sizeof(out)));
	assert_string_equal(out, "/srv/app/db.py:1");
	assert_true(culprit_find(registry_get(), store(files, 1), out, sizeof(out) - 1));
	assert_string_equal(out, "srv/app/db.py:1");
	assert_true(culprit_find(registry_get(), store(files, 1), out, 3));
	assert_string_equal(out, ":1");
}

static void launchers(void **state)
{
	(void)state;
	assert_true(own_code_is_launcher("/bin/x", 6));
	assert_true(own_code_is_launcher("/usr/sbin/x", 11));
	assert_false(own_code_is_launcher("bin/x", 5));
	assert_false(own_code_is_launcher("/bin/x.py", 9));
	assert_false(own_code_is_launcher("/bin/lib/x", 10));
	assert_false(own_code_is_launcher("x", 1));
}

/* A framework deeper than the room: the frames that do not fit are left out, not the application's.
 */
static void the_culprit_survives_a_stack_that_does_not_fit(void **state)
{
	static const char *files[200];
	static char deep[300];
	char out[400];
	struct stack_id id;

	(void)state;
	for (int i = 0; i < 200; i++)
		files[i] = "/usr/lib/python3/dist-packages/framework/with/a/long/name/module.py";
	memset(deep, 'd', sizeof(deep) - 1);
	deep[0] = '/';
	files[150] = deep;
	files[151] = "/srv/app/urls.py";
	id = store(files, 200);
	assert_true(culprit_find(registry_get(), id, out, sizeof(out)));
	assert_memory_equal(out, deep, sizeof(deep) - 1);
	assert_string_equal(out + sizeof(deep) - 1, ":151");
	assert_true(stack_is_truncated(registry_get(), id));
}

static int join(void **state)
{
	bool created;

	(void)state;
	if (registry_join("", REGISTRY_FIND_OR_BEGIN, getpid(), getppid(), &created) != 0)
		return -1;
	registry_map_rest();
	registry_unlink();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_files),
		cmocka_unit_test(given_files),
		cmocka_unit_test(the_innermost_own_frame_is_named),
		cmocka_unit_test(a_launcher_is_named_when_nothing_else_is),
		cmocka_unit_test(the_outermost_package_is_named_when_nothing_is_own),
		cmocka_unit_test(a_script_of_the_users_comes_before_a_package),
		cmocka_unit_test(packages_and_carriers),
		cmocka_unit_test(ranks_of_modules),
		cmocka_unit_test(the_programs_own_native_frame_says_most),
		cmocka_unit_test(no_own_frame_is_no_culprit),
		cmocka_unit_test(a_path_that_just_fits_is_whole),
		cmocka_unit_test(launchers),
		cmocka_unit_test(a_long_path_loses_its_beginning),
		cmocka_unit_test(the_culprit_survives_a_stack_that_does_not_fit),
	};

	return cmocka_run_group_tests(tests, join, NULL);
}
