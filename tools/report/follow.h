/* SPDX-License-Identifier: MIT */
/*
 * forksan report --follow: logs that grow, read while they grow.
 */
#ifndef FORKSAN_TOOLS_REPORT_FOLLOW_H
#define FORKSAN_TOOLS_REPORT_FOLLOW_H

struct render_options;
struct report;

/*
 * Reads the files and directories `names`, prints the screen of each bug when it is
 * first seen and when it is worse than it seemed, and goes on with what is written afterwards,
 * until SIGINT or SIGTERM.  A file that is renamed is read to its end, then the file that took its
 * name; new files of a directory are read, too.  Returns an enum exit_status.
 */
int report_follow(struct report *report, const char *verb, char **names,
		  const struct render_options *options);

#endif
