# SPDX-License-Identifier: MIT
"""Runs stress-ng's stressors of sockets, descriptors and processes bare and under the shim.

stress-ng verifies what it does (--verify).  Both runs must succeed; how many operations each made
is printed, not judged: that is what tests/bench measures.
"""

import os
import re

import compare
from compare import check, forksan_log

STRESSORS = ("sock", "sockpair", "sockfd", "sockmany", "fork", "vfork", "clone", "fd-fork", "dup",
             "close", "daemon", "exec", "pipe", "poll", "epoll", "sendfile", "splice", "kill",
             "sigpipe", "wait", "mmapfork", "vforkmany", "zombie", "udp", "netlink-task")


def operations(text, stressor):
    found = re.search(rf"\b{re.escape(stressor)} +(\d+) ", text)
    return int(found.group(1)) if found else 0


def compare_stressor(place, stressor, seconds):
    argv = ["stress-ng", f"--{stressor}", "1", "--timeout", str(seconds), "--verify",
            "--metrics-brief", "--temp-path", ".", "--oom-avoid", "--log-brief"]
    # Running programs as root is something that it refuses.
    user = {"user": "nobody"} if stressor == "exec" and os.getuid() == 0 else {}
    place.fresh(None)
    bare = place.once(argv, forksan_log.bare_env(), timeout=seconds * 3 + 60, **user)
    if "unrecognized option" in bare.err:
        print(f"not compared: this stress-ng has no --{stressor}")
        return
    log = place.new_log()
    place.fresh(None)
    ours = place.once(argv, forksan_log.forksan_env(log.path, session=compare.session_name(), watch="all"),
                      timeout=seconds * 3 + 60, **user)
    compare.compared += 1
    # 3: not implemented here; 4: no resource.
    if bare.status != 0:
        print(f"{stressor}: not required, bare status {bare.status}, ours {ours.status}")
        check(ours.status == bare.status, f"{stressor}: the same status", ours)
    else:
        check(ours.status == 0, f"{stressor}: succeeds under forksan", ours)
    one, two = (operations(run.out + run.err, stressor) for run in (bare, ours))
    check(one == 0 or two > 0, f"{stressor}: does something", ours)
    print(f"{stressor}: {one} operations bare, {two} under forksan", flush=True)
    # Its own children share connections with their parents, which is what it is for.
    place.look(stressor, log, silent=stressor not in ("sockfd",), cut=not log.counters)
