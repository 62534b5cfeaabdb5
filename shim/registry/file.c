/* SPDX-License-Identifier: MIT */
/*
 * The registry's file: how a process finds its session, or starts one.
 *
 * The file is /dev/shm/forksan.SESSION, mode 0600, made complete under a private name and linked to
 * its final one, so nobody sees half a header.  No descriptor is kept: the mapping is enough, and
 * forks inherit it.
 *
 * Finding the session again after exec: `forksan run` passes its name in FORKSAN_OPTIONS; without
 * it, it is the registry in which this pid (exec keeps it) or its parent's is a live process.  The
 * environment is left as it is.  Registries whose processes are all dead are removed on the way.
 *
 * Where /dev/shm cannot be used, the registry is anonymous shared memory: forks are followed,
 * exec'd programs start sessions of their own.
 */
#include "registry/registry.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <linux/stat.h>

#include "base/sys.h"

#define REGISTRY_NAME_BYTES 64 /* directory, prefix, session, "." and a pid */

static void put_path(char out[REGISTRY_NAME_BYTES], const char *session)
{
	static const char head[] = REGISTRY_DIRECTORY "/" REGISTRY_FILE_PREFIX;

	memcpy(out, head, sizeof head - 1);
	memcpy(out + sizeof head - 1, session, REGISTRY_SESSION_BYTES);
}

static void put_hex(char *out, uint64_t value)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		*out++ = "0123456789abcdef"[value >> shift & 15];
	*out = '\0';
}

static bool is_session_name(const char *text)
{
	size_t n = strspn(text, "0123456789abcdef");

	return n == REGISTRY_SESSION_BYTES - 1 && text[n] == '\0';
}

static struct registry *map(int fd, int flags)
{
	long address = sys_mmap(NULL, sizeof(struct registry), PROT_READ | PROT_WRITE,
				flags | MAP_SHARED | MAP_NORESERVE, fd, 0);

	if (address < 0 && address > -4096)
		return NULL;
	/* Keeps a core file of the host as small as it was. */
	sys_madvise((void *)address, sizeof(struct registry), MADV_DONTDUMP);
	return (struct registry *)address;
}

static bool header_is_sound(const struct registry *registry)
{
	const struct registry_header *header = &registry->header;

	return load_acquire(&header->ready) == 1 && header->magic == REGISTRY_MAGIC &&
	       header->version == REGISTRY_VERSION && header->header_size_bytes == sizeof *header &&
	       header->total_size_bytes == sizeof *registry;
}

/* A file of ours: regular, of full size, owned by root or by us, and writable by nobody else. */
static bool file_is_sound(int fd)
{
	struct statx stat;
	long uid = sys_call(SYS_geteuid, 0, 0, 0, 0, 0, 0);

	if (sys_call(SYS_statx, fd, (long)(uintptr_t) "", AT_EMPTY_PATH, STATX_BASIC_STATS,
		     (long)(uintptr_t)&stat, 0) != 0)
		return false;
	return S_ISREG(stat.stx_mode) && (stat.stx_mode & 022) == 0 &&
	       (stat.stx_uid == 0 || stat.stx_uid == uid) &&
	       stat.stx_size == sizeof(struct registry);
}

static struct registry *open_existing(const char *session)
{
	char path[REGISTRY_NAME_BYTES];
	struct registry *registry = NULL;
	long fd;

	put_path(path, session);
	fd = sys_open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0);
	if (fd < 0)
		return NULL;
	if (file_is_sound((int)fd))
		registry = map((int)fd, 0);
	sys_close((int)fd);
	if (registry && !header_is_sound(registry)) {
		sys_munmap(registry, sizeof *registry);
		return NULL;
	}
	return registry;
}

static void fill_header(struct registry *registry, const char *session, pid_t pid)
{
	struct registry_header *header = &registry->header;

	header->magic = REGISTRY_MAGIC;
	header->version = REGISTRY_VERSION;
	header->header_size_bytes = sizeof *header;
	header->total_size_bytes = sizeof *registry;
	memcpy(header->session, session, REGISTRY_SESSION_BYTES);
	header->creator_pid = pid;
	header->creator_pid_namespace = registry_pid_namespace;
	header->created_realtime_ns = sys_clock_ns(CLOCK_REALTIME);
	store_release(&header->ready, 1);
}

