/* SPDX-License-Identifier: MIT */
/*
 * syscall(2): the libc function with which programs make system calls by number.
 *
 * All numbers pass.  A number that kind_of() knows is tracked as its named function is.  The
 * exported function is a few instructions of assembly: a call that may return twice on one stack
 * (vfork, or clone with CLONE_VM) must reach libc's syscall() by a jump, with no frame of forksan's
 * in between.  Every other number goes by the same jump, since syscall() has seven arguments of
 * unknown types.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "track/blind.h"
#include "entry/init.h"
#include "entry/real.h"
#include "base/kernel.h"
#include "base/sys.h"
#include "stack/peek.h"
#include "track/track.h"

/* Called by the assembly below alone. */
int syscall_is_ours(long number, long first);
long syscall_tracked(long number, long a, long b, long c, long d, long e, long f);

/* The kinds of calls that are tracked, by arguments. */
enum kind_of_call {
	CALL_OTHER,
	/* Of a watched descriptor only: */
	CALL_READS_BUFFER, /* (fd, buffer, len, flags or nothing) */
	CALL_WRITES_BUFFER,
	CALL_READS_VECTOR, /* (fd, iov, count) */
	CALL_WRITES_VECTOR,
	CALL_READS_MESSAGE, /* (fd, message, flags) */
	CALL_WRITES_MESSAGE,
	CALL_READS_MESSAGES, /* (fd, messages, count, flags) */
	CALL_WRITES_MESSAGES,
	CALL_CLOSES,
	CALL_CONTROLS, /* (fd, command, argument) */
	CALL_SHUTS_DOWN,
	/* In any case: */
	CALL_CONNECTS, /* (fd, address, len) */
	CALL_COPIES,   /* (fd, ...): returns the copy */
	CALL_TAKES,    /* returns a descriptor of another process */
	CALL_RECEIVES, /* CALL_READS_MESSAGE or _MESSAGES that may bring descriptors */
	CALL_SENDS,    /* CALL_WRITES_MESSAGE or _MESSAGES that may take descriptors along */
	CALL_CLOSES_RANGE,
	CALL_EXECS,
	CALL_FORKS,
	CALL_SETS_UP_RING,
	CALL_SANDBOXES,
	CALL_LEAVES_NAMESPACE,
};

static bool is_watched(long fd)
{
	return fd >= 0 && fd < FORKSAN_MAX_FDS && fdtable_lookup((int)fd).n != 0;
}

static enum kind_of_call kind_of(long number, long first)
{
	switch (number) {
	case SYS_read:
	case SYS_recvfrom:
		return CALL_READS_BUFFER;
	case SYS_write:
	case SYS_sendto:
		return CALL_WRITES_BUFFER;
	case SYS_readv:
		return CALL_READS_VECTOR;
	case SYS_writev:
		return CALL_WRITES_VECTOR;
	case SYS_recvmsg:
		return is_watched(first) ? CALL_READS_MESSAGE : CALL_RECEIVES;
	case SYS_sendmsg:
		return is_watched(first) ? CALL_WRITES_MESSAGE : CALL_SENDS;
	case SYS_recvmmsg:
		return is_watched(first) ? CALL_READS_MESSAGES : CALL_RECEIVES;
	case SYS_sendmmsg:
		return is_watched(first) ? CALL_WRITES_MESSAGES : CALL_SENDS;
	case SYS_close:
		return CALL_CLOSES;
	case SYS_close_range:
		return CALL_CLOSES_RANGE;
	case SYS_fcntl:
		return CALL_CONTROLS;
	case SYS_shutdown:
		return CALL_SHUTS_DOWN;
	case SYS_connect:
		return CALL_CONNECTS;
	case SYS_dup:
#ifdef SYS_dup2
	case SYS_dup2:
#endif
	case SYS_dup3:
		return CALL_COPIES;
	case SYS_pidfd_getfd:
		return CALL_TAKES;
	case SYS_execve:
		return CALL_EXECS;
#ifdef SYS_fork
	case SYS_fork:
		return CALL_FORKS;
#endif
	case SYS_clone:
		return (first & CLONE_VM) != 0 ? CALL_OTHER : CALL_FORKS;
	case SYS_clone3: {
		/* struct clone_args begins with its flags, 64 bits (clone(2)).  A bad pointer is
		 * the kernel's to refuse. */
		uint64_t flags = CLONE_VM;

		return peek_own((const void *)first, &flags, sizeof flags) &&
				       (flags & CLONE_VM) == 0
			       ? CALL_FORKS
			       : CALL_OTHER;
	}
	case SYS_io_uring_setup:
		return CALL_SETS_UP_RING;
	case SYS_prctl:
		return first == PR_SET_SECCOMP ? CALL_SANDBOXES : CALL_OTHER;
	case SYS_unshare:
		return (first & (CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWUSER)) != 0
			       ? CALL_LEAVES_NAMESPACE
			       : CALL_OTHER;
	case SYS_setns:
		return CALL_LEAVES_NAMESPACE;
	case SYS_seccomp:
		/* SECCOMP_SET_MODE_STRICT and _FILTER; the others only ask (seccomp(2)). */
		return first == 0 || first == 1 ? CALL_SANDBOXES : CALL_OTHER;
	default:
		return CALL_OTHER;
	}
}

