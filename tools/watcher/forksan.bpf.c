// SPDX-License-Identifier: (MIT OR GPL-2.0-only)
/*
 * The kernel's part of forksan-attach: follows processes and connections, and tells user space of
 * each use that may matter.  Nothing is judged here.
 *
 *   process      task storage of the thread group's leader: its lineage word (event.h).  A fork
 *                gives the child a number and begins the parent's next epoch, an exec the next.
 *   connection   socket storage: the word of the latest use, exchanged atomically, and how many
 *                calls have been told.  A connection without storage is not watched.
 *
 * A use is told when another process, or another epoch, used the connection before, or used it in
 * the same direction before; while the connection is new (its first bytes name the protocol); and
 * while more than one descriptor refers to its file: while another process may hold it.  All other
 * uses end after two look-ups and a compare.
 *
 * Tracepoints and iterators run where trampolines (fexit) are refused, so what matters needs no
 * trampoline where the kernel has tracepoints for it; hooks.c finds out which programs are to be
 * had.  inet_sock_set_state is passed in softirqs, too, where the current process is not the one
 * that acts.
 */
#include "watcher/call.bpf.h"
#include "watcher/event.h"
#include "watcher/gate.bpf.h"
#include "watcher/kernel.bpf.h"
#include "watcher/name.bpf.h"
#include "watcher/passed_over.bpf.h"
#include "watcher/pid_namespace.bpf.h"
#include "watcher/process_state.h"
#include "watcher/ring.bpf.h"
#include "watcher/socket_state.bpf.h"
#include "watcher/stack.bpf.h"

char licenses[] SEC("license") = "Dual MIT/GPL";

/* Calls that are told of each new connection: greeting, login and the first questions. */
#define OPENING_CALLS 48

/* Stacks that are told of the uses of one connection: by one process, as many again of those that
 * come after another process's use, and by all. */
#define PROCESS_STACKS 64
#define USE_STACKS 4096

/* --- what user space sets before the programs are attached ----------------------------------- */

const volatile bool watch_all; /* every process of the machine */

/* --- shared state ----------------------------------------------------------------------------- */

__u32 next_number;    /* processes numbered so far; user space numbers those that it finds */
__u64 foreign_missed; /* calls that on_send and on_recv were passed over for, and that are not
			 watched */
__u32 pass;	      /* of the iterator: 0 gathers listening ports, 1 tells connections */

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct process_state);
} processes SEC(".maps");

/* Of a leader that has ended before its process: an exec by another thread makes that one the
 * leader, and the old one's storage goes with it. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __s32); /* pid */
	__type(value, struct process_state);
} leaderless SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, __u8);
} listening SEC(".maps");

/* --- processes -------------------------------------------------------------------------------- */

static __always_inline void tell_process(struct task_struct *task, enum event_kind kind, __u64 word)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof *event, 0);

	if (!event) {
		count_loss(EVENT_LOST_PROCESS);
		return;
	}
	fill_event(event, task, kind, word, 0);
	bpf_ringbuf_submit(event, 0);
}

/* The state of the process of a task; NULL: it is not watched.  One that forksan-attach cannot see
 * where it runs is not, since nothing could be said of it. */
static __always_inline struct process_state *process_of(struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;
	struct process_state *state = bpf_task_storage_get(&processes, leader, 0, 0);
	__u64 word;

	if (state)
		return state->flags & PROCESS_WATCHER ? NULL : state;
	if (!watch_all || (task->flags & PF_KTHREAD) || !process_number(task))
		return NULL;
	state = bpf_task_storage_get(&processes, leader, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!state) {
		count_loss(EVENT_LOST_PROCESS);
		return NULL;
	}
	word = (__u64)(__sync_fetch_and_add(&next_number, 1) + 1) << 32;
	state->flags |= PROCESS_STRANGER;
	if (__sync_val_compare_and_swap(&state->word, 0, word) == 0)
		tell_process(task, EVENT_FOUND, word);
	return state;
}

