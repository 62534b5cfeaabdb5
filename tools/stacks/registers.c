/* SPDX-License-Identifier: MIT */
/*
 * See registers.h.
 */
#include "stacks/registers.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__x86_64__)
#define DWARF_SP 7
#define DWARF_PC 16
#elif defined(__aarch64__)
#define DWARF_SP 31
#endif

static void set(struct registers *registers, unsigned number, uint64_t value)
{
	registers->value[number] = value;
	registers->known |= UINT32_C(1) << number;
}

static ssize_t read_line(int fd, char line[256])
{
	ssize_t n = pread(fd, line, 255, 0);

	line[n > 0 ? n : 0] = '\0';
	return n;
}

/* `NUMBER ARG ... SP PC`, or `-1 SP PC` of a thread that sleeps outside of a call. */
int registers_of_sleeper(pid_t pid, pid_t tid, struct registers *registers)
{
	char path[64];
	uint64_t sp, pc;
	const char *last;

	memset(registers, 0, sizeof *registers);
	snprintf(path, sizeof path, "/proc/%d/task/%d/syscall", pid, tid);
	registers->sleeping = open(path, O_RDONLY | O_CLOEXEC);
	if (registers->sleeping < 0 || read_line(registers->sleeping, registers->sleeps_as) < 0)
		return -errno;
	last = strrchr(registers->sleeps_as, ' ');
	if (last == NULL)
		return -EBUSY; /* "running" */
	while (last > registers->sleeps_as && last[-1] != ' ')
		last--;
	if (sscanf(last, "%" SCNx64 " %" SCNx64, &sp, &pc) != 2)
		return -EBUSY;
	set(registers, DWARF_SP, sp);
#ifdef DWARF_PC
	set(registers, DWARF_PC, pc);
#endif
	registers->pc = pc;
	return 0;
}

#if defined(__x86_64__)

static void take(struct registers *registers, const struct user_regs_struct *user)
{
	/* System V ABI for AMD64, figure 3.36 */
	const uint64_t values[] = {user->rax, user->rdx, user->rcx, user->rbx, user->rsi, user->rdi,
				   user->rbp, user->rsp, user->r8,  user->r9,  user->r10, user->r11,
				   user->r12, user->r13, user->r14, user->r15, user->rip};

	for (unsigned i = 0; i < sizeof values / sizeof values[0]; i++)
		set(registers, i, values[i]);
	registers->pc = user->rip;
}

#elif defined(__aarch64__)

static void take(struct registers *registers, const struct user_regs_struct *user)
{
	for (unsigned i = 0; i < 31; i++)
		set(registers, i, user->regs[i]);
	set(registers, DWARF_SP, user->sp);
	registers->pc = user->pc;
}

#endif

int registers_stop(pid_t tid, struct registers *registers)
{
	struct user_regs_struct user;
	struct iovec room = {&user, sizeof user};
	int status;

	memset(registers, 0, sizeof *registers);
	registers->sleeping = -1;
	if (ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0 ||
	    ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) != 0)
		return -errno;
	if (waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status))
		return -ESRCH;
	if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &room) != 0)
		return -errno;
	take(registers, &user);
	return 0;
}

bool registers_still_hold(const struct registers *registers)
{
	char line[256];

	return registers->sleeping < 0 || (read_line(registers->sleeping, line) > 0 &&
					   strcmp(line, registers->sleeps_as) == 0);
}

void registers_release(pid_t tid, struct registers *registers)
{
	if (registers->sleeping >= 0)
		close(registers->sleeping);
	else
		(void)ptrace(PTRACE_DETACH, tid, NULL, NULL);
	registers->sleeping = -1;
}
