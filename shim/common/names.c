/* SPDX-License-Identifier: MIT */
/*
 * Names of kinds, levels, relations, languages and counters.  See names.h.
 */
#include "common/names.h"

#include <stddef.h>

#define NAME_2(id, name) [id] = (name),
#define NAME_3(id, name, extra) [id] = (name),
#define EXTRA_3(id, name, extra) [id] = (extra),

static const char *const kinds[] = {FORKSAN_KINDS(NAME_3)};
static const enum level levels_of_kinds[] = {FORKSAN_KINDS(EXTRA_3)};
static const char *const levels[] = {FORKSAN_LEVELS(NAME_2)};
static const char *const actions[] = {FORKSAN_ACTIONS(NAME_2)};
static const char *const relations[] = {FORKSAN_RELATIONS(NAME_2)};
static const char *const languages[] = {FORKSAN_LANGUAGES(NAME_2)};
static const char *const counters[] = {FORKSAN_COUNTERS(NAME_3)};
static const char *const sentences[] = {FORKSAN_COUNTERS(EXTRA_3)};

static const char *name_of(const char *const names[], size_t count, size_t value)
{
	return value < count ? names[value] : "unknown";
}

const char *kind_name(enum kind kind)
{
	return name_of(kinds, KIND_COUNT, kind);
}

enum level kind_level(enum kind kind)
{
	return kind < KIND_COUNT ? levels_of_kinds[kind] : LEVEL_VIOLATION;
}

const char *level_name(enum level level)
{
	return name_of(levels, LEVEL_COUNT, level);
}

const char *action_name(enum finding_action action)
{
	return action == ACTION_REPORTED ? NULL : name_of(actions, ACTION_COUNT, action);
}

const char *relation_name(enum relation relation)
{
	/* A process that is named has a relation; RELATION_NONE is for no process. */
	if (relation == RELATION_NONE || relation >= RELATION_COUNT)
		relation = RELATION_UNRELATED;
	return relations[relation];
}

const char *language_name(enum language language)
{
	return name_of(languages, LANGUAGE_COUNT, language);
}

const char *counter_name(enum registry_counter counter)
{
	return name_of(counters, COUNTER_COUNT, counter);
}

const char *counter_sentence(enum registry_counter counter)
{
	return name_of(sentences, COUNTER_COUNT, counter);
}
