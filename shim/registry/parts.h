/* SPDX-License-Identifier: MIT */
/*
 * Declarations for the files of this room alone.
 */
#ifndef FORKSAN_SHIM_REGISTRY_PARTS_H
#define FORKSAN_SHIM_REGISTRY_PARTS_H

#include "base/identity.h"
#include "registry/registry.h"

/* Called by file.c before it maps: whether the pages to come take room of /dev/shm. */
void registry_set_in_shm(bool in_shm);

/* Called by file.c.  registry_map() maps the file, registry_map_anonymous() anonymous memory as the
 * registry of this process; false: neither range nor memory, or the descriptor is another file's by
 * now.  `random` varies the address.  registry_unmap() undoes either. */
bool registry_map(int fd, struct identity identity, uint32_t random);
bool registry_map_anonymous(void);
void registry_unmap(void);

/* Called by file.c: the file that is mapped can be opened again under that name. */
void registry_name_file(const char *path, struct identity identity);

/* What one question about an open file tells. */
struct registry_file {
	struct identity identity;
	uint64_t size_bytes;
};

/* True when the open file has that type (S_IFREG, S_IFDIR), belongs to that user, and is closed to
 * all other users. */
bool registry_file_is_ours(int fd, uint32_t uid, uint32_t type, struct registry_file *file);

/* Opens the directory for registries of the user `uid`; with `create` a missing directory is made.
 * A descriptor that the caller closes, with what it is in *identity, or -errno: -EPERM when the
 * name belongs to another user, or to a file or link. */
long registry_open_directory(uint32_t uid, bool create, struct identity *identity);

/* openat(2) that follows no link and waits for no other process; unlinkat(2).  A descriptor or 0,
 * else -errno. */
long registry_open_at(int directory, const char *name, int flags, mode_t mode);
long registry_unlink_at(int directory, const char *name);

/* Removes a registry that no process can join, once the file is a minute old: the maker was killed
 * then, or the file was spoilt.  A younger file may still be in the making. */
void registry_sweep(int directory, const char *name);

/* Calls visit() with the name of each session in the directory until visit() returns true, and
 * returns true then; else false.  Sweeps registries that were not completed on the way. */
bool registry_look_through(int directory,
			   bool (*visit)(int directory, const char *session, void *context),
			   void *context);

/* At most this much of /dev/shm is left to others: a semaphore of sem_open(3) is a page. */
#define REGISTRY_ROOM_LEFT_BYTES (UINT64_C(1) << 20)

/* True when the registry's file may take that much more of /dev/shm, and also where the kernel
 * cannot be asked, as after chroot(). */
bool registry_has_room(uint64_t len_bytes);

/* True when some process has that pid and is no zombie. */
bool registry_pid_runs(pid_t pid);

/* True while the process of the claim runs, or when this process cannot find out: the claim's
 * process is in another pid namespace, and neither a pid in this one nor /proc shows it. */
struct liveness_claim;
bool registry_claim_runs(const struct liveness_claim *claim);

/* True for a claim whose process is surely not there: one question, of which the answer "there" is
 * no answer yet.  registry_claim_runs() asks more, and is the cheaper one where the process is
 * there. */
bool registry_claim_is_gone(const struct liveness_claim *claim);

/* registry_process_alive() for a slot of any session, which may be a copy: the kernel alone is
 * asked, also in `forksan attach`, which knows better of its own processes and nothing of others.
 */
bool registry_slot_runs(const struct registry_process *process);

/* True when the process holds the socket by the registry's words, and lives by them. */
bool registry_says_it_holds(const struct registry_process *process, struct socket_slot slot);

/* True when a process holds the socket by the registry's words alone.  The kernel is not asked: a
 * killed process that nobody has found dead still counts. */
bool registry_is_held(struct socket_slot slot);

/* The same for the 64 socket slots of a word of holds, as bits: of those in `wanted`.  Also true
 * when so many holds are set meanwhile that it cannot be found out. */
uint64_t registry_held(uint32_t word, uint64_t wanted);

/* The word by which a socket is looked for.  Two sockets may have one key. */
static inline uint32_t registry_key(uint64_t cookie)
{
	return (uint32_t)(cookie ^ cookie >> 32);
}

/* True when the keys of the first `high` slots can be read. */
bool registry_keys_are_usable(uint32_t high);

/* The cookie of a LIVE slot; false when the slot is not LIVE. */
bool registry_live_cookie(struct socket_slot slot, uint64_t *cookie);

/* The number of slots of a table that may be in use: the shared word, bounded by the table. */
static inline uint32_t registry_process_high(void)
{
	uint32_t high = load_acquire(&registry_mapping->header.process_high);

	return high < FORKSAN_MAX_PROCESSES ? high : FORKSAN_MAX_PROCESSES;
}

static inline uint32_t registry_socket_high(void)
{
	uint32_t high = load_acquire(&registry_mapping->header.socket_high);

	return high < FORKSAN_MAX_SOCKETS ? high : FORKSAN_MAX_SOCKETS;
}

#endif
