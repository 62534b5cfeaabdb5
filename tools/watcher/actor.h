/* SPDX-License-Identifier: MIT */
/*
 * The watched processes, as the shim's rooms see a process: each has a place in the registry, its
 * lineage and a name.  forksan-attach judges for all of them by being one after the other:
 * actor_enter() makes `process` (process/process.h) that of an actor, and everything that the shim
 * asks of "this process" is answered for it (self.c, fdtable.c, copied_stack.c).
 *
 * One thread.
 */
#ifndef FORKSAN_TOOLS_WATCHER_ACTOR_H
#define FORKSAN_TOOLS_WATCHER_ACTOR_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include <uthash.h>

#include "process/process.h"

struct mapped;
struct actor_interpreter;

struct actor {
	uint32_t number; /* of event.h */
	pid_t pid;
	pid_t parent_pid;
	pid_t tid; /* of the call that is being judged */
	char comm[16];
	struct process process;
	/* A bit for each socket slot whose connection it has, or had: opened, inherited, received.
	 */
	uint64_t *had;
	uint32_t had_words;
	bool has_closed; /* the connection that is asked about; of connection.c alone */
	bool settled;
	uint64_t born_ns;      /* CLOCK_MONOTONIC */
	struct mapped *mapped; /* NULL: not opened yet */
	uint32_t program;      /* for memory_keep() */
	/* From malloc(); NULL: none that can be read. */
	struct actor_interpreter *interpreter;
	/* When its program began, as far as that is known, and when it will be looked at next for
	 * an interpreter (CLOCK_MONOTONIC); 0: not known, at once. */
	uint64_t program_since_ns;
	uint64_t next_look_ns;
	uint64_t looked_ns; /* when it was looked at last; 0: never */
	struct actor *next; /* of those that live */
	struct actor *previous;
	UT_hash_handle hh;
};

/* The actor that the shim's rooms see now; NULL: none. */
extern struct actor *actor_now;

/* The living actors. */
extern struct actor *actor_living;

/* A process that forked off `parent` (NULL: not known) when the parent had that epoch.  Parent and
 * child are entered into the registry as the shim does it.  NULL: no place is free, which is
 * counted. */
struct actor *actor_born(uint32_t number, pid_t pid, struct actor *parent, uint32_t parent_epoch,
			 struct stack_id fork_stack);

/* The actor with that number.  One of whose birth nothing is known gets a place by what /proc says
 * of `pid`, and is counted as lost unless that is expected.  NULL: no place is free. */
struct actor *actor_find(uint32_t number, pid_t pid, bool is_expected);

/* The living actor with that number; NULL: none. */
struct actor *actor_known(uint32_t number);

/* The living actor with that pid; NULL: none. */
struct actor *actor_with_pid(pid_t pid);

/* The serial of an actor, dead or alive; 0: not known any more. */
struct serial actor_serial(uint32_t number);

/* Becomes the actor, in the epoch of the word. */
void actor_enter(struct actor *actor, uint64_t word);
void actor_leave(void);

/* Whether the actor has or had the connection in that slot: noted before the registry is told that
 * it holds it, and forgotten when the connection is over. */
bool actor_had(const struct actor *actor, struct socket_slot slot);
void actor_notes(struct actor *actor, struct socket_slot slot);

void actor_forgets(struct actor *actor, struct socket_slot slot);

/* True when the registry knows the actor as a holder. */
bool actor_holds(const struct actor *actor, struct socket_slot slot);

/* Its program has been replaced. */
void actor_execs(struct actor *actor);

/* The process has ended. */
void actor_ends(struct actor *actor);

#endif
