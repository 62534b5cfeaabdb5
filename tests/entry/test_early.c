/* SPDX-License-Identifier: MIT */
/*
 * Before our constructor, and beside other libraries that are preloaded: rows 1, 2 and 15 of the
 * pitfalls.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

/* The connection was opened by another library's constructor, perhaps before ours ran. */
static void run_early(void)
{
	const int *fd = dlsym(RTLD_DEFAULT, "early_fd");
	const int *failures = dlsym(RTLD_DEFAULT, "early_failures");

	require(fd != NULL && failures != NULL);
	require(*failures == 0);
	peer_ping(*fd);
	run_child(peer_ping, *fd);
	run_child(peer_ping, *fd);
}

/* What an allocator must survive: it is called by us, in us and around us. */
static void run_allocator(void)
{
	siblings_use(peer_ping);
}

/* An audit library moves us out of the loader's static TLS, and makes it call us for each binding.
 */
static void run_audited(void)
{
	if (getenv("LD_AUDIT") == NULL) {
		setenv("LD_AUDIT", plugin_path("audit"), 1);
		subject_start_again("FORKSAN_TEST_AUDITED", 1);
	}
	siblings_use(peer_ping);
}

#define SKIP_WITHOUT(function, library)                                                            \
	static void function(void)                                                                 \
	{                                                                                          \
		if (dlopen(library, RTLD_NOW | RTLD_NOLOAD) == NULL)                               \
			skip(library " is not installed");                                         \
		run_allocator();                                                                   \
	}
SKIP_WITHOUT(run_jemalloc, "libjemalloc.so.2")
SKIP_WITHOUT(run_tcmalloc, "libtcmalloc_minimal.so.4")
SKIP_WITHOUT(run_eatmydata, "libeatmydata.so")
SKIP_WITHOUT(run_faketime, "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")

#define BOTH_ORDERS(function, library, what)                                                       \
	{.name = "before " what,                                                                   \
	 .run = function,                                                                          \
	 .check = expect_shared_use,                                                               \
	 .operation = "send",                                                                      \
	 .after = library},                                                                        \
	{                                                                                          \
		.name = "after " what, .run = function, .check = expect_shared_use,                \
		.operation = "send", .before = library                                             \
	}

static const struct entry_case cases[] = {
	BOTH_ORDERS(run_early, "early", "a library that connects in its constructor"),
	BOTH_ORDERS(run_allocator, "malloc", "an allocator that asks dlsym() in calloc()"),
	BOTH_ORDERS(run_jemalloc, "libjemalloc.so.2", "jemalloc"),
	BOTH_ORDERS(run_tcmalloc, "libtcmalloc_minimal.so.4", "tcmalloc"),
	BOTH_ORDERS(run_eatmydata, "libeatmydata.so", "libeatmydata"),
	BOTH_ORDERS(run_faketime, "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
		    "libfaketime"),
	{.name = "under an audit library",
	 .run = run_audited,
	 .check = expect_shared_use,
	 .operation = "send"},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
