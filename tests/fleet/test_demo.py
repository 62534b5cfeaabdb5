#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The demo (`make fleet-demo`) with eight hosts: alarm and answer come, and nothing stays."""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


def namespaces():
    return {name for name in os.listdir("/run/netns")} if os.path.isdir("/run/netns") else set()


def main():
    demo = subprocess.Popen([sys.executable, os.path.join(HERE, "demo.py")], text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            env={**os.environ, "FLEET_AGENTS": "8"})
    output = demo.communicate()[0]
    print(output)
    if demo.returncode == 77:
        return 77
    left = [name for name in namespaces() if name.startswith(f"forksan-{demo.pid}-")]
    wanted = ("ForksanNewBug (critical)", "ForksanNewBugOnHosts", "0 are missing",
              "hosts     1 host: web-7", "WRONG ANSWERS SEEN", "complete: true")
    lacking = [text for text in wanted if text not in output]
    if left or lacking:
        print(f"left behind: {left}; not said: {lacking}")
    return 1 if demo.returncode or left or lacking else 0


if __name__ == "__main__":
    sys.exit(main())
