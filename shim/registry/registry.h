/* SPDX-License-Identifier: MIT */
/*
 * The shared registry as the shim uses it: join a session, claim and publish slots, ask who lives
 * and who holds.  The layout is include/forksan/registry.h.
 *
 * Every function is lock-free and async-signal-safe, takes no heap memory and leaves errno alone.
 * The mapping is created once in a process and never unmapped; a fork inherits the mapping.
 */
#ifndef FORKSAN_SHIM_REGISTRY_H
#define FORKSAN_SHIM_REGISTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>

#include "base/compiler.h"
#include "forksan/registry.h"

/* NULL until registry_join() succeeded. */
extern FORKSAN_HIDDEN struct registry *registry_mapping;

/* This process's pid namespace, as in struct registry_process; set by process.c. */
extern FORKSAN_HIDDEN uint64_t registry_pid_namespace;

static inline struct registry *registry_get(void)
{
	return registry_mapping;
}

enum registry_wish {
	REGISTRY_FIND_OWN,	/* a session in which this process is already, by its pid */
	REGISTRY_FIND,		/* any session to which this process belongs */
	REGISTRY_FIND_OR_BEGIN, /* where there is none, a new one */
};

/* Called by process_join().  Joins the session `name`; with another text than a session's name,
 * the session in which the process `pid` or its parent is alive.  Where there is no such session,
 * begins one if that is the wish, and *created is true.  0 or -errno: then there is no registry. */
int registry_join(const char *name, enum registry_wish wish, pid_t pid, pid_t parent_pid,
		  bool *created);

/* What the sessions of this user know of a process that has not joined. */
struct registry_kin {
	bool exists;	/* the session of the name that was asked for has a registry */
	bool is_member; /* a program of this process was a member before its exec, or was announced
			 */
	bool brings;	/* a watched connection has come through exec, or nobody has asked */
	bool may_bring; /* one may have */
	pid_t parent_pid; /* of a member, the one that started this process; 0: there is none */
};

/* Reads the registry of the session `name`; with another text than a session's name, those of all
 * sessions of the user `uid`.  Half a dozen system calls where there is none.  Pids alone are
 * compared: a yes may be about a former process with the same pid, and costs the caller a vain
 * look. */
struct registry_kin registry_find_kin(const char *name, uint32_t uid, pid_t pid);

/* Removes the session's file; the mapping stays.  Called at the end of the session's last process.
 * Does nothing where this process may not remove the file. */
void registry_unlink(void);

/* The session's name, 16 hexadecimal digits; "" before registry_join(). */
const char *registry_session(void);

/* 0 when programs that this session's processes exec can find the session; else the reason, as
 * -errno: -EPERM when another user has taken this user's directory. */
int registry_why_nameless(void);

/* True while a `forksan run` waits that will read the registry after the session's end, and remove
 * the file. */
bool registry_is_awaited(void);

/* True when a program that a process of that user execs now will find the session again: the
 * session has a name, and the user may open the file. */
bool registry_outlives_exec(uint32_t effective_uid);

/* Makes [start, start + len_bytes) of the registry usable in this process: mapped, and with pages.
 * False: no memory or no room, and these bytes must not be touched.  Cheap after the first time. */
bool registry_reach(const void *start, size_t len_bytes);

/* The same for bytes that this process is about to fill: false also where /dev/shm would get too
 * full. */
bool registry_reach_new(const void *start, size_t len_bytes);

/* Maps what this process may need of the registry later.  Call it before the process loses the
 * right to open the file, or the sight of it. */
void registry_map_rest(void);

/* The place in a hash table at which the i-th try looks for `hash`.  A table fills from its
 * beginning, so that the rest need not be mapped.  Of `size` places, a power of two, 8 among the
 * first 32 are tried, then 8 among the first 64, and so on, the rest among all; the upper half of
 * the hash says how far apart. */
#define REGISTRY_TRIES_AT_ONCE 8
static inline uint32_t registry_probe(uint64_t hash, uint32_t i, uint32_t size)
{
	uint32_t stride = (uint32_t)(hash >> 32) | 1; /* odd, and so meets every place */
	uint32_t among = 32;

	for (uint32_t left = i; left >= REGISTRY_TRIES_AT_ONCE && among < size;
	     left -= REGISTRY_TRIES_AT_ONCE)
		among *= 2;
	return ((uint32_t)hash + i * stride) % (among < size ? among : size);
}

/* The three below: only after registry_join() has succeeded. */
static inline void registry_count(enum registry_counter counter)
{
	fetch_add_relaxed(&registry_mapping->header.counters[counter], 1);
}

static inline void registry_count_many(enum registry_counter counter, uint64_t n)
{
	fetch_add_relaxed(&registry_mapping->header.counters[counter], n);
}

