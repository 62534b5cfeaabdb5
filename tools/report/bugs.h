/* SPDX-License-Identifier: MIT */
/*
 * Findings gathered into bugs.  A bug is a place that opens a connection, a protocol and a place
 * that forks, which a reader can mend.  The bug's uses, kinds and processes are evidence.
 *
 * Memory is bounded: so many bugs, so many bytes of examples, so many identities remembered.  The
 * rest is counted, and the report shows the count.
 */
#ifndef FORKSAN_TOOLS_REPORT_BUGS_H
#define FORKSAN_TOOLS_REPORT_BUGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uthash.h>

#include "log/record.h"
#include "report/site.h"

#define BUG_MAX 1024			      /* a program has few */
#define BUG_PIDS 16			      /* processes named for each bug, and for each use */
#define BUG_USES 6			      /* places of use named for each bug */
#define BUG_CONNECTIONS 32		      /* connections counted for each bug */
#define BUG_GOODBYES 32			      /* goodbyes known again for each bug */
#define BUG_EXAMPLE_BUDGET ((size_t)24 << 20) /* bytes of all examples together */

/* A set of processes, in order of appearance. */
struct bug_pids {
	int64_t list[BUG_PIDS];
	size_t count;
	bool more;
};

/* A place at which the connection was used. */
struct bug_use {
	struct site site;
	struct bug_pids pids;
};

/* The findings of one kind. */
struct bug_kind {
	uint64_t times;	   /* repeats included */
	uint64_t findings; /* different ones */
	bool proven;	   /* one finding is */
	char *example;	   /* a line of the log; NULL: none, or the budget was spent */
	size_t example_len_bytes;
	unsigned example_worth; /* see keep_example() */
};

struct bug {
	uint64_t fingerprint;
	struct site opened;
	struct site forked;
	char *protocol;
	char *peer;	 /* of the first finding */
	bool more_peers; /* others had other peers */
	struct bug_kind kinds[KIND_COUNT];
	enum kind worst; /* of all */
	enum kind head;	 /* what the bug is called by: see rank() */
	struct bug_pids pids;
	struct bug_use uses[BUG_USES];
	size_t use_count;
	uint64_t more_uses; /* findings with yet other places of use */
	int64_t opened_by;
	bool open_before;		       /* when the watch began: opened_by held it then */
	uint64_t connections[BUG_CONNECTIONS]; /* hashes of session and cookie */
	size_t connection_count;
	bool more_connections;
	uint64_t goodbyes[BUG_GOODBYES]; /* hashes of those that are likely: process and stack */
	size_t goodbye_count;
	bool shared_beside_goodbyes; /* one shared use rests on a use that is not one of these */
	json_t *fleet; /* where hosts have seen it, of a store's lines; NULL: from a log */
	uint64_t actions[ACTION_COUNT]; /* times; ACTION_REPORTED is not counted */
	struct bug_pids reconnected;	/* processes that were isolated and have connected anew */
	char first[LOG_TIME_BYTES];
	char last[LOG_TIME_BYTES];
	UT_hash_handle hh;
};

struct bugs;
struct site_cache;

struct bugs *bugs_new(void);
void bugs_free(struct bugs *bugs);

/* Returns the fingerprint of a checked finding: the log's, or one computed from the stacks where
 * the log has none (version 1) or a site is native.  Fills `opened` and `forked`. */
uint64_t bugs_identify(struct site_cache *sites, const struct log_record *finding,
		       struct site *opened, struct site *forked);

/* Adds a finding that bugs_identify() has looked at.  `text` is the finding's line, which is copied
 * when the finding is an example. */
void bugs_add(struct bugs *bugs, struct site_cache *sites, const struct log_record *finding,
	      uint64_t fingerprint, const struct site *opened, const struct site *forked,
	      const char *text, size_t len_bytes);

/* Notes that the process has connected to `peer` anew, after it was isolated from a connection
 * there. */
void bugs_add_reconnected(struct bugs *bugs, int64_t pid, const char *peer);

/* Sorts the bugs for bugs_at(), most harmful first. */
void bugs_sort(struct bugs *bugs);
size_t bugs_count(const struct bugs *bugs);
const struct bug *bugs_at(const struct bugs *bugs, size_t index);

/* The bug with that fingerprint, or NULL. */
const struct bug *bugs_find(const struct bugs *bugs, uint64_t fingerprint);

/* Returns how often a bug was seen, and how many different findings were. */
uint64_t bug_times(const struct bug *bug);
uint64_t bug_findings(const struct bug *bug);

/* Returns the bug's consequence, in capitals where the bug does harm: "WRONG ANSWERS SEEN". */
const char *bug_consequence(const struct bug *bug);

/* Returns the times seen of all findings of a level, also of bugs without room. */
uint64_t bugs_total(const struct bugs *bugs, enum level level);

/* Returns the times seen of findings whose bug had no room. */
uint64_t bugs_without_room(const struct bugs *bugs);

#endif
