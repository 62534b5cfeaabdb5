/* SPDX-License-Identifier: MIT */
/*
 * See epoll.h.  The tables are private memory, copied by fork: a child finds in the tables the
 * instances and registrations that its ancestors made before.  A connection or an instance whose
 * place in its table another one took is not looked at: a miss.
 */
#include "track/epoll.h"

#include <errno.h>
#include <stdbool.h>
#include <sys/epoll.h>

#include "base/sys.h"
#include "base/text.h"
#include "options/options.h"
#include "report/finding.h"
#include "track/accessor.h"
#include "track/call.h"
#include "track/connection.h"
#include "track/epoll_left.h"
#include "track/use_parts.h"
#include "track/use_report.h"

/* Connections whose latest registration is remembered: more than an event loop has that goes
 * through a fork by mistake. */
#define REGISTRATIONS 1024

/* Where the kernel has a registration. */
enum place {
	IN_PLACE,
	TAKEN_OUT, /* by epoll_take_out() */
	REMOVED,   /* by the process that had registered; in a child's table, by the child */
};

/* The registration of a descriptor of the connection in slot `slot_plus_1` - 1; 0: free.
 * `slot_plus_1` is stored last. */
static struct registration {
	_Atomic uint32_t slot_plus_1;
	_Atomic uint32_t generation;
	_Atomic uint32_t serial; /* of the process that registered */
	_Atomic uint32_t stack;	 /* of that call */
	_Atomic int32_t epfd;	 /* the instance's number then */
	_Atomic int32_t fd;
	_Atomic uint32_t epoch; /* of that process at its latest EPOLL_CTL_ADD */
	_Atomic uint32_t events;
	_Atomic uint32_t place; /* enum place */
	_Atomic uint64_t data;
} registrations[REGISTRATIONS];

_Atomic uint32_t epoll_instances[EPOLL_INSTANCES];
_Atomic bool epoll_registered;

/* The process that made each instance: its serial; 0: this one, before it joined a session. */
static _Atomic uint32_t makers[EPOLL_INSTANCES];

/* The place for a registration. */
static struct registration *place_of(struct socket_slot slot, int epfd, int fd)
{
	return &registrations[(slot.n * 31 + (uint32_t)epfd * 7 + (uint32_t)fd) % REGISTRATIONS];
}

static bool is_of(const struct registration *registration, struct socket_slot slot)
{
	return load_acquire(&registration->slot_plus_1) == slot.n + 1 &&
	       load_relaxed(&registration->generation) == fdtable_generation(slot);
}

/* True when the registration was made by this process, after this process was forked. */
static bool is_own(const struct registration *registration, struct socket_slot slot, int fd)
{
	return is_of(registration, slot) && load_relaxed(&registration->fd) == fd &&
	       load_relaxed(&registration->serial) == process.lineage.self.serial.n;
}

static long control(int epfd, int operation, int fd, struct epoll_event *event)
{
	return sys_call(SYS_epoll_ctl, epfd, operation, fd, (long)(uintptr_t)event, 0, 0);
}

/* A registration of the connection by this process or an ancestor; NULL: none is known. */
static struct registration *find(struct socket_slot slot)
{
	for (size_t i = 0; i < REGISTRATIONS; i++)
		if (is_of(&registrations[i], slot))
			return &registrations[i];
	return NULL;
}

/* A stack is taken for the first registration of each connection in each process: some loops
 * register for every wait. */
static void note(struct registration *registration, struct socket_slot slot, int epfd, int fd)
{
	uint32_t self = process.lineage.self.serial.n;

	if (is_of(registration, slot) && load_relaxed(&registration->serial) == self &&
	    load_relaxed(&registration->epfd) == epfd && load_relaxed(&registration->fd) == fd)
		return;
	store_relaxed(&epoll_registered, true);
	store_release(&registration->slot_plus_1, 0);
	store_relaxed(&registration->epfd, epfd);
	store_relaxed(&registration->fd, fd);
	store_relaxed(&registration->place, IN_PLACE);
	store_relaxed(&registration->generation, fdtable_generation(slot));
	store_relaxed(&registration->serial, self);
	store_relaxed(&registration->stack, stack_take().n);
	store_release(&registration->slot_plus_1, slot.n + 1);
}

/* The process that relies on being woken: one that has used the connection since this process's
 * memory was copied, and still holds the connection.  NULL when there is no such process. */
static const struct registry_process *who_relies(struct registry_socket *socket,
						 struct socket_slot slot)
{
	struct lineage_use last = lineage_unpack(load_relaxed(&socket->last));
	const struct registry_process *user = registry_find_process(last.serial);

	if (!user || use_lineage(socket, last) != LINEAGE_VIOLATION)
		return NULL;
	return registry_process_holds(user, slot) ? user : NULL;
}

