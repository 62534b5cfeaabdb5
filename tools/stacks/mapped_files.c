/* SPDX-License-Identifier: MIT */
/* See mapped_files.h. */
#include "stacks/mapped_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/deleted_path.h"

/* --- the list --------------------------------------------------------------------------------- */

/* A descriptor of the root of a process whose paths lead elsewhere than ours; -1: they lead to the
 * same files, or nobody may look. */
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

static void add(struct mapped_files *files, struct mapped_file file)
{
	struct mapped_file *list = files->list;

	/* A power of two: all of the room is taken. */
	if ((files->count & (files->count - 1)) == 0)
		list = reallocarray(list, files->count > 0 ? 2 * files->count : 1, sizeof *list);
	if (!list)
		return;
	files->list = list;
	files->list[files->count++] = file;
}

void mapped_files_read(struct mapped_files *files, pid_t pid)
{
	char path[32], line[512];
	bool is_begin = true; /* of a line */
	FILE *maps;

	*files = (struct mapped_files){.pid = pid, .root = open_other_root(pid), .map_files = -1};
	snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	while (maps && fgets(line, sizeof line, maps)) {
		unsigned major, minor;
		uint64_t start, inode;

		/* start-end rights offset device inode path (proc(5)) */
		if (is_begin &&
		    sscanf(line, "%" SCNx64 "-%*x %*s %*x %x:%x %" SCNu64, &start, &major, &minor,
			   &inode) == 4 &&
		    inode != 0)
			add(files, (struct mapped_file){start, makedev(major, minor), inode});
		is_begin = strchr(line, '\n') != NULL;
	}
	if (maps)
		fclose(maps);
}

void mapped_files_enter_root(struct mapped_files *files)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/%d/map_files", (int)files->pid);
	files->map_files = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (files->root < 0 || fchdir(files->root) != 0 || chroot(".") != 0)
		return;
	close(files->root);
	files->root = -1;
}

void mapped_files_close(struct mapped_files *files)
{
	if (files->root >= 0)
		close(files->root);
	if (files->map_files >= 0)
		close(files->map_files);
	free(files->list);
}

static int by_start(const void *a, const void *b)
{
	uint64_t left = ((const struct mapped_file *)a)->start;
	uint64_t right = ((const struct mapped_file *)b)->start;

	return (left > right) - (left < right);
}

/* --- one of them ------------------------------------------------------------------------------ */

/* The file that is mapped there, wherever its path leads by now: -1: it may not be had so
 * (CAP_CHECKPOINT_RESTORE), or the process has ended. */
static int open_mapping(const struct mapped_files *files, uint64_t start)
{
	char path[32], prefix[24];
	const struct dirent *entry;
	DIR *directory;
	size_t len;
	int fd = files->map_files >= 0 ? dup(files->map_files) : -1;

	snprintf(path, sizeof path, "/proc/%d/map_files", (int)files->pid);
	len = (size_t)snprintf(prefix, sizeof prefix, "%" PRIx64 "-", start);
	directory = fd >= 0 ? fdopendir(fd) : opendir(path);
	fd = -1;
	if (directory)
		rewinddir(directory);
	while (directory && fd < 0 && (entry = readdir(directory)) != NULL)
		if (strncmp(entry->d_name, prefix, len) == 0)
			fd = openat(dirfd(directory), entry->d_name,
				    O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (directory)
		closedir(directory);
	return fd;
}

static int open_path(int root, const char *name, int flags)
{
	struct open_how how = {.flags = (uint64_t)(flags | O_CLOEXEC), .resolve = RESOLVE_IN_ROOT};

	if (root < 0)
		return open(name, flags | O_CLOEXEC);
	return (int)syscall(SYS_openat2, root, name, &how, sizeof how);
}

/* What is at the path; reading from a device, or its being opened, might do anything.  False: there
 * is no file. */
static bool look_at_path(int root, const char *name, struct stat *status)
{
	int fd = open_path(root, name, O_PATH);
	bool is_file = fd >= 0 && fstat(fd, status) == 0 && S_ISREG(status->st_mode);

	if (fd >= 0)
		close(fd);
	return is_file;
}

static bool is_mapped(const struct mapped_file *mapped, const struct stat *status)
{
	return mapped && status->st_ino == mapped->inode && status->st_dev == mapped->device;
}

/* Some file systems (btrfs, overlays) say another device of a file than of what is mapped of it, so
 * that its number alone has to do where the mapping may not be opened. */
static int open_mapped(const struct mapped_files *files, const char *name, uint64_t start)
{
	struct mapped_file key = {.start = start};
	const struct mapped_file *mapped =
		files->count > 0 ? bsearch(&key, files->list, files->count, sizeof key, by_start)
				 : NULL;
	struct stat status;
	bool is_likely;
	int fd;

	/* In a chroot, in our own mounts, the list has our paths. */
	if (files->root >= 0 && look_at_path(-1, name, &status) && is_mapped(mapped, &status))
		return open_path(-1, name, O_RDONLY | O_NONBLOCK);
	is_likely = look_at_path(files->root, name, &status) &&
		    (!mapped || status.st_ino == mapped->inode);
	fd = is_likely && is_mapped(mapped, &status) ? -1 : open_mapping(files, start);
	if (fd < 0 && is_likely)
		fd = open_path(files->root, name, O_RDONLY | O_NONBLOCK);
	return fd;
}

int mapped_files_find_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			  char **file_name, Elf **elf)
{
	const struct mapped_files *files = *data;
	struct stat status;
	int fd;

	if (name[0] != '/')
		return dwfl_linux_proc_find_elf(module, data, name, base, file_name, elf);
	fd = open_mapped(files, name, base);
	if (fd < 0 && deleted_path_is(name)) /* what is in memory has some of the names */
		return dwfl_linux_proc_find_elf(module, data, name, base, file_name, elf);
	if (fd < 0)
		return -1;
	if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) &&
	    (*file_name = strdup(name)) != NULL)
		return fd;
	close(fd);
	return -1;
}

static int set_files(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
		     void *files)
{
	(void)module;
	(void)name;
	(void)base;
	*data = files;
	return DWARF_CB_OK;
}

void mapped_files_set(struct mapped_files *files, Dwfl *dwfl)
{
	dwfl_getmodules(dwfl, set_files, files, 0);
}
