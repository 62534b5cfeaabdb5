/* SPDX-License-Identifier: MIT */
/*
 * See program.h.
 *
 *   #! line ------> its interpreter, and so on        fs/binfmt_script.c, fs/exec.c
 *   ELF header ---> class, machine
 *     program headers --> PT_INTERP --> path of the loader, which tells the libc
 *   mode, owner, security.capability --> secure execution (getauxval(3), AT_SECURE)
 */
#include "entry/program.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h> /* ST_NOSUID */
#include <sys/vfs.h>

#include "base/libc.h"
#include "base/sys.h"

#if defined(__x86_64__)
#define OWN_MACHINE EM_X86_64
#else
#define OWN_MACHINE EM_AARCH64
#endif

#define SCRIPT_DEPTH 5	      /* #! within #! (fs/exec.c) */
#define SCRIPT_LINE_BYTES 256 /* BINPRM_BUF_SIZE of linux/binfmts.h; 128 before Linux 5.1 */
#define HEAD_BYTES 832 /* the headers and the loader's path stand here in nearly every file */

struct file {
	int fd;
	size_t head_len;
	union {
		uint8_t bytes[HEAD_BYTES];
		Elf64_Ehdr elf;
	} head;
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

static bool read_at(const struct file *file, uint64_t offset, void *out, size_t len)
{
	if (offset <= file->head_len && len <= file->head_len - offset) {
		memcpy(out, file->head.bytes + offset, len);
		return true;
	}
	return offset <= INT64_MAX && sys_call(SYS_pread64, file->fd, (long)(uintptr_t)out,
					       (long)len, (long)offset, 0, 0) == (long)len;
}

/* The name at `offset`, ended by a NUL; NULL: it cannot be read.  The last thing that is read: a
 * name that is not at hand takes the place of the headers. */
static const char *read_name(struct file *file, uint64_t offset, uint64_t len)
{
	char *name = (char *)file->head.bytes;

	if (len >= PROGRAM_PATH_BYTES)
		len = PROGRAM_PATH_BYTES - 1;
	if (offset < file->head_len && len < file->head_len - offset)
		name += offset;
	else if (!read_at(file, offset, name, len))
		return NULL;
	name[len] = '\0';
	return name;
}

/* --- the kind ----------------------------------------------------------------------------- */

static enum program_kind kind_by_loader(const char *loader)
{
	return libc_is_own_loader(base_name(loader)) ? PROGRAM_LOADS_US : PROGRAM_OTHER_LIBC;
}

/* A program without PT_INTERP is static, unless the program is a loader, which preloads as ever. */
static enum program_kind kind_without_loader(const char *path)
{
	const char *name = base_name(path);

	if (!begins_with(name, "ld-") && !begins_with(name, "ld64") && !begins_with(name, "ld.so"))
		return PROGRAM_STATIC;
	return kind_by_loader(name);
}

static enum program_kind kind_of_elf(struct file *file, const char *path)
{
	const Elf64_Ehdr *elf = &file->head.elf;