static struct track_call call_of(int fd, struct socket_slot slot)
{
	return (struct track_call){
		.fd = fd,
		.slot = slot,
		.socket = &registry_mapping->sockets[slot.n],
		.operation = OPERATION_epoll_ctl,
		.action = use_default_action(),
	};
}

static void report(const struct track_call *call, struct finding_cause cause, const char *sentence)
{
	struct registry_socket *socket = &registry_mapping->sockets[cause.slot.n];
	char bytes[USE_SENTENCE_BYTES];
	struct text text;

	cause.kind = KIND_SHARED_EPOLL;
	cause.this_use = accessor_stack(socket, FORKSAN_USE_STACKS_PER_PROCESS);
	text_init(&text, bytes, sizeof bytes);
	text_put_string(&text, sentence);
	if (call->action == ACTION_ABORTED)
		use_report_action(call, &text, &cause);
	cause.text = bytes;
	finding_report(&cause);
}

/* Judges the change or removal of an ancestor's registration.  A process that is not known to rely
 * on the registration finds the change at its next use (epoll_met()). */
static void judge(const struct registration *registration, int fd, struct socket_slot slot)
{
	struct registry_socket *socket = &registry_mapping->sockets[slot.n];
	const struct registry_process *other = who_relies(socket, slot);
	struct finding_cause cause = {
		.fd = fd,
		.slot = slot,
		.operation = OPERATION_epoll_ctl,
		.other_use = {load_relaxed(&registration->stack)},
	};
	struct track_call call = call_of(fd, slot);

	accessor_stack(socket, FORKSAN_USE_STACKS_PER_PROCESS);
	if (!other) {
		store_relaxed(&socket->unpolled_by, process.lineage.self.serial.n);
		return;
	}
	cause.other_serial = registry_process_serial(other);
	report(&call, cause,
	       "this process changed or removed the registration that was made before its "
	       "fork, on an epoll instance that both share: the other process is not woken "
	       "any more as it was");
	if (options.mode == MODE_STRICT)
		use_stop(&call);
	/* The other process puts the registration back when it uses the connection next. */
	if (options_isolate())
		store_relaxed(&socket->unpolled_by, process.lineage.self.serial.n);
}

/* Puts this process's registrations of the connection back as this process has made them.  A
 * registration that is armed for one event (EPOLLONESHOT) is not armed anew where it stands. */
static void restore(struct socket_slot slot)
{
	for (size_t i = 0; i < REGISTRATIONS; i++) {
		struct registration *registration = &registrations[i];
		int epfd = load_relaxed(&registration->epfd), fd = load_relaxed(&registration->fd);
		struct epoll_event event = {.events = load_relaxed(&registration->events),
					    .data.u64 = load_relaxed(&registration->data)};

		if (is_own(registration, slot, fd) &&
		    load_relaxed(&registration->place) == IN_PLACE && epoll_is_instance(epfd) &&
		    fdtable_lookup(fd).n == socket_ref_of(slot).n &&
		    control(epfd, EPOLL_CTL_ADD, fd, &event) == -EEXIST &&
		    (event.events & EPOLLONESHOT) == 0)
			control(epfd, EPOLL_CTL_MOD, fd, &event);
	}
}

bool epoll_met(const struct track_call *call, int64_t moved)
{
	struct registry_socket *socket = call->socket;
	struct serial changer = {load_relaxed(&socket->unpolled_by)};
	struct finding_cause cause = {
		.fd = call->fd,
		.slot = call->slot,
		.operation = call->operation,
		.bytes = moved,
		.message = call->message,
		.other_serial = changer,
		.needed = true,
	};

	if (likely(changer.n == 0) || serial_is(changer, process.lineage.self.serial) ||
	    !find(call->slot))
		return false;
	/* Most likely the ancestor changed the registration before the fork, so this process
	 * knows. */
	for (uint32_t i = 0; i < process.lineage.ancestor_count; i++)
		if (serial_is(process.lineage.ancestors[i].serial, changer))
			return false;
	store_relaxed(&socket->unpolled_by, 0);
	if (options_isolate())
		restore(call->slot);
	cause.other_use = accessor_latest_stack(socket, changer);
	report(call, cause,
	       options_isolate()
		       ? "this process goes on with the connection, but the other has changed or "
			 "removed its registration on an epoll instance that both share; isolate "
			 "mode has put the registration back"
		       : "this process goes on with the connection, but the other has changed or "
			 "removed its registration on an epoll instance that both share: this "
			 "process is not woken any more as it was");
	return true;
}

/* --- instances ------------------------------------------------------------------------------- */

/* False in a vfork child, and in a process that is not watched.  A process that has not joined a
 * session yet has no serial, and notes its instances under 0. */
