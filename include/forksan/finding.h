/* SPDX-License-Identifier: MIT */
/*
 * The words that the shim writes and the tool reads: the names of levels, kinds, relations,
 * languages and counters.  Each name stands here once, for the log, the texts, the schema and the
 * manual.
 *
 * Each table is a list macro X(IDENTIFIER, "name in the log", ...).  Order is part of the contract
 * where the comment says so.
 */
#ifndef FORKSAN_FINDING_H
#define FORKSAN_FINDING_H

/* Scripts read the tables: a row is a line. */
/* clang-format off */

/* Levels, rising.  X(identifier, name) */
#define FORKSAN_LEVELS(X)                                                                          \
	X(LEVEL_NOTICE, "notice")                                                                  \
	X(LEVEL_HAZARD, "hazard")                                                                  \
	X(LEVEL_VIOLATION, "violation")

/* Kinds, rising: the report shows the last first.  X(identifier, name, level) */
#define FORKSAN_KINDS(X)                                                                           \
	X(KIND_OPEN_AT_FORK, "open-at-fork", LEVEL_NOTICE)                                         \
	X(KIND_INHERITED_EPOLL, "inherited-epoll", LEVEL_HAZARD)                                   \
	X(KIND_INHERITED_USE, "inherited-use", LEVEL_HAZARD)                                       \
	X(KIND_SHARED_USE, "shared-use", LEVEL_VIOLATION)                                          \
	X(KIND_SHARED_EPOLL, "shared-epoll", LEVEL_VIOLATION)                                      \
	X(KIND_FOREIGN_GOODBYE, "foreign-goodbye", LEVEL_VIOLATION)                                \
	X(KIND_CROSSED_REPLY, "crossed-reply", LEVEL_VIOLATION)

/* What was done about a violation beside the report.  X(identifier, name) */
#define FORKSAN_ACTIONS(X)                                                                         \
	X(ACTION_REPORTED, "reported")                                                             \
	X(ACTION_ABORTED, "aborted")                                                               \
	X(ACTION_ISOLATED, "isolated")                                                             \
	X(ACTION_HELD_BACK, "held-back")                                                           \
	X(ACTION_WOULD_ISOLATE, "would-isolate")                                                   \
	X(ACTION_NOT_ISOLATED, "not-isolated")

/* The relation of `other` to the process that reports.  X(identifier, name) */
#define FORKSAN_RELATIONS(X)                                                                       \
	X(RELATION_NONE, "none")                                                                   \
	X(RELATION_PARENT, "parent")                                                               \
	X(RELATION_CHILD, "child")                                                                 \
	X(RELATION_SIBLING, "sibling")                                                             \
	X(RELATION_ANCESTOR, "ancestor")                                                           \
	X(RELATION_DESCENDANT, "descendant")                                                       \
	X(RELATION_RELATIVE, "relative")                                                           \
	X(RELATION_UNRELATED, "unrelated")

/* Languages of stack frames.  X(identifier, name) */
#define FORKSAN_LANGUAGES(X)                                                                       \
	X(LANGUAGE_NATIVE, "native")                                                               \
	X(LANGUAGE_PYTHON, "python")                                                               \
	X(LANGUAGE_RUBY, "ruby")                                                                   \
	X(LANGUAGE_PERL, "perl")                                                                   \
	X(LANGUAGE_PHP, "php")

/*
 * Counters of a session.  Counters from LOST_ on are for things that forksan did not see or could
 * not do: the summary prints each that is not zero, so that silence can be told from blindness.
 * X(identifier, name, sentence)
 */