/* Called where a process changes its state, and where its leader ends. */
static __always_inline void keep_state(struct task_struct *leader, struct process_state *state)
{
	__s32 pid = leader->tgid;

	if (leader->flags & PF_EXITING)
		bpf_map_update_elem(&leaderless, &pid, state, BPF_ANY);
}

/* lineage_fork() for `child`, which was forked by a process with the state `parent` when its word
 * was `forker`; all of the list is copied, since the verifier follows each size. */
static __always_inline void set_ancestors(struct process_state *child,
					  const struct process_state *parent, __u64 forker)
{
	const struct lineage_process *from = &parent->lineage;
	struct lineage_process *lineage = &child->lineage;
	bool is_full = from->ancestor_count >= FORKSAN_MAX_ANCESTORS;

	__builtin_memcpy(&lineage->ancestors[1], from->ancestors,
			 sizeof from->ancestors - sizeof from->ancestors[0]);
	lineage->ancestors[0] = lineage_unpack(forker);
	lineage->ancestor_count = is_full ? FORKSAN_MAX_ANCESTORS : from->ancestor_count + 1;
	lineage->ancestors_forgotten = from->ancestors_forgotten || is_full;
	lineage->self.serial.n = child->word >> 32;
}

/* The state of a process whose program has just been replaced; NULL: it is not watched. */
static __always_inline struct process_state *process_after_exec(struct task_struct *task)
{
	struct process_state *state = bpf_task_storage_get(&processes, task, 0, 0);
	struct process_state *kept;
	__s32 pid = task->tgid;

	kept = bpf_map_lookup_elem(&leaderless, &pid);
	if (!kept)
		return process_of(task);
	if (!state)
		state = bpf_task_storage_get(&processes, task, kept,
					     BPF_LOCAL_STORAGE_GET_F_CREATE);
	bpf_map_delete_elem(&leaderless, &pid);
	if (!state)
		count_loss(EVENT_LOST_PROCESS);
	return state;
}

/* --- the life of a process -------------------------------------------------------------------- */

static __always_inline void tell_fork(__u64 parent, __u32 child, struct task_struct *child_task,
				      bool execs, bool with_stack)
{
	__u32 stack = with_stack ? tell_stack() : 0;
	struct event_fork *fork = bpf_ringbuf_reserve(&events, sizeof *fork, 0);

	if (!fork) {
		count_loss(EVENT_LOST_PROCESS);
		return;
	}
	fill_event(&fork->event, bpf_get_current_task_btf(), EVENT_FORK, parent, stack);
	fork->child = child;
	fork->child_pid = process_number(child_task);
	fork->execs = execs;
	bpf_ringbuf_submit(fork, 0);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct process_state *state, *new;
	__u32 number;
	__u64 word;

	if (child->pid != child->tgid)
		return 0; /* a thread */
	state = process_of(parent);
	if (!state)
		return 0;
	new = bpf_task_storage_get(&processes, child, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!new) {
		count_loss(EVENT_LOST_PROCESS);
		return 0;
	}
	new->flags = state->flags &(PROCESS_CONNECTED | PROCESS_STRANGER);
	if (child->mm == parent->mm) {
		/* vfork() returns in the parent before the exec is told. */
		new->flags |= PROCESS_BORROWS;
		new->word = __sync_fetch_and_add(&state->word, 1);
		keep_state(parent->group_leader, state);
		return 0;
	}
	/* Before user space knows of the child, it may have used a connection. */
	frames_inherit(process_number(child), process_number(parent));
	number = __sync_fetch_and_add(&next_number, 1) + 1;
	word = __sync_fetch_and_add(&state->word, 1);
	new->word = (__u64)number << 32;
	set_ancestors(new, state, word);
	keep_state(parent->group_leader, state);
	tell_fork(word, number, child, false, state->flags & PROCESS_CONNECTED);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task)
{
	struct process_state *state = process_after_exec(task);
	__u32 number;

	if (!state)
		return 0;
	frames_forget(process_number(task));
	if (state->flags & PROCESS_BORROWS) {
		struct task_struct *parent_leader = task->real_parent->group_leader;
		struct process_state *lender =
			bpf_task_storage_get(&processes, parent_leader, 0, 0);
		__u64 parent = state->word; /* when it forked: from here on they are two */

		number = __sync_fetch_and_add(&next_number, 1) + 1;
		state->flags &= ~PROCESS_BORROWS;
		state->word = (__u64)number << 32;
		if (lender)
			set_ancestors(state, lender, parent);
		else
			state->flags |= PROCESS_STRANGER;
		tell_fork(parent, number, task, true, false);
		return 0;
	}
	__sync_fetch_and_add(&state->word, 1);
	tell_process(task, EVENT_EXEC, state->word);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct task_struct *leader = task->group_leader;
	struct process_state *state;
	__s32 pid = task->tgid;

	if (task->signal->live.counter != 0 && task != leader)
		return 0;
	state = bpf_task_storage_get(&processes, leader, 0, 0);
	if (!state || (state->flags & PROCESS_BORROWS))
		return 0;
	if (task->signal->live.counter != 0) {
		keep_state(leader, state);
		return 0;
	}
	bpf_map_delete_elem(&leaderless, &pid);
	tell_process(task, EVENT_EXIT, state->word);
	return 0;
}