static inline void registry_uncount(enum registry_counter counter)
{
	fetch_add_relaxed(&registry_mapping->header.counters[counter], UINT64_MAX);
}

/* --- processes --------------------------------------------------------------------------- */

/* Claims a slot in state BUSY and a new serial.  `pid`: the claimer, by which others see whether a
 * BUSY slot is still waited for.  NULL when no slot is free.  The caller fills the slot, stores the
 * serial in the slot, and publishes the slot, or abandons the slot when there was no fork. */
struct registry_process *registry_claim_process(struct serial *serial, pid_t pid);
/* Parent and child both publish a slot that was claimed for the child; the first pid stands. */
void registry_publish_process(struct registry_process *process, pid_t pid);
/* Notes the pid by which the slot of a live process is found; 0: by none. */
void registry_note_pid(const struct registry_process *process, pid_t pid);
void registry_abandon_process(struct registry_process *process);
/* False: the slot was not that of a live process.  registry_end_process() leaves the pid noted, by
 * which a process that starts with the same pid has a vain look: a forked child saves a fault. */
bool registry_retire_process(struct registry_process *process);
bool registry_end_process(struct registry_process *process);
/* Tells the children of a process whose end is marked. */
void registry_leave_children(const struct registry_process *process);

/* The serial of the slot's process; 0 for a serial that does not belong in this slot. */
struct serial registry_process_serial(const struct registry_process *process);

/* The process in that slot; NULL: there is no such slot, or its pages cannot be had. */
struct registry_process *registry_process(struct process_slot slot);
struct process_slot registry_process_slot(const struct registry_process *process);

/* The process with that serial, alive or dead, or NULL when its slot has been reused. */
struct registry_process *registry_find_process(struct serial serial);

/* True when pids of that pid namespace mean the same in this process.  0: not known, and taken for
 * the same. */
bool registry_knows_pids_of(uint64_t pid_namespace);

/* Another slot of the same live process, or NULL. */
struct registry_process *registry_find_double(const struct registry_process *process);

/* The live process with that pid in this pid namespace, or NULL. */
struct registry_process *registry_find_pid(pid_t pid);

/* This process's boot_realtime_ns, for struct registry_process.  No system call. */
uint64_t registry_boot_realtime_ns(void);

/* The pid of that process's parent; 0: not known. */
pid_t registry_parent_of(pid_t pid);

/* Sees whether /proc shows the pid namespace of this process, once for this process and those that
 * will be forked by it.  Called when the process joins. */
void registry_look_at_proc(void);

/* Notes which pid namespace /proc shows, for this process and those that will be forked by it.
 * Called before a child may be born in another namespace: as long as the child has the same /proc,
 * it can ask about processes outside. */
void registry_note_proc(void);

/* The same after exec, which forgets the note: /proc shows the outer namespace in which this
 * process is `seen_outside` when it shows this process under that pid. */
void registry_note_proc_of(uint64_t seen_outside);

/* This process as the noted /proc shows it, for `seen_outside`; 0: not known, or the process is in
 * the namespace of that /proc. */
uint64_t registry_seen_in_proc(void);

/* True while the kernel knows the process and it is no zombie (a zombie holds no descriptors), and
 * for a process of another pid namespace that cannot be asked about from here.
 * About two to six system calls. */
bool registry_process_alive(const struct registry_process *process);

/* --- sockets ----------------------------------------------------------------------------- */

/* Claims a free slot, zeroed, in state BUSY; the caller fills and publishes the slot.  False: all
 * slots are taken, or there is no room for another. */
bool registry_claim_socket(struct socket_slot *slot);
/* Names the socket in a slot that the caller has claimed, before registry_publish_socket(). */
void registry_name_socket(struct socket_slot slot, uint64_t cookie);
void registry_publish_socket(struct socket_slot slot);

/* Frees a LIVE slot of that generation unless a process is known to hold the socket.  Called after
 * the caller has let go of the socket. */
void registry_release_socket(struct socket_slot slot, uint32_t generation);

/* False while the session has not watched any connection. */
bool registry_has_sockets(void);

/* The LIVE slot with that cookie; false when there is none.  Reads the key of every slot in use: 5
 * us for 16 000. */
bool registry_find_socket(uint64_t cookie, struct socket_slot *slot);

/* The socket in that slot; NULL: there is no such slot, or its pages cannot be had. */
struct registry_socket *registry_socket(struct socket_slot slot);

/* Both below: only for a slot that this process has claimed or found, so that its state word has
 * pages. */
static inline uint32_t registry_socket_generation(struct socket_slot slot)
{
	return load_acquire(&registry_mapping->socket_state[slot.n]) >> 8;
}

