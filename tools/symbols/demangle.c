/* SPDX-License-Identifier: MIT */
/*
 * Which language mangled a name, and C++ by libstdc++.  See demangle.h.
 */
#include "symbols/demangle.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A C++ name readable, from malloc(), or NULL (Itanium C++ ABI, section 3.4). */
static char *cxx_demangle(const char *name)
{
	static char *(*function)(const char *name, char *buffer, size_t *len, int *status);
	static bool looked;
	int status;

	if (!looked) {
		void *library = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_LOCAL);

		looked = true;
		if (library != NULL)
			*(void **)&function = dlsym(library, "__cxa_demangle");
	}
	return function != NULL ? function(name, NULL, NULL, &status) : NULL;
}

bool demangle(const char *name, char out[DEMANGLE_BYTES])
{
	char *text;
	bool fits;

	if (demangle_rust(name, out))
		return true;
	if (strncmp(name, "_Z", 2) != 0)
		return false;
	text = cxx_demangle(name);
	if (text == NULL)
		return false;
	fits = (size_t)snprintf(out, DEMANGLE_BYTES, "%s", text) < DEMANGLE_BYTES;
	free(text);
	return fits;
}