/* Called by the assembly: true when syscall_tracked() is to make the call.  Most calls are
 * recognized by the number alone. */
__attribute__((used)) int syscall_is_ours(long number, long first)
{
	enum kind_of_call kind = kind_of(number, first);

	if (!REAL_TO_JUMP(syscall) || kind == CALL_OTHER)
		return 0;
	return kind >= CALL_CONNECTS || is_watched(first);
}

static long move_bytes(enum kind_of_call kind, long number, long a, long b, long c, long d, long e,
		       long f)
{
	bool writes = kind == CALL_WRITES_BUFFER || kind == CALL_WRITES_VECTOR ||
		      kind == CALL_WRITES_MESSAGE || kind == CALL_WRITES_MESSAGES;
	bool many = kind == CALL_READS_MESSAGES || kind == CALL_WRITES_MESSAGES;
	bool has_flags = number == SYS_recvfrom || number == SYS_sendto || many;
	int flags = has_flags ? (int)d : 0;
	struct iovec buffer = {(void *)b, (size_t)c};
	struct track_call call;
	long n;

	if (kind == CALL_READS_MESSAGE || kind == CALL_WRITES_MESSAGE)
		flags = (int)c;
	if (!track_begin(&call, (int)a, fdtable_lookup((int)a), OPERATION_syscall,
			 writes ? TRACK_WRITE : TRACK_READ, flags,
			 kind == CALL_WRITES_BUFFER ? &buffer : NULL, kind == CALL_WRITES_BUFFER))
		return call.instead;
	n = real.syscall(number, a, b, c, d, e, f);
	if (kind == CALL_READS_MESSAGE || kind == CALL_WRITES_MESSAGE)
		track_end_message(&call, (const struct msghdr *)b, n);
	else if (many)
		track_end_messages(&call, (struct mmsghdr *)b, (int)n);
	else if (kind == CALL_READS_VECTOR || kind == CALL_WRITES_VECTOR)
		track_end(&call, (const struct iovec *)b, (int)c, n);
	else
		track_end(&call, &buffer, 1, n);
	return n;
}

/* seccomp(2) returns 0, or a descriptor when a listener was asked for.  Without one, a number above
 * 0 is a thread that could not be brought along (SECCOMP_FILTER_FLAG_TSYNC): no sandbox. */
static bool sandbox_began(long number, long flags, long result)
{
	return result == 0 || (result > 0 && number == SYS_seccomp &&
			       (flags & SECCOMP_FILTER_FLAG_NEW_LISTENER) != 0);
}

