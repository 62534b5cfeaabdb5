/* SPDX-License-Identifier: (MIT OR GPL-2.0-only) */
/*
 * Strict mode, live: a use that breaks the lineage rule is refused before its bytes move, and the
 * process gets SIGABRT.
 *
 * The exchange that judges is the claim: a sound use takes the connection's word before the call,
 * in one step with the judging, so that of two siblings' first uses one is refused.  A read claims
 * and is refused only when there are bytes to take; one that waits for them is judged when it
 * returns, and its process gets the signal before it sees them.
 *
 * User space says by which rule a connection is judged once it knows the protocol; one of which it
 * has said nothing is not judged here.  A goodbye is no use, and only user space can read it.  So
 * what can be one and sound passes: a write of the process that opened the connection, or that
 * alone holds it; and what that process then reads, which may be the answer.  What it reads after
 * another process's first call passes, too, until user space has said that the call was a use:
 * after a goodbye it is sound.  User space judges those.  A connection that came to the process by
 * other means than a fork is left to user space as well.
 */
#ifndef FORKSAN_TOOLS_WATCHER_GATE_BPF_H
#define FORKSAN_TOOLS_WATCHER_GATE_BPF_H

#include "watcher/kernel.bpf.h"
#include "watcher/event.h"
#include "watcher/process_state.h"
#include "watcher/socket_state.bpf.h"

#define CLAIM_TRIES 8

#define SIGABRT 6
#define EPERM 1

const volatile bool is_strict;

/* What user space has said of the connection with that cookie. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct event_judged);
} judged SEC(".maps");

/* The connection with that cookie has come to a process in a message. */
static __always_inline void gate_hand_over(__u64 cookie)
{
	struct event_judged left = {.rule = EVENT_RULE_NONE};

	if (is_strict)
		bpf_map_update_elem(&judged, &cookie, &left, BPF_ANY);
}

/* --- what the kernel knows of the call ---------------------------------------------------------
 */

/* True when a read would take bytes now. */
static __always_inline bool has_bytes(struct sock *sk)
{
	struct tcp_sock *tcp = (struct tcp_sock *)sk;
	__u32 waiting;

	if (sk->__sk_common.skc_family == AF_UNIX)
		return BPF_CORE_READ(sk, sk_receive_queue.qlen) > 0;
	/* The end of the stream is one in this count. */
	waiting = BPF_CORE_READ(tcp, rcv_nxt) - BPF_CORE_READ(tcp, copied_seq);
	return waiting > (sk->__sk_common.skc_state == TCP_CLOSE_WAIT);
}

/* True when a descriptor of another process refers to the socket's file, for sure: a call of each
 * of the process's threads may have a reference. */
static __always_inline bool is_held_elsewhere(struct sock *sk, struct task_struct *task)
{
	__u32 own = own_descriptors(sk, task), threads = task->signal->nr_threads;

	return own > 0 && references(sk) > own + (threads > 1 ? threads : 0);
}

/* --- the judge ---------------------------------------------------------------------------------
 */

/* Global, so that the verifier goes through the ancestors once for each program and not along every
 * path to this place.  `process` is not NULL; the verifier asks. */
__noinline bool breaks_rule(const struct process_state *process, __u64 last)
{
	return process &&
	       lineage_judge(&process->lineage, lineage_unpack(last)) == LINEAGE_VIOLATION;
}

/* True when a use over `last` breaks the rule, and this is the place to say so. */
static __noinline bool is_refused(struct sock *sk, const struct process_state *process,
				  struct socket_state *state, __u64 last, bool writes)
{
	__u64 cookie = bpf_get_socket_cookie(sk);
	struct event_judged *said = bpf_map_lookup_elem(&judged, &cookie);
	__u32 number = process->word >> 32;

	if (!said || said->rule == EVENT_RULE_NONE ||
	    (said->rule == EVENT_RULE_DIRECTION && writes) ||
	    (process->flags & (PROCESS_BORROWS | PROCESS_STRANGER)) || last >> 32 == number ||
	    !state->opener || breaks_rule(process, state->opener) || !breaks_rule(process, last))
		return false;
	if (said->rule == EVENT_RULE_DIRECTION)
		return true;
	if (!writes && state->doubtful == number)
		return false;
	if (!writes && said->user == last >> 32)
		return true;
	if (state->opener >> 32 != number && is_held_elsewhere(sk, bpf_get_current_task_btf()))
		return true;
	if (writes)
		state->doubtful = number;
	return false;
}

/* Where the rule that the connection is judged by keeps the latest use. */
static __always_inline __u64 *word_of(struct sock *sk, struct socket_state *state, bool writes)
{
	__u64 cookie = bpf_get_socket_cookie(sk);
	struct event_judged *said = bpf_map_lookup_elem(&judged, &cookie);

	return said && said->rule == EVENT_RULE_DIRECTION && !writes ? &state->way[0]
								     : &state->last;
}

/* Judges and claims.  True: the call is to be refused, over *last. */
static __noinline bool gate_claim(struct sock *sk, const struct process_state *process,
				  struct socket_state *state, __u64 *last, bool writes)
{
	__u64 word = process->word;

	for (int i = 0; i < CLAIM_TRIES; i++) {
		__u64 *latest = word_of(sk, state, writes);
		__u64 before = *latest;

		if (before == word)
			return false;
		if (is_refused(sk, process, state, before, writes)) {
			*last = before;
			return true;
		}
		if (state->doubtful == word >> 32)
			return false; /* may be a goodbye, which claims nothing */
		if (latest != &state->last)
			return false; /* taken when the bytes have moved */
		if (__sync_val_compare_and_swap(&state->last, before, word) == before) {
			state->claimed_over = before;
			state->claimed_by = word;
			return false;
		}
	}
	return false;
}

/* What the use replaced that moved bytes: of one that claimed, the word from before. */
static __always_inline __u64 gate_take_claim(struct socket_state *state, __u64 word, __u64 before)
{
	if (state->claimed_by != word)
		return before;
	state->claimed_by = 0;
	return state->claimed_over;
}

/* The call moved nothing. */
static __always_inline void gate_give_back(struct socket_state *state, __u64 word)
{
	if (state->claimed_by != word)
		return;
	state->claimed_by = 0;
	__sync_val_compare_and_swap(&state->last, word, state->claimed_over);
}

#endif
