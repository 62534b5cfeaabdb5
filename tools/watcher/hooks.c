/* SPDX-License-Identifier: MIT */
/* See hooks.h. */
#include "watcher/hooks.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* Uses are told by the tracepoints, or else by the functions.  sendpage and splice are added to
 * either: what passes only by them is not seen where they are refused.  The gate refuses calls. */
enum hook_set { HOOK_TRACEPOINT, HOOK_FUNCTION, HOOK_SENDPAGE, HOOK_SPLICE, HOOK_GATE };

static struct hook {
	const char *program; /* in forksan.bpf.c */
	enum hook_set set;
	bool needed; /* without it its set is of no use */
	bool given_up;
} hooks[] = {
	{"on_send", HOOK_TRACEPOINT, true, false},
	{"on_recv", HOOK_TRACEPOINT, true, false},
	{"on_inet_send", HOOK_FUNCTION, true, false},
	{"on_inet_recv", HOOK_FUNCTION, true, false},
	{"on_inet6_send", HOOK_FUNCTION, false, false},
	{"on_inet6_recv", HOOK_FUNCTION, false, false},
	{"on_unix_send", HOOK_FUNCTION, false, false},
	{"on_unix_recv", HOOK_FUNCTION, false, false},
	{"on_seqpacket_send", HOOK_FUNCTION, false, false},
	{"on_seqpacket_recv", HOOK_FUNCTION, false, false},
	{"on_inet_sendpage", HOOK_SENDPAGE, true, false},
	{"on_unix_sendpage", HOOK_SENDPAGE, false, false},
	{"on_tcp_splice", HOOK_SPLICE, true, false},
	{"on_unix_splice", HOOK_SPLICE, false, false},
	{"gate_send", HOOK_GATE, true, false},
	{"gate_recv", HOOK_GATE, true, false},
};

#define HOOKS (sizeof hooks / sizeof hooks[0])

static bool is_gate_wanted;
static int gate_error;

static bool is_given_up(enum hook_set set)
{
	for (size_t i = 0; i < HOOKS; i++)
		if (hooks[i].set == set && hooks[i].needed && hooks[i].given_up)
			return true;
	return false;
}

static bool is_wanted(const struct hook *hook)
{
	if (hook->set == HOOK_FUNCTION && !is_given_up(HOOK_TRACEPOINT))
		return false;
	if (hook->set == HOOK_GATE && !is_gate_wanted)
		return false;
	return !hook->given_up && !is_given_up(hook->set);
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

	if (!hook || !is_wanted(hook))
		return false;
	hook->given_up = true;
	if (hook->set == HOOK_GATE)
		gate_error = error;
	for (size_t i = 0; !is_absent(complaint, error) && is_added(hook) && i < HOOKS; i++)
		hooks[i].given_up |= is_added(&hooks[i]);
	return !is_given_up(HOOK_FUNCTION);
}

int hooks_strict_error(void)
{
	return gate_error;
}

uint64_t hooks_missed(struct bpf_object *programs)
{
	uint64_t missed = 0;

	for (size_t i = 0; i < HOOKS; i++) {
		struct bpf_prog_info info = {0};
		uint32_t size = sizeof info;

		if (is_wanted(&hooks[i]) &&
		    bpf_obj_get_info_by_fd(bpf_program__fd(bpf_object__find_program_by_name(
						   programs, hooks[i].program)),
					   &info, &size) == 0)
			missed += info.recursion_misses;
	}
	return missed;
}