static void end_connect(long result, long fd, const struct sockaddr *address, long len)
{
	if (result != 0 && errno != EINPROGRESS && errno != EINTR)
		return;
	init_join();
	track_connected((int)fd, address, (socklen_t)len);
}

static void end_copy(long fd, long copy)
{
	if (copy < 0 || copy == fd)
		return;
	track_duplicated((int)fd, (int)copy);
	track_epoll_closing((int)copy);
}

static void end_take(long fd)
{
	if (fd < 0)
		return;
	init_find();
	track_received((int)fd);
}

/* Looks for descriptors that the message has passed. */
static void end_message(enum kind_of_call kind, const struct msghdr *message)
{
	if (message->msg_controllen == 0 || !track_passes_fds(message))
		return;
	if (kind == CALL_SENDS) {
		track_sent_fds(message);
	} else {
		init_find();
		track_received_fds(message);
	}
}

static void end_passing(enum kind_of_call kind, long number, long result, const void *messages)
{
	const struct mmsghdr *several = messages;

	if (result < 0)
		return;
	if (number != SYS_recvmmsg && number != SYS_sendmmsg)
		end_message(kind, messages);
	else
		for (long i = 0; i < result; i++)
			end_message(kind, &several[i].msg_hdr);
}

__attribute__((used)) long syscall_tracked(long number, long a, long b, long c, long d, long e,
					   long f)
{
	enum kind_of_call kind = kind_of(number, a);
	struct process_fork under_way;
	long result;

	switch (kind) {
	case CALL_CLOSES:
		track_closing((int)a);
		break;
	case CALL_FORKS:
		init_join();
		/* Programs that make containers call clone() so: see entry/proc.c. */
		if (number == SYS_clone || number == SYS_clone3)
			registry_map_rest();
		process_before_fork(&under_way);
		result = real.syscall(number, a, b, c, d, e, f);
		process_after_fork(&under_way, (pid_t)result);
		return result;
	case CALL_SETS_UP_RING:
		blind_found_ring();
		break;
	case CALL_SANDBOXES:
		init_join();
		result = real.syscall(number, a, b, c, d, e, f);
		if (sandbox_began(number, b, result))
			process_enter_sandbox();
		return result;
	case CALL_LEAVES_NAMESPACE:
		init_join();
		registry_map_rest();
		result = real.syscall(number, a, b, c, d, e, f);
		if (result == 0 && (number == SYS_setns || (a & CLONE_NEWPID) != 0))
			process_leaves_pid_namespace();
		return result;
	case CALL_CONNECTS:
		result = real.syscall(number, a, b, c, d, e, f);
		end_connect(result, a, (const struct sockaddr *)b, c);
		return result;
	case CALL_COPIES:
		result = real.syscall(number, a, b, c, d, e, f);
		end_copy(a, result);
		return result;
	case CALL_CONTROLS:
		result = real.syscall(number, a, b, c, d, e, f);
		if (b == F_DUPFD || b == F_DUPFD_CLOEXEC)
			end_copy(a, result);
		return result;
	case CALL_TAKES:
		result = real.syscall(number, a, b, c, d, e, f);
		end_take(result);
		return result;
	case CALL_RECEIVES:
	case CALL_SENDS:
		result = real.syscall(number, a, b, c, d, e, f);
		end_passing(kind, number, result, (const void *)b);
		return result;
	case CALL_CLOSES_RANGE:
		/* CLOSE_RANGE_CLOEXEC (4) closes nothing, nor does an invalid call. */
		if ((unsigned)a <= (unsigned)b && (c & ~2L) == 0) {
			track_closing_range((unsigned)a, (unsigned)b);
			track_epoll_closing_range((unsigned)a, (unsigned)b);
		}
		break;
	case CALL_EXECS:
		return execve((const char *)a, (char *const *)b, (char *const *)c);
	case CALL_SHUTS_DOWN:
		if (!track_shutdown((int)a, fdtable_lookup((int)a), (int)b))
			return 0;
		break;
	case CALL_READS_BUFFER:
	case CALL_WRITES_BUFFER:
	case CALL_READS_VECTOR:
	case CALL_WRITES_VECTOR:
	case CALL_READS_MESSAGE:
	case CALL_WRITES_MESSAGE:
	case CALL_READS_MESSAGES:
	case CALL_WRITES_MESSAGES:
		return move_bytes(kind, number, a, b, c, d, e, f);
	case CALL_OTHER:
		break;
	}
	return real.syscall(number, a, b, c, d, e, f);
}

