/* SPDX-License-Identifier: MIT */
/*
 * See site_rule.h.
 */
#include "common/site_rule.h"

#include <string.h>

#include "common/own_code.h"

void site_rule_begin(struct site_rule *rule)
{
	for (size_t i = 0; i < SITE_CANDIDATES; i++)
		rule->found[i] = SITE_NONE;
	rule->own_outer = SITE_NONE;
	rule->launcher_carries = false;
}

static bool has(const struct site_rule *rule, enum site_candidate candidate)
{
	return rule->found[candidate] != SITE_NONE;
}

static void take(struct site_rule *rule, enum site_candidate candidate, uint32_t index)
{
	if (!has(rule, candidate))
		rule->found[candidate] = index;
}

void site_rule_add(struct site_rule *rule, uint32_t index, const char *file, size_t len)
{
	take(rule, SITE_INTERPRETED, index);
	if (file == NULL || len == 0)
		return;
	if (file[0] == '/')
		take(rule, SITE_WITH_FILE, index);
	if (own_code_is_file(file, len)) {
		take(rule, SITE_OWN, index);
		rule->own_outer = index;
	} else if (own_code_is_launcher(file, len)) {
		if (!has(rule, SITE_LAUNCHER))
			rule->launcher_carries = own_code_is_carrier(file, len);
		take(rule, SITE_LAUNCHER, index);
	} else if (own_code_is_package(file, len)) {
		take(rule, SITE_PACKAGE, index);
		if (!own_code_is_carrier(file, len))
			rule->found[SITE_PACKAGE_OUTER] = index;
	}
}

bool site_rule_wants_name(const struct site_rule *rule, const char *module, size_t len)
{
	if (has(rule, SITE_INTERPRETED) || has(rule, SITE_MODULE) || module == NULL)
		return false;
	switch (own_code_rank_of(module, len)) {
	case OWN_CODE_PROGRAM:
		return !has(rule, SITE_PROGRAM_NAMED);
	case OWN_CODE_LIBRARY:
		return !has(rule, SITE_LIBRARY_NAMED);
	case OWN_CODE_MODULE:
		return true;
	case OWN_CODE_INTERPRETER:
	case OWN_CODE_MACHINERY:
		break;
	}
	return false;
}

void site_rule_add_native(struct site_rule *rule, uint32_t index, const char *module, size_t len,
			  const char *name)
{
	bool has_name = name != NULL;

	if (module == NULL)
		return;
	if (has_name && own_code_is_go_library(name)) {
		take(rule, SITE_INTERPRETER, index);
		return;
	}
	switch (own_code_rank_of(module, len)) {
	case OWN_CODE_MODULE:
		take(rule, SITE_MODULE, index);
		if (!has(rule, SITE_INTERPRETED))
			rule->own_outer = index;
		break;
	case OWN_CODE_PROGRAM:
		take(rule, SITE_PROGRAM, index);
		if (has_name)
			take(rule, SITE_PROGRAM_NAMED, index);
		break;
	case OWN_CODE_LIBRARY:
		take(rule, SITE_LIBRARY, index);
		rule->found[SITE_LIBRARY_OUTER] = index;
		if (has_name)
			take(rule, SITE_LIBRARY_NAMED, index);
		break;
	case OWN_CODE_INTERPRETER:
		take(rule, SITE_INTERPRETER, index);
		break;
	case OWN_CODE_MACHINERY:
		break;
	}
}

static uint32_t first_of(const struct site_rule *rule, const enum site_candidate *order,
			 size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (has(rule, order[i]))
			return rule->found[order[i]];
	return SITE_NONE;
}

#define FIRST_OF(rule, order) first_of(rule, order, sizeof(order) / sizeof((order)[0]))

uint32_t site_rule_choose(const struct site_rule *rule, bool is_fork, bool at_exit)
{
	static const enum site_candidate fork[] = {SITE_OWN, SITE_PACKAGE, SITE_LAUNCHER,
						   SITE_WITH_FILE, SITE_INTERPRETED};
	static const enum site_candidate script[] = {SITE_OWN, SITE_LAUNCHER};
	static const enum site_candidate use[] = {SITE_OWN, SITE_PACKAGE_OUTER, SITE_LAUNCHER,
						  SITE_WITH_FILE, SITE_INTERPRETED};
	static const enum site_candidate native[] = {SITE_MODULE,	 SITE_PROGRAM_NAMED,
						     SITE_LIBRARY_NAMED, SITE_PROGRAM,
						     SITE_LIBRARY,	 SITE_INTERPRETER};
	static const enum site_candidate ending[] = {
		SITE_MODULE, SITE_LIBRARY_NAMED, SITE_LIBRARY_OUTER, SITE_PROGRAM, SITE_INTERPRETER,
	};

	if (!has(rule, SITE_INTERPRETED))
		return at_exit ? FIRST_OF(rule, ending) : FIRST_OF(rule, native);
	if (is_fork)
		return FIRST_OF(rule, fork);
	if (has(rule, SITE_LAUNCHER) && !rule->launcher_carries)
		return FIRST_OF(rule, script);
	return FIRST_OF(rule, use);
}

bool site_rule_is_own(const struct site_rule *rule, uint32_t index)
{
	if (index == SITE_NONE)
		return false;
	return index == rule->found[SITE_OWN] || index == rule->found[SITE_MODULE] ||
	       index == rule->found[SITE_LAUNCHER];
}

bool site_rule_ends_process(const char *function)
{
	static const char *const functions[] = {
		"exit",		 "__run_exit_handlers",	 "_dl_fini",	 "__cxa_finalize",
		"Py_FinalizeEx", "php_request_shutdown", "ruby_cleanup", "rb_ec_teardown",
		"perl_destruct", "Perl_sv_clean_all",
	};

	for (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
		if (strcmp(function, functions[i]) == 0)
			return true;
	return false;
}
