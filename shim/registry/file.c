/* SPDX-License-Identifier: MIT */
/*
 * The registry's file: how a process finds its session, or starts one.
 *
 * The file is /dev/shm/forksan-UID/SESSION (directory.c), mode 0600.  A name that others know, that
 * of `forksan run`, appears with a complete file: the file is made under a draft's name and linked.
 * No descriptor is kept: the mapping is enough, and forks inherit the mapping.
 *
 * Finding the session again after exec: `forksan run` passes the session's name in FORKSAN_OPTIONS.
 * Without a name the session is the one in whose registry this pid (exec keeps the pid) or the
 * parent's is a live process.  The environment is left as it is.  A process that begins a session
 * removes the registries of its user whose processes are all dead.
 *
 * Where no file can be had (no /dev/shm, no room there, the directory's name taken by another user,
 * a limit on the size of files) the registry is anonymous shared memory: forks are followed, exec'd
 * programs start sessions of their own.
 *
 * A process that never connects and starts no other process has no registry, and makes none
 * (entry/init.c).
 *
 * A session's members may have different users.  The session's name, and all else that decides
 * where something is opened or removed, is kept in private memory and never read from the registry.
 */
#include "registry/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/kernel.h"
#include "base/sys.h"
#include "common/liveness.h"
#include "common/session.h"

/* Slots of processes that are read at once. */
#define PROCESSES_AT_ONCE 32

/* More pids than any version has. */
#define REGISTRY_MOST_PIDS (UINT32_C(1) << 20)

/* The session, as this process knows it. */
FORKSAN_AT_START static struct {
	char name[REGISTRY_SESSION_BYTES];
	uint32_t uid;	  /* the user in whose directory the file lies */
	int why_nameless; /* 0: exec'd programs find the session; else -errno */
	bool named; /* by FORKSAN_OPTIONS; the name has the pid of the waiting `forksan run` */
	bool waiter_near; /* the waiter's pid means the same in this process */
} session;

const char *registry_session(void)
{
	return session.name;
}

int registry_why_nameless(void)
{
	return session.why_nameless;
}

/* Eight numbers are asked of the kernel at a time. */
static uint32_t random_number(void)
{
	static uint32_t numbers[8];
	static size_t left;

	if (left == 0) {
		left = sizeof numbers / sizeof numbers[0];
		if (sys_getrandom(numbers, sizeof numbers) != sizeof numbers)
			for (size_t i = 0; i < left; i++)
				numbers[i] = (uint32_t)(sys_clock_ns(CLOCK_BOOTTIME) >> i);
	}
	return numbers[--left];
}

bool registry_is_awaited(void)
{
	long answer;

	if (!session.named || session.why_nameless != 0)
		return false;
	if (!session.waiter_near)
		return true;
	answer = sys_kill(session_waiter(session.name), 0);
	/* -EPERM: the waiter has another user.  Root's `forksan run` reads registries of other
	 * users too (heir_uid).  Another user's cannot, and the next session of this user removes
	 * the file. */
	return answer == 0 || answer == -EPERM;
}

bool registry_outlives_exec(uint32_t effective_uid)
{
	return session.why_nameless == 0 && session.uid == effective_uid;
}

/* --- the size of files -------------------------------------------------------------------------
 */

/* Beyond RLIMIT_FSIZE ftruncate() raises SIGXFSZ, which ends the host. */
static bool may_be_as_large(uint64_t len_bytes)
{
	struct rlimit64 limit;

	return sys_call(SYS_prlimit64, 0, RLIMIT_FSIZE, 0, (long)(uintptr_t)&limit, 0, 0) != 0 ||
	       limit.rlim_cur >= len_bytes;
}

/* --- the header ------------------------------------------------------------------------------ */

static bool header_is_sound(const struct registry_header *header)
{
	return load_acquire(&header->ready) == 1 && header->magic == REGISTRY_MAGIC &&
	       header->version == REGISTRY_VERSION && header->header_size_bytes == sizeof *header &&
	       header->total_size_bytes == sizeof(struct registry);
}

static bool is_other_version(const struct registry_header *header)
{
	return header->magic == REGISTRY_MAGIC && header->version != REGISTRY_VERSION;
}

