/* SPDX-License-Identifier: MIT */
/*
 * The registry: what the processes of one session know together, in shared memory.
 *
 * The session's first process creates the registry as a file in /dev/shm; forks inherit the
 * mapping, and exec'd programs and `forksan run` find the file again by name.  The registry holds
 * indices and generations, no pointers, and nothing that names a file to open or remove.
 * Everything is lock-free: a process may be SIGKILLed between any two instructions, and each field
 * says what the others see then.
 *
 * The processes of a session may trust each other less than the registry suggests (a root master,
 * workers that dropped to another user): shim and tool bound each value before use.
 *
 *   struct registry
 *   +--------+-------------+--------------+-----+-----------+------------+---------+-------+----
 *   | header | process_pid | socket_state | ... | socket_key | processes | sockets | holds | ...
 *   +--------+-------------+--------------+-----+-----------+------------+---------+-------+----
 *
 * A sparse file: tables fill from their beginnings, so that processes map (shim/registry/pages.c)
 * and the file system holds little more than the parts in use.
 */
#ifndef FORKSAN_REGISTRY_H
#define FORKSAN_REGISTRY_H

#include <stddef.h>
#include <stdint.h>

#include "forksan/atomics.h"
#include "forksan/finding.h"
#include "forksan/ids.h"
#include "forksan/limits.h"
#include "forksan/protocols.h"

#define REGISTRY_MAGIC UINT64_C(0x6e61736b726f66) /* "forksan" read as a little-endian word */
#define REGISTRY_VERSION 13u
#define REGISTRY_DIRECTORY "/dev/shm"
#define REGISTRY_USER_PREFIX "forksan-" /* and the user id: a directory, shim/common/session.h */
#define REGISTRY_SESSION_BYTES 17	/* 16 hexadecimal digits and a NUL */

/*
 * A process is named by its serial: 1, 2, 3, ... in order of birth, never reused in a session.  The
 * slot is serial modulo FORKSAN_MAX_PROCESSES; a serial whose slot is still taken by a live process
 * is skipped, so dead processes stay readable for as long as possible, oldest overwritten first.
 *
 *   FREE --claim--> BUSY --publish--> LIVE --exit--> EXITED --claim--> BUSY ...
 *
 * A parent claims its child's slot before the fork, writes the child's holds, and publishes the
 * slot when the pid is known: the child has nothing to write, and at no moment holds a connection
 * without the others' knowledge.  BUSY with a serial is such a child.  The child counts as alive
 * while its claimer is alive, which was there when the child was born (`born_boottime_ns`).
 * Killed while BUSY: the slot stays BUSY until a later claim finds the claimer dead: the upper 24
 * bits of a BUSY state word are the claimer's pid (pid_max is at most 2^22, proc(5)).
 * Killed while LIVE: readers find out by asking the kernel (registry_process_alive()).
 */
enum registry_process_state {
	PROCESS_FREE,
	PROCESS_BUSY,
	PROCESS_LIVE,
	PROCESS_EXITED,
};

/* Whether connections come through the exec of a process, which its new program asks.  Unknown:
 * when the process held any. */
enum registry_through {
	THROUGH_UNKNOWN,
	THROUGH_NOTHING,
	THROUGH_PERHAPS,
	THROUGH_SURELY,
	/* Too many connections to ask about each: the program joins, and lets go of those that have
	 * not come. */
	THROUGH_UNASKED,
};

/* Bits of a process's `family`.  PARENT_LEFT is set by the parent, between the mark of its own end
 * and its look who else is alive; the child looks after the mark of its end: of two that end at
 * once one sees that it is the last.  Killed before: the child finds that it has another parent, or
 * the bit is set by another process that ends and sees the parent being killed. */
enum registry_family {
	FAMILY_PARENT_LEFT = 1 << 0,
	FAMILY_HAS_CHILDREN = 1 << 1, /* the process has forked, or is about to */
};

