/* SPDX-License-Identifier: MIT */
/*
 * See blind.h.
 *
 * For each reason the log names the process at the 1st, 10th, 100th, ... time of the session: a
 * server that gives the same reason all the time does not fill the log.
 *
 * A ring is a descriptor whose link in /proc/self/fd reads anon_inode:[io_uring] (fs/anon_inodes.c
 * and io_uring/io_uring.c of Linux 5.1 on).
 */
#include "track/blind.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "base/text.h"
#include "base/wiped.h"
#include "forksan/atomics.h"
#include "process/fdtable.h"
#include "process/process.h"
#include "registry/registry.h"
#include "report/finding_count.h"
#include "report/report.h"

/* A ring's number is looked for so far beyond the highest of a connection, and not behind a gap:
 * the kernel gives out the lowest free number. */
#define NUMBERS_BEYOND 16
#define GAP 8

/* "/usr/local/bin/helper is statically linked" */
#define PROGRAM_DETAIL_BYTES 256

enum note_state { NOTE_FREE, NOTE_TAKEN, NOTE_WRITTEN };

/* The record that a vfork child could not write.  The state of the record (enum note_state), which
 * a fork clears, is wiped.track.program_noted.  The act of a second child, before the first record
 * is written, is counted and not named. */
static struct note {
	enum registry_counter counter;
	char detail[PROGRAM_DETAIL_BYTES];
} noted;

static void write_record(enum registry_counter counter, const char *detail)
{
	uint64_t times = finding_count_blind(counter, detail);
	uint64_t signals;

	if (!finding_is_milestone(times))
		return;
	sys_block_signals(&signals);
	report_blind(registry_get(), counter, times, detail);
	sys_restore_signals(signals);
}

void blind_tell(enum registry_counter counter)
{
	registry_count(counter);
	if (process_enter_own())
		write_record(counter, NULL);
}

bool blind_tell_program(enum registry_counter counter, const char *path, const char *why)
{
	char detail[PROGRAM_DETAIL_BYTES];
	uint32_t free = NOTE_FREE;
	struct text text;

	if (!registry_get())
		return false;
	registry_count(counter);
	if (!process_enter())
		return true;
	text_init(&text, detail, sizeof detail);
	text_put_string(&text, path);
	text_put_char(&text, ' ');
	text_put_string(&text, why);
	if (!process_is_vfork_child()) {
		blind_tell_noted();
		write_record(counter, detail);
	} else if (compare_exchange_acq_rel(&wiped.track.program_noted, &free, NOTE_TAKEN)) {
		memcpy(noted.detail, detail, sizeof noted.detail);
		noted.counter = counter;
		store_release(&wiped.track.program_noted, NOTE_WRITTEN);
	}
	return true;
}

void blind_tell_noted(void)
{
	uint32_t written = NOTE_WRITTEN;
	struct note note;

	if (likely(load_relaxed(&wiped.track.program_noted) == NOTE_FREE) || !process_enter_own() ||
	    !compare_exchange_acq_rel(&wiped.track.program_noted, &written, NOTE_TAKEN))
		return;
	note = noted;
	store_release(&wiped.track.program_noted, NOTE_FREE);
	write_record(note.counter, note.detail);
}

void blind_found_ring(void)
{
	if (fdtable_high() > 0 && exchange_acq_rel(&wiped.track.ring_counted, 1) == 0)
		blind_tell(LOST_IO_URING);
}

/* True: look further. */
static bool look_for_ring(int fd)
{
	static const char ring[] = "anon_inode:[io_uring]";
	char path[32];
	char link[sizeof ring];
	struct text text;
	long n;

	text_init(&text, path, sizeof path);
	text_put_string(&text, "/proc/self/fd/");
	text_put_int(&text, fd);
	n = sys_readlink(path, link, sizeof link);
	if (n != sizeof ring - 1 || memcmp(link, ring, sizeof ring - 1) != 0)
		return true;
	blind_found_ring();
	return false;
}

/* By number: to list /proc/self/fd the kernel makes an entry for each descriptor, 5 us each.  A
 * file without a type (inode(7)) is one of the kernel's own, as a ring is; few descriptors are. */
void blind_look_for_rings(void)
{
	unsigned end = fdtable_high() + NUMBERS_BEYOND;
	unsigned closed = 0;

	if (fdtable_high() == 0 || load_relaxed(&wiped.track.ring_counted) != 0)
		return;
	for (unsigned fd = 0; fd < end; fd++) {
		struct stat stat = {.st_mode = S_IFREG};

		if (fdtable_lookup((int)fd).n != 0)
			continue;
		if (sys_fstat((int)fd, &stat) == 0)
			closed = 0;
		else if (++closed == GAP && fd >= fdtable_high())
			return;
		if ((stat.st_mode & S_IFMT) == 0 && !look_for_ring((int)fd))
			return;
	}
}
