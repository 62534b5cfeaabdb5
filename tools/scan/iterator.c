/* SPDX-License-Identifier: MIT */
/*
 * See iterator.h.
 */
#include "scan/iterator.h"

#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cli.h"
#include "target/watcher_ask.h"
#include "target/watcher_path.h"

/* The inodes of a machine's first namespaces, linux/proc_ns.h.  In another pid namespace processes
 * have other numbers than those of the records; in another time namespace another time has passed
 * since the boot. */
#define FIRST_PID_NAMESPACE 0xEFFFFFFC
#define FIRST_TIME_NAMESPACE 0xEFFFFFFA

/* True where this kernel has no such namespaces, too. */
static bool is_in(const char *path, uint64_t first)
{
	struct stat namespace;

	return stat(path, &namespace) != 0 || namespace.st_ino == first;
}

/* Starts forksan-attach.  Returns its pid, and in *out what it writes; -1: there is none. */
static pid_t start(int *out)
{
	char path[PATH_MAX];

	if (!is_in("/proc/self/ns/pid", FIRST_PID_NAMESPACE) ||
	    !is_in("/proc/self/ns/time", FIRST_TIME_NAMESPACE) || !watcher_path(path))
		return -1;
	/* The way by /proc is there: a refusal is nothing to read about. */
	return watcher_ask(path, "--descriptors", true, out);
}

/* Reads to the end.  Returns the bytes, with their number in *len. */
static char *read_all(int fd, size_t *len)
{
	size_t room = 0;
	char *bytes = NULL;
	ssize_t got = 1;

	*len = 0;
	while (got > 0 || (got < 0 && errno == EINTR)) {
		if (*len == room) {
			char *more = realloc(bytes, room += 1 << 20);

			if (more == NULL)
				cli_no_memory();
			bytes = more;
		}
		got = read(fd, bytes + *len, room - *len);
		*len += got > 0 ? (size_t)got : 0;
	}
	return bytes;
}

/* Finds the records of both kinds, each with the one that ends them.  False: one is missing. */
static bool find_records(struct iterator_records *records, size_t len)
{
	size_t whole, all;

	records->processes = records->bytes;
	whole = len / sizeof *records->processes;
	while (records->process_count < whole &&
	       records->processes[records->process_count].pid != 0)
		records->process_count++;
	if (records->process_count == whole)
		return false;
	whole = (records->process_count + 1) * sizeof *records->processes;
	records->descriptors = (const void *)((const char *)records->bytes + whole);
	all = (len - whole) / sizeof *records->descriptors;
	if (all == 0 || records->descriptors[all - 1].pid != 0)
		return false;
	records->descriptor_count = all - 1;
	records->descriptors_seen = records->descriptors[all - 1].inode;
	return true;
}

bool iterator_read(struct iterator_records *records)
{
	size_t len;
	pid_t child;
	int fd;

	*records = (struct iterator_records){0};
	child = start(&fd);
	if (child < 0)
		return false;
	records->bytes = read_all(fd, &len);
	close(fd);
	watcher_answered(child);
	return find_records(records, len);
}

void iterator_free(struct iterator_records *records)
{
	free(records->bytes);
}