struct registry_process {
	_Atomic uint32_t state;	     /* claimer's pid << 8 | enum registry_process_state */
	_Atomic uint32_t serial;     /* 0 while BUSY; written before LIVE is published */
	_Atomic int32_t pid;	     /* as the process itself sees it, in `pid_namespace` */
	_Atomic uint32_t epoch;	     /* forks so far; written by the owner, relaxed */
	struct serial parent_serial; /* 0: the first process of a tree */
	uint32_t parent_epoch;	     /* the parent's epoch when it forked this process */
	int32_t parent_pid;
	_Atomic uint32_t fork_stack; /* where the parent forked: index + 1 in stacks, 0 none */
	_Atomic uint32_t hold_words; /* words of its holds that have pages and mean something */
	uint64_t born_boottime_ns;   /* CLOCK_BOOTTIME; a later process with this pid is another */
	uint64_t boot_realtime_ns;   /* CLOCK_REALTIME at which that clock was 0; 0 unknown */
	_Atomic uint64_t pid_namespace; /* inode of /proc/self/ns/pid, 0 unknown */
	char comm[16];			/* prctl(PR_GET_NAME) at birth */
	/* The user, + 1, of a program that this process has exec'd and that cannot open this
	 * registry: the program goes on in a registry of that user, of the same name.  0: none. */
	_Atomic uint32_t heir_uid;
	/* enum registry_through: written by the process before its exec, or by its starter. */
	_Atomic uint32_t through;
	/* Threads of the parent when it forked this process with a connection open; 0: unknown. */
	_Atomic uint32_t parent_threads;
	_Atomic uint32_t family; /* enum registry_family */
	/* The process as another pid namespace sees it: that namespace's inode << 32 | pid, 0
	 * unknown.  Stored by the parent, which fork() told the pid in the parent's namespace, and
	 * over that by the process itself when its /proc shows an outer namespace. */
	_Atomic uint64_t seen_outside;
	/* `seen_outside` of the first process of this process's pid namespace, or of a namespace
	 * around it: when that process ends so do all others (pid_namespaces(7)).  0 unknown.
	 * Stored by the parent before the birth. */
	_Atomic uint64_t first_seen_outside;
	uint8_t reserved[16];
};
_Static_assert(sizeof(struct registry_process) == 128, "two cache lines");

/*
 * A socket is named by its slot and identified by its cookie (SO_COOKIE, unique until reboot).
 * The state word of slot i is socket_state[i]: state in the low 8 bits, generation above.  The
 * generation rises with each claim, so that a reader that looks twice knows whether it read one
 * socket.
 *
 *   FREE --claim--> BUSY --publish--> LIVE --last holder lets go--> FREE (generation + 1)
 *
 * Killed while BUSY: one slot is lost.
 * Killed while LIVE: the slot is reclaimed when the table is about to grow by FORKSAN_SOCKET_LOT,
 * or full, and no live process holds it.
 */
enum registry_socket_state {
	SOCKET_FREE,
	SOCKET_BUSY,
	SOCKET_LIVE,
};

/* Which process used a connection, and from where: the latest stack, one entry a process.  Written
 * by the process that `serial` names alone.  A process that takes over an entry clears `stack`
 * before `serial` (release), and so is never paired with the stack of its predecessor.  Killed in
 * between: an entry without a stack. */
struct registry_user {
	_Atomic uint32_t serial;
	_Atomic uint32_t stack;	      /* index + 1, 0 none */
	_Atomic uint32_t stack_count; /* stacks taken so far, see FORKSAN_USE_STACKS_PER_PROCESS */
	_Atomic uint32_t isolated;    /* times that the process was isolated (mode=isolate) */
	_Atomic uint64_t time_ns;     /* CLOCK_REALTIME of that stack */
};

struct registry_socket {
	/* --- hot line: what every use of the connection reads ----------------------------- */
	/* The lineage word: serial and epoch of the last use, and the attention bit (see
	 * shim/judge/lineage.h).  Written by exchange (acquire-release), read relaxed on the fast
	 * path. Killed after the exchange: the use counts although its bytes may not have moved. */
	_Atomic uint64_t last;
	_Atomic uint32_t protocol; /* enum protocol; UNKNOWN until identified, then constant */
	struct serial opener_serial;
	uint32_t opened_stack; /* index + 1 in stacks, 0 none */
	_Atomic uint32_t hint; /* enum protocol by port or path, while the wire is silent */
	uint64_t cookie;       /* SO_COOKIE; written while BUSY */
	_Atomic uint32_t flags;
	int32_t opener_pid;
	/* The lineage words of reads and of writes (enum lineage_way), by which a connection of an
	 * unknown protocol is judged.  Written by exchange on the slow path; the fast path neither
	 * reads nor writes them.  Killed after the exchange: as for `last`. */
	_Atomic uint64_t last_way[2];
	_Atomic uint32_t ended_epoch; /* of `ended_by` when it said goodbye */
	/* The goodbye of `ended_by`: 1 << 31 when recognised by the size alone |
	 * enum protocol << 16 | the message's code; 0: shutdown(). */
	_Atomic uint32_t ended_message;
	/* --- cold ------------------------------------------------------------------------- */
	uint64_t opened_realtime_ns;
	uint8_t peer[FORKSAN_ADDRESS_BYTES]; /* struct sockaddr, as given to connect() */
	uint32_t peer_len_bytes;
	/* The process that has changed or removed, on a shared epoll instance, another process's
	 * registration on which no other process was known to rely; serial, 0 none. */
	_Atomic uint32_t unpolled_by;
	/* First bytes of each direction while the protocol is not identified; index 0 from the
	 * client.  Appended by each process that moves bytes; a race costs the class, never a
	 * finding. */
	_Atomic uint16_t head_len[2];
	uint8_t head[2][FORKSAN_HEAD_BYTES];
	struct registry_user users[FORKSAN_MAX_USERS];
	_Atomic uint32_t next_user; /* round robin when all entries are taken */
	_Atomic uint32_t history;   /* index + 1 in histories, 0 none */
	/* Where the conversation stands: struct evidence (shim/judge/evidence.h), struct tls_hello
	 * (shim/wire/tls_hello.h).  Plain data with a claim word inside; the tool does not read
	 * them. */
	uint64_t evidence[57];
	uint64_t tls_hello[12];
	/* The process that changed O_NONBLOCK while another was inside a call; serial, 0 none. */
	_Atomic uint32_t unblocked_by;
	/* The latest process that said goodbye and has written nothing since; serial, 0 none.
	 * Stored after ended_epoch and ended_message (release). */
	_Atomic uint32_t ended_by;
};
_Static_assert(sizeof(struct registry_socket) == 1024, "sixteen cache lines");

