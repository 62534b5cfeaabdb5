/* SPDX-License-Identifier: MIT */
/*
 * See unit_file.h.  Of a unit's files only the few settings are looked for; systemd.unit(5) names
 * the directories, the earlier before the later, systemd.exec(5) the settings.
 */
#include "unit/unit_file.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"

static const char *const directories[] = {
	"/etc/systemd/system",	   "/run/systemd/system", "/usr/local/lib/systemd/system",
	"/usr/lib/systemd/system", "/lib/systemd/system",
};
#define DIRECTORY_COUNT (sizeof directories / sizeof directories[0])

bool unit_name(struct unit *unit, const char *name)
{
	static const char suffix[] = ".service";
	size_t len = strlen(name);
	bool complete = len >= sizeof suffix && strcmp(name + len + 1 - sizeof suffix, suffix) == 0;
	bool other_kind = !complete && strrchr(name, '.') != NULL;

	memset(unit, 0, sizeof *unit);
	for (const char *c = name; *c != '\0'; c++)
		if (!isalnum((unsigned char)*c) && strchr(":-_.\\@", *c) == NULL)
			return false;
	/* a service may have a dot in its name, but then has its suffix, too */
	if (len == 0 || name[0] == '.' || other_kind)
		return false;
	return (size_t)snprintf(unit->name, sizeof unit->name, "%s%s", name,
				complete ? "" : suffix) < sizeof unit->name;
}

/* Copies the value of LD_PRELOAD in the value of an Environment= line. */
static void take_preload(struct unit *unit, const char *line)
{
	const char *at = strstr(line, "LD_PRELOAD=");
	bool is_quoted;
	size_t len;

	if (at == NULL)
		return;
	is_quoted = at > line && (at[-1] == '"' || at[-1] == '\'');
	at += strlen("LD_PRELOAD=");
	len = strcspn(at, is_quoted ? "\"'\n" : " \t\"'\n");
	snprintf(unit->preload, sizeof unit->preload, "%.*s", (int)len, at);
}

static void read_line(struct unit *unit, const char *line)
{
	while (isspace((unsigned char)*line))
		line++;
	if (strncmp(line, "Environment=", 12) == 0) {
		if (line[12 + strspn(line + 12, " \t\n")] == '\0')
			unit->preload[0] = '\0'; /* an empty value takes all earlier ones back */
		take_preload(unit, line + 12);
	} else if (strncmp(line, "UnsetEnvironment=", 17) == 0) {
		unit->unsets = strstr(line, "LD_PRELOAD") != NULL ||
			       strstr(line, "FORKSAN_OPTIONS") != NULL;
	} else if (strncmp(line, "EnvironmentFile=", 16) == 0) {
		unit->has_environment_file = line[16] != '\n';
	} else if (strncmp(line, "RootDirectory=", 14) == 0 ||
		   strncmp(line, "RootImage=", 10) == 0) {
		unit->has_root = true;
	}
}

/* True when the line goes on in the next one; the backslash is a blank then (systemd.syntax(7)). */
static bool goes_on(char *line, size_t len)
{
	if (len < 2 || line[len - 2] != '\\' || line[len - 1] != '\n')
		return false;
	line[len - 2] = ' ';
	line[len - 1] = '\0';
	return true;
}

/* Appends the next line of the file to `whole`, which grows; comments are left out, also those
 * among continued lines.  False: `whole` is complete, or the file has ended. */
static bool join_line(FILE *file, char **whole, size_t *whole_len)
{
	char *line = NULL;
	size_t size = 0;
	ssize_t len = getline(&line, &size, file);
	bool more = len > 0;

	if (more && strchr("#;", line[strspn(line, " \t")]) == NULL) {
		more = goes_on(line, (size_t)len);
		*whole = realloc(*whole, *whole_len + (size_t)len + 1);
		if (*whole == NULL)
			cli_no_memory();
		*whole_len += (size_t)sprintf(*whole + *whole_len, "%s", line);
	}
	free(line);
	return more;
}

static bool read_file(struct unit *unit, const char *path)
{
	FILE *file = fopen(path, "re");
	char *line = NULL;
	size_t len = 0;

	if (file == NULL)
		return false;
	do {
		len = 0;
		while (join_line(file, &line, &len))
			continue;
		if (len > 0)
			read_line(unit, line);
	} while (len > 0);
	free(line);
	fclose(file);
	return true;
}

static void read_drop_ins(struct unit *unit, const char *directory, const char *ours)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		size_t len = strlen(name);
		char path[PATH_MAX];

		if (len > 5 && strcmp(name + len - 5, ".conf") == 0 && strcmp(name, ours) != 0 &&
		    (size_t)snprintf(path, sizeof path, "%s/%s", directory, name) < sizeof path)
			(void)read_file(unit, path);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
}

/* The unit's file in one of the directories; NAME@.service for NAME@INSTANCE.service. */
static bool find(struct unit *unit, const char *root, const char *name)
{
	for (size_t i = 0; i < DIRECTORY_COUNT; i++) {
		int len = snprintf(unit->path, sizeof unit->path, "%s%s/%s", root, directories[i],
				   name);

		if ((size_t)len < sizeof unit->path && read_file(unit, unit->path))
			return true;
	}
	unit->path[0] = '\0';
	return false;
}

void unit_read(struct unit *unit, const char *root, const char *ours)
{
	const char *at = strchr(unit->name, '@');
	char template[NAME_MAX + 16];

	if (!find(unit, root, unit->name) && at != NULL) {
		snprintf(template, sizeof template, "%.*s@.service", (int)(at - unit->name),
			 unit->name);
		(void)find(unit, root, template);
	}
	for (size_t i = DIRECTORY_COUNT; i-- > 0;) {
		char path[PATH_MAX];

		if ((size_t)snprintf(path, sizeof path, "%s%s/%s.d", root, directories[i],
				     unit->name) < sizeof path)
			read_drop_ins(unit, path, ours);
	}
}
