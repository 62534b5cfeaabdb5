# SPDX-License-Identifier: MIT
"""Hosts on this machine: network namespaces on a bridge in one more namespace, each with its own name.

    with namespaces.Hosts(["web-1", "web-2"]) as hosts:
        subprocess.run([*hosts.prefix("web-1"), "uname", "-n"])

The centre is hosts.prefix("") at hosts.address.  Nothing is seen of them outside, and nothing stays:
bridge and cables go with their namespaces.
"""

import contextlib
import os
import subprocess

NETWORK = "10.77"


def lacking():
    """Why this machine has none; empty: it has them."""
    if os.getuid() != 0:
        return "network namespaces need root"
    name = f"forksan-{os.getpid()}-try"
    if subprocess.run(["ip", "netns", "add", name], check=False, capture_output=True).returncode:
        return "network namespaces are not permitted here"
    subprocess.run(["ip", "netns", "del", name], check=True)
    return ""


class Hosts:
    def __init__(self, names):
        self.names = ["", *names]
        self.address = self.address_of("")

    def address_of(self, name):
        number = self.names.index(name) + 1
        return f"{NETWORK}.{number // 250}.{number % 250}"

    def namespace(self, name):
        return f"forksan-{os.getpid()}-{name or 'centre'}"

    def prefix(self, name):
        """The command line before a command that runs there, with a /dev/shm of its own; the process
        stays the same."""
        return ["ip", "netns", "exec", self.namespace(name), "unshare", "--uts", "sh", "-c",
                f"hostname {name or 'centre'} && mount -t tmpfs tmpfs /dev/shm && exec \"$@\"", "sh"]

    def ip(self, lines, name=None):
        of = ["-n", self.namespace(name)] if name is not None else []
        subprocess.run(["ip", *of, "-batch", "-"], check=True, text=True,
                       input="".join(line + "\n" for line in lines))

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        try:
            for name in self.names:
                self.ip([f"netns add {self.namespace(name)}"])
                self.stack.callback(self.ip, [f"netns del {self.namespace(name)}"])
            self.ip([f"link add v{i} netns {self.namespace('')} type veth peer name eth0 netns "
                     f"{self.namespace(name)}" for i, name in enumerate(self.names[1:])])
            self.ip(["link set lo up", "link add bridge type bridge", "link set bridge up",
                     f"address add {self.address}/16 dev bridge",
                     *(line for i in range(len(self.names) - 1)
                       for line in (f"link set v{i} master bridge", f"link set v{i} up"))], "")
            for name in self.names[1:]:
                self.ip(["link set lo up", f"address add {self.address_of(name)}/16 dev eth0",
                         "link set eth0 up"], name)
        except BaseException:
            self.stack.close()
            raise
        return self

    def __exit__(self, *_):
        self.stack.close()