/* --- uses ------------------------------------------------------------------------------------- */

struct told_use {
	__u64 word;
	__u64 before;
	__s32 moved;
	__u32 bytes; /* to copy: those that it moved, or of a refused write would have moved */
	__u32 stack;
	bool writes;
	enum event_gate gate;
};

static __always_inline void fill_use(struct event_use *use, struct sock *sk,
				     struct task_struct *task, const struct told_use *told)
{
	struct call call;

	fill_event(&use->socket.event, task, EVENT_USE, told->word, told->stack);
	fill_socket(&use->socket, sk, task);
	find_call(&call, task);
	use->before = told->before;
	use->moved = told->moved;
	use->call = call.number;
	use->writes = told->writes;
	use->gate = told->gate;
	use->len_bytes = 0;
	use->waiting = sk->sk_receive_queue.qlen;
	if (shape_of(call.number) != CALL_OTHER || call.number == CALL_SENDFILE)
		use->socket.fd = call.arguments[0];
}

static __always_inline void tell_use(struct sock *sk, struct task_struct *task,
				     const struct told_use *told)
{
	struct event_use *use;
	struct call call;

	find_call(&call, task);
	if (told->bytes >= EVENT_FEW_BYTES / 2 && has_room()) {
		use = bpf_ringbuf_reserve(&events, sizeof *use + EVENT_MANY_BYTES, 0);
		if (!use) {
			count_loss(EVENT_LOST_USE);
			return;
		}
		fill_use(use, sk, task, told);
		copy_bytes(use, true, &call, told->bytes);
	} else {
		use = bpf_ringbuf_reserve(&events, sizeof *use + EVENT_FEW_BYTES, 0);
		if (!use) {
			count_loss(EVENT_LOST_USE);
			return;
		}
		fill_use(use, sk, task, told);
		if (told->bytes > 0)
			copy_bytes(use, false, &call, told->bytes);
	}
	bpf_ringbuf_submit(use, 0);
}

/* --- descriptors in messages ------------------------------------------------------------------ */

#define MAX_RECEIVED 8

struct received {
	struct task_struct *task;
	__u64 word;
	__u64 at; /* of the descriptor numbers, in the receiver's memory */
	__u32 count;
};

/* The cookie of the socket that the current process has as `fd`; 0: none, or one that nobody has
 * asked for, and so no watched one. */
