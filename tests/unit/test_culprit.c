/* SPDX-License-Identifier: MIT */
/* Which files are the application's own, and which line of a stack is named: culprit.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>
#include <unistd.h>

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
	if (registry_join("", getpid(), getppid(), &created) != 0)
		return -1;
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
		cmocka_unit_test(no_own_frame_is_no_culprit),
		cmocka_unit_test(a_long_path_loses_its_beginning),
		cmocka_unit_test(the_culprit_survives_a_stack_that_does_not_fit),
	};

	return cmocka_run_group_tests(tests, join, NULL);
}
