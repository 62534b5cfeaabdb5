/* SPDX-License-Identifier: MIT */
/*
 * The files that another process has mapped, as libdw's callback find_elf wants them.  A path may
 * lead the process to another file than us (a container, a mount of its own), and by now itself to
 * another one than it has mapped (an upgrade, a later mount): a file is taken when it is the one
 * that is mapped.
 */
#ifndef FORKSAN_TOOLS_STACKS_MAPPED_FILES_H
#define FORKSAN_TOOLS_STACKS_MAPPED_FILES_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <elfutils/libdwfl.h>

struct mapped_file {
	uint64_t start;
	dev_t device;
	ino_t inode;
};

struct mapped_files {
	pid_t pid;
	int root;		  /* -1: its paths lead to the files that they lead us to */
	int map_files;		  /* -1: it is opened when it is needed (proc(5), map_files) */
	struct mapped_file *list; /* by start; as long as there was memory */
	size_t count;
};

/* Reads the list of a process.  `root` serves after the end of the process, too. */
void mapped_files_read(struct mapped_files *files, pid_t pid);

/* Has this process enter the other's root where that is another one and it may, so that the paths
 * of debugging information lead to its files, too. */
void mapped_files_enter_root(struct mapped_files *files);

void mapped_files_close(struct mapped_files *files);

/* Has the modules of `dwfl` belong to `files`, which find_elf reads. */
void mapped_files_set(struct mapped_files *files, Dwfl *dwfl);

/* Dwfl_Callbacks.find_elf.  Without a file the module has no names. */
int mapped_files_find_elf(Dwfl_Module *module, void **data, const char *name, Dwarf_Addr base,
			  char **file_name, Elf **elf);

#endif
