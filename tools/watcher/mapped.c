/* SPDX-License-Identifier: MIT */
/* See mapped.h. */
#include "watcher/mapped.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/deleted_path.h"

/* A descriptor of the root of a process whose paths lead elsewhere than ours, as in a container;
 * -1: they lead to the same files, or nobody may look.  It serves after the end of the process,
 * too. */
static int open_other_root(pid_t pid)
{
	struct stat own_root, root, own_mounts, mounts;
	char path[32];

	snprintf(path, sizeof path, "/proc/%d/ns/mnt", (int)pid);
	if (stat("/proc/self/ns/mnt", &own_mounts) != 0 || stat(path, &mounts) != 0)
		return -1;
	snprintf(path, sizeof path, "/proc/%d/root", (int)pid);
	if (stat("/", &own_root) != 0 || stat(path, &root) != 0)
		return -1;
	if (mounts.st_ino == own_mounts.st_ino && root.st_ino == own_root.st_ino &&
	    root.st_dev == own_root.st_dev)
		return -1;
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int open_in_root(int root, const char *name)
{
	struct open_how how = {.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK,
			       .resolve = RESOLVE_IN_ROOT};

	return (int)syscall(SYS_openat2, root, name, &how, sizeof how);
}

/* A file that has been deleted or replaced is still to be had by its mapping (proc(5), map_files:
 * START-END). */
static int open_mapping(pid_t pid, Dwarf_Addr base)
{
	char path[32], start[24];
	const struct dirent *entry;
	DIR *directory;
	size_t len;
	int fd = -1;

	snprintf(path, sizeof path, "/proc/%d/map_files", (int)pid);
	len = (size_t)snprintf(start, sizeof start, "%" PRIx64 "-", base);
	directory = opendir(path);
	while (directory && fd < 0 && (entry = readdir(directory)) != NULL)
		if (strncmp(entry->d_name, start, len) == 0)
			fd = openat(dirfd(directory), entry->d_name,
				    O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (directory)
		closedir(directory);
	return fd;
}

static int find_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
		    char **file_name, Elf **elf)
{
	const struct mapped *mapped = *data;
	struct stat status;
	int fd = -1;

	if (name[0] == '/' && deleted_path_is(name))
		fd = open_mapping(mapped->pid, base);
	else if (name[0] == '/' && mapped->root >= 0)
		fd = open_in_root(mapped->root, name);
	else
		return dwfl_linux_proc_find_elf(module, data, name, base, file_name, elf);
	if (fd < 0)
		return -1;
	/* Reading from a device might hang. */
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    (*file_name = strdup(name)) != NULL)
		return fd;
	close(fd);
	return -1;
}

static const Dwfl_Callbacks callbacks = {
	.find_elf = find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
};

static int set_mapped(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
		      void *mapped)
{
	(void)module;
	(void)name;
	(void)base;
	*data = mapped;
	return DWARF_CB_OK;
}

static Dwfl *read_map(struct mapped *mapped)
{
	Dwfl *dwfl = dwfl_begin(&callbacks);

	if (!dwfl)
		return NULL;
	if (dwfl_linux_proc_report(dwfl, mapped->pid) == 0 &&
	    dwfl_report_end(dwfl, NULL, NULL) == 0) {
		dwfl_getmodules(dwfl, set_mapped, mapped, 0);
		return dwfl;
	}
	dwfl_end(dwfl);
	return NULL;
}

/* Tells lists of mapped code apart (FNV-1a); 0: there is none, as of a process that has ended.
 * Quicker than libdw's reading, which also forgets what it knows of the files. */
static uint64_t digest_map(pid_t pid)
{
	char path[32], line[512];
	uint64_t digest = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof line, file)) {
		/* start-end rwxp offset device inode path */
		const char *rights = strchr(line, ' ');

		if (!rights || strlen(rights) < 5 || rights[3] != 'x' || !strchr(rights, '/'))
			continue;
		if (digest == 0)
			digest = UINT64_C(0xcbf29ce484222325);
		for (const char *at = line; *at; at++)
			digest = (digest ^ (uint8_t)*at) * UINT64_C(0x100000001b3);
	}
	if (file)
		fclose(file);
	return digest;
}

/* NULL: there is no memory, or the process has ended. */
static struct mapped *read_new(pid_t pid, uint64_t digest)
{
	struct mapped *new = calloc(1, sizeof *new);

	if (!new)
		return NULL;
	*new = (struct mapped){
		.pid = pid, .root = open_other_root(pid), .digest = digest, .users = 1};
	new->dwfl = read_map(new);
	/* The list of a process that ends meanwhile is cut anywhere. */
	if (new->dwfl && digest_map(pid) != 0)
		return new;
	mapped_close(new);
	return NULL;
}

struct mapped *mapped_read(struct mapped *mapped, pid_t pid, pid_t stand_in)
{
	const pid_t whose[] = {pid, stand_in};
	struct mapped *fresh = NULL;

	for (size_t i = 0; !fresh && i < sizeof whose / sizeof whose[0]; i++) {
		uint64_t digest = whose[i] > 0 ? digest_map(whose[i]) : 0;

		if (mapped && mapped->digest == digest)
			return mapped;
		if (digest != 0)
			fresh = read_new(whose[i], digest);
	}
	if (!fresh)
		return mapped;
	mapped_close(mapped);
	return fresh;
}

struct mapped *mapped_share(struct mapped *mapped)
{
	if (mapped)
		mapped->users++;
	return mapped;
}

void mapped_close(struct mapped *mapped)
{
	if (!mapped || --mapped->users > 0)
		return;
	dwfl_end(mapped->dwfl);
	if (mapped->root >= 0)
		close(mapped->root);
	free(mapped);
}

struct search {
	const char *path;
	Elf *elf;
};

static int look_for_path(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			 void *context)
{
	struct search *search = context;
	GElf_Addr bias;

	(void)data;
	(void)base;
	if (strcmp(name, search->path) != 0)
		return DWARF_CB_OK;
	search->elf = dwfl_module_getelf(module, &bias);
	return DWARF_CB_ABORT;
}

Elf *mapped_find_elf(const struct mapped *mapped, const char *path)
{
	struct search search = {.path = path};

	if (mapped)
		dwfl_getmodules(mapped->dwfl, look_for_path, &search, 0);
	return search.elf;
}