/* syscall(number, a..f): asks syscall_is_ours(number, a) with every argument saved, then jumps with
 * all arguments in place.  The seventh argument stands on the stack and is never moved. */
#if defined(__x86_64__)
__asm__(".pushsection .text\n"
	".globl syscall\n"
	".type syscall, @function\n"
	"syscall:\n"
	"	.cfi_startproc\n"
	"	push %rdi\n	.cfi_adjust_cfa_offset 8\n"
	"	push %rsi\n	.cfi_adjust_cfa_offset 8\n"
	"	push %rdx\n	.cfi_adjust_cfa_offset 8\n"
	"	push %rcx\n	.cfi_adjust_cfa_offset 8\n"
	"	push %r8\n	.cfi_adjust_cfa_offset 8\n"
	"	push %r9\n	.cfi_adjust_cfa_offset 8\n"
	"	sub $8, %rsp\n	.cfi_adjust_cfa_offset 8\n"
	"	call syscall_is_ours\n"
	"	add $8, %rsp\n	.cfi_adjust_cfa_offset -8\n"
	"	pop %r9\n	.cfi_adjust_cfa_offset -8\n"
	"	pop %r8\n	.cfi_adjust_cfa_offset -8\n"
	"	pop %rcx\n	.cfi_adjust_cfa_offset -8\n"
	"	pop %rdx\n	.cfi_adjust_cfa_offset -8\n"
	"	pop %rsi\n	.cfi_adjust_cfa_offset -8\n"
	"	pop %rdi\n	.cfi_adjust_cfa_offset -8\n"
	"	test %eax, %eax\n"
	"	jne syscall_tracked\n"
	"	mov real_syscall(%rip), %rax\n"
	"	jmp *%rax\n"
	"	.cfi_endproc\n"
	".size syscall, . - syscall\n"
	".popsection\n");
#elif defined(__aarch64__)
/* The number and six arguments are in x0 to x6. */
__asm__(".pushsection .text\n"
	".globl syscall\n"
	".type syscall, %function\n"
	"syscall:\n"
	"	.cfi_startproc\n"
	"	stp x29, x30, [sp, #-80]!\n	.cfi_adjust_cfa_offset 80\n"
	"	.cfi_offset x30, -72\n"
	"	stp x0, x1, [sp, #16]\n"
	"	stp x2, x3, [sp, #32]\n"
	"	stp x4, x5, [sp, #48]\n"
	"	str x6, [sp, #64]\n"
	"	bl syscall_is_ours\n"
	"	mov w9, w0\n"
	"	ldp x0, x1, [sp, #16]\n"
	"	ldp x2, x3, [sp, #32]\n"
	"	ldp x4, x5, [sp, #48]\n"
	"	ldr x6, [sp, #64]\n"
	"	ldp x29, x30, [sp], #80\n	.cfi_adjust_cfa_offset -80\n"
	"	.cfi_restore x30\n"
	"	cbnz w9, syscall_tracked\n"
	"	adrp x16, real_syscall\n"
	"	ldr x16, [x16, #:lo12:real_syscall]\n"
	"	br x16\n"
	"	.cfi_endproc\n"
	".size syscall, . - syscall\n"
	".popsection\n");
#endif