static void fill_header(struct registry *registry, bool waited_for, pid_t pid)
{
	struct registry_header *header = &registry->header;

	header->magic = REGISTRY_MAGIC;
	header->version = REGISTRY_VERSION;
	header->header_size_bytes = sizeof *header;
	header->total_size_bytes = sizeof *registry;
	header->creator_pid = pid;
	header->waited_for = waited_for;
	header->creator_pid_namespace = registry_pid_namespace;
	header->pids_offset_bytes = offsetof(struct registry, process_pid);
	header->pids_count = FORKSAN_MAX_PROCESSES;
	header->ready_before_13 = 1;
	store_release(&header->ready, 1);
}

/* The header, and the first pids behind it. */
static bool reach_beginning(void)
{
	return registry_reach(&registry_mapping->header,
			      offsetof(struct registry, process_pid) + 1);
}

/* Maps the open file as the registry of this process.  0 or -errno. */
static int map_file(int fd, struct identity identity)
{
	return registry_map(fd, identity, random_number()) ? 0 : -ENOMEM;
}

static void name_file(const char *name, struct identity identity)
{
	char path[SESSION_PATH_BYTES];

	session_put_path(path, session.uid, name);
	registry_name_file(path, identity);
}

/* --- finding the session --------------------------------------------------------------------- */

enum found {
	FOUND_NOTHING, /* another version's registry, which may be needed */
	FOUND_BROKEN,  /* not complete, or spoilt: no process can join */
	FOUND_ALIVE,   /* a process may still need the registry */
	FOUND_DEAD,    /* no process needs the registry */
	FOUND_FAMILY,  /* this process or its parent is a member */
};

#define PARENT_UNASKED (-1)

struct family {
	pid_t pid;
	pid_t parent_pid; /* 0: only this process is looked for; or PARENT_UNASKED */
	bool joined;	  /* registry_mapping is the family's session */
	bool sweeps;	  /* sessions that are over are removed on the way */
};

static bool read_at(int fd, void *out, size_t len_bytes, uint64_t offset)
{
	return sys_call(SYS_pread64, fd, (long)(uintptr_t)out, (long)len_bytes, (long)offset, 0,
			0) == (long)len_bytes;
}

/* True when the process that began the session is gone, and so is the one that waits for the end.
 * False for another pid namespace (containers of a pod may share /dev/shm), whose living processes
 * look dead from here, and where this process's own is not known, as without /proc. */
static bool is_abandoned(const struct registry_header *header, const char *name)
{
	return (registry_pid_namespace != 0 || header->creator_pid_namespace == 0) &&
	       registry_knows_pids_of(header->creator_pid_namespace) &&
	       !registry_pid_runs(header->creator_pid) &&
	       !(header->waited_for != 0 && registry_pid_runs(session_waiter(name)));
}

static bool is_family(const struct registry_process *process, const struct family *family)
{
	pid_t pid = load_relaxed(&process->pid);

	return load_relaxed(&process->state) == PROCESS_LIVE &&
	       (pid == family->pid || pid == family->parent_pid) &&
	       registry_knows_pids_of(load_relaxed(&process->pid_namespace)) &&
	       registry_slot_runs(process);
}

/* The beginning of a registry's file.  Small: a program that starts has touched little of its
 * stack.
 */
struct beginning {
	struct registry_header header;
	uint8_t rest_of_page[offsetof(struct registry, process_pid) -
			     sizeof(struct registry_header)];
	int32_t pids[512];
};
#define PIDS_AT_ONCE (sizeof((struct beginning *)NULL)->pids / sizeof(int32_t))

/* Slots in which a pid is noted.  More than one: of killed processes that had the same. */
#define SAME_PID 4
struct slots {
	uint32_t count;
	uint32_t n[SAME_PID];
};

/* Adds the slots of the pid among `count` pids, the first of which is slot `first`'s. */
static void add_slots(struct slots *slots, pid_t pid, const int32_t *pids, uint32_t count,
		      uint32_t first)
{
	for (uint32_t i = 0; i < count && slots->count < SAME_PID; i++)
		if (pids[i] == pid)
			slots->n[slots->count++] = first + i;
}

/* Finds the slots of this process and of its parent; `beginning` was read from the file, and is
 * overwritten.  A PARENT_UNASKED is asked for when the first pids are not this process's. */
static void find_slots(int fd, struct beginning *beginning, struct family *family,
		       struct slots *own, struct slots *parents)
{
	uint32_t high = load_relaxed(&beginning->header.process_high);