#define FORKSAN_COUNTERS(X)                                                                        \
	X(COUNT_PROCESSES, "processes", "processes watched")                                       \
	X(COUNT_FORKS, "forks", "forks seen")                                                      \
	X(COUNT_EXECS, "execs", "programs that joined the session by exec")                        \
	X(COUNT_CONNECTIONS, "connections_watched", "connections watched")                         \
	X(COUNT_CONNECTIONS_OTHER, "connections_other", "connections of classes not watched")      \
	X(COUNT_CONNECTIONS_INHERITED, "connections_inherited", "connections open across a fork")  \
	X(COUNT_USES_SOUND, "uses_sound", "uses of inherited connections that were sound")         \
	X(COUNT_USES_HAZARD, "uses_hazard", "uses that were hazards")                              \
	X(COUNT_USES_VIOLATION, "uses_violation", "uses that were violations")                     \
	X(COUNT_REPLIES_CROSSED, "replies_crossed", "replies that crossed")                        \
	X(COUNT_HAND_OVERS, "hand_overs", "connections handed over with SCM_RIGHTS")               \
	X(COUNT_NOTICES, "notices", "findings of level notice")                                    \
	X(COUNT_HAZARDS, "hazards", "findings of level hazard")                                    \
	X(COUNT_VIOLATIONS, "violations", "findings of level violation")                           \
	X(COUNT_REPEATED, "repeated", "further reports of bugs that were shown")                   \
	X(COUNT_ISOLATED, "isolated", "uses that met a closed connection instead (mode=isolate)")  \
	X(COUNT_GOODBYES_HELD, "goodbyes_held", "goodbyes that went nowhere (mode=isolate)")       \
	X(COUNT_RECONNECTED, "reconnected", "connections opened anew by isolated processes")       \
	X(COUNT_VIOLATIONS_SEEN, "violations_seen", "violations, repeats included")                \
	X(COUNT_WOULD_ISOLATE, "would_isolate", "uses and goodbyes that mode=isolate would stop")  \
	X(COUNT_SUPPRESSED, "suppressed", "findings that suppressions= left out, repeats included") \
	X(COUNT_SUPPRESSIONS_UNREAD, "suppressions_unread", "programs that could not read all of suppressions=") \
	X(COUNT_GOODBYES_PRESUMED, "goodbyes_presumed", "last writes that cannot be read (TLS), taken for goodbyes, as nothing was read after them") \
	X(LOST_PROCESSES, "lost_processes", "processes not watched: the table was full")           \
	X(LOST_CONNECTIONS, "lost_connections", "connections not watched: the table was full")     \
	X(LOST_FDS, "lost_fds", "connections not watched: the descriptor number was too high")     \
	X(LOST_STACKS, "lost_stacks", "stacks not kept: the table was full")                       \
	X(LOST_REPORTS, "lost_reports", "findings that could not be written")                      \
	X(LOST_FINDINGS, "lost_findings", "findings not written: too many different ones")         \
	X(LOST_ANCESTORS, "lost_ancestors", "connections with a use not judged: perhaps a forgotten ancestor made the one before") \
	X(LOST_SESSION, "lost_session", "exec'd programs that could not rejoin the session")       \
	X(LOST_STALE_FDS, "stale_fds", "descriptors closed behind our back and noticed")           \
	X(LOST_STREAMS, "lost_streams", "stdio streams on watched connections: what they move is not seen") \
	X(LOST_DEEPBIND, "lost_deepbind", "objects loaded with RTLD_DEEPBIND or dlmopen() whose calls are not seen") \
	X(LOST_IO_URING, "io_uring", "io_uring set up by a process with a watched connection")     \
	X(LOST_SANDBOXED, "sandboxed", "processes not watched any more: they entered a seccomp sandbox") \
	X(LOST_EXEC_UNSEEN, "exec_unseen", "programs started by exec that forksan is not in")      \
	X(LOST_LOG, "log_moved", "records in a log that was renamed: their process may not open its successor") \
	X(LOST_ISOLATION, "isolate_failed", "violations that mode=isolate could not stop")         \
	X(LOST_USES, "lost_uses", "calls not judged: the kernel told of more than could be taken") \
	X(LOST_LATE_STACKS, "late_stacks", "stacks whose frames were read after the call: may be of later") \
	X(LOST_BYTES, "lost_bytes", "calls judged without their bytes, which could not be read") \
	X(LOST_WATCHER, "lost_watcher", "times that forksan-attach ended too early: what came then was not seen") \
	X(LOST_STILL_RUNNING, "still_running", "processes that still run and may do anything yet") \
	X(LOST_HIDDEN, "hidden_processes", "processes that this user may not look at: what they hold, and where they use it, is not known") \
	X(LOST_RECORDS, "unwritten_records", "records of sessions, processes and summaries that could not be written")
/* clang-format on */

#define FORKSAN_ENUM_2(id, name) id,
#define FORKSAN_ENUM_3(id, name, extra) id,
enum level { FORKSAN_LEVELS(FORKSAN_ENUM_2) LEVEL_COUNT };
enum kind { FORKSAN_KINDS(FORKSAN_ENUM_3) KIND_COUNT };
enum finding_action { FORKSAN_ACTIONS(FORKSAN_ENUM_2) ACTION_COUNT };
enum relation { FORKSAN_RELATIONS(FORKSAN_ENUM_2) RELATION_COUNT };
enum language { FORKSAN_LANGUAGES(FORKSAN_ENUM_2) LANGUAGE_COUNT };
enum registry_counter { FORKSAN_COUNTERS(FORKSAN_ENUM_3) COUNTER_COUNT };
#undef FORKSAN_ENUM_2
#undef FORKSAN_ENUM_3

#endif
