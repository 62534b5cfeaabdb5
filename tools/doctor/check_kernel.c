/* SPDX-License-Identifier: MIT */
/*
 * See checks.h.
 *
 * The kernel is asked by trying: a program of two instructions is offered, and given back at once.
 */
#include "doctor/checks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "target/watcher_path.h"

#define CAPABILITY_PTRACE 19
#define CAPABILITY_PERFMON 38
#define CAPABILITY_BPF 39

#define BTF "/sys/kernel/btf/vmlinux"

static bool has_capability(int number)
{
	long long effective = subject_status(getpid(), "CapEff", 16);

	return effective >= 0 && ((uint64_t)effective >> number & 1) != 0;
}

/* The first number of a file of /proc/sys; -1: there is none. */
static int read_setting(const char *path)
{
	FILE *in = fopen(path, "re");
	int value = -1;

	if (in == NULL)
		return -1;
	if (fscanf(in, "%d", &value) != 1)
		value = -1;
	fclose(in);
	return value;
}

/* --- attach ---------------------------------------------------------------------------------- */

/* Offers the kernel `return 0` as a program on a raw tracepoint.  0 or the errno. */
static int try_program(void)
{
	const struct bpf_insn instructions[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	union bpf_attr attributes;
	long fd;

	memset(&attributes, 0, sizeof attributes);
	attributes.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT;
	attributes.insns = (uint64_t)(uintptr_t)instructions;
	attributes.insn_cnt = 2;
	attributes.license = (uint64_t)(uintptr_t) "Dual MIT/GPL";
	fd = syscall(SYS_bpf, BPF_PROG_LOAD, &attributes, sizeof attributes);
	if (fd < 0)
		return errno;
	close((int)fd);
	return 0;
}

void check_attach(struct doctor_sheet *sheet)
{
	int unprivileged = read_setting("/proc/sys/kernel/unprivileged_bpf_disabled");
	struct utsname name;
	char path[PATH_MAX];
	int error = try_program();

	if (!watcher_path(path))
		sheet_add(sheet, "attach", DOCTOR_BLIND, DOCTOR_ATTACH,
			  "install a forksan that was built with clang, bpftool and libbpf",
			  WATCHER_NAME " is not installed with this program");
	if (access(BTF, R_OK) != 0)
		sheet_add(sheet, "btf", DOCTOR_BLIND, DOCTOR_ATTACH,
			  "boot a kernel that was built with CONFIG_DEBUG_INFO_BTF",
			  BTF ": %s: the kernel does not describe its structures", strerror(errno));
	else
		sheet_add(sheet, "btf", DOCTOR_GOOD, DOCTOR_ATTACH, NULL,
			  "kernel %s describes its structures (" BTF ")",
			  uname(&name) == 0 ? name.release : "");
	if (error == 0)
		sheet_add(sheet, "bpf", DOCTOR_GOOD, DOCTOR_ATTACH, NULL,
			  "the kernel takes a program on a tracepoint from this user (tried)");
	else if (error == ENOSYS)
		sheet_add(sheet, "bpf", DOCTOR_BLIND, DOCTOR_ATTACH,
			  "boot a kernel that was built with CONFIG_BPF_SYSCALL",
			  "the kernel has no bpf(2)");
	else if (error == EPERM && has_capability(CAPABILITY_BPF) &&
		 has_capability(CAPABILITY_PERFMON))
		sheet_add(sheet, "bpf", DOCTOR_BLIND, DOCTOR_ATTACH,
			  "look at the container's seccomp profile, and at "
			  "/sys/kernel/security/lockdown",
			  "this user has CAP_BPF and CAP_PERFMON, and bpf(2) is refused all the "
			  "same");
	else
		sheet_add(sheet, "bpf", DOCTOR_BLIND, DOCTOR_ATTACH,
			  "run as root, or with CAP_BPF and CAP_PERFMON (from the host, where in a "
			  "container)",
			  "the kernel takes no program from this user (%s); it lacks%s%s; "
			  "kernel.unprivileged_bpf_disabled is %d",
			  strerror(error), has_capability(CAPABILITY_BPF) ? "" : " CAP_BPF",
			  has_capability(CAPABILITY_PERFMON) ? "" : " CAP_PERFMON", unprivileged);
	/* Each reason above is said once. */
	if (sheet_state(sheet, DOCTOR_ATTACH) < DOCTOR_BLIND)
		check_hooks(sheet, path);
}

/* --- scan ------------------------------------------------------------------------------------ */

/* 0: the descriptors and the threads' calls of the process may be seen; else the errno. */
static int try_look(pid_t pid, const char *file)
{
	char path[64], byte;
	ssize_t len;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	len = read(fd, &byte, 1);
	if (len < 0 && errno == EISDIR)
		len = 0;
	fd = (close(fd), len < 0 ? errno : 0);
	return fd;
}

void check_scan(struct doctor_sheet *sheet, const struct subject *subject)
{
	int scope = read_setting("/proc/sys/kernel/yama/ptrace_scope");
	bool may_trace = geteuid() == 0 || has_capability(CAPABILITY_PTRACE);
	int fds, calls;

	if (subject->pid == 0) {
		if (subject->has_user && subject->uid != geteuid() && !may_trace)
			sheet_add(
				sheet, "scan", DOCTOR_BLIND, DOCTOR_SCAN, "scan as root",
				"the program will run as user %u, whose descriptors this user may "
				"not list",
				subject->uid);
		else if (scope > 0 && !may_trace)
			sheet_add(sheet, "scan", DOCTOR_LIMIT, DOCTOR_SCAN, "scan as root",
				  "kernel.yama.ptrace_scope is %d: who holds a connection is seen, "
				  "who waits on it is not",
				  scope);
		else
			sheet_add(sheet, "scan", DOCTOR_GOOD, DOCTOR_SCAN, NULL,
				  "this user may see who holds a connection and who waits on it");
		return;
	}
	fds = try_look(subject->pid, "fd");
	calls = try_look(subject->pid, "syscall");
	if (fds != 0)
		sheet_add(sheet, "scan", DOCTOR_BLIND, DOCTOR_SCAN, "scan as root",
			  "its descriptors may not be listed by this user: %s", strerror(fds));
	else if (calls != 0)
		sheet_add(sheet, "scan", DOCTOR_LIMIT, DOCTOR_SCAN,
			  calls == ENOENT ? "boot a kernel that was built with "
					    "CONFIG_HAVE_ARCH_TRACEHOOK for who waits"
					  : "scan as root",
			  "who holds a connection is seen, who waits on it is not: "
			  "/proc/%d/syscall: %s",
			  subject->pid, strerror(calls));
	else
		sheet_add(sheet, "scan", DOCTOR_GOOD, DOCTOR_SCAN, NULL,
			  "this user may see who holds a connection and who waits on it");
}
