/* SPDX-License-Identifier: MIT */
/*
 * shim/entry/load.c: objects that are opened with RTLD_DEEPBIND are seen, and get no other symbols
 * than they would without us.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"

static void *open_plugin(const char *name, int flags)
{
	void *handle = dlopen(plugin_path(name), flags);

	if (handle == NULL)
		printf("%s\n", dlerror());
	require(handle != NULL);
	return handle;
}

/* dlsym() gives an object pointer: dlsym(3), NOTES. */
static void find(void *handle, const char *name, void *function, size_t size)
{
	void *symbol = dlsym(handle, name);

	require(symbol != NULL);
	memcpy(function, &symbol, size);
}

static void ping_by_plugin(int fd)
{
	void *plugin = open_plugin("deepbind", RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND);
	int (*ping)(int fd, const char *request, size_t request_len, char *reply, size_t reply_len);
	char reply[REPLY_BYTES];

	find(plugin, "plugin_ping", &ping, sizeof(ping));
	require(ping(fd, REQUEST, REQUEST_BYTES, reply, sizeof(reply)) == REPLY_BYTES);
	require(memcmp(reply, REPLY, REPLY_BYTES) == 0);
}

/* The plugin's libc is another than ours, which nothing of ours stands before. */
static void ping_in_namespace(int fd)
{
	void *plugin = dlmopen(LM_ID_NEWLM, plugin_path("deepbind"), RTLD_NOW | RTLD_LOCAL);
	int (*ping)(int fd, const char *request, size_t request_len, char *reply, size_t reply_len);
	char reply[REPLY_BYTES];

	if (plugin == NULL)
		skip("no namespaces here");
	find(plugin, "plugin_ping", &ping, sizeof(ping));
	require(ping(fd, REQUEST, REQUEST_BYTES, reply, sizeof(reply)) == REPLY_BYTES);
}

static void run_namespace(void)
{
	siblings_use(ping_in_namespace);
}

static void expect_counted(const struct log *log, const struct entry_case *self)
{
	(void)self;
	expect(log_counter(log, "lost_deepbind") == 1);
	expect(log_count(log, "shared-use") == 0);
}

static void run_deepbind(void)
{
	siblings_use(ping_by_plugin);
}

static void print_answer(int flags)
{
	int (*answer)(void);
	void *plugin;

	open_plugin("global", RTLD_NOW | RTLD_GLOBAL);
	plugin = open_plugin("deepbind", RTLD_NOW | RTLD_LOCAL | flags);
	find(plugin, "plugin_answer", &answer, sizeof(answer));
	printf("%d\n", answer());
}

static void run_own_symbols(void)
{
	print_answer(RTLD_DEEPBIND);
}

static void run_global_symbols(void)
{
	print_answer(0);
}

/* By name, by path, with and without the flag, and what does not exist. */
static void run_ways(void)
{
	static const char *const names[] = {"libm.so.6", "libm.so.6", "/nonexistent.so",
					    "nonexistent.so"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *plain = dlopen(names[i], RTLD_LAZY);
		const char *error = dlerror();

		printf("%d %s\n", plain != NULL, error != NULL ? error : "");
		plain = dlopen(names[i], RTLD_NOW | RTLD_DEEPBIND);
		error = dlerror();
		printf("%d %s\n", plain != NULL, error != NULL ? error : "");
	}
	require(dlopen(NULL, RTLD_NOW) != NULL);
	require(dlopen(NULL, RTLD_NOW | RTLD_DEEPBIND) != NULL);
}

static const struct entry_case cases[] = {
	{.entry = "dlopen",
	 .name = "a plugin opened with RTLD_DEEPBIND is seen",
	 .run = run_deepbind,
	 .check = expect_shared_use,
	 .operation = "send"},
	{.entry = "dlmopen",
	 .name = "a plugin in a namespace of its own is counted",
	 .run = run_namespace,
	 .check = expect_counted},
	{.name = "a plugin keeps its own symbols", .run = run_own_symbols},
	{.name = "a plugin finds global symbols", .run = run_global_symbols},
	{.name = "results and errors are libc's", .run = run_ways},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