	if (elf->e_ident[EI_CLASS] != ELFCLASS64 || elf->e_machine != OWN_MACHINE)
		return PROGRAM_OTHER_MACHINE;
	if (file->head_len < sizeof *elf || elf->e_phentsize != sizeof(Elf64_Phdr))
		return PROGRAM_OPEN;
	for (uint16_t i = 0; i < elf->e_phnum; i++) {
		Elf64_Phdr header;
		const char *loader;

		if (!read_at(file, elf->e_phoff + i * sizeof header, &header, sizeof header))
			return PROGRAM_OPEN;
		if (header.p_type != PT_INTERP)
			continue;
		loader = read_name(file, header.p_offset, header.p_filesz);
		return loader ? kind_by_loader(loader) : PROGRAM_OPEN;
	}
	return kind_without_loader(path);
}

/* What execve(2) goes by beside the file's bytes. */
struct rights {
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* Not inlined, as the stack is the host's: this call needs it before the file's head does. */
static noinline bool is_regular(int directory, const char *path, int flags, struct rights *rights)
{
	struct stat stat;

	if (sys_fstatat(directory, path, &stat, flags & (AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW)) != 0)
		return false;
	*rights = (struct rights){stat.st_mode, stat.st_uid, stat.st_gid};
	return S_ISREG(stat.st_mode);
}

static noinline bool is_mounted_nosuid(const struct file *file)
{
	struct statfs system;

	return sys_call(SYS_fstatfs, file->fd, (long)(uintptr_t)&system, 0, 0, 0, 0) == 0 &&
	       (system.f_flags & ST_NOSUID) != 0;
}

/* True when the kernel would give the program more privileges than this process has.  The kernel
 * gives no more on a file system that is mounted nosuid, or after PR_SET_NO_NEW_PRIVS; for root
 * file capabilities add nothing. */
static bool is_privileged(const struct file *file, const struct rights *rights, uint32_t uid)
{
	bool group_too = (rights->mode & (S_ISGID | S_IXGRP)) == (S_ISGID | S_IXGRP);

	if (!((rights->mode & S_ISUID) != 0 && rights->uid != uid) &&
	    !(group_too && rights->gid != (gid_t)sys_call(SYS_getgid, 0, 0, 0, 0, 0, 0)) &&
	    !(uid != 0 && sys_call(SYS_fgetxattr, file->fd, (long)(uintptr_t) "security.capability",
				   0, 0, 0, 0) > 0))
		return false;
	return sys_call(SYS_prctl, PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0, 0) != 1 &&
	       !is_mounted_nosuid(file);
}

/* --- scripts ------------------------------------------------------------------------------ */

/* Cuts the interpreter's name out of the #! line as the kernel does: blanks before the name are
 * skipped, the next blank or the end of the line ends the name.  False: the file is no script, or
 * the name is too long for `out`. */
static bool read_interpreter(const struct file *file, char out[PROGRAM_PATH_BYTES])
{
	size_t end = file->head_len < SCRIPT_LINE_BYTES ? file->head_len : SCRIPT_LINE_BYTES;
	const char *line = (const char *)file->head.bytes;
	size_t at = 2;
	size_t len = 0;

	if (end < 2 || line[0] != '#' || line[1] != '!')
		return false;
	while (at < end && (line[at] == ' ' || line[at] == '\t'))
		at++;
	while (at + len < end && !strchr(" \t\n", line[at + len]))
		len++;
	if (len == 0 || len >= PROGRAM_PATH_BYTES)
		return false;
	memcpy(out, line + at, len);
	out[len] = '\0';
	return true;
}

/* --- finding the file --------------------------------------------------------------------- */

/* O_NONBLOCK: the file, ordinary a moment ago, may be a FIFO now, or under a lease. */
static bool open_file(struct file *file, int directory, const char *path, int flags)
{
	int open_flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	bool is_open = (flags & AT_EMPTY_PATH) != 0 && path[0] == '\0';
	long n;

	file->fd = is_open ? directory
			   : (int)sys_call(SYS_openat, directory, (long)(uintptr_t)path, open_flags,
					   0, 0, 0);
	n = sys_call(SYS_pread64, file->fd, (long)(uintptr_t)file->head.bytes, HEAD_BYTES, 0, 0, 0);
	file->head_len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

static void close_file(const struct file *file, int directory)
{
	if (file->fd >= 0 && file->fd != directory)
		sys_close(file->fd);
}

static bool is_elf(const struct file *file)
{
	return file->head_len >= EI_NIDENT + 4 && memcmp(file->head.bytes, ELFMAG, SELFMAG) == 0;
}

void program_inspect(struct program *program, uint32_t uid, int directory, const char *path,
		     int flags)
{
	struct rights rights;
	struct file file;

	program->kind = PROGRAM_OPEN;
	if (path != program->path)
		program->path[0] = '\0';
	for (unsigned depth = 0; depth <= SCRIPT_DEPTH; depth++) {
		bool is_script = false;

		if (!is_regular(directory, path, flags, &rights))
			return;
		if (path != program->path) {
			strncpy(program->path, path, PROGRAM_PATH_BYTES - 1);
			program->path[PROGRAM_PATH_BYTES - 1] = '\0';
		}
		if (open_file(&file, directory, path, flags)) {
			if (is_elf(&file) && is_privileged(&file, &rights, uid))
				program->kind = PROGRAM_PRIVILEGED;
			else if (is_elf(&file))
				program->kind = kind_of_elf(&file, program->path);
			else
				is_script = read_interpreter(&file, program->path);
		}
		close_file(&file, directory);
		if (!is_script)
			return;
		directory = AT_FDCWD;
		path = program->path;
		flags = 0;
	}
}

/* The rules of execvp(3), but for permissions: a file that the caller may not execute is passed
 * over there, and here when nobody may. */
const char *program_search(struct program *program, const char *name)
{
	const char *directories = getenv("PATH");
	/* cppcheck-suppress ctuuninitvar ; it is filled in below */
	char *path = program->path;
	size_t name_len = strlen(name);
	struct rights rights;

	program->kind = PROGRAM_OPEN;
	if (strchr(name, '/'))
		return name;
	if (!directories)
		directories = "/bin:/usr/bin";
	for (;;) {
		size_t len = strcspn(directories, ":");

		if (name_len > 0 && len + name_len + 2 <= PROGRAM_PATH_BYTES) {
			memcpy(path, directories, len);
			path[len] = '/';
			memcpy(path + len + (len > 0), name, name_len + 1);
			if (is_regular(AT_FDCWD, path, 0, &rights) && (rights.mode & 0111) != 0)
				return path;
		}
		if (directories[len] == '\0')
			return NULL;
		directories += len + 1;
	}
}

bool program_needs_us_out(enum program_kind kind)
{
	return kind == PROGRAM_OTHER_LIBC || kind == PROGRAM_OTHER_MACHINE;
}

const char *program_kind_text(enum program_kind kind)
{
	switch (kind) {
	case PROGRAM_OPEN:
	case PROGRAM_LOADS_US:
		break;
	case PROGRAM_STATIC:
		return "is statically linked";
	case PROGRAM_OTHER_LIBC:
		return "is made for another libc";
	case PROGRAM_OTHER_MACHINE:
		return "is for another machine or word size";
	case PROGRAM_PRIVILEGED:
		return "runs with more privileges than its caller";
	}
	return NULL;
}