static __always_inline __u64 cookie_of(struct task_struct *task, __u32 fd)
{
	struct fdtable *table = BPF_CORE_READ(task, files, fdt);
	struct file **files = BPF_CORE_READ(table, fd);
	struct socket *socket;
	struct file *file;
	struct sock *sk;

	if (fd >= BPF_CORE_READ(table, max_fds) ||
	    bpf_probe_read_kernel(&file, sizeof file, files + fd) || !file)
		return 0;
	socket = BPF_CORE_READ(file, private_data);
	sk = socket ? BPF_CORE_READ(socket, sk) : NULL;
	/* Another file's private data is no socket: a socket's file is the file. */
	if (!sk || BPF_CORE_READ(socket, file) != file)
		return 0;
	return BPF_CORE_READ(sk, __sk_common.skc_cookie.counter);
}

static long tell_received(__u32 index, struct received *received)
{
	struct event_received *event;
	__u64 cookie;
	__s32 fd;

	if (index >= received->count ||
	    bpf_probe_read_user(&fd, sizeof fd, (void *)(received->at + index * sizeof fd)) ||
	    fd < 0)
		return 1;
	cookie = cookie_of(received->task, fd);
	if (!cookie)
		return 0;
	gate_hand_over(cookie);
	event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
	if (!event) {
		count_loss(EVENT_LOST_USE);
		return 1;
	}
	fill_event(&event->event, received->task, EVENT_RECEIVED, received->word, 0);
	event->cookie = cookie;
	event->fd = fd;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* The receiver's control buffer is filled by now; its first part is looked at. */
static __always_inline void look_for_descriptors(struct task_struct *task,
						 struct process_state *process)
{
	struct received received = {.task = task};
	struct call call;
	__u64 control[2]; /* struct user_msghdr: control, controllen */
	struct {
		__u64 len;
		__s32 level;
		__s32 type;
	} header;

	find_call(&call, task);
	if (shape_of(call.number) < CALL_MESSAGE || /* of several messages the first */
	    bpf_probe_read_user(control, sizeof control, (void *)(call.arguments[1] + 32)) ||
	    control[1] < sizeof header ||
	    bpf_probe_read_user(&header, sizeof header, (void *)control[0]) ||
	    header.level != SOL_SOCKET || header.type != SCM_RIGHTS || header.len <= sizeof header)
		return;
	received.word = process->word;
	received.at = control[0] + sizeof header;
	received.count = (header.len - sizeof header) / sizeof(__s32);
	bpf_loop(MAX_RECEIVED, tell_received, &received, 0);
}

/* Begins to watch a connection to a unix socket at its first use: connect() passes no tracepoint.
 * NULL: it is not to be watched. */
static __always_inline struct socket_state *meet_unix(struct sock *sk,
						      const struct process_state *process)
{
	struct socket_state *state;

	state = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!state) {
		count_loss(EVENT_LOST_CONNECTION);
		return NULL;
	}
	if (is_unix_client(sk)) {
		state->opener = process->word;
		return state;
	}
	state->ignored = 1;
	return NULL;
}

/* True when the stack of the process's use is to be told.  A process that begins late has its own
 * count: it may be the one whose use breaks the rule. */
static __always_inline bool wants_stack(struct socket_state *state, __u32 number,
					bool is_after_other)
{
	struct stack_count *count = &state->stack_counts[number & (STACK_COUNTS - 1)];

	if (count->number != number) {
		count->number = number;
		count->stacks = 0;
	}
	if (count->stacks >= (is_after_other ? 2 * PROCESS_STACKS : PROCESS_STACKS) ||
	    state->stacks >= USE_STACKS)
		return false;
	count->stacks++;
	state->stacks++;
	return true;
}

/* Of note_use(). */
#define USE_WRITES 1
#define USE_DISCARDS 2 /* the bytes are in nobody's memory: MSG_TRUNC (tcp(7)) */

