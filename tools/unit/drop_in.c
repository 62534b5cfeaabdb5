/* SPDX-License-Identifier: MIT */
/*
 * See drop_in.h.  Why the lines are what they are (systemd.exec(5)):
 *
 *  - Environment= of the same variable replaces an earlier one, so what the unit preloads is said
 *    again, behind this library.
 *  - LogsDirectory= makes a directory that the service's user owns, also one that DynamicUser=
 *    invents, and that ProtectSystem=strict leaves writable.  Settings of this kind add up.
 *  - /dev/shm stays the host's under PrivateTmp=, PrivateDevices= and ProtectSystem=.
 *  - Nothing needs memory that is writable and executable (MemoryDenyWriteExecute=), nor a system
 * call outside @system-service.
 */
#include "unit/drop_in.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cli.h"

bool drop_in_place(struct drop_in *drop_in, const struct unit *unit, const char *root,
		   bool is_runtime)
{
	const char *top = is_runtime ? "/run/systemd/system" : "/etc/systemd/system";

	return (size_t)snprintf(drop_in->directory, sizeof drop_in->directory, "%s%s/%s.d", root,
				top, unit->name) < sizeof drop_in->directory &&
	       (size_t)snprintf(drop_in->path, sizeof drop_in->path, "%s/" DROP_IN_NAME,
				drop_in->directory) < sizeof drop_in->path;
}

/* In double quotes, as Environment= takes it: % begins a specifier. */
static void print_quoted(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (*text == '%')
			putc('%', out);
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc(*text, out);
	}
}

/* /usr/$LIB is the loader's name for the place of each machine's libraries. */
static const char *portable(const char *library)
{
#ifdef FORKSAN_MULTIARCH
	if (strcmp(library, "/usr/lib/" FORKSAN_MULTIARCH "/libforksan.so") == 0)
		return "/usr/$LIB/libforksan.so";
#endif
	return library;
}

void drop_in_print(FILE *out, const struct unit *unit, const char *library, const char *options)
{
	char directory[NAME_MAX + 1];

	snprintf(directory, sizeof directory, "%.*s",
		 (int)(strlen(unit->name) - strlen(".service")), unit->name);
	for (char *c = directory; *c != '\0'; c++)
		if (*c == '\\') /* systemd-escape(1) */
			*c = '_';
	fprintf(out,
		"# Written by forksan enable; removed by: forksan disable --apply %s\n"
		"[Service]\n"
		"Environment=\"LD_PRELOAD=",
		unit->name);
	print_quoted(out, portable(library));
	if (unit->preload[0] != '\0') {
		fprintf(out, ":%s", unit->preload); /* as a unit writes it already */
	}
	fprintf(out,
		"\"\nEnvironment=\"FORKSAN_OPTIONS=log_path=/var/log/forksan/%s/findings.jsonl",
		directory);
	if (options != NULL) {
		putc(':', out);
		print_quoted(out, options);
	}
	fprintf(out, "\"\nLogsDirectory=forksan/%s\n", directory);
}

/* Makes the directory of `path` and those above. */
static int make_directories(const char *path)
{
	char part[PATH_MAX];

	for (size_t i = 1; path[i] != '\0'; i++) {
		if (path[i] != '/')
			continue;
		memcpy(part, path, i);
		part[i] = '\0';
		if (mkdir(part, 0755) != 0 && errno != EEXIST)
			return errno;
	}
	return 0;
}

int drop_in_write(const struct drop_in *drop_in, const struct unit *unit, const char *library,
		  const char *options)
{
	int error = make_directories(drop_in->path);
	FILE *file;
	int fd;

	if (error != 0)
		return error;
	fd = open(drop_in->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0)
		return errno;
	file = fdopen(fd, "w");
	if (file == NULL)
		cli_no_memory();
	drop_in_print(file, unit, library, options);
	return fclose(file) == 0 ? 0 : errno;
}

int drop_in_remove(const struct drop_in *drop_in)
{
	if (unlink(drop_in->path) != 0)
		return errno;
	(void)rmdir(drop_in->directory);
	return 0;
}