/* -EEXIST when another process was faster. */
static int create_file(const char *session, pid_t pid, struct registry **out)
{
	char path[REGISTRY_NAME_BYTES];
	char draft[REGISTRY_NAME_BYTES];
	struct registry *registry;
	uint64_t random;
	int result = 0;
	long fd;

	if (sys_getrandom(&random, sizeof random) != sizeof random)
		return -EIO;
	put_path(path, session);
	memcpy(draft, path, sizeof draft);
	draft[strlen(draft)] = '.';
	put_hex(draft + strlen(path) + 1, random);
	fd = sys_open(draft, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return (int)fd;
	if (sys_ftruncate((int)fd, sizeof *registry) != 0) {
		result = -ENOSPC;
		goto out;
	}
	registry = map((int)fd, 0);
	if (!registry) {
		result = -ENOMEM;
		goto out;
	}
	result = registry_populate(registry, REGISTRY_DENSE_BYTES);
	if (result == 0) {
		fill_header(registry, session, pid);
		result = (int)sys_call(SYS_linkat, AT_FDCWD, (long)(uintptr_t)draft, AT_FDCWD,
				       (long)(uintptr_t)path, 0, 0);
	}
	if (result == 0)
		*out = registry;
	else
		sys_munmap(registry, sizeof *registry);
out:
	sys_unlink(draft);
	sys_close((int)fd);
	return result;
}

static int create(const char *session, pid_t pid)
{
	int result = create_file(session, pid, &registry_mapping);

	if (result == 0 || result == -EEXIST)
		return result;
	registry_mapping = map(-1, MAP_ANONYMOUS);
	if (!registry_mapping)
		return -ENOMEM;
	if (registry_populate(registry_mapping, REGISTRY_DENSE_BYTES) != 0) {
		sys_munmap(registry_mapping, sizeof *registry_mapping);
		registry_mapping = NULL;
		return -ENOMEM;
	}
	fill_header(registry_mapping, session, pid);
	return 0;
}

/* Adopts the registry of `session` as ours when it knows one of the pids; removes its name when
 * none of its processes is alive. */
static bool adopt_if_related(const char *session, pid_t pid, pid_t parent_pid)
{
	registry_mapping = open_existing(session);
	if (!registry_mapping)
		return false;
	if (registry_find_pid(pid) || registry_find_pid(parent_pid))
		return true;
	/* A session whose creator lives may be about to publish its first process.  /dev/shm may be
	 * shared with another pid namespace (containers of a pod), whose living look dead from
	 * here. */
	if (registry_knows_pids_of(registry_mapping->header.creator_pid_namespace) &&
	    sys_kill(registry_mapping->header.creator_pid, 0) == -ESRCH &&
	    !registry_others_alive(NULL))
		registry_unlink();
	sys_munmap(registry_mapping, sizeof *registry_mapping);
	registry_mapping = NULL;
	return false;
}

/* Looks through /dev/shm for the registry that knows us.  getdents64(2) directly: opendir() would
 * allocate. */
static bool find_session(pid_t pid, pid_t parent_pid)
{
	struct kernel_dirent {
		uint64_t ino;
		int64_t off;
		uint16_t reclen;
		uint8_t type;
		char name[];
	};
	static const char prefix[] = REGISTRY_FILE_PREFIX;
	char buffer[2048] __attribute__((aligned(8)));
	bool found = false;
	long n;
	long fd = sys_open(REGISTRY_DIRECTORY, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);

	if (fd < 0)
		return false;
	while (!found && (n = sys_call(SYS_getdents64, fd, (long)(uintptr_t)buffer, sizeof buffer,
				       0, 0, 0)) > 0) {
		for (long at = 0; !found && at < n;) {
			const struct kernel_dirent *entry = (const void *)(buffer + at);

			at += entry->reclen;
			if (strncmp(entry->name, prefix, sizeof prefix - 1) != 0 ||
			    !is_session_name(entry->name + sizeof prefix - 1))
				continue;
			found = adopt_if_related(entry->name + sizeof prefix - 1, pid, parent_pid);
		}
	}
	sys_close((int)fd);
	return found;
}

int registry_join(const char *session, pid_t pid, pid_t parent_pid, bool *created)
{
	char name[REGISTRY_SESSION_BYTES];
	int result;

	*created = false;
	if (is_session_name(session)) {
		memcpy(name, session, sizeof name);
		registry_mapping = open_existing(name);
		if (registry_mapping)
			return 0;
	} else {
		uint64_t random;

		if (find_session(pid, parent_pid))
			return 0;
		if (sys_getrandom(&random, sizeof random) != sizeof random)
			return -EIO;
		put_hex(name, random);
	}
	result = create(name, pid);
	if (result == -EEXIST) {
		registry_mapping = open_existing(name);
		return registry_mapping ? 0 : -EACCES;
	}
	*created = result == 0;
	return result;
}

void registry_unlink(void)
{
	char path[REGISTRY_NAME_BYTES];

	put_path(path, registry_mapping->header.session);
	sys_unlink(path);
}