	/* `forksan attach` writes its slots from outside: nobody is a member. */
	if (load_relaxed(&beginning->header.from_outside) != 0)
		return;
	if (high > FORKSAN_MAX_PROCESSES)
		high = FORKSAN_MAX_PROCESSES;
	for (uint32_t first = 0; first < high; first += PIDS_AT_ONCE) {
		uint32_t count = high - first < PIDS_AT_ONCE ? high - first : PIDS_AT_ONCE;

		if (first > 0 &&
		    !read_at(fd, beginning->pids, sizeof beginning->pids,
			     offsetof(struct registry, process_pid) + first * sizeof(int32_t)))
			return;
		if (family->pid > 0)
			add_slots(own, family->pid, beginning->pids, count, first);
		if (family->parent_pid == PARENT_UNASKED && own->count == 0)
			family->parent_pid = (pid_t)sys_getppid();
		if (family->parent_pid > 0)
			add_slots(parents, family->parent_pid, beginning->pids, count, first);
	}
}

static bool read_process(int fd, uint32_t slot, struct registry_process *process)
{
	return read_at(fd, process, sizeof *process,
		       offsetof(struct registry, processes) + slot * sizeof *process);
}

static bool has_family_in(int fd, const struct slots *slots, const struct family *family)
{
	struct registry_process process;

	for (uint32_t i = 0; i < slots->count; i++)
		if (read_process(fd, slots->n[i], &process) && is_family(&process, family))
			return true;
	return false;
}

static bool has_living(int fd, uint32_t high)
{
	struct registry_process processes[PROCESSES_AT_ONCE];

	for (uint32_t i = 0; i < high && i < FORKSAN_MAX_PROCESSES; i += PROCESSES_AT_ONCE) {
		if (!read_at(fd, processes, sizeof processes,
			     offsetof(struct registry, processes) + i * sizeof processes[0]))
			return true;
		for (uint32_t k = 0; k < PROCESSES_AT_ONCE; k++)
			if (registry_slot_runs(&processes[k]))
				return true;
	}
	return false;
}

/* Another version's registry, of which the head of the header alone is known.  `pids` is room. */
static enum found inspect_other(int fd, const char *name, const struct registry_header *header,
				int32_t pids[PIDS_AT_ONCE])
{
	uint32_t count = header->pids_count;

	if (header->version < REGISTRY_FIRST_WITH_HEAD)
		return FOUND_NOTHING;
	if (load_acquire(&header->ready) != 1 || count > REGISTRY_MOST_PIDS)
		return FOUND_BROKEN;
	if (load_relaxed(&header->pids_elsewhere) != 0 || !is_abandoned(header, name))
		return FOUND_NOTHING;
	for (uint32_t i = 0; i < count; i++) {
		uint32_t at = i % PIDS_AT_ONCE;
		uint32_t left = count - i < PIDS_AT_ONCE ? count - i : PIDS_AT_ONCE;

		if (at == 0 && !read_at(fd, pids, left * sizeof *pids,
					(uint64_t)header->pids_offset_bytes + i * sizeof *pids))
			return FOUND_BROKEN;
		if (pids[at] > 0 && sys_kill(pids[at], 0) != -ESRCH)
			return FOUND_NOTHING;
	}
	return FOUND_DEAD;
}

/* Reads a registry without mapping it. */
static enum found inspect(int fd, uint64_t size_bytes, const char *name, struct family *family)
{
	struct beginning beginning;
	struct slots own = {.count = 0}, parents = {.count = 0};

	if (!read_at(fd, &beginning, sizeof beginning, 0))
		return FOUND_BROKEN;
	if (is_other_version(&beginning.header))
		return family->sweeps ? inspect_other(fd, name, &beginning.header, beginning.pids)
				      : FOUND_NOTHING;
	if (size_bytes != sizeof(struct registry) || !header_is_sound(&beginning.header))
		return FOUND_BROKEN;
	find_slots(fd, &beginning, family, &own, &parents);
	if (has_family_in(fd, &own, family) || has_family_in(fd, &parents, family))
		return FOUND_FAMILY;
	if (!family->sweeps || !is_abandoned(&beginning.header, name))
		return FOUND_ALIVE;
	/* What `forksan attach` watched lives on without it. */
	return load_relaxed(&beginning.header.from_outside) == 0 &&
			       has_living(fd, load_relaxed(&beginning.header.process_high))
		       ? FOUND_ALIVE
		       : FOUND_DEAD;
}