/* Notes a use that may matter, and tells it.  A call that moved nothing met the end. */
static __noinline int note_use(struct sock *sk, struct process_state *process,
			       struct socket_state *state, __s32 moved, __u32 how)
{
	bool writes = how & USE_WRITES;
	struct task_struct *task = bpf_get_current_task_btf();
	struct told_use told = {.word = process->word,
				.before = state->last,
				.moved = moved,
				.bytes = moved > 0 && !(how & USE_DISCARDS) ? moved : 0,
				.writes = writes};
	bool is_after_other;

	work_begins(writes ? WORKING_SEND : WORKING_RECEIVE);
	if (moved > 0) {
		if (is_strict && state->claimed_by != told.word &&
		    is_refused(sk, process, state, *word_of(sk, state, writes), writes))
			told.gate = EVENT_GATE_LATE;
		if (told.before != told.word)
			told.before = __sync_lock_test_and_set(&state->last, told.word);
		told.before = gate_take_claim(state, told.word, told.before);
		state->way[writes & 1] = told.word;
		state->calls++;
		is_after_other = told.before >> 32 != told.word >> 32;
		if ((is_after_other || references(sk) > 1 + (task->signal->nr_threads > 1)) &&
		    wants_stack(state, told.word >> 32, is_after_other))
			told.stack = tell_stack();
		process->flags |= PROCESS_CONNECTED;
	}
	tell_use(sk, task, &told);
	if (told.gate == EVENT_GATE_LATE)
		bpf_send_signal(SIGABRT);
	work_ends(writes ? WORKING_SEND : WORKING_RECEIVE);
	return 0;
}

static __always_inline int use(struct sock *sk, __s32 moved, int flags, bool writes)
{
	struct task_struct *task = bpf_get_current_task_btf();
	bool is_unix = sk->__sk_common.skc_family == AF_UNIX;
	struct process_state *process = NULL;
	struct socket_state *state;
	__u64 word;

	/* What everybody else pays ends with one look-up: of the process where a connection may
	 * still have to be met, of the connection elsewhere. */
	if (is_unix) {
		process = process_of(task);
		if (!process)
			return 0;
		if (!writes && moved > 0)
			look_for_descriptors(task, process);
	}
	state = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!state && process)
		state = meet_unix(sk, process);
	if (!state || state->ignored || (flags & (MSG_PEEK | MSG_ERRQUEUE)))
		return 0;
	if (moved <= 0 && state->claimed_by && (process = process_of(task)) != NULL)
		gate_give_back(state, process->word);
	if (moved < 0 && moved != -EPIPE && moved != -ECONNRESET)
		return 0; /* moved nothing, and did not meet the end */
	if (!is_unix)
		process = process_of(task);
	if (!process)
		return 0;
	word = process->word;
	if (state->last == word && state->way[writes] == word && state->calls >= OPENING_CALLS &&
	    references(sk) <= 1 + (task->signal->nr_threads > 1))
		return 0;
	return note_use(sk, process, state, moved,
			(writes ? USE_WRITES : 0) |
				(!writes && !is_unix && (flags & MSG_TRUNC) ? USE_DISCARDS : 0));
}

static __always_inline int use_of(struct socket *socket, __s32 moved, int flags, bool writes)
{
	struct sock *sk = socket->sk;

	return sk ? use(sk, moved, flags, writes) : 0;
}

/* What passes none of the hooks further below: sendfile() and splice() to a socket before
 * Linux 6.5, splice() from one.  They come first, since those that a kernel refuses are to be
 * refused before the verifier has looked at others: libbpf loads in this order. */
struct page;
struct pipe_inode_info;

SEC("fexit/inet_sendpage")
int BPF_PROG(on_inet_sendpage, struct socket *socket, struct page *page, int offset, __u64 size,
	     int flags, long moved)
{
	return use_of(socket, moved, 0, true);
}

