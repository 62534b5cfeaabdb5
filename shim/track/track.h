/* SPDX-License-Identifier: MIT */
/*
 * The meaning of a call for a connection, for the wrappers: all headers of this room that wrappers
 * need, but for blind.h.
 */
#ifndef FORKSAN_SHIM_TRACK_H
#define FORKSAN_SHIM_TRACK_H

#include "track/call.h"	      /* around a call that moves bytes */
#include "track/connection.h" /* connect, dup, close */
#include "track/epoll.h"      /* epoll_ctl */
#include "track/epoll_left.h" /* epoll_ctl, epoll_wait */
#include "track/memo.h"	      /* close */
#include "track/pass.h"	      /* SCM_RIGHTS, exec */
#include "track/thread_end.h" /* a thread ends inside of a call */
#include "track/worker.h"     /* a forked process goes on */

#endif
