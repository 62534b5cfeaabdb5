/* SPDX-License-Identifier: MIT */
/*
 * A finding as plain data, on the way from the judge to the log.
 *
 * The tracker fills a struct finding_cause; finding_report() counts the finding (finding_count.h),
 * adds the rest from the registry, and hands a struct finding to report.h.  Pointers are borrowed
 * from the registry and from the caller and live as long as the call.
 */
#ifndef FORKSAN_SHIM_FINDING_H
#define FORKSAN_SHIM_FINDING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "base/entries.h"
#include "forksan/registry.h"
#include "stack/stack.h"

enum finding_stack {
	FINDING_STACK_OPENED,
	FINDING_STACK_FORKED,
	FINDING_STACK_OTHER_USE,
	FINDING_STACK_THIS_USE,
	FINDING_STACK_COUNT,
};

struct finding_process {
	pid_t pid;
	pid_t ppid;
	char comm[16];
	enum relation relation; /* of `other` to the reporter; RELATION_NONE for itself */
	bool alive;
};

/* Further findings that one finding stands for: see finding_count.h. */
enum finding_merge {
	FINDING_NOT_MERGED,
	FINDING_MERGED_PLACES,	    /* further places of the same connection */
	FINDING_MERGED_PROCESSES,   /* damage to the same connection by further processes */
	FINDING_MERGED_CONNECTIONS, /* further connections of the same place */
	FINDING_MERGED_SITES,	    /* whatever else has the same sites, and kind */
};

struct finding {
	enum kind kind;
	enum finding_action action; /* on a violation, beside the report */
	uint64_t id; /* the key in the registry; one for each different finding of the session */
	uint64_t time_ns; /* CLOCK_REALTIME */
	uint64_t repeat;  /* times seen, this one included */
	enum finding_merge merge;
	uint32_t threads; /* of the process that forked, at the fork; 0: not known */
	const char *session;
	const char *host; /* in the log alone, where report_finding() fills it in */
	struct finding_process reporter;
	struct finding_process other; /* pid 0: nobody */
	/* the connection */
	struct socket_slot slot; /* in the registry, for its history */
	uint64_t cookie;
	enum protocol protocol;
	struct sockaddr_storage peer;
	socklen_t peer_len;
	struct sockaddr_storage local;
	socklen_t local_len;			     /* 0: not known */
	char server_name[FORKSAN_SERVER_NAME_BYTES]; /* in its TLS hello; "": none */
	uint32_t isolated;		 /* times that a process was isolated from the connection */
	char label[FORKSAN_LABEL_BYTES]; /* given by the program (process/label.h); "": none */
	int fd;
	pid_t opened_by;
	uint64_t opened_at_ns; /* CLOCK_REALTIME */
	bool open_before;      /* open when the watch began: opened_by held it then */
	/* the evidence */
	struct stack_id stacks[FINDING_STACK_COUNT];
	const char *operation; /* "recv"; NULL: none */
	int64_t operation_bytes;
	const char *message; /* protocol message, "COM_QUERY"; NULL: not known */
	const char *text;    /* one sentence saying why; never NULL */
	bool likely;	     /* not proven: shown in the text and as `certainty` */
	bool needed;	     /* foreign-goodbye: `other` ended a session that the reporter needs */
	const char *basis;   /* "messages", "alternation" or NULL */
};

/* The part of a finding that the tracker knows; finding.c looks up the rest. */
struct finding_cause {
	enum kind kind;
	int fd;
	struct socket_slot slot;
	enum operation operation;
	int64_t bytes;
	struct serial other_serial; /* 0: nobody */
	struct stack_id this_use;
	struct stack_id other_use;
	const char *message; /* protocol message, NULL: not known */
	bool likely;	     /* not proven */
	bool needed;	     /* as in struct finding */
	const char *basis;   /* "messages" or "alternation", from which the finding was concluded;
				NULL: the rule alone */
	const char *text;
	enum finding_action action; /* beside the report */
	/* The local address when the descriptor no longer has that address; NULL: the kernel is
	 * asked. */
	const struct sockaddr_storage *local;
	socklen_t local_len_bytes;
	/* Asks whether the descriptor still is the connection, before a record is written; a system
	 * call.  NULL: the caller has asked. */
	bool (*is_still)(int fd, struct socket_slot slot);
};

/* Returns the relation of `other` to this process. */
enum relation finding_relation(const struct registry_process *other);

/* Leaves out a finding that suppressions= has (suppress.h).  Counts any other one and, at a
 * milestone (1st, 10th, 100th, ... time), writes a record.  Blocks signals during the write.  About
 * 3 KiB of the caller's stack when all side stacks are in use (base/side_stack.h); no malloc, no
 * lock; errno is kept. */
void finding_report(const struct finding_cause *cause);

#endif
