#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A kernel without SO_COOKIE (gVisor): sockets are told apart by their inodes, and what two workers
share is found as everywhere.  A filter that answers ENOPROTOOPT plays that kernel."""

import json
import os
import socketserver
import sys
import threading

import toolkit
from toolkit import check, run

FILTER = r"""
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_getsockopt, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[2])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SO_COOKIE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOPROTOOPT),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {sizeof filter / sizeof filter[0], filter};

	(void)argc;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0)
		return 77;
	execv(argv[1], argv + 1);
	return 1;
}
"""

SHARE = r"""
import os, socket, sys
kept = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
try:
    kept.getsockopt(socket.SOL_SOCKET, 57)
    sys.exit(3)
except OSError:
    pass
reused = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
def ask(s):
    s.sendall(b"*1\r\n$4\r\nPING\r\n")
    s.recv(64)
ask(kept)
for worker in range(2):
    if os.fork() == 0:
        # The same number for another connection: no finding.
        own = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
        os.dup2(own.fileno(), reused.fileno())
        ask(reused)
        ask(kept)
        os._exit(0)
    os.wait()
"""



class Answers(socketserver.BaseRequestHandler):
    def handle(self):
        while self.request.recv(64):
            self.request.sendall(b"+PONG\r\n")


with toolkit.Directory() as directory, \
        socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answers) as server:
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    program = toolkit.compile_c(directory, "filter", FILTER, "-D_GNU_SOURCE")
    log = os.path.join(directory, "log.jsonl")
    result = run(toolkit.FORKSAN, "run", "-o", log, "--", sys.executable, "-c", SHARE,
                 str(server.server_address[1]), program=program)
    if result.returncode == 77:
        toolkit.skip("seccomp filters are not allowed here")
    check(result.returncode == 66, "the violation is found", result.stdout, result.stderr)
    with open(log, encoding="utf-8") as lines:
        records = [json.loads(line) for line in lines]
    found = [record for record in records if record["record"] == "finding"]
    check({record["kind"] for record in found} >= {"inherited-use", "shared-use"},
          "the kinds", found)
    ids = {record["connection"]["id"] for record in found}
    check(len(ids) == 1, "findings of one connection alone", ids)
    check(all(int(name, 16) >> 63 for name in ids), "its id is an inode's", ids)
    check(records[-1]["counters"]["connections_watched"] == 4, "all are watched", records[-1])
    server.shutdown()

toolkit.finish()
