/* SPDX-License-Identifier: MIT */
/*
 * See list.h.
 */
#include "session/list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "common/session.h"
#include "session/file.h"

struct list {
	struct session_listed *sessions;
	size_t count;
};

static void add(struct list *list, uint32_t uid, const char *name)
{
	struct session_listed *session;
	const char *why;

	list->sessions = reallocarray(list->sessions, list->count + 1, sizeof *list->sessions);
	if (list->sessions == NULL)
		cli_no_memory();
	session = &list->sessions[list->count];
	*session = (struct session_listed){.uid = uid};
	memcpy(session->name, name, sizeof session->name); /* session_is_name(): 16 digits */
	session->state = session_registry_read_of(uid, name, &session->registry, &why);
	list->count += session->state != SESSION_REGISTRY_ABSENT;
}

static void add_user(struct list *list, uint32_t uid)
{
	const char *why;
	int fd = session_file_directory(uid, &why);
	DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *each;

	while (directory != NULL && (each = readdir(directory)) != NULL)
		if (session_is_name(each->d_name))
			add(list, uid, each->d_name);
	if (directory != NULL)
		closedir(directory);
	else if (fd >= 0)
		close(fd);
}

static void add_everybody(struct list *list)
{
	DIR *directory = opendir(REGISTRY_DIRECTORY);
	const struct dirent *each;

	while (directory != NULL && (each = readdir(directory)) != NULL) {
		const char *number = each->d_name + strlen(REGISTRY_USER_PREFIX);
		unsigned long uid;
		char *end;

		if (strncmp(each->d_name, REGISTRY_USER_PREFIX, strlen(REGISTRY_USER_PREFIX)) != 0)
			continue;
		uid = strtoul(number, &end, 10);
		if (end != number && *end == '\0' && uid < UINT32_MAX)
			add_user(list, (uint32_t)uid);
	}
	if (directory != NULL)
		closedir(directory);
}

static int compare(const void *a, const void *b)
{
	const struct session_listed *left = a, *right = b;

	if (left->registry.alive != right->registry.alive)
		return left->registry.alive > right->registry.alive ? -1 : 1;
	return strcmp(left->name, right->name);
}

size_t session_list(struct session_listed **sessions)
{
	struct list list = {0};

	if (geteuid() == 0)
		add_everybody(&list);
	else
		add_user(&list, geteuid());
	if (list.count > 0)
		qsort(list.sessions, list.count, sizeof *list.sessions, compare);
	*sessions = list.sessions;
	return list.count;
}

bool session_has_process(const struct session_listed *session, pid_t pid)
{
	struct registry_header header;
	struct registry_process process;
	const char *why;
	bool found = false;
	uint32_t high;
	int fd;

	if (session_file_open(session->uid, session->name, &header, &fd, &why) !=
	    SESSION_REGISTRY_READ)
		return false;
	high = load_relaxed(&header.process_high);
	for (uint32_t i = 0; !found && i < high && i < FORKSAN_MAX_PROCESSES; i++)
		found = session_file_read(fd, &process, sizeof process,
					  (off_t)(offsetof(struct registry, processes) +
						  i * sizeof process)) &&
			load_relaxed(&process.pid) == pid && session_process_is_alive(&process);
	close(fd);
	return found;
}
