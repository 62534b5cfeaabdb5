/* SPDX-License-Identifier: MIT */
/*
 * Where a process belongs: its container or its systemd unit, by the name of its control group
 * (cgroups(7)).  Pure.
 */
#ifndef FORKSAN_TOOLS_SCAN_CGROUP_H
#define FORKSAN_TOOLS_SCAN_CGROUP_H

struct cgroup {
	char path[224];	     /* "": the root, or not known; a longer one without its beginning */
	const char *runtime; /* "docker", "podman", "containerd", ...; NULL: no container's name */
	char name[64]; /* of the container, an id cut to 12 digits as `docker ps` shows it; else
			  of the unit, "gunicorn.service"; "": neither */
};

/* Reads the text of /proc/PID/cgroup. */
void cgroup_read(const char *text, struct cgroup *out);

#endif