static bool is_registry(int fd, struct registry_file *file)
{
	return registry_file_is_ours(fd, session.uid, S_IFREG, file) &&
	       file->size_bytes == sizeof(struct registry);
}

/* Opens a file of this user, of any version.  A descriptor that the caller closes, with what it is
 * in *file, or -errno. */
static long open_file(int directory, const char *name, struct registry_file *file)
{
	long fd = registry_open_at(directory, name, O_RDWR, 0);

	if (fd < 0)
		return fd;
	if (!registry_file_is_ours((int)fd, session.uid, S_IFREG, file)) {
		sys_close((int)fd);
		return -EACCES;
	}
	return fd;
}

static int join_file(int fd, struct identity identity, const char *name)
{
	struct registry_header header;
	int result;

	if (!read_at(fd, &header, sizeof header, 0) || !header_is_sound(&header))
		return -EACCES;
	registry_set_in_shm(true);
	result = map_file(fd, identity);
	if (result != 0)
		return result;
	if (!reach_beginning()) {
		registry_unmap();
		return -ENOSPC;
	}
	memcpy(session.name, name, sizeof session.name);
	name_file(name, identity);
	session.why_nameless = 0;
	session.waiter_near = registry_knows_pids_of(header.creator_pid_namespace);
	return 0;
}

static int join_named(int directory, const char *name)
{
	struct registry_file file;
	long fd = open_file(directory, name, &file);
	int result = -EACCES;

	if (fd < 0)
		return (int)fd;
	if (file.size_bytes == sizeof(struct registry))
		result = join_file((int)fd, file.identity, name);
	identity_close((int)fd, file.identity);
	return result;
}

/* Joins a session that knows this process or its parent; removes a session that is over.  True ends
 * the search. */
static bool visit(int directory, const char *name, void *context)
{
	struct family *family = context;
	struct registry_file file;
	long fd = open_file(directory, name, &file);

	if (fd < 0)
		return false;
	switch (inspect((int)fd, file.size_bytes, name, family)) {
	case FOUND_FAMILY:
		family->joined = join_file((int)fd, file.identity, name) == 0;
		break;
	case FOUND_DEAD:
		registry_unlink_at(directory, name);
		break;
	case FOUND_BROKEN:
		registry_sweep(directory, name);
		break;
	case FOUND_NOTHING:
	case FOUND_ALIVE:
		break;
	}
	identity_close((int)fd, file.identity);
	return family->joined;
}

struct kin_search {
	struct family family;
	struct registry_kin kin;
	bool is_noted; /* the pid is, perhaps as that of a former process */
	bool parent_holds;
};

/* The pid that is noted for a slot: of a process that has not ended, or was killed.  0: none. */
static pid_t noted_pid(int fd, const struct beginning *beginning, uint32_t slot)
{
	int32_t pid = 0;

	if (load_relaxed(&beginning->header.process_high) <= PIDS_AT_ONCE && slot < PIDS_AT_ONCE)
		pid = beginning->pids[slot]; /* still the first ones */
	else if (!read_at(fd, &pid, sizeof pid,
			  offsetof(struct registry, process_pid) + slot * sizeof pid))
		pid = 0;
	return pid;
}

/* A member's slot names its parent, of whose pid the kernel need not be asked. */
static void look_at_own(struct kin_search *search, int fd, const struct beginning *beginning,
			uint32_t slot)
{
	struct registry_process own;
	uint32_t through;

	if (!read_process(fd, slot, &own) || load_relaxed(&own.state) != PROCESS_LIVE ||
	    load_relaxed(&own.pid) != search->family.pid)
		return;
	through = load_relaxed(&own.through);
	search->kin.is_member = true;
	search->kin.brings =
		search->kin.brings || through == THROUGH_SURELY || through == THROUGH_UNASKED;
	search->kin.may_bring = search->kin.may_bring || through == THROUGH_PERHAPS ||
				(through == THROUGH_UNKNOWN && load_relaxed(&own.hold_words) != 0);
	if (own.parent_serial.n != 0 &&
	    noted_pid(fd, beginning, own.parent_serial.n % FORKSAN_MAX_PROCESSES) == own.parent_pid)
		search->kin.parent_pid = own.parent_pid;
}

