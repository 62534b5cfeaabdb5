/* SPDX-License-Identifier: MIT */
/*
 * A host that opens libpython RTLD_LOCAL, runs code, takes Python down, closes the library and does
 * it all again, connecting in between: what mod_wsgi's host and plugins of other hosts do.
 *
 *   embed LIBPYTHON
 */
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void connect_from_c(void)
{
	connect(-1, NULL, 0);
}

int main(int argc, char **argv)
{
	alarm(50);
	for (int round = 0; argc > 1 && round < 3; round++) {
		void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
		void (*initialize)(void);
		int (*run)(const char *);
		int (*finalize)(void);

		if (library == NULL) {
			fprintf(stderr, "%s\n", dlerror());
			return 1;
		}
		initialize = (void (*)(void))(uintptr_t)dlsym(library, "Py_Initialize");
		run = (int (*)(const char *))(uintptr_t)dlsym(library, "PyRun_SimpleString");
		finalize = (int (*)(void))(uintptr_t)dlsym(library, "Py_FinalizeEx");
		connect_from_c();
		initialize();
		connect_from_c();
		/* no import: modules in C would need libpython's symbols in the global scope */
		if (run("def inner():\n    import os; os.getpid()\ninner()\n") != 0)
			return 1;
		connect_from_c();
		finalize();
		connect_from_c();
		dlclose(library);
		connect_from_c();
	}
	return 0;
}
