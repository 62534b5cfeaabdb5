/* SPDX-License-Identifier: MIT */
/* See hooks.h. */
#include "watcher/hooks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

static struct hook {
	const char *program; /* in forksan.bpf.c */
	enum hook_set set;
	bool needed; /* without it its set is of no use */
	int error;   /* the errno for which it was given up; ESRCH: the kernel has no such hook */
} hooks[] = {
	{"on_fork", HOOK_PROCESS, true, 0},
	{"on_exec", HOOK_PROCESS, true, 0},
	{"on_exit", HOOK_PROCESS, true, 0},
	{"on_send", HOOK_TRACEPOINT, true, 0},
	{"on_recv", HOOK_TRACEPOINT, true, 0},
	{"after_send", HOOK_WITNESS, true, 0},
	{"after_recv", HOOK_WITNESS, true, 0},
	{"after_state", HOOK_WITNESS, true, 0},
	{"on_inet_send", HOOK_FUNCTION, true, 0},
	{"on_inet_recv", HOOK_FUNCTION, true, 0},
	{"on_inet6_send", HOOK_FUNCTION, false, 0},
	{"on_inet6_recv", HOOK_FUNCTION, false, 0},
	{"on_unix_send", HOOK_FUNCTION, false, 0},
	{"on_unix_recv", HOOK_FUNCTION, false, 0},
	{"on_seqpacket_send", HOOK_FUNCTION, false, 0},
	{"on_seqpacket_recv", HOOK_FUNCTION, false, 0},
	{"on_inet_sendpage", HOOK_SENDPAGE, true, 0},
	{"on_unix_sendpage", HOOK_SENDPAGE, false, 0},
	{"on_tcp_splice", HOOK_SPLICE, true, 0},
	{"on_unix_splice", HOOK_SPLICE, false, 0},
	{"gate_send", HOOK_GATE, true, 0},
	{"gate_recv", HOOK_GATE, true, 0},
};

#define HOOKS (sizeof hooks / sizeof hooks[0])

static bool is_gate_wanted;

int hooks_error(enum hook_set set)
{
	for (size_t i = 0; i < HOOKS; i++)
		if (hooks[i].set == set && hooks[i].needed && hooks[i].error != 0)
			return hooks[i].error;
	return 0;
}

/* Before Linux 7.0 the programs at a tracepoint run with preemption off, and none of these is
 * passed over: a witness would cost everybody's calls for nothing. */
static bool may_be_passed_over(void)
{
	struct utsname name;
	unsigned major;

	return uname(&name) != 0 || sscanf(name.release, "%u", &major) != 1 || major >= 7;
}

bool hooks_have_witness(void)
{
	return hooks_error(HOOK_WITNESS) == 0 && hooks_error(HOOK_TRACEPOINT) == 0 &&
	       may_be_passed_over();
}

static bool is_wanted(const struct hook *hook)
{
	if (hook->set == HOOK_FUNCTION && hooks_error(HOOK_TRACEPOINT) == 0)
		return false;
	if (hook->set == HOOK_WITNESS && !hooks_have_witness())
		return false;
	if (hook->set == HOOK_GATE && !is_gate_wanted)
		return false;
	return hook->error == 0 && hooks_error(hook->set) == 0;
}

void hooks_choose(struct bpf_object *programs, bool strict)
{
	is_gate_wanted = strict;
	for (size_t i = 0; i < HOOKS; i++)
		bpf_program__set_autoload(
			bpf_object__find_program_by_name(programs, hooks[i].program),
			is_wanted(&hooks[i]));
}

/* The program that libbpf names: "libbpf: prog 'NAME': ..."; NULL: none of these. */
static struct hook *find_named(const char *complaint)
{
	const char *name = strstr(complaint, "prog '");
	char found[64];

	if (!name || sscanf(name, "prog '%63[^']'", found) != 1)
		return NULL;
	for (size_t i = 0; i < HOOKS; i++)
		if (strcmp(hooks[i].program, found) == 0)
			return &hooks[i];
	return NULL;
}

bool hooks_are_named(const char *complaint)
{
	return find_named(complaint) != NULL;
}

/* The kernel has no function of that name.  Without CAP_SYS_ADMIN libbpf may not look for it in the
 * modules, and says EPERM. */
static bool is_absent(const char *complaint, int error)
{
	return error == ESRCH || strstr(complaint, "failed to find kernel BTF type ID") != NULL;
}

/* Trampolines: where one is refused, all are. */
static bool is_added(const struct hook *hook)
{
	return hook->set == HOOK_SENDPAGE || hook->set == HOOK_SPLICE;
}

bool hooks_give_up(const char *complaint, int error)
{
	struct hook *hook = find_named(complaint);
	bool is_of_all;

	if (!hook || !is_wanted(hook))
		return false;
	is_of_all = is_added(hook) && !is_absent(complaint, error);
	hook->error = is_absent(complaint, error) ? ESRCH : error;
	for (size_t i = 0; is_of_all && i < HOOKS; i++)
		if (is_added(&hooks[i]) && hooks[i].error == 0)
			hooks[i].error = error;
	return hooks_error(HOOK_FUNCTION) == 0 && hooks_error(HOOK_PROCESS) == 0;
}

uint64_t hooks_missed(struct bpf_object *programs, bool processes)
{
	uint64_t missed = 0;

	for (size_t i = 0; i < HOOKS; i++) {
		struct bpf_prog_info info = {0};
		uint32_t size = sizeof info;

		if (is_wanted(&hooks[i]) && hooks[i].set != HOOK_WITNESS &&
		    (hooks[i].set == HOOK_PROCESS) == processes &&
		    bpf_obj_get_info_by_fd(bpf_program__fd(bpf_object__find_program_by_name(
						   programs, hooks[i].program)),
					   &info, &size) == 0)
			missed += info.recursion_misses;
	}
	return missed;
}
