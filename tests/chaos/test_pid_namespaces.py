#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Sessions in different pid namespaces that share /dev/shm, as the containers of a pod may: neither
takes the other's processes for dead, nor its registry away."""

import os
import subprocess

import chaos
from chaos import check, forksan_log

# Each starts a process, and so has a session.
HOST = ("/usr/bin/python3", "-c", "import os, sys\nos.fork() or os._exit(0)\nos.wait()\n"
        "print('up', flush=True)\nsys.stdin.read()")


def registry_of(log):
    session = next(record["session"] for record in log.read().records
                   if record["record"] == "session")
    return f"/dev/shm/forksan-{os.getuid()}/{session}"


def main():
    if os.getuid() != 0 or subprocess.run(["unshare", "--pid", "--fork", "true"],
                                          check=False).returncode != 0:
        chaos.skip("needs root, for a pid namespace")
    with chaos.Place() as place:
        outer, inner = place.new_log(), place.new_log()
        with subprocess.Popen(HOST, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env=forksan_log.forksan_env(outer.path)) as host:
            host.stdout.readline()
            check(os.path.exists(registry_of(outer)), "a session has a registry")
            for _ in range(2):
                subprocess.run(["unshare", "--pid", "--fork", "env",
                                *(f"{name}={value}" for name, value in
                                  forksan_log.forksan_env(inner.path).items()),
                                "sh", "-c", "/bin/true; :"],
                               check=True)
            check(os.path.exists(registry_of(outer)),
                  "a session in another pid namespace leaves it alone")
            check(registry_of(inner) != registry_of(outer), "each has its own")
            host.stdin.close()
        check(not os.path.exists(registry_of(outer)), "it goes with its last process")
        check(not os.path.exists(registry_of(inner)), "so does the other's")
        chaos.compare.compared += 1
    chaos.finish()


if __name__ == "__main__":
    main()
