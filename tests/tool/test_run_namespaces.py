#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`forksan run` of a program in a pid or time namespace of its own, one of whose workers was killed: the
verdict is that of the same program outside, and nothing of the namespace is called running when it has
ended."""

import os
import socketserver
import subprocess
import sys
import threading

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import toolkit
from toolkit import check

PROGRAM = """
import os, signal, socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def ask():
    s.sendall(b"*1\\r\\n$4\\r\\nPING\\r\\n"); s.recv(64)
ask()
told, tell = os.pipe()
pid = os.fork()
if pid == 0:
    ask()
    os.write(tell, b"x")
    signal.pause()
os.read(told, 1)
os.kill(pid, signal.SIGKILL)
os.waitpid(pid, 0)
ask()
"""


class Answer(socketserver.BaseRequestHandler):
    def handle(self):
        while self.request.recv(64):
            self.request.sendall(b"+PONG\r\n")


def main():
    if os.getuid() != 0 or subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"],
                                          check=False).returncode != 0:
        toolkit.skip("needs root, for a pid namespace")
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answer) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        program = ["/usr/bin/python3", "-c", PROGRAM, str(server.server_address[1])]
        places = [(), ("unshare", "--pid", "--fork"),
                  ("unshare", "--pid", "--fork", "--mount-proc"),
                  ("unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", '"$@"; exit $?', "sh")]
        clock = ("unshare", "--time", "--boottime", "100000", "--fork")
        if subprocess.run([*clock, "true"], check=False).returncode == 0:
            places.append(clock)
        for before in places:
            result = toolkit.run("run", "--require-watched", "--", *before, *program)
            what = " ".join(before) or "outside"
            check(result.returncode == 66, what, result.returncode, result.stderr)
            check("verdict: 1 violation, 1 hazard found, nothing missed" in result.stderr, what,
                  result.stderr)
        server.shutdown()
    toolkit.finish()


if __name__ == "__main__":
    main()