enum registry_socket_flags {
	SOCKET_INHERITED = 1u << 0,    /* counted as open across a fork */
	SOCKET_COUNTED = 1u << 1,      /* counted as watched (or as other) */
	SOCKET_UNIDENTIFIED = 1u << 2, /* the protocol is not identified: the bytes are wanted */
	SOCKET_EVIDENCE = 1u << 3,     /* two processes have used it: messages are parsed */
	SOCKET_HANDED_OVER = 1u << 4,  /* passed on with SCM_RIGHTS: its opener is not its owner */
	SOCKET_IN_MESSAGE = 1u << 5,   /* sent and not yet received: nobody may hold it meanwhile */
	SOCKET_MEMO = 1u << 8,	       /* others hold it, one alone uses it: its calls are noted */
	SOCKET_BY_DIRECTION = 1u << 7, /* no known protocol: uses are judged by their way */
	SOCKET_END_REPORTED = 1u << 6, /* a process was reported for having ended the session */
	SOCKET_NOT_JUDGED = 1u << 9,   /* counted as LOST_ANCESTORS */
	SOCKET_OPEN_BEFORE = 1u << 10, /* open when the watch began: its opener is a guess */
};

/* One native frame: module index + 1 in the upper 16 bits (0: unknown, offset is the address),
 * offset from the module's load base in the lower 48. */
#define REGISTRY_FRAME_MODULE_SHIFT 48
#define REGISTRY_FRAME_OFFSET_MASK ((UINT64_C(1) << REGISTRY_FRAME_MODULE_SHIFT) - 1)

/* Log files in which a stack may be known to be: more than one with %p in log_path. */
#define REGISTRY_STACK_LOGS 4

/*
 * A stack, stored once.  `hash` is 0 while free, 1 while being written, else the content's hash
 * (release); immutable afterwards.  Killed while writing: the entry stays 1 and is skipped.
 *
 * text: the interpreter frames, innermost first, each
 *     1 byte enum language | 4 bytes line, little-endian | function NUL | file NUL
 */
/* late: the interpreter's frames were read after the call, when it may have gone on. */
enum stack_flags { STACK_TRUNCATED = 1 << 0, STACK_LATE = 1 << 1 };

struct registry_stack {
	_Atomic uint64_t hash;
	uint16_t native_count;
	uint16_t text_count; /* frames in text */
	uint16_t text_len_bytes;
	uint16_t flags; /* enum stack_flags */
	uint64_t native[FORKSAN_MAX_NATIVE_FRAMES];
	char text[FORKSAN_STACK_TEXT_BYTES];
	/* Hashes of the log files that have a record of this stack; any process, relaxed.  A lost
	 * or a wrong hash costs a record too many or too few. */
	_Atomic uint64_t logged_in[REGISTRY_STACK_LOGS];
	uint8_t reserved[16];
};
_Static_assert(sizeof(struct registry_stack) == 4096, "one page");

/* A mapped file.  Same life as a stack: hash 0 free, 1 being written, else immutable. */
struct registry_module {
	_Atomic uint64_t hash;
	uint32_t build_id_len;
	uint8_t build_id[FORKSAN_BUILD_ID_BYTES];
	char path[FORKSAN_MODULE_PATH_BYTES - 8];
};
_Static_assert(sizeof(struct registry_module) == 256, "four cache lines");

