/* SPDX-License-Identifier: MIT */
/*
 * What the kernel's part (forksan.bpf.c) tells forksan-attach: records in one ring buffer, in the
 * order in which they were reserved.  Both sides include this file.
 *
 *   FOUND, FORK, EXEC, EXIT    the life of a watched process
 *   OPEN, OLD, CLOSE           the life of a connection; OLD: met open in a process
 *   USE, SHUTDOWN              a call on a connection
 *   RECEIVED                   a descriptor came in a message (SCM_RIGHTS)
 *   STACK                      the stack of the record that follows; only before OPEN, FORK, USE
 *
 * A process is named by its number: 1, 2, 3, ... in order of birth, never given out twice.  A
 * vfork child has its parent's number until it execs.
 */
#ifndef FORKSAN_TOOLS_WATCHER_EVENT_H
#define FORKSAN_TOOLS_WATCHER_EVENT_H

#include <linux/types.h>

enum event_kind {
	EVENT_FOUND = 1,
	EVENT_FORK,
	EVENT_EXEC,
	EVENT_EXIT,
	EVENT_OPEN,
	EVENT_OLD,
	EVENT_CLOSE,
	EVENT_USE,
	EVENT_SHUTDOWN,
	EVENT_STACK,
	EVENT_RECEIVED,
};

#define EVENT_NAME_BYTES 110 /* struct sockaddr_un */

/* Bytes of a call that are copied: of a call that moved few, and at most. */
#define EVENT_FEW_BYTES 512
#define EVENT_MANY_BYTES 8192

#define EVENT_STACK_BYTES 16384
#define EVENT_STACK_CHUNK 1024
#define EVENT_PYTHON_FRAMES 40

/* A lineage word as the kernel keeps it: process number << 32 | epoch. */
static inline __u64 event_word(__u32 number, __u32 epoch)
{
	return (__u64)number << 32 | epoch;
}

struct event {
	__u32 kind;    /* enum event_kind */
	__u32 stack;   /* number of the STACK record that came before; 0: none was taken */
	__u64 word;    /* of the process that acts; 0 where nobody does (CLOSE) */
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__s32 pid;     /* here and below: in forksan-attach's pid namespace */
	__s32 tid;
	char comm[16];
};

struct event_fork {
	struct event event; /* of the parent: its epoch when it forked */
	__u32 child;	    /* number */
	__s32 child_pid;
	__u32 execs; /* 1: a vfork child, which has become a process by exec */
	__u32 reserved;
};

/* An address as in struct sockaddr; len_bytes 0: none. */
struct event_name {
	__u32 len_bytes;
	__u8 bytes[EVENT_NAME_BYTES];
	__u8 reserved[2];
};

struct event_socket {
	struct event event;
	__u64 cookie;
	__u64 inode;
	struct event_name peer;
	struct event_name local;
	__s32 fd;      /* -1: not known (io_uring) */
	__u32 refs;    /* references to the open file; 1: one descriptor in one process */
	__u32 threads; /* of the process */
	__u32 own;     /* descriptors of the process for the open file; 0: not counted */
};

/* What strict mode did about a use. */
enum event_gate {
	EVENT_GATE_PASSED,
	EVENT_GATE_REFUSED, /* before its bytes moved: `moved` is -EPERM, `before` what it broke */
	EVENT_GATE_LATE,    /* the process got the signal when they had */
};

/* How strict mode judges a connection. */
enum event_rule {
	EVENT_RULE_NONE = 1, /* not: it is left to user space */
	EVENT_RULE_LINEAGE,
	EVENT_RULE_DIRECTION,
};

/* What user space has said of a connection. */
struct event_judged {
	__u32 rule; /* enum event_rule */
	__u32 user; /* number of the process whose use it has judged last; a goodbye is none */
};

struct event_use {
	struct event_socket socket;
	__u64 before;	 /* the lineage word that this use replaced */
	__s64 moved;	 /* bytes, or -errno */
	__s32 call;	 /* number of the system call; -1: none (a kernel thread of io_uring) */
	__u32 writes;	 /* 1: gave bytes, 0: took bytes */
	__u32 len_bytes; /* in `bytes` */
	__u32 waiting;	 /* packets that wait to be read, after the call */
	__u32 gate;	 /* enum event_gate */
	__u32 reserved;
	__u8 bytes[];
};

struct event_received {
	struct event event;
	__u64 cookie;
	__s32 fd;
	__u32 reserved;
};

/* The registers by their DWARF numbers (System V ABI, x86-64 and AArch64), and the stack from the
 * stack pointer outwards. */
#define EVENT_REGISTERS 33

/* A Python frame, as far as the kernel has read it. */
struct event_python_frame {
	__u64 code;	   /* the code object */
	__u64 instruction; /* as in struct python_layout: a pointer or an index */
};

/* Memory that held frames at the call. */
#define EVENT_PIECE_BYTES 64
#define EVENT_PIECES 64
struct event_piece {
	__u64 address;
	union {
		__u8 bytes[EVENT_PIECE_BYTES];
		__u64 words[EVENT_PIECE_BYTES / 8];
	};
};

struct event_stack {
	struct event event; /* `stack` is the number of this record */
	__u64 registers[EVENT_REGISTERS];
	__u64 thread_pointer;
	__u64 sp;
	__u32 len_bytes;
	__u32 python_count; /* frames below; innermost first */
	struct event_python_frame python[EVENT_PYTHON_FRAMES];
	__u32 piece_count; /* of the other languages' memory */
	__u32 reserved;
	struct event_piece pieces[EVENT_PIECES];
	__u8 bytes[EVENT_STACK_BYTES];
};

/* The offsets that shim/stack/python_layout.h knows, and where the list of threads begins. */
struct event_python {
	__u64 code_type;
	__u64 interpreters; /* address of the pointer to the first interpreter */
	__u32 first_thread; /* offsets from here on */
	__u32 next_thread;
	__u32 thread_id;
	__u32 thread_frame;
	__s32 cframe_frame;
	__u32 frame_code;
	__u32 frame_previous;
	__u32 frame_instruction;
	__u32 frame_owner;
	__u32 instruction_bytes; /* 4 or 8 */
};

enum event_language {
	EVENT_PYTHON = 1,
	EVENT_RUBY,
	EVENT_PERL,
	EVENT_PHP,
};

/* Where an interpreter keeps its frames, for the processes that run one. */
struct event_interpreter {
	__u32 language;
	__u32 context_bytes; /* Perl's */
	/* Ruby: from the thread pointer to the pointer to the execution context.  PHP: address of
	 * the pointer to the innermost frame.  Perl: of PL_curcop, from the interpreter on where
	 * there is one. */
	__s64 current;
	__u64 stackinfo;   /* Perl: of PL_curstackinfo, likewise */
	__u64 interpreter; /* Perl with threads: address of the pointer to the interpreter */
	struct event_python python;
};

/* What the kernel could not tell. */
enum event_loss {
	EVENT_LOST_PROCESS,    /* a process's birth, exec or end */
	EVENT_LOST_CONNECTION, /* a connection's beginning */
	EVENT_LOST_USE,	       /* a call */
	EVENT_LOST_STACK,      /* a stack */
	EVENT_LOST_BYTES,      /* the bytes of a call, or a part of them */
	EVENT_LOST_COUNT,
};

#endif
