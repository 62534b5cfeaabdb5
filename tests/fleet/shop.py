# SPDX-License-Identifier: MIT
"""What one host of the demo does, in its own network namespace and with its own name.

    shop.py bad LOG VERSION      the founding scenario: gunicorn --preload with one MariaDB connection
    shop.py good LOG VERSION     a server that connects in each child

Both run under `forksan run` and say which service and version they are.  `bad` writes the metrics of
this host to METRICS while its sessions run, where that is given.
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import forksan_log
import processes
import servers
import web

GOOD = """
import os, signal, socket, threading
listener = socket.create_server(("127.0.0.1", 0))
def serve():
    while True:
        peer, _ = listener.accept()
        threading.Thread(target=lambda: peer.sendall(peer.recv(99)), daemon=True).start()
server = os.fork()
if server == 0:
    threading.Thread(target=serve, daemon=True).start()
    signal.pause()
children = []
for _ in range(2):
    pid = os.fork()
    if pid == 0:
        s = socket.create_connection(listener.getsockname()); s.sendall(b"hello"); s.recv(99)
        os._exit(0)
    children.append(pid)
for pid in children: os.waitpid(pid, 0)
# The session ends with this process, its summary included: the demo counts the lines then.
os.kill(server, signal.SIGTERM); os.waitpid(server, 0)
"""


def main():
    what, log, version = sys.argv[1:4]
    labels = {"OTEL_SERVICE_NAME": "shop" if what == "bad" else "stock",
              "OTEL_RESOURCE_ATTRIBUTES": f"service.version={version}"}
    prefix = [forksan_log.TOOL, "run", "-o", log, "--"]
    if what == "good":
        subprocess.run([*prefix, "/usr/bin/python3", "-c", GOOD], check=False,
                       env=forksan_log.bare_env(**labels), stderr=subprocess.DEVNULL)
        return 0
    with servers.mariadb() as db:
        environment = forksan_log.bare_env(APP_PORT=str(db.port), **labels)
        with web.gunicorn("bare", preload=True, env=environment, prefix=prefix) as site:
            answers = web.load(site, requests=100, concurrent=20)
            if len(sys.argv) > 4:
                subprocess.run([forksan_log.TOOL, "metrics", "--textfile", sys.argv[4]], check=True)
    print(answers, flush=True)
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except processes.Failed as failure:
        sys.exit(f"shop: {failure}")