SEC("fexit/unix_stream_sendpage")
int BPF_PROG(on_unix_sendpage, struct socket *socket, struct page *page, int offset, __u64 size,
	     int flags, long moved)
{
	return use_of(socket, moved, 0, true);
}

SEC("fexit/tcp_splice_read")
int BPF_PROG(on_tcp_splice, struct socket *socket, __u64 *position, struct pipe_inode_info *pipe,
	     __u64 size, unsigned flags, long moved)
{
	return use_of(socket, moved, 0, false);
}

SEC("fexit/unix_stream_splice_read")
int BPF_PROG(on_unix_splice, struct socket *socket, __u64 *position, struct pipe_inode_info *pipe,
	     __u64 size, unsigned flags, long moved)
{
	return use_of(socket, moved, 0, false);
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(on_send, struct sock *sk, int moved, int flags)
{
	return use(sk, moved, flags, true);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(on_recv, struct sock *sk, int moved, int flags)
{
	return use(sk, moved, flags, false);
}

/* Counts a call that on_send or on_recv was passed over for, unless it may be one to be told. */
static __always_inline int look_after(struct sock *sk, enum working program)
{
	struct socket_state *state;

	if (!is_passed_over(program))
		return 0;
	state = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!process_of(bpf_get_current_task_btf()) ||
	    (state ? state->ignored : sk->__sk_common.skc_family != AF_UNIX || !is_unix_client(sk)))
		__sync_fetch_and_add(&foreign_missed, 1);
	return 0;
}

SEC("tp_btf/sock_send_length")
int BPF_PROG(after_send, struct sock *sk, int moved, int flags)
{
	return look_after(sk, WORKING_SEND);
}

SEC("tp_btf/sock_recv_length")
int BPF_PROG(after_recv, struct sock *sk, int moved, int flags)
{
	return look_after(sk, WORKING_RECEIVE);
}

/*
 * Where the kernel has not those two (before Linux 6.3): the end of the functions that send and
 * receive for a family.  They are called through pointers, so no compiler has taken them apart, and
 * their arguments have been the same since Linux 4; TLS in the kernel lies below them.  Two are
 * passed by datagrams as well, whose sockets are not watched.
 */
struct msghdr;

SEC("fexit/inet_sendmsg")
int BPF_PROG(on_inet_send, struct socket *socket, struct msghdr *message, __u64 size, int moved)
{
	return use_of(socket, moved, 0, true);
}

SEC("fexit/inet_recvmsg")
int BPF_PROG(on_inet_recv, struct socket *socket, struct msghdr *message, __u64 size, int flags,
	     int moved)
{
	return use_of(socket, moved, flags, false);
}

SEC("fexit/inet6_sendmsg")
int BPF_PROG(on_inet6_send, struct socket *socket, struct msghdr *message, __u64 size, int moved)
{
	return use_of(socket, moved, 0, true);
}

SEC("fexit/inet6_recvmsg")
int BPF_PROG(on_inet6_recv, struct socket *socket, struct msghdr *message, __u64 size, int flags,
	     int moved)
{
	return use_of(socket, moved, flags, false);
}

SEC("fexit/unix_stream_sendmsg")
int BPF_PROG(on_unix_send, struct socket *socket, struct msghdr *message, __u64 size, int moved)
{
	return use_of(socket, moved, 0, true);
}

SEC("fexit/unix_stream_recvmsg")
int BPF_PROG(on_unix_recv, struct socket *socket, struct msghdr *message, __u64 size, int flags,
	     int moved)
{
	return use_of(socket, moved, flags, false);
}

SEC("fexit/unix_seqpacket_sendmsg")
int BPF_PROG(on_seqpacket_send, struct socket *socket, struct msghdr *message, __u64 size,
	     int moved)
{
	return use_of(socket, moved, 0, true);
}

SEC("fexit/unix_seqpacket_recvmsg")
int BPF_PROG(on_seqpacket_recv, struct socket *socket, struct msghdr *message, __u64 size,
	     int flags, int moved)
{
	return use_of(socket, moved, flags, false);
}

/* --- strict mode: before the call ---------------------------------------------------------------
 */

bool gate_works; /* a call has come by */

static __always_inline int gate(struct socket *socket, __s32 size, int flags, bool writes)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct told_use told = {.writes = writes, .moved = -EPERM, .gate = EVENT_GATE_REFUSED};
	struct sock *sk = socket->sk;
	struct process_state *process;
	struct socket_state *state;

	if (!gate_works)
		gate_works = true;
	if (!sk || (flags & (MSG_PEEK | MSG_ERRQUEUE)))
		return 0;
	state = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!state || state->ignored)
		return 0;
	process = process_of(task);
	if (!process)
		return 0;
	told.word = process->word;
	if ((state->last == told.word && (writes || state->way[0] == told.word)) ||
	    (!writes && !has_bytes(sk)) || !gate_claim(sk, process, state, &told.before, writes))
		return 0;
	if (wants_stack(state, told.word >> 32, true))
		told.stack = tell_stack();
	if (writes)
		told.bytes = size;
	tell_use(sk, task, &told);
	bpf_send_signal(SIGABRT);
	return -EPERM;
}

