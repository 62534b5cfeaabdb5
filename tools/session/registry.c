/* SPDX-License-Identifier: MIT */
/*
 * See registry.h; the layout is include/forksan/registry.h.
 */
#include "session/registry.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "session/file.h"
#include "wire/wire.h"

void session_registry_path(const char *session, char out[SESSION_REGISTRY_PATH_BYTES])
{
	session_put_path(out, geteuid(), session);
}

/* Adds a user in whose registry the session went on, once; `uid_plus_one` comes from the registry
 * and may be anything, 0: no such user. */
static void add_heir(struct session_registry *registry, uint32_t uid_plus_one)
{
	uint32_t uid = uid_plus_one - 1;

	if (uid_plus_one == 0 || uid == geteuid() || registry->heir_count == SESSION_REGISTRY_HEIRS)
		return;
	for (size_t i = 0; i < registry->heir_count; i++)
		if (registry->heirs[i] == uid)
			return;
	registry->heirs[registry->heir_count++] = uid;
}

static void add_processes(struct session_registry *registry, int fd, uint32_t process_high)
{
	struct registry_process process;

	if (process_high > FORKSAN_MAX_PROCESSES)
		process_high = FORKSAN_MAX_PROCESSES;
	for (uint32_t i = 0; i < process_high; i++) {
		off_t offset = (off_t)(offsetof(struct registry, processes) + i * sizeof process);

		if (!session_file_read(fd, &process, sizeof process, offset))
			break;
		registry->alive += session_process_is_alive(&process);
		add_heir(registry, load_relaxed(&process.heir_uid));
	}
}

/* Adds the peers that a registry names.  The names and numbers come from the registry and may be
 * anything. */
static void add_unwatched(struct session_registry *registry, int fd, uint64_t all)
{
	struct registry_unwatched entries[FORKSAN_UNWATCHED_PEERS];
	uint64_t named = 0;

	if (!session_file_read(fd, entries, sizeof entries, offsetof(struct registry, unwatched)))
		return;
	for (size_t i = 0; i < FORKSAN_UNWATCHED_PEERS; i++) {
		enum protocol protocol = (enum protocol)entries[i].protocol;
		uint64_t connections = load_relaxed(&entries[i].connections);

		entries[i].peer[sizeof entries[i].peer - 1] = '\0';
		if (connections == 0 || connections > all - named)
			continue;
		unwatched_add(&registry->unwatched, entries[i].peer, wire_protocol_name(protocol),
			      wire_class_name(wire_class(protocol)), connections);
		named += connections;
	}
	registry->unwatched.more += all - named;
}

/* Adds without overflow, so that no user's registry can make the sum smaller. */
static void add_count(uint64_t *sum, uint64_t more)
{
	*sum = *sum + more < *sum ? UINT64_MAX : *sum + more;
}

/* Adds the counts and processes of one user's registry of the session. */
static enum session_registry_state add_registry(struct session_registry *registry, uint32_t uid,
						const char *session, const char **why)
{
	struct registry_header header;
	int fd;
	enum session_registry_state state = session_file_open(uid, session, &header, &fd, why);

	if (state != SESSION_REGISTRY_READ)
		return state;
	for (int i = 0; i < COUNTER_COUNT; i++)
		add_count(&registry->counters[i], load_relaxed(&header.counters[i]));
	if (load_relaxed(&header.records) > registry->records)
		registry->records = load_relaxed(&header.records);
	registry->summary_written = load_relaxed(&header.summary_written) != 0;
	registry->from_outside = load_relaxed(&header.from_outside) != 0;
	registry->watched_from_ns = load_relaxed(&header.watched_from_ns);
	registry->watched_until_ns = load_relaxed(&header.watched_until_ns);
	add_unwatched(registry, fd, load_relaxed(&header.counters[COUNT_CONNECTIONS_OTHER]));
	add_processes(registry, fd, load_relaxed(&header.process_high));
	close(fd);
	return SESSION_REGISTRY_READ;
}

enum session_registry_state session_registry_read_of(uint32_t uid, const char *session,
						     struct session_registry *registry,
						     const char **why)
{
	enum session_registry_state state;
	const char *ignored;

	memset(registry, 0, sizeof *registry);
	state = add_registry(registry, uid, session, why);
	/* A registry may name further heirs, which the loop then reaches. */
	for (size_t i = 0; state == SESSION_REGISTRY_READ && i < registry->heir_count; i++)
		add_registry(registry, registry->heirs[i], session, &ignored);
	/* No process can write one summary of several registries. */
	if (registry->heir_count > 0)
		registry->summary_written = false;
	return state;
}

enum session_registry_state
session_registry_read(const char *session, struct session_registry *registry, const char **why)
{
	return session_registry_read_of(geteuid(), session, registry, why);
}

void session_registry_explain_absence(char why[SESSION_REGISTRY_WHY_BYTES])
{
	const char *reason = NULL;
	struct statvfs file_system;
	int directory;

	why[0] = '\0';
	if (statvfs(REGISTRY_DIRECTORY, &file_system) != 0) {
		snprintf(why, SESSION_REGISTRY_WHY_BYTES, ": " REGISTRY_DIRECTORY ": %s",
			 strerror(errno));
		return;
	}
	if (file_system.f_bavail * file_system.f_frsize < FORKSAN_SHM_NEEDED_BYTES) {
		snprintf(why, SESSION_REGISTRY_WHY_BYTES,
			 ": " REGISTRY_DIRECTORY " has %lu bytes free, and %llu are needed",
			 file_system.f_bavail * file_system.f_frsize,
			 (unsigned long long)FORKSAN_SHM_NEEDED_BYTES);
		return;
	}
	directory = session_file_directory(geteuid(), &reason);
	if (directory >= 0)
		close(directory);
	else if (errno != ENOENT || access(REGISTRY_DIRECTORY, W_OK) != 0)
		snprintf(why, SESSION_REGISTRY_WHY_BYTES, ": " REGISTRY_DIRECTORY ": %s",
			 errno == EPERM ? reason : strerror(errno));
}

static void remove_at(uint32_t uid, const char *session)
{
	const char *why;
	int directory = session_file_directory(uid, &why);

	if (directory < 0)
		return;
	unlinkat(directory, session, 0);
	close(directory);
}

void session_registry_remove(const char *session, const struct session_registry *registry)
{
	remove_at(geteuid(), session);
	for (size_t i = 0; i < registry->heir_count; i++)
		remove_at(registry->heirs[i], session);
}
