/* SPDX-License-Identifier: MIT */
/*
 * See cgroup.h.
 *
 * Names, as the runtimes give them:
 *
 *   docker      .../docker-ID.scope (systemd), /docker/ID (cgroupfs)
 *   podman      .../libpod-ID.scope, /libpod_parent/libpod-ID
 *   containerd  .../cri-containerd-ID.scope, .../nerdctl-ID.scope, /kubepods/.../ID
 *   cri-o       .../crio-ID.scope
 *   lxc         /lxc.payload.NAME, /lxc/NAME
 *   nspawn      .../systemd-nspawn@NAME.service
 */
#include "scan/cgroup.h"

#include <stddef.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define ID_SHOWN 12

static const struct {
	const char *before; /* the name, at the beginning of a component of the path */
	const char *runtime;
	bool is_id; /* the name is 64 hexadecimal digits */
} names[] = {
	{"docker-", "docker", true},
	{"libpod-", "podman", true},
	{"cri-containerd-", "containerd", true},
	{"nerdctl-", "containerd", true},
	{"crio-", "cri-o", true},
	{"lxc.payload.", "lxc", false},
	{"systemd-nspawn@", "nspawn", false},
};

static const struct {
	const char *parent;
	const char *runtime;
	bool is_id;
} parents[] = {
	{"/docker/", "docker", true},
	{"/lxc/", "lxc", false},
	{"/kubepods", "kubernetes", true},
};

static bool is_id(const char *text)
{
	return strspn(text, "0123456789abcdef") == 64;
}

/* The length of a component without ".service"; 0: it has no such end. */
static size_t unit_len(const char *component)
{
	static const char end[] = ".service";
	size_t len = strcspn(component, "/");

	if (len < sizeof end ||
	    strncmp(component + len - (sizeof end - 1), end, sizeof end - 1) != 0)
		return 0;
	return len - (sizeof end - 1);
}

static void set_container(struct cgroup *out, const char *runtime, const char *name, bool is_id)
{
	size_t len = strcspn(name, "/");

	out->runtime = runtime;
	if (is_id)
		len = ID_SHOWN;
	else if (unit_len(name) > 0)
		len = unit_len(name);
	snprintf(out->name, sizeof out->name, "%.*s", (int)len, name);
}

/* Looks at one component; `component` goes on to the path's end. */
static void read_component(const char *path, const char *component, struct cgroup *out)
{
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		const char *name = component + strlen(names[i].before);

		if (strncmp(component, names[i].before, strlen(names[i].before)) != 0 ||
		    (names[i].is_id && !is_id(name)))
			continue;
		set_container(out, names[i].runtime, name, names[i].is_id);
		return;
	}
	for (size_t i = 0; i < sizeof parents / sizeof parents[0]; i++) {
		size_t len = strlen(parents[i].parent);
		bool is_below = parents[i].is_id ? strstr(path, parents[i].parent) != NULL
						 : component - path >= (ptrdiff_t)len &&
							   strncmp(component - len,
								   parents[i].parent, len) == 0;

		if (!is_below || (parents[i].is_id && !is_id(component)))
			continue;
		set_container(out, parents[i].runtime, component, parents[i].is_id);
		return;
	}
}

/* The innermost container of the path, else its innermost unit. */
static void read_path(const char *path, struct cgroup *out)
{
	const char *unit = NULL;

	for (const char *slash = strchr(path, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
		read_component(path, slash + 1, out);
		if (unit_len(slash + 1) > 0)
			unit = slash + 1;
	}
	if (out->runtime == NULL && unit != NULL)
		snprintf(out->name, sizeof out->name, "%.*s", (int)strcspn(unit, "/"), unit);
}

/* Lines `9:name=systemd:/PATH`; of the hierarchies that the process has a group in the unified one
 * counts, else systemd's own, else the first. */
void cgroup_read(const char *text, struct cgroup *out)
{
	int best = 0;

	memset(out, 0, sizeof *out);
	for (const char *line = text; *line != '\0';
	     line += strcspn(line, "\n"), line += *line == '\n') {
		size_t len = strcspn(line, "\n");
		const char *controllers = memchr(line, ':', len);
		const char *path = controllers != NULL
					   ? memchr(controllers + 1, ':',
						    len - (size_t)(controllers + 1 - line))
					   : NULL;
		int rank = 1;

		if (path == NULL || path[1] != '/' || path[2] == '\n' || path[2] == '\0')
			continue;
		if (strncmp(line, "0::", 3) == 0)
			rank = 3;
		else if (strncmp(controllers, ":name=systemd:", 14) == 0)
			rank = 2;
		if (rank <= best)
			continue;
		best = rank;
		path++;
		len -= (size_t)(path - line);
		if (len > sizeof out->path - 1) {
			path += len - (sizeof out->path - 1);
			len = sizeof out->path - 1;
		}
		snprintf(out->path, sizeof out->path, "%.*s", (int)len, path);
	}
	read_path(out->path, out);
}