SEC("lsm/socket_sendmsg")
int BPF_PROG(gate_send, struct socket *socket, struct msghdr *message, int size)
{
	return gate(socket, size, 0, true);
}

SEC("lsm/socket_recvmsg")
int BPF_PROG(gate_recv, struct socket *socket, struct msghdr *message, int size, int flags)
{
	return gate(socket, size, flags, false);
}

/* --- the life of a connection ----------------------------------------------------------------- */

static __always_inline void tell_socket(enum event_kind kind, struct sock *sk,
					struct task_struct *task, __u64 word, bool with_stack)
{
	__u32 stack = with_stack ? tell_stack() : 0;
	struct event_socket *event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
	struct call call;

	if (!event) {
		count_loss(kind == EVENT_OPEN ? EVENT_LOST_CONNECTION : EVENT_LOST_USE);
		return;
	}
	fill_event(&event->event, task, kind, word, stack);
	fill_socket(event, sk, task);
	find_call(&call, task);
	event->fd = call.arguments[0]; /* of connect() or shutdown() */
	bpf_ringbuf_submit(event, 0);
}

static __always_inline void opened(struct sock *sk, struct task_struct *task,
				   struct process_state *process)
{
	struct socket_state *state;

	state = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
	if (!state) {
		count_loss(EVENT_LOST_CONNECTION);
		return;
	}
	state->last = process->word;
	state->opener = process->word;
	process->flags |= PROCESS_CONNECTED;
	tell_socket(EVENT_OPEN, sk, task, process->word, true);
}

/* shutdown(), or the close of the last descriptor, which leaves the file without references. */
static __always_inline void ended(struct sock *sk, struct task_struct *task)
{
	struct process_state *process;

	if (references(sk) == 0) {
		tell_socket(EVENT_CLOSE, sk, task, 0, false);
		return;
	}
	process = process_of(task);
	if (process)
		tell_socket(EVENT_SHUTDOWN, sk, task, process->word, false);
}

SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(on_state, struct sock *sk, int before, int now)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct process_state *process = NULL;

	if (sk->sk_protocol != IPPROTO_TCP)
		return 0;
	if (now == TCP_SYN_SENT)
		process = process_of(task);
	if (!process && (now == TCP_SYN_SENT || !bpf_sk_storage_get(&sockets, sk, 0, 0)))
		return 0;
	work_begins(WORKING_STATE);
	if (process)
		opened(sk, task, process);
	else if (now == TCP_FIN_WAIT1 || (now == TCP_LAST_ACK && references(sk) == 0))
		ended(sk, task); /* in LAST_ACK the server has ended the connection before */
	else if (now == TCP_CLOSE && references(sk) == 0)
		tell_socket(EVENT_CLOSE, sk, task, 0, false);
	work_ends(WORKING_STATE);
	return 0;
}

