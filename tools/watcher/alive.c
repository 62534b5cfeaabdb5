/* SPDX-License-Identifier: MIT */
/*
 * Who is alive, and who of them holds a connection, as the shim's rooms ask the registry
 * (registry/registry.h): who was alive when the record was made that is being judged.  The kernel
 * is not asked: by now a process may have ended whose last calls are still to be judged.  Nor are
 * the registry's slots looked through, most of which belong to processes that have ended.
 */
#include "watcher/actor.h"
#include "registry/registry.h"

bool registry_process_alive(const struct registry_process *process_)
{
	/* An actor's slot is live from its birth to its end. */
	return load_relaxed(&process_->state) == PROCESS_LIVE;
}

bool registry_others_alive(const struct registry_process *self)
{
	return actor_living && (actor_living->next || actor_living->process.shared != self);
}

struct registry_process *registry_other_holder(struct socket_slot slot,
					       const struct registry_process *self)
{
	struct actor *actor;

	for (actor = actor_living; actor; actor = actor->next)
		if (actor->process.shared != self && actor_holds(actor, slot))
			return actor->process.shared;
	return NULL;
}

struct registry_process *registry_other_holder_after(struct socket_slot slot,
						     const struct registry_process *self,
						     const struct registry_process *alive)
{
	(void)alive;
	return registry_other_holder(slot, self);
}

bool registry_process_holds(const struct registry_process *process_, struct socket_slot slot)
{
	const struct actor *actor;

	for (actor = actor_living; actor; actor = actor->next)
		if (actor->process.shared == process_)
			return actor_holds(actor, slot);
	return false;
}
