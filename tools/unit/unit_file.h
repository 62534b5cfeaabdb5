/* SPDX-License-Identifier: MIT */
/*
 * What a service's own files say that matters to a preloaded library.
 */
#ifndef FORKSAN_TOOLS_UNIT_UNIT_FILE_H
#define FORKSAN_TOOLS_UNIT_UNIT_FILE_H

#include <limits.h>
#include <stdbool.h>

struct unit {
	char name[NAME_MAX + 1];   /* with .service */
	char path[PATH_MAX];	   /* of the unit's file; empty: none was found */
	char preload[1024];	   /* LD_PRELOAD that Environment= gives; empty: none */
	bool has_environment_file; /* EnvironmentFile=, which comes after Environment= */
	bool unsets;		   /* UnsetEnvironment= of one of ours, which comes last */
	bool has_root;		   /* RootDirectory= or RootImage=: another tree of files */
};

/* Completes `name` to UNIT.service in unit->name.  False: no name of a service. */
bool unit_name(struct unit *unit, const char *name);

/* Reads the unit's file, and its drop-ins but for `ours`, from systemd's directories below `root`
 * ("" for /).  An instance is read from its template. */
void unit_read(struct unit *unit, const char *root, const char *ours);

#endif