static bool owns_table(void)
{
	return (!registry_get() || process_enter()) && !process_is_vfork_child();
}

void track_epoll_made(int epfd)
{
	unsigned place = (unsigned)epfd % EPOLL_INSTANCES;
	int saved_errno = errno;

	if (epfd >= 0 && owns_table()) {
		store_relaxed(&makers[place], process.lineage.self.serial.n);
		store_release(&epoll_instances[place], (uint32_t)epfd + 1);
	}
	errno = saved_errno;
}

void track_epoll_joined(void)
{
	for (unsigned i = 0; i < EPOLL_INSTANCES; i++)
		if (load_relaxed(&makers[i]) == 0)
			store_relaxed(&makers[i], process.lineage.self.serial.n);
}

void track_epoll_forget(int epfd)
{
	int saved_errno = errno;

	if (owns_table())
		store_relaxed(&epoll_instances[(unsigned)epfd % EPOLL_INSTANCES], 0);
	errno = saved_errno;
}

void track_epoll_closing_range(unsigned first, unsigned last)
{
	for (unsigned i = 0; i < EPOLL_INSTANCES; i++) {
		uint32_t number = load_relaxed(&epoll_instances[i]);

		if (number > first && number - 1 <= last)
			track_epoll_forget((int)number - 1);
	}
}

/* inherited-epoll: `registration` was made by an ancestor that still holds the connection. */
static void report_use(const struct registration *registration, enum operation operation)
{
	struct socket_slot slot = {load_acquire(&registration->slot_plus_1) - 1};
	struct serial serial = {load_relaxed(&registration->serial)};
	const struct registry_process *other = registry_find_process(serial);
	struct finding_cause cause = {
		.kind = KIND_INHERITED_EPOLL,
		.slot = slot,
		.operation = operation,
		.other_serial = serial,
		.other_use = {load_relaxed(&registration->stack)},
		.text = "this process uses an epoll instance from before its fork, on which the "
			"other process waits for the connection: the kernel may wake either",
	};

	if (serial_is(serial, process.lineage.self.serial) || !is_of(registration, slot) ||
	    !other || !registry_process_holds(other, slot))
		return;
	cause.fd = fdtable_find(slot);
	if (cause.fd < 0 || !track_is_still(cause.fd, slot))
		return;
	cause.this_use = stack_take();
	finding_report(&cause);
}

/* True for the instance in that place when this process has made it.  False in a new process that
 * has not entered: `process` still is its parent's there. */
static bool is_made_here(unsigned place)
{
	return process_mine() != 0 && load_relaxed(&makers[place]) == process.lineage.self.serial.n;
}

/* An event loop comes here for each wait, and makes no system call for its own instance. */
void track_epoll_used(int epfd, enum operation operation)
{
	unsigned place = (unsigned)epfd % EPOLL_INSTANCES;
	uint64_t bit = UINT64_C(1) << place;
	int saved_errno = errno;

	if (!epoll_is_instance(epfd) || (load_relaxed(&wiped.track.polled) & bit) != 0 ||
	    is_made_here(place) || !process_enter_own() ||
	    (fetch_or_relaxed(&wiped.track.polled, bit) & bit) != 0)
		goto out;
	for (size_t i = 0; i < REGISTRATIONS; i++)
		if (load_acquire(&registrations[i].slot_plus_1) != 0 &&
		    load_relaxed(&registrations[i].epfd) == epfd)
			report_use(&registrations[i], operation);
out:
	errno = saved_errno;
}

/* --- registrations --------------------------------------------------------------------------- */

/* True for an own registration that no child of this process has inherited: this process has not
 * forked since.  A child that keeps the connection may rely on an inherited one. */
static bool is_unshared(const struct registration *registration, struct socket_slot slot, int fd)
{
	return is_own(registration, slot, fd) &&
	       load_relaxed(&registration->epoch) == lineage_unpack(process_mine()).epoch;
}

void epoll_take_out(struct socket_slot slot, int fd)
{
	for (size_t i = 0; i < REGISTRATIONS; i++) {
		struct registration *registration = &registrations[i];

		if (is_unshared(registration, slot, fd) &&
		    control(load_relaxed(&registration->epfd), EPOLL_CTL_DEL, fd, NULL) == 0)
			store_relaxed(&registration->place, TAKEN_OUT);
	}
}

void epoll_put_back(struct socket_slot slot, int fd)
{
	for (size_t i = 0; i < REGISTRATIONS; i++) {
		struct registration *registration = &registrations[i];
		struct epoll_event event;

		if (!is_unshared(registration, slot, fd) ||
		    load_relaxed(&registration->place) != TAKEN_OUT)
			continue;
		event.events = load_relaxed(&registration->events);
		event.data.u64 = load_relaxed(&registration->data);
		control(load_relaxed(&registration->epfd), EPOLL_CTL_ADD, fd, &event);
		store_relaxed(&registration->place, IN_PLACE);
	}
}

