#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Workers that end without closing: their places in the registry are given out again, so that the file does not
grow with each of them; but a connection on its way to a program that has not joined keeps its place."""

import os
import re
import socketserver
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import forksan_log  # noqa: E402
from checks import check, finish  # noqa: E402


def compile_c(path, text, *options):
    subprocess.run([os.environ.get("CC", "cc"), "-D_GNU_SOURCE", *options, "-o", path, "-xc", "-"], input=text,
                   text=True, check=True)


# A master whose workers connect and end by _exit().  It keeps argv[2] connections itself.
MASTER = r"""
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct sockaddr_in address;
static socklen_t len = sizeof address;

static void open_one(void)
{
	if (connect(socket(AF_INET, SOCK_STREAM, 0), (struct sockaddr *)&address, len) != 0)
		_exit(9);
}

static long registry_kb(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	struct stat stat_buffer;
	char line[512];

	while (fgets(line, sizeof line, maps)) {
		char *path = strstr(line, "/dev/shm/forksan-");

		if (path && sscanf(path, "%511s", path) == 1 && stat(path, &stat_buffer) == 0)
			return stat_buffer.st_blocks / 2;
	}
	return -1;
}

int main(int argc, char **argv)
{
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	if (bind(listener, (struct sockaddr *)&address, 0) != 0 && listen(listener, 100) != 0)
		return 2;
	getsockname(listener, (struct sockaddr *)&address, &len);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (int i = 0; i < atoi(argv[argc - 1]); i++) {
		open_one();
		accept(listener, NULL, NULL);
	}
	for (int i = 0; i < atoi(argv[1]); i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			open_one();
			_exit(0);
		}
		if (waitpid(pid, &status, 0) != pid || status != 0)
			return 3;
		close(accept(listener, NULL, NULL));
	}
	printf("%ld\n", registry_kb());
	return 0;
}
"""

with tempfile.TemporaryDirectory() as place:
    compile_c(f"{place}/master", MASTER)
    for kept, most_kb in ((0, 3 * 1024), (300, 4 * 1024)):
        result = subprocess.run([f"{place}/master", "3000", str(kept)], stdin=subprocess.DEVNULL, capture_output=True,
                                text=True, timeout=300, check=False,
                                env=forksan_log.bare_env(LD_PRELOAD=forksan_log.SHIM))
        check(result.returncode == 0 and 0 < int(result.stdout or 0) < most_kb,
              f"3000 workers' connections, {kept} of the master: less than {most_kb} kB", result.returncode,
              result.stdout, result.stderr)

# A worker connects, starts a program, and is killed before the program's library has begun: another one before it
# waits.  Nobody holds the connection by the registry's words, while other workers leave so many places behind that
# the table is looked through.  Then the program goes on, and shares the connection with a child: it is watched still.
WAIT = r"""
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

__attribute__((constructor)) static void wait_for_file(void)
{
	while (access(getenv("GO"), F_OK) != 0)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
}
"""
CONNECTION = r"""
import os, signal, socket, sys, time
port, wait, go = int(sys.argv[1]), sys.argv[2], sys.argv[3]

def connect():
    return socket.create_connection(("127.0.0.1", port))

def ask(connection):
    connection.sendall(b"*1\r\n$4\r\nPING\r\n")
    connection.recv(64)

def forked(act):
    pid = os.fork()
    if pid == 0:
        act()
        os._exit(0)
    os.waitpid(pid, 0)

kept = []

def leave_places():
    kept.extend(connect() for _ in range(400))

LATER = "import os, socket, sys\n" \
        "connection = socket.socket(fileno=int(sys.argv[1]))\n" \
        "def ask(): connection.sendall(b'*1\\r\\n$4\\r\\nPING\\r\\n'); connection.recv(64)\n" \
        "ask()\n" \
        "if os.fork() == 0: ask(); os._exit(0)\n" \
        "os.wait(); ask()\n"

told, tell = os.pipe()

def start():
    connection = connect()
    ask(connection)
    os.set_inheritable(connection.fileno(), True)
    pid = os.posix_spawn("/usr/bin/python3", ["python3", "-c", LATER, str(connection.fileno())],
                         {**os.environ, "GO": go, "LD_PRELOAD": os.environ["LD_PRELOAD"] + ":" + wait})
    os.write(tell, str(pid).encode())
    os.kill(os.getpid(), signal.SIGKILL)

forked(start)
program = int(os.read(told, 16))
for _ in range(9):
    forked(leave_places)
maps = open("/proc/self/maps").read().split()
print(os.stat(next(word for word in maps if word.startswith("/dev/shm/forksan-"))).st_blocks // 2, flush=True)
open(go, "w").close()
while os.path.exists(f"/proc/{program}") and " Z " not in open(f"/proc/{program}/stat").read():
    time.sleep(0.01)
"""


class Answer(socketserver.BaseRequestHandler):
    def handle(self):
        while self.request.recv(64):
            self.request.sendall(b"+PONG\r\n")


class Server(socketserver.ThreadingTCPServer):
    request_queue_size = 1000
    daemon_threads = True


with Server(("127.0.0.1", 0), Answer) as server, tempfile.TemporaryDirectory() as place:
    threading.Thread(target=server.serve_forever, daemon=True).start()
    compile_c(f"{place}/wait.so", WAIT, "-shared", "-fPIC")
    log = forksan_log.Log(f"{place}/log")
    result = subprocess.run(["/usr/bin/python3", "-c", CONNECTION, str(server.server_address[1]), f"{place}/wait.so",
                             f"{place}/go"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                            timeout=300, check=False,
                            env=forksan_log.bare_env(LD_PRELOAD=forksan_log.SHIM,
                                                     FORKSAN_OPTIONS=f"log_path={log.path}"))
    log.read()
    check(re.fullmatch(r"\d+\n", result.stdout) and 1024 < int(result.stdout) < 3 * 1024,
          "places were given out again meanwhile", result.stdout, result.stderr)
    kinds = [found["kind"] for found in log.findings()]
    check("shared-use" in kinds, "the connection is watched still", kinds)

finish()