/* An end that is not told is noticed later (connection_sweep()), a beginning never. */
SEC("tp_btf/inet_sock_set_state")
int BPF_PROG(after_state, struct sock *sk, int before, int now)
{
	if (now == TCP_SYN_SENT && sk->sk_protocol == IPPROTO_TCP &&
	    is_passed_over(WORKING_STATE) && process_of(bpf_get_current_task_btf()))
		count_loss(EVENT_LOST_CONNECTION);
	return 0;
}

/* --- connections from before ------------------------------------------------------------------ */

static __always_inline bool is_old_connection(struct sock *sk)
{
	__u32 port = sk->__sk_common.skc_num;
	__u16 family = sk->__sk_common.skc_family;

	if (family == AF_UNIX)
		return is_unix_client(sk);
	if (family != AF_INET && family != AF_INET6)
		return false;
	return sk->sk_protocol == IPPROTO_TCP &&
	       (sk->__sk_common.skc_state == TCP_ESTABLISHED ||
		sk->__sk_common.skc_state == TCP_CLOSE_WAIT) &&
	       !bpf_map_lookup_elem(&listening, &port);
}

SEC("iter/task_file")
int old_files(struct bpf_iter__task_file *context)
{
	struct task_struct *task = context->task;
	struct file *file = context->file;
	struct process_state *process;
	struct socket_state *state;
	struct event_socket *event;
	struct socket *socket;
	struct sock *sk;

	if (!task || !file)
		return 0;
	socket = (struct socket *)bpf_sock_from_file(file);
	if (!socket || !socket->sk)
		return 0;
	sk = socket->sk;
	if (pass == 0) {
		__u32 port = sk->__sk_common.skc_num;
		__u8 one = 1;

		if (sk->__sk_common.skc_state == TCP_LISTEN &&
		    sk->__sk_common.skc_family != AF_UNIX)
			bpf_map_update_elem(&listening, &port, &one, BPF_ANY);
		return 0;
	}
	process = process_of(task);
	if (!process || !is_old_connection(sk))
		return 0;
	state = bpf_sk_storage_get(&sockets, sk, 0, 0);
	if (!state) {
		state = bpf_sk_storage_get(&sockets, sk, 0, BPF_SK_STORAGE_GET_F_CREATE);
		if (!state) {
			count_loss(EVENT_LOST_CONNECTION);
			return 0;
		}
		state->calls = OPENING_CALLS;
		state->is_old = 1;
	}
	/* Of those that hold it already the oldest stands for who has opened it. */
	if (state->is_old && (!state->opener || process->word >> 32 < state->opener >> 32))
		state->opener = process->word >> 32 << 32;
	process->flags |= PROCESS_CONNECTED;
	event = bpf_ringbuf_reserve(&events, sizeof *event, 0);
	if (!event) {
		count_loss(EVENT_LOST_CONNECTION);
		return 0;
	}
	fill_event(&event->event, task, EVENT_OLD, process->word, 0);
	fill_socket(event, sk, task);
	event->fd = context->fd;
	bpf_ringbuf_submit(event, 0);
	return 0;
}

/* --- questions -------------------------------------------------------------------------------- */

__s32 asked_thread;
__u64 asked_thread_pointer;

SEC("iter/task")
int look_at_thread(struct bpf_iter__task *context)
{
	struct task_struct *task = context->task;

	if (task && thread_number(task) == asked_thread)
		asked_thread_pointer = thread_pointer(task);
	return 0;
}

SEC("iter/task")
int look_at_self(struct bpf_iter__task *context)
{
	if (context->task)
		find_own_namespace();
	return 0;
}