static void look_at_parent(struct kin_search *search, int fd, uint32_t slot)
{
	struct registry_process parent;

	if (!read_process(fd, slot, &parent) || load_relaxed(&parent.state) != PROCESS_LIVE ||
	    load_relaxed(&parent.pid) != search->family.parent_pid)
		return;
	search->kin.parent_pid = search->family.parent_pid;
	search->parent_holds = search->parent_holds || load_relaxed(&parent.hold_words) != 0;
}

static bool look_for_kin(int directory, const char *name, void *context)
{
	struct kin_search *search = context;
	struct slots own = {.count = 0}, parents = {.count = 0};
	struct beginning beginning;
	/* Only read, and by pread(2), which a FIFO refuses: whose file this is was answered by the
	 * directory, to which nobody else can write. */
	long fd = registry_open_at(directory, name, O_RDONLY, 0);

	if (fd < 0)
		return false;
	search->kin.exists = true;
	if (read_at((int)fd, &beginning, sizeof beginning, 0) && header_is_sound(&beginning.header))
		find_slots((int)fd, &beginning, &search->family, &own, &parents);
	search->is_noted = search->is_noted || own.count > 0;
	for (uint32_t i = 0; i < own.count; i++)
		look_at_own(search, (int)fd, &beginning, own.n[i]);
	for (uint32_t i = 0; i < parents.count; i++)
		look_at_parent(search, (int)fd, parents.n[i]);
	sys_close((int)fd);
	return false;
}

static void look_through_for_kin(int directory, const char *name, struct kin_search *search)
{
	if (session_is_name(name))
		look_for_kin(directory, name, search);
	else
		registry_look_through(directory, look_for_kin, search);
}

struct registry_kin registry_find_kin(const char *name, uint32_t uid, pid_t pid)
{
	struct kin_search search = {.family = {.pid = pid, .parent_pid = PARENT_UNASKED}};
	struct identity identity;
	long directory;

	/* Descriptors are closed without a look: a program that starts has no other threads yet. */
	session.uid = uid;
	directory = registry_open_directory(session.uid, false, &identity);
	if (directory < 0)
		return search.kin;
	look_through_for_kin((int)directory, name, &search);
	if (search.is_noted && !search.kin.is_member &&
	    search.family.parent_pid == PARENT_UNASKED) {
		search.family.parent_pid = (pid_t)sys_getppid();
		sys_call(SYS_lseek, directory, 0, SEEK_SET, 0, 0, 0); /* names from the first */
		look_through_for_kin((int)directory, name, &search);
	}
	sys_close((int)directory);
	/* A member's slot says what its parent's cannot know. */
	if (!search.kin.is_member)
		search.kin.may_bring = search.parent_holds;
	return search.kin;
}

/* --- beginning one --------------------------------------------------------------------------- */

static int begin_mapping(bool waited_for, pid_t pid)
{
	if (!reach_beginning()) {
		registry_unmap();
		return -ENOSPC;
	}
	fill_header(registry_mapping, waited_for, pid);
	return 0;
}

/* Makes the file behind `fd`, which has its size, the registry of this process.  0 or -errno. */
static int make_registry(int fd, struct identity identity, bool waited_for, pid_t pid)
{
	struct registry_file file;
	int result;

	if (!is_registry(fd, &file) || !identity_is_same(file.identity, identity))
		return -EBADF;
	result = map_file(fd, identity);
	return result != 0 ? result : begin_mapping(waited_for, pid);
}

/* By name: behind the number of a descriptor may be a file of the host's by now. */
static int give_size(const char *path)
{
	return sys_call(SYS_truncate, (long)(uintptr_t)path, sizeof(struct registry), 0, 0, 0, 0) ==
			       0
		       ? 0
		       : -ENOSPC;
}

/* Makes the session's file.  0 or -errno: -EEXIST when another process was faster.  A name that
 * others know is linked when the file is complete.  A name that no other process knows needs no
 * such step, since a search through the directory passes over incomplete files. */
