/* SPDX-License-Identifier: MIT */
/*
 * The public API, include/forksan/forksan.h.  Exported beside the interposed names.
 */
#include <errno.h>

#include "forksan/forksan.h"
#include "base/compiler.h"
#include "entry/callback.h"
#include "entry/init.h"
#include "process/label.h"
#include "track/check.h"
#include "track/track.h"

FORKSAN_EXPORT int forksan_api_active(void)
{
	int saved_errno = errno;
	int active;

	init_join();
	active = process_enter();
	errno = saved_errno;
	return active;
}

FORKSAN_EXPORT void forksan_api_ignore(int fd)
{
	int saved_errno = errno;
	struct socket_ref ref = fdtable_lookup(fd);

	if (ref.n != 0 && process_enter_own())
		track_stop_watching(socket_ref_slot(ref));
	errno = saved_errno;
}

FORKSAN_EXPORT void forksan_api_hand_over(int fd)
{
	track_handed_over(fd);
}

FORKSAN_EXPORT void forksan_api_label(int fd, const char *label)
{
	int saved_errno = errno;
	struct socket_ref ref = fdtable_lookup(fd);

	if (ref.n != 0 && process_enter_own() && track_is_still(fd, socket_ref_slot(ref)))
		label_set(socket_ref_slot(ref), label ? label : "");
	errno = saved_errno;
}

FORKSAN_EXPORT int forksan_api_check(void)
{
	int open = track_check();

	callback_run();
	return open;
}

FORKSAN_EXPORT long forksan_api_findings(void)
{
	return callback_run();
}

FORKSAN_EXPORT void forksan_api_on_finding(void (*callback)(void *context, long violations),
					   void *context)
{
	callback_set(callback, context);
}