/* One different finding: its key (connection, kind, pair of stacks) and how often it was seen. */
struct registry_finding {
	_Atomic uint64_t key; /* 0 free; claimed by compare-exchange */
	_Atomic uint64_t repeat;
	/* Of a finding that was reported, for the tool; relaxed, `kind` last.  Every reporter of
	 * the finding stores the same words. */
	_Atomic uint64_t fingerprint;
	_Atomic uint32_t elsewhere; /* how many of `repeat` are counted in entries of their own */
	_Atomic uint32_t kind;	    /* enum kind + 1; 0: not reported, or no finding's entry */
};
_Static_assert(sizeof(struct registry_finding) == 32, "two in a cache line");

/* One operation on a connection that two processes use.  `time_ns` is stored last (release) and is
 * 0 while the entry is being written; killed in between, the entry is skipped. */
struct registry_operation {
	_Atomic uint64_t time_ns; /* CLOCK_MONOTONIC, when the call returned */
	struct serial serial;	  /* of the process */
	int32_t tid;
	uint16_t operation;	   /* enum operation in shim/base/entries.h */
	uint16_t message;	   /* the protocol's code, 0 not known */
	uint8_t writes;		   /* 1: gave bytes, 0: took bytes */
	uint8_t protocol;	   /* enum protocol */
	uint8_t payload_len_bytes; /* in `payloads`; 0 without payload=1 */
	uint8_t reserved;
	int64_t result; /* what the call returned: bytes */
};
_Static_assert(sizeof(struct registry_operation) == 32, "two in a cache line");

/* The latest operations of one connection, a ring.  Belongs to the socket slot and generation that
 * `owner` names (slot << 24 | generation, + 1; 0 free).  Taken by compare-exchange, and taken over
 * when the owner's generation has passed. */
struct registry_history {
	_Atomic uint64_t owner;
	_Atomic uint32_t next; /* operations so far */
	_Atomic uint32_t
		has_payloads; /* 1: this ring's `payloads` have a page; written by the taker */
	uint8_t reserved[48];
	struct registry_operation operations[FORKSAN_HISTORY_OPERATIONS];
};

/* Connections to one peer that were seen and not watched.  Same life as a stack: hash 0 free, 1
 * being written, else the hash of `protocol` and `peer`, which are immutable then.  Two entries may
 * be equal; readers add their counts. */
struct registry_unwatched {
	_Atomic uint64_t hash;
	_Atomic uint64_t connections;
	uint32_t protocol; /* enum protocol */
	char peer[FORKSAN_PEER_TEXT_BYTES];
	uint32_t reserved;
};
_Static_assert(sizeof(struct registry_unwatched) == 136, "no holes");

/* The first version whose header begins as below, up to `ready`: in all versions from it on, since
 * by these words a process of another version finds out whether anybody still needs the registry.
 */
#define REGISTRY_FIRST_WITH_HEAD 13u

struct registry_header {
	uint64_t magic;
	uint32_t version;
	uint32_t header_size_bytes;
	uint64_t total_size_bytes;
	int32_t creator_pid;
	uint32_t waited_for; /* 1: a `forksan run` reads this at the end (common/session.h) */
	uint64_t creator_pid_namespace; /* inode of /proc/self/ns/pid, 0 unknown */
	/* Where the pids of live processes stand, 32 bits each; 0: none.  Among them may be pids of
	 * processes that have ended. */
	uint32_t pids_offset_bytes;
	uint32_t pids_count;
	_Atomic uint32_t pids_elsewhere; /* 1: some are pids of another namespace */
	_Atomic uint32_t ready;		 /* release, after everything that the maker writes */
	/* 1: `forksan attach` writes the processes of this session, and none of them is a member:
	 * one that has the library belongs to another session, or begins one. */
	_Atomic uint32_t from_outside;
	_Atomic uint32_t socket_lot_end; /* the table of sockets grows to here without a question */
	/* 1, where versions before 13 look for `ready`: else they take the registry for a spoilt
	 * one, and away. */
	uint32_t ready_before_13;
	/* Holds that were set so far.  Raised after the bit, and before anything by which the
	 * process that held the socket until then learns of it: whoever looks through all processes
	 * for a holder, and finds none, has missed one only when this word has changed meanwhile.
	 */
	_Atomic uint32_t holds_set;
	_Atomic uint32_t findings_taken; /* entries of `findings` that are in use */
	uint8_t reserved0[4];
	_Atomic uint64_t log_place; /* identity of the descriptor that log_path=stderr or stdout
				       means, 0: not yet known */
	_Atomic uint32_t next_serial;
	_Atomic uint32_t process_high;	   /* process slots below this number may be in use */
	_Atomic uint32_t socket_high;	   /* the same for socket slots */
	_Atomic uint32_t socket_hint;	   /* no slot below this number was free when last looked */
	_Atomic uint32_t summary_written;  /* 1: some process has written the summary record */
	_Atomic uint64_t reclaim_after_ns; /* CLOCK_MONOTONIC; sockets are not reclaimed before */
	_Atomic uint64_t records;	   /* records numbered so far: `seq` in the log */
	_Atomic uint64_t
		summary_due_ns; /* CLOCK_MONOTONIC; the next summary on the way, 0: not yet known */
	_Atomic uint64_t log_bytes; /* written to the log by all processes: log_max_size= */
	/* CLOCK_REALTIME, with from_outside alone: from when to when the kernel told of everything.
	 * Written by forksan-attach; 0: not yet, so that an end that is 0 after its exit is none.
	 */
	_Atomic uint64_t watched_from_ns;
	_Atomic uint64_t watched_until_ns;
	_Atomic uint64_t counters[64]; /* enum registry_counter */
};
_Static_assert(COUNTER_COUNT <= 64, "counters fit");
_Static_assert(offsetof(struct registry_header, ready) == 52, "the same in every version");
_Static_assert(offsetof(struct registry_header, ready_before_13) == 64, "as in version 12");

