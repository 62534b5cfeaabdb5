/* SPDX-License-Identifier: MIT */
/*
 * Every fixed size of forksan, each with its reason.
 *
 * Nothing inside the target process is allocated on the heap, so every table has a size that is
 * known when forksan is built.  A full table is never an error: the newcomer is counted as not
 * watched (see enum registry_counter) and the summary says so.
 */
#ifndef FORKSAN_LIMITS_H
#define FORKSAN_LIMITS_H

/* Processes of one session that are alive at once, plus the dead ones that reports still name.
 * A prefork server has tens; 1000 live ones must fit with room for the dead. */
#define FORKSAN_MAX_PROCESSES 4096

/* Watched connections of one session that are open at once. */
#define FORKSAN_MAX_SOCKETS 65536

/* Before the table grows by so many, slots that nobody holds are given out again: workers that end
 * without closing leave theirs behind.  A megabyte, and more connections than most sessions have.
 */
#define FORKSAN_SOCKET_LOT 1024

/* Words of 64 bits in one process's "holds" bitmap: a bit for every socket slot. */
#define FORKSAN_HOLD_WORDS (FORKSAN_MAX_SOCKETS / 64)

/* Words of one process that lie together: those of a lot, so that a page serves 32 processes. */
#define FORKSAN_HOLD_BLOCK_WORDS (FORKSAN_SOCKET_LOT / 64)

/* Descriptors of one process that can be watched.  Descriptors above are never watched; a
 * connection opened there is counted.  The table has 4 bytes each, in pages that come with use. */
#define FORKSAN_MAX_FDS 262144

/* Generations of forks that the judge remembers.  Real trees have 2 to 5 (supervisor, master,
 * worker, task).  Beyond these the oldest generation is forgotten, and a use after one by a
 * forgotten ancestor is not judged: a miss, never a false alarm. */
#define FORKSAN_MAX_ANCESTORS 64

/* Different stacks of one session.  Equal stacks are stored once, so this bounds code paths, not
 * connections. */
#define FORKSAN_MAX_STACKS 2048

/* Native frames of one stack.  CPython 3.11 and later run Python-to-Python calls in one C frame,
 * older ones need about three C frames for each Python frame; the interpreter frames stand in
 * their own list, so the native list need not reach main(). */
#define FORKSAN_MAX_NATIVE_FRAMES 64

/* Bytes of one stack's interpreter frames, packed (see struct registry_stack). */
#define FORKSAN_STACK_TEXT_BYTES 3520

/* Mapped files that stacks point into.  A large Python program maps about 300. */
#define FORKSAN_MAX_MODULES 1024
#define FORKSAN_MODULE_PATH_BYTES 232
#define FORKSAN_BUILD_ID_BYTES 20 /* SHA-1, the default of GNU ld and lld */

/* Different findings of one session (connection, kind and pair of stacks), and what counts groups
 * of them.  Half is for bugs that were not told before: see report/finding_count.h.  Later new ones
 * are counted and not written. */
#define FORKSAN_MAX_FINDINGS 4096

/* Pairs of stacks that are told apart, of one kind and connection.  A connection is shared by
 * mistake from few lines; more are one line over ever other stacks. */
#define FORKSAN_PLACES_PER_CONNECTION 16

/* Connections that are told apart, of one kind and pair of stacks: more than any pool has. */
#define FORKSAN_CONNECTIONS_PER_PLACE 64

/* Damage is reported for each process.  Of one connection, by process and place: more workers than
 * use one connection.  Of one pair of stacks, by process and connection: more than a host's workers
 * times a pool. */
#define FORKSAN_DAMAGES_PER_CONNECTION 64
#define FORKSAN_DAMAGES_PER_PLACE 256

/* Programs that are told apart in the log's records of unseen things.  Later ones are counted
 * together, so that a server that starts a new file each time does not fill the log. */
#define FORKSAN_DETAILS_TOLD_APART 64

/* First bytes of each direction kept for identifying the protocol: the longest fixed opening that
 * is needed is HTTP/2's client preface, 24 bytes (RFC 9113 section 3.4). */
#define FORKSAN_HEAD_BYTES 32

/* Processes of one connection whose latest use stack is remembered. */
#define FORKSAN_MAX_USERS 8

/* Use stacks taken by one process on one connection.  A connection that is shared by mistake is
 * used from few places; after that uses are judged and counted, not walked. */
#define FORKSAN_USE_STACKS_PER_PROCESS 16
#define FORKSAN_SOUND_STACKS_PER_PROCESS 4 /* of sound uses: for another process's report */

/* The server's name in a TLS hello (SNI), with a NUL.  A DNS name has at most 253 bytes, a label
 * 63; those of managed databases have about 60.  A longer name is not kept: a part would name
 * another server. */
#define FORKSAN_SERVER_NAME_BYTES 64

/* struct sockaddr_un is the largest address kept: 110 bytes (unix(7)). */
#define FORKSAN_ADDRESS_BYTES 112

/* Connections whose latest operations are kept, and the number of operations of each.  Only
 * connections that two processes have used are kept: a server that shares by mistake shares a
 * pool's worth. */
#define FORKSAN_MAX_HISTORIES 1024
#define FORKSAN_HISTORY_OPERATIONS 64

/* First bytes of an operation that are kept with payload=1: a short query and its protocol's
 * header, and one history's fill a page. */
#define FORKSAN_PAYLOAD_BYTES 64

/* Peers of connections that were seen and not watched, each with its protocol, that are named: a
 * host's services and the few servers that a user ignores. */
#define FORKSAN_UNWATCHED_PEERS 16
#define FORKSAN_PEER_TEXT_BYTES 112 /* the longest text of an address: a unix path and a NUL */

/* One line of the log.  Four stacks with 64 native frames at about 200 bytes each fit. */
#define FORKSAN_RECORD_BYTES (128 * 1024)

/* A registry gets a name in /dev/shm only where this much is free: for a session of some hundred
 * connections that are used from some dozens of places, and REGISTRY_ROOM_LEFT_BYTES for others. */
#define FORKSAN_SHM_NEEDED_BYTES (3 * 1024 * 1024)

/* A finding in the log, without the frames that stack records have: shippers cut longer lines. */
#define FORKSAN_FINDING_BYTES (8 * 1024)

/* The part of FORKSAN_FINDING_BYTES for the frames: most findings are below 4 KiB. */
#define FORKSAN_FINDING_FRAMES_BYTES (3 * 1024)

/* The latest operations that a finding shows, of those that moved bytes: two requests, and the read
 * of an answer. */
#define FORKSAN_FINDING_HISTORY 3

/* The name that forksan_label() gives a connection, with a NUL; and how many connections of one
 * process have a name: more than a program has kinds of pools. */
#define FORKSAN_LABEL_BYTES 32
#define FORKSAN_MAX_LABELS 256

/* Option strings and paths. */
#define FORKSAN_PATH_BYTES 512
#define FORKSAN_LIST_BYTES 512

#endif
