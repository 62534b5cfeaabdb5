/* SPDX-License-Identifier: MIT */
/*
 * Gathers a finding from the registry and has the record written.
 *
 * A record is written when the count of a finding reaches a milestone: 1, 10, 100, ... (see
 * finding_count.h).  A loop of violations costs a line for each power of ten, whichever processes
 * are in the loop.
 */
#include "report/finding.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "report/finding_count.h"
#include "process/label.h"
#include "options/options.h"
#include "process/process.h"
#include "registry/registry.h"
#include "report/report.h"
#include "report/site.h"
#include "report/suppress.h"
#include "base/side_stack.h"
#include "base/sys.h"
#include "common/names.h"
#include "wire/tls_hello.h"

/* As far up as the registry still has the processes; no line has more of them than the registry. */
static bool descends_from(const struct registry_process *process_, struct serial ancestor)
{
	for (int depth = 0; process_ && depth < FORKSAN_MAX_PROCESSES; depth++) {
		if (serial_is(process_->parent_serial, ancestor))
			return true;
		process_ = registry_find_process(process_->parent_serial);
	}
	return false;
}

enum relation finding_relation(const struct registry_process *other)
{
	const struct lineage_process *self = &process.lineage;
	struct serial serial = registry_process_serial(other);

	if (serial_is(other->parent_serial, self->self.serial))
		return RELATION_CHILD;
	for (uint32_t i = 0; i < self->ancestor_count; i++)
		if (serial_is(self->ancestors[i].serial, serial))
			return i == 0 ? RELATION_PARENT : RELATION_ANCESTOR;
	if (self->ancestors_forgotten && descends_from(process.shared, serial))
		return RELATION_ANCESTOR;
	if (self->ancestor_count > 0 && serial_is(other->parent_serial, self->ancestors[0].serial))
		return RELATION_SIBLING;
	if (descends_from(other, self->self.serial))
		return RELATION_DESCENDANT;
	for (uint32_t i = 0; i < self->ancestor_count; i++)
		if (descends_from(other, self->ancestors[i].serial))
			return RELATION_RELATIVE;
	return RELATION_UNRELATED;
}

static void fill_reporter(struct finding_process *reporter)
{
	reporter->pid = process.pid;
	reporter->ppid = process_parent_pid();
	reporter->relation = RELATION_NONE;
	reporter->alive = true;
	process_name(reporter->comm);
}

static void fill_other(struct finding_process *out, const struct registry_process *other)
{
	out->pid = load_relaxed(&other->pid);
	out->ppid = other->parent_pid;
	memcpy(out->comm, other->comm, sizeof out->comm);
	out->comm[sizeof out->comm - 1] = '\0';
	out->relation = finding_relation(other);
	out->alive = registry_process_alive(other);
}

static void fill_connection(struct finding *finding, const struct finding_cause *cause)
{
	const struct registry_socket *socket = &registry_mapping->sockets[cause->slot.n];
	struct tls_hello hello;

	finding->slot = cause->slot;
	if (cause->local) {
		finding->local = *cause->local;
		finding->local_len = cause->local_len_bytes;
	} else {
		finding->local_len = process_local_address(cause->fd, &finding->local);
	}
	memcpy(&hello, socket->tls_hello, sizeof hello);
	tls_hello_server_name(&hello, finding->server_name);
	for (int i = 0; i < FORKSAN_MAX_USERS; i++)
		finding->isolated += load_relaxed(&socket->users[i].isolated);
	label_get(cause->slot, finding->label);
	finding->fd = cause->fd;
	finding->opened_by = socket->opener_pid;
	finding->opened_at_ns = socket->opened_realtime_ns;
	finding->open_before = (load_relaxed(&socket->flags) & SOCKET_OPEN_BEFORE) != 0;
}

/* Returns the process that was made by the fork that put the connection into two processes: of
 * parent and child the child; between siblings the reporter. */
static const struct registry_process *child_of_fork(const struct registry_process *other)
{
	if (other && serial_is(other->parent_serial, process.lineage.self.serial))
		return other;
	return process.shared;
}

static enum registry_counter level_counter(enum kind kind)
{
	static const enum level levels[KIND_COUNT] = {
#define LEVEL_OF(id, name, level) level,
		FORKSAN_KINDS(LEVEL_OF)
#undef LEVEL_OF
	};

	switch (levels[kind]) {
	case LEVEL_NOTICE:
		return COUNT_NOTICES;
	case LEVEL_HAZARD:
		return COUNT_HAZARDS;
	case LEVEL_VIOLATION:
	case LEVEL_COUNT:
		break;
	}
	return COUNT_VIOLATIONS;
}

