/* SPDX-License-Identifier: MIT */
/*
 * See verdict.h.
 */
#include "scan/verdict.h"

#include "wire/wire.h"

bool verdict_concerns(const struct scan_socket *socket)
{
	return socket->kind == SCAN_CONNECTED && wire_class(socket->protocol) != CLASS_SYSTEM;
}

enum level verdict_level(const struct scan_socket *socket)
{
	size_t waiting = 0;

	for (size_t i = 0; i < socket->holder_count; i++)
		if (socket->holders[i].waits_in != NULL)
			waiting++;
	if (waiting == 0)
		return LEVEL_NOTICE;
	return waiting == 1 ? LEVEL_HAZARD : LEVEL_VIOLATION;
}

const char *verdict_text(enum level level)
{
	switch (level) {
	case LEVEL_VIOLATION:
		return "several processes wait on it: each may take the other's answer";
	case LEVEL_HAZARD:
		return "one process waits on it, others hold it open";
	case LEVEL_NOTICE:
	default:
		return "held open by several processes, none waits on it now";
	}
}

int verdict_compare(const void *a, const void *b)
{
	const struct scan_socket *left = *(const struct scan_socket *const *)a;
	const struct scan_socket *right = *(const struct scan_socket *const *)b;
	enum level left_level = verdict_level(left), right_level = verdict_level(right);

	if (left_level != right_level)
		return left_level > right_level ? -1 : 1;
	if (left->holder_count != right->holder_count)
		return left->holder_count > right->holder_count ? -1 : 1;
	return left->inode < right->inode ? -1 : 1;
}