void epoll_leave(struct socket_slot slot, int fd)
{
	for (size_t i = 0; i < REGISTRATIONS; i++) {
		const struct registration *registration = &registrations[i];
		int epfd = load_relaxed(&registration->epfd);
		struct epoll_event event = {.events = load_relaxed(&registration->events),
					    .data.u64 = load_relaxed(&registration->data)};

		if (is_of(registration, slot) && load_relaxed(&registration->fd) == fd &&
		    load_relaxed(&registration->place) == IN_PLACE && epoll_is_instance(epfd) &&
		    !is_unshared(registration, slot, fd))
			epoll_left_note(epfd, fd, &event);
	}
}

/* True when the descriptor was registered on the instance by an ancestor, before the fork, and the
 * instance still is that one. */
static bool is_inherited(const struct registration *registration, int epfd, int fd,
			 struct socket_slot slot)
{
	uint32_t self = process.lineage.self.serial.n;

	return is_of(registration, slot) && load_relaxed(&registration->epfd) == epfd &&
	       load_relaxed(&registration->fd) == fd &&
	       load_relaxed(&registration->serial) != self && epoll_is_instance(epfd) &&
	       load_relaxed(&makers[(unsigned)epfd % EPOLL_INSTANCES]) != self;
}

bool track_unpolls(int epfd, int fd, struct socket_ref ref)
{
	struct socket_slot slot = socket_ref_slot(ref);
	struct registration *registration = place_of(slot, epfd, fd);
	const struct registry_process *other = NULL;
	int saved_errno = errno;

	if (options_isolate() && process_enter() && is_inherited(registration, epfd, fd, slot) &&
	    !process_is_vfork_child() && track_is_still(fd, slot))
		other = who_relies(track_socket(ref), slot);
	if (other) {
		struct track_call call = call_of(fd, slot);

		report(&call,
		       (struct finding_cause){
			       .fd = fd,
			       .slot = slot,
			       .operation = OPERATION_epoll_ctl,
			       .action = ACTION_HELD_BACK,
			       .other_use = {load_relaxed(&registration->stack)},
			       .other_serial = registry_process_serial(other),
		       },
		       "this process removes the registration that was made before its fork, on "
		       "an epoll instance that both share; isolate mode keeps the registration, "
		       "and the other process is woken as it was");
		store_relaxed(&registration->place, REMOVED);
	}
	errno = saved_errno;
	return !other;
}

/* True when the caller may note a change of the registration: it is this process, and no vfork
 * child of it.  An event loop changes its own registrations all the time, and nobody asks the
 * kernel then: a vfork child that changes such a registration changes what both have. */
static bool may_note(const struct registration *registration, int epfd, int fd,
		     struct socket_slot slot)
{
	if (process_mine() != 0 && is_own(registration, slot, fd) &&
	    load_relaxed(&registration->epfd) == epfd)
		return process_enter();
	return process_enter_own();
}

void track_polled(int epfd, int operation, int fd, struct socket_ref ref,
		  const struct epoll_event *event)
{
	struct socket_slot slot = socket_ref_slot(ref);
	struct registration *registration = place_of(slot, epfd, fd);
	int saved_errno = errno;

	if (!may_note(registration, epfd, fd, slot))
		goto out;
	if (operation == EPOLL_CTL_ADD) {
		track_epoll_used(epfd, OPERATION_epoll_ctl);
		note(registration, slot, epfd, fd);
		store_relaxed(&registration->epoch, lineage_unpack(process_mine()).epoch);
		store_relaxed(&track_socket(ref)->unpolled_by, 0);
	}
	if (is_own(registration, slot, fd)) {
		store_relaxed(&registration->place,
			      operation == EPOLL_CTL_DEL ? REMOVED : IN_PLACE);
		/* The kernel has read the event. */
		if (operation != EPOLL_CTL_DEL) {
			store_relaxed(&registration->events, event->events);
			store_relaxed(&registration->data, event->data.u64);
		}
		goto out;
	}
	if (is_inherited(registration, epfd, fd, slot)) {
		store_relaxed(&registration->place,
			      operation == EPOLL_CTL_DEL ? REMOVED : IN_PLACE);
		if (operation == EPOLL_CTL_MOD) {
			store_relaxed(&registration->events, event->events);
			store_relaxed(&registration->data, event->data.u64);
		}
	}
	if (!is_of(registration, slot))
		registration = find(slot);
	if (operation != EPOLL_CTL_ADD && registration &&
	    load_relaxed(&registration->serial) != process.lineage.self.serial.n &&
	    track_is_still(fd, slot))
		judge(registration, fd, slot);
out:
	errno = saved_errno;
}