static inline bool registry_socket_is(struct socket_slot slot, uint32_t generation)
{
	return load_acquire(&registry_mapping->socket_state[slot.n]) ==
	       (generation << 8 | SOCKET_LIVE);
}

/* Counts the connection as open across a fork, once.  Call it when another process holds the
 * connection, too. */
static inline void registry_mark_inherited(struct registry_socket *socket)
{
	if (!(fetch_or_relaxed(&socket->flags, SOCKET_INHERITED) & SOCKET_INHERITED))
		registry_count(COUNT_CONNECTIONS_INHERITED);
}

/* The connection's protocol: the one that the bytes identified.  Where the bytes are too few, or
 * belong to no known protocol, the one that port or path suggest. */
static inline enum protocol registry_socket_protocol(const struct registry_socket *socket)
{
	uint32_t identified = load_relaxed(&socket->protocol);
	uint32_t hint = load_relaxed(&socket->hint);

	if (identified == PROTOCOL_UNKNOWN ||
	    (identified == PROTOCOL_OTHER && hint != PROTOCOL_UNKNOWN))
		identified = hint;
	return identified < PROTOCOL_COUNT ? (enum protocol)identified : PROTOCOL_UNKNOWN;
}

/* The peer's address, copied; returns its length. */
static inline uint32_t registry_socket_peer(const struct registry_socket *socket,
					    uint8_t out[FORKSAN_ADDRESS_BYTES])
{
	uint32_t len_bytes = load_once(&socket->peer_len_bytes);

	memcpy(out, socket->peer, FORKSAN_ADDRESS_BYTES);
	return len_bytes < FORKSAN_ADDRESS_BYTES ? len_bytes : FORKSAN_ADDRESS_BYTES;
}

/* Counts a connection that was seen and is not watched, and names its peer (address.h's text) in
 * the summary as long as there is room for the name. */
void registry_note_unwatched(enum protocol protocol, const char *peer);

/* The connections of entry `i` of the names that registry_note_unwatched() kept; 0: the entry is
 * free.  Fills *protocol and `peer`. */
uint64_t registry_unwatched(const struct registry *registry, size_t i, enum protocol *protocol,
			    char peer[FORKSAN_PEER_TEXT_BYTES]);

/* registry_find_socket() for a process that looks for many sockets: reads every key once.  Private
 * to the thread that makes the index, and dropped by the same. */
struct registry_index {
	struct registry_indexed *entries;
	size_t bytes;
	uint32_t mask;
};

/* False: there is no memory for the index, and nothing to drop. */
bool registry_index_make(struct registry_index *index);
bool registry_index_find(const struct registry_index *index, uint64_t cookie,
			 struct socket_slot *slot);
void registry_index_drop(struct registry_index *index);

/* --- who holds what ---------------------------------------------------------------------- */

/* A word of a process's holds, which may have no page. */
static inline _Atomic uint64_t *registry_hold_word(struct process_slot process_slot, uint32_t word)
{
	return &registry_mapping->holds[word / FORKSAN_HOLD_BLOCK_WORDS][process_slot.n]
				       [word % FORKSAN_HOLD_BLOCK_WORDS];
}

/* registry_hold() sets the process's own bit of that socket, and registry_let_go() clears the bit;
 * any thread of the process may call.  False: there are no pages for the bit. */
bool registry_hold(struct process_slot process_slot, struct socket_slot socket_slot);
/* Publishes a new process's whole bitmap, `count` words.  False: there are no pages.  A caller that
 * was forked already looks at each socket's generation afterwards: a socket that was released
 * meanwhile has another. */
bool registry_hold_all(struct process_slot process_slot, const _Atomic uint64_t *words,
		       uint32_t count);
void registry_forget_holds(struct registry_process *process);
void registry_let_go(struct process_slot process_slot, struct socket_slot socket_slot);

/* A live process other than `self` that holds the socket, or NULL.  Asks the kernel about each
 * candidate, and marks a dead one as ended. */
struct registry_process *registry_other_holder(struct socket_slot socket_slot,
					       const struct registry_process *self);

/* The same for many sockets in turn: `alive` is the answer for the socket before (or NULL), and the
 * kernel is not asked about that process again. */
struct registry_process *registry_other_holder_after(struct socket_slot socket_slot,
						     const struct registry_process *self,
						     const struct registry_process *alive);

/* True when that process is alive and holds the socket. */
bool registry_process_holds(const struct registry_process *process, struct socket_slot socket_slot);

/* True when the slot's process is being killed by a signal (liveness_stat_is_killed()).  False also
 * when that cannot be found out. */
bool registry_slot_is_killed(const struct registry_process *process);

/* True when any process of the session other than `self` is alive, and none that is being killed.
 */
bool registry_others_alive(const struct registry_process *self);

#endif
