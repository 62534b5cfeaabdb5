/* SPDX-License-Identifier: MIT */
/*
 * Who is alive, as the shim's rooms ask the registry (registry/registry.h): who was alive when the
 * record was made that is being judged.  The kernel is not asked: by now a process may have ended
 * whose last calls are still to be judged.
 */
#include "watcher/actor.h"
#include "registry/registry.h"

bool registry_process_alive(const struct registry_process *process_)
{
	struct actor *actor;

	for (actor = actor_living; actor; actor = actor->next)
		if (actor->process.shared == process_)
			return true;
	return false;
}

bool registry_others_alive(const struct registry_process *self)
{
	struct actor *actor;

	for (actor = actor_living; actor; actor = actor->next)
		if (actor->process.shared != self)
			return true;
	return false;
}