/* The argument of write_finding(). */
struct new_finding {
	const struct finding_cause *cause;
	const struct registry_process *other;
	struct finding_count count;
	const struct registry_process *child; /* of the fork */
	struct stack_id forked;
	bool suppressed;
	uint64_t sites;
};

/* Fills what says whose finding it is: the kind, the connection's peer and the stacks. */
static void fill_known(struct finding *finding, const struct new_finding *new)
{
	const struct finding_cause *cause = new->cause;
	const struct registry_socket *socket = &registry_mapping->sockets[cause->slot.n];

	finding->kind = cause->kind;
	finding->cookie = socket->cookie;
	finding->protocol = registry_socket_protocol(socket);
	finding->peer_len = registry_socket_peer(socket, (uint8_t *)&finding->peer);
	finding->stacks[FINDING_STACK_OPENED].n = socket->opened_stack;
	finding->stacks[FINDING_STACK_FORKED] = new->forked;
	finding->stacks[FINDING_STACK_OTHER_USE] = cause->other_use;
	finding->stacks[FINDING_STACK_THIS_USE] = cause->this_use;
}

/* Gathers and reports one finding, on a side stack (base/side_stack.h) with signals blocked. */
static void write_finding(void *argument)
{
	const struct new_finding *new = argument;
	const struct finding_cause *cause = new->cause;
	struct finding finding;

	memset(&finding, 0, sizeof finding);
	fill_known(&finding, new);
	finding.id = new->count.id;
	finding.merge = new->count.merge;
	finding.time_ns = sys_clock_ns(CLOCK_REALTIME);
	finding.repeat = new->count.repeat;
	finding.session = registry_session();
	fill_reporter(&finding.reporter);
	if (new->other)
		fill_other(&finding.other, new->other);
	fill_connection(&finding, cause);
	finding.operation = operation_name(cause->operation);
	finding.operation_bytes = cause->bytes;
	finding.message = cause->message;
	finding.text = cause->text;
	finding.likely = cause->likely;
	finding.needed = cause->needed;
	finding.basis = cause->basis;
	finding.action = cause->action;
	finding.threads = load_relaxed(&new->child->parent_threads);
	if (new->count.repeat == 1)
		registry_count(level_counter(cause->kind));
	finding_count_name(&new->count, cause, site_fingerprint(registry_mapping, &finding),
			   site_places(registry_mapping, &finding));
	if (report_finding(registry_mapping, &finding) != 0)
		registry_count(LOST_REPORTS);
}

static void ask_suppressions(void *argument)
{
	struct new_finding *new = argument;
	struct finding finding;

	memset(&finding, 0, sizeof finding);
	fill_known(&finding, new);
	new->suppressed = suppress_fits(registry_mapping, &finding);
}

static void ask_sites(void *argument)
{
	struct new_finding *new = argument;
	struct finding finding;

	memset(&finding, 0, sizeof finding);
	fill_known(&finding, new);
	new->sites = site_places(registry_mapping, &finding);
}

static uint64_t sites_of(const struct finding_cause *cause, struct stack_id forked)
{
	struct new_finding new = {.cause = cause, .forked = forked};

	side_stack_run(ask_sites, &new);
	return new.sites;
}

/* True when suppressions= has the finding.  What strict or isolate mode does to the process is
 * never done without a word. */
static bool is_suppressed(struct new_finding *new, bool violation)
{
	if (!suppress_has_entries() ||
	    (options_judge_first() && (violation || new->cause->action != ACTION_REPORTED)))
		return false;
	side_stack_run(ask_suppressions, new);
	return new->suppressed;
}

void finding_report(const struct finding_cause *cause)
{
	bool violation = kind_level(cause->kind) == LEVEL_VIOLATION;
	struct new_finding new = {.cause = cause};
	int saved_errno = errno;

	/* Also a connection that its new holder has never used. */
	registry_mark_inherited(&registry_mapping->sockets[cause->slot.n]);
	new.other = registry_find_process(cause->other_serial);
	new.child = child_of_fork(new.other);
	new.forked.n = load_relaxed(&new.child->fork_stack);
	if (is_suppressed(&new, violation)) {
		registry_count(COUNT_SUPPRESSED);
		errno = saved_errno;
		return;
	}
	new.count = finding_count(cause, new.forked, sites_of);
	if (violation) {
		registry_count(COUNT_VIOLATIONS_SEEN);
		process_note_violation();
	}
	if (!finding_is_milestone(new.count.repeat) ||
	    (cause->is_still && !cause->is_still(cause->fd, cause->slot)))
		return;
	side_stack_run(write_finding, &new);
	errno = saved_errno;
}