struct registry {
	struct registry_header header;
	/* Connections that found no free entry are in COUNT_CONNECTIONS_OTHER alone. */
	struct registry_unwatched unwatched[FORKSAN_UNWATCHED_PEERS];
	/* The labels of the session's records, for the tool: key NUL value NUL ...  Written by the
	 * process that began the session, before their length (release). */
	char labels[FORKSAN_LIST_BYTES];
	_Atomic uint32_t labels_len_bytes;
	uint8_t pad[4096 - sizeof(struct registry_header) -
		    FORKSAN_UNWATCHED_PEERS * sizeof(struct registry_unwatched) -
		    FORKSAN_LIST_BYTES - sizeof(uint32_t)];
	/* The pid in the slot of a live process, else 0: by these 16 KiB a program that starts
	 * looks for its own slot and its parent's.  Stored before the slot is published, by the
	 * publisher, and cleared after it has ended.  Killed in between: a pid stays, and the
	 * slot's own words tell. */
	_Atomic int32_t process_pid[FORKSAN_MAX_PROCESSES];
	_Atomic uint32_t socket_state[FORKSAN_MAX_SOCKETS];
	struct registry_finding findings[FORKSAN_MAX_FINDINGS];
	struct registry_module modules[FORKSAN_MAX_MODULES];
	/* registry_key() of the socket in that slot, by which a socket is looked for: 256 KiB tell
	 * what the sockets themselves, 64 MiB, would.  Written while BUSY.  The key of a slot that
	 * has been freed stays. */
	_Atomic uint32_t socket_key[FORKSAN_MAX_SOCKETS];
	struct registry_process processes[FORKSAN_MAX_PROCESSES];
	struct registry_socket sockets[FORKSAN_MAX_SOCKETS];
	/* Bit s of the words of process slot p: p holds socket slot s open.  Written by p, or by
	 * p's parent before p is born; the first processes[p].hold_words words mean something.
	 * Processes that have been share pages: a page for each would stay when the process is long
	 * gone. */
	_Atomic uint64_t holds[FORKSAN_HOLD_WORDS / FORKSAN_HOLD_BLOCK_WORDS][FORKSAN_MAX_PROCESSES]
			      [FORKSAN_HOLD_BLOCK_WORDS];
	struct registry_stack stacks[FORKSAN_MAX_STACKS];
	struct registry_history histories[FORKSAN_MAX_HISTORIES];
	/* The first bytes of the operations in `histories`, in the same order; without payload=1
	 * there are no pages.  Written before the operation's time_ns: when that word has changed
	 * meanwhile, the bytes are as worthless as the rest of the entry. */
	uint8_t payloads[FORKSAN_MAX_HISTORIES][FORKSAN_HISTORY_OPERATIONS][FORKSAN_PAYLOAD_BYTES];
};
_Static_assert(FORKSAN_HISTORY_OPERATIONS *FORKSAN_PAYLOAD_BYTES == 4096, "one page a history");
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2, "lock-free");
_Static_assert(offsetof(struct registry, process_pid) == 4096, "header is one page");

#endif
