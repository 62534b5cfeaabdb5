/* SPDX-License-Identifier: MIT */
/*
 * See findings.h.  The registry is hostile input: counts are added without overflow, a kind is
 * bounded, labels end where their room does.
 */
#include "session/findings.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cli.h"
#include "session/file.h"

/* Opens the registry; -1: it cannot be read. */
static int open_registry(uint32_t uid, const char *session)
{
	struct registry_header header;
	const char *why;
	int fd;

	return session_file_open(uid, session, &header, &fd, &why) == SESSION_REGISTRY_READ ? fd
											    : -1;
}

static int compare(const void *a, const void *b)
{
	const struct session_finding *left = a, *right = b;

	if (left->kind != right->kind)
		return left->kind < right->kind ? -1 : 1;
	return left->fingerprint < right->fingerprint ? -1 : left->fingerprint > right->fingerprint;
}

/* Takes what an entry of the table says into *finding.  False: the entry is no finding's. */
static bool take(struct registry_finding *entry, struct session_finding *finding)
{
	uint32_t kind = load_relaxed(&entry->kind);
	uint64_t times = load_relaxed(&entry->repeat), elsewhere = load_relaxed(&entry->elsewhere);

	if (load_relaxed(&entry->key) == 0 || kind == 0 || kind > KIND_COUNT || times <= elsewhere)
		return false;
	*finding = (struct session_finding){load_relaxed(&entry->fingerprint),
					    (enum kind)(kind - 1), times - elsewhere};
	return true;
}

/* Sorts, and makes those of one bug and kind one.  Returns how many are left. */
static size_t add_up(struct session_finding *findings, size_t count)
{
	size_t left = 0;

	if (count > 0)
		qsort(findings, count, sizeof *findings, compare);
	for (size_t i = 0; i < count; i++) {
		uint64_t *sum;

		if (left == 0 || compare(&findings[left - 1], &findings[i]) != 0) {
			findings[left++] = findings[i];
			continue;
		}
		sum = &findings[left - 1].times;
		*sum = *sum + findings[i].times < *sum ? UINT64_MAX : *sum + findings[i].times;
	}
	return left;
}

size_t session_findings(uint32_t uid, const char *session, struct session_finding **findings)
{
	int fd = open_registry(uid, session);
	struct registry_finding *entries;
	size_t count = 0;

	*findings = NULL;
	if (fd < 0)
		return 0;
	entries = calloc(FORKSAN_MAX_FINDINGS, sizeof *entries);
	*findings = calloc(FORKSAN_MAX_FINDINGS, sizeof **findings);
	if (entries == NULL || *findings == NULL)
		cli_no_memory();
	if (session_file_read(fd, entries, FORKSAN_MAX_FINDINGS * sizeof *entries,
			      offsetof(struct registry, findings)))
		for (size_t i = 0; i < FORKSAN_MAX_FINDINGS; i++)
			count += take(&entries[i], &(*findings)[count]);
	free(entries);
	close(fd);
	return add_up(*findings, count);
}

void session_labels(uint32_t uid, const char *session, struct labels *labels)
{
	int fd = open_registry(uid, session);
	_Static_assert(sizeof labels->bytes == sizeof((struct registry *)0)->labels, "one size");
	uint32_t len = 0;

	labels->len = 0;
	if (fd < 0)
		return;
	if (session_file_read(fd, &len, sizeof len, offsetof(struct registry, labels_len_bytes)) &&
	    len <= sizeof labels->bytes &&
	    session_file_read(fd, labels->bytes, sizeof labels->bytes,
			      offsetof(struct registry, labels)) &&
	    (len == 0 || labels->bytes[len - 1] == '\0'))
		labels->len = len;
	close(fd);
}