static int create_file(int directory, bool named, pid_t pid)
{
	char draft[SESSION_DRAFT_BYTES];
	const char *name = named ? draft : session.name;
	char path[SESSION_PATH_BYTES];
	struct identity identity;
	int result;
	long fd;

	if (!may_be_as_large(sizeof(struct registry)))
		return -EFBIG;
	if (!registry_has_room(FORKSAN_SHM_NEEDED_BYTES - REGISTRY_ROOM_LEFT_BYTES))
		return -ENOSPC;
	session_put_draft(draft, session.name, (uint64_t)pid << 32 | random_number());
	fd = registry_open_at(directory, name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0)
		return (int)fd;
	identity = identity_of((int)fd);
	registry_set_in_shm(true);
	session_put_path(path, session.uid, name);
	result = give_size(path);
	if (result == 0)
		result = make_registry((int)fd, identity, named, pid);
	if (result == 0 && named)
		result = (int)sys_call(SYS_linkat, directory, (long)(uintptr_t)draft, directory,
				       (long)(uintptr_t)session.name, 0, 0);
	if (result == 0)
		name_file(session.name, identity);
	if (result != 0 && registry_mapping)
		registry_unmap();
	if (result != 0 || named)
		sys_unlink(path);
	identity_close((int)fd, identity);
	return result;
}

/* Makes a registry without a name; `why`: the -errno that forbade a file in /dev/shm.  A file of
 * memfd_create(2) can be mapped in parts.  Where such a file cannot be as large, as under
 * RLIMIT_FSIZE, anonymous memory is mapped whole. */
static int create_nameless(int why, pid_t pid)
{
	long fd = sys_call(SYS_memfd_create, (long)(uintptr_t) "forksan", MFD_CLOEXEC, 0, 0, 0, 0);
	int result = (int)fd;

	session.why_nameless = why;
	registry_set_in_shm(false);
	if (fd >= 0) {
		struct identity identity = identity_of((int)fd);

		result = -EFBIG;
		if (may_be_as_large(sizeof(struct registry)) &&
		    identity_is_same(identity_of((int)fd), identity) &&
		    sys_ftruncate((int)fd, sizeof(struct registry)) == 0)
			result = map_file((int)fd, identity);
		if (result == 0)
			result = begin_mapping(false, pid);
		identity_close((int)fd, identity);
	}
	if (result == 0)
		return 0;
	return registry_map_anonymous() ? begin_mapping(false, pid) : -ENOMEM;
}

/* Begins the session session.name; directory: a descriptor, or -errno. */
static int begin(long directory, bool named, pid_t pid, bool *created)
{
	int result = directory >= 0 ? create_file((int)directory, named, pid) : (int)directory;

	if (result == -EEXIST) {
		result = join_named((int)directory, session.name);
		if (result == 0)
			return 0;
	}
	*created = true;
	session.waiter_near = true;
	return result == 0 ? 0 : create_nameless(result, pid);
}

int registry_join(const char *name, enum registry_wish wish, pid_t pid, pid_t parent_pid,
		  bool *created)
{
	bool begins = wish == REGISTRY_FIND_OR_BEGIN;
	struct family family = {.pid = pid,
				.parent_pid = wish == REGISTRY_FIND_OWN ? 0 : parent_pid,
				.sweeps = begins};
	bool named = session_is_name(name);
	struct identity identity;
	long directory;
	int result = -ENOENT;

	*created = false;
	session.uid = sys_users().effective;
	session.named = named;
	directory = registry_open_directory(session.uid, begins, &identity);
	if (named && directory >= 0)
		result = join_named((int)directory, name);
	if (named && result != 0)
		family = (struct family){.sweeps = begins}; /* nobody's family */
	if (result != 0 && directory >= 0 && (begins || !named) &&
	    registry_look_through((int)directory, visit, &family))
		result = 0;
	if (result != 0 && begins) {
		session_put_number(session.name, (uint64_t)random_number() << 32 | random_number());
		if (named)
			memcpy(session.name, name, sizeof session.name);
		result = begin(directory, named, pid, created);
	}
	if (directory >= 0)
		identity_close((int)directory, identity);
	return result;
}

void registry_unlink(void)
{
	struct identity identity;
	long directory;

	if (session.why_nameless != 0)
		return;
	directory = registry_open_directory(session.uid, false, &identity);
	if (directory < 0)
		return;
	registry_unlink_at((int)directory, session.name);
	identity_close((int)directory, identity);
}
