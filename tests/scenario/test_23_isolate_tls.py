#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""mode=isolate in the middle of a TLS record: the violating process has read the record's header, or
half of its body, when another process goes on with the connection.  That process gets a driver's
ordinary error; the session lives on.

PostgreSQL and psycopg2, with a relay between them that can keep back a record's rest.
"""

import contextlib
import os
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import forksan_log
import scenario
import servers

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "isolate", "cut.py")
HEADER_BYTES = 5  # RFC 8446, section 5.1: type, version, length


class Relay:
    """Passes connections on to `port`.  What a server sends begins with a record when it was asked
    for a cut: nothing was under way then."""

    def __init__(self, port):
        self.server_port = port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.sockets = [self.listener]
        self.port = self.listener.getsockname()[1]
        self.wanted = None  # "header" or "half"
        self.has_cut = threading.Event()
        self.may_go_on = threading.Event()
        self.start(self.accept)

    @staticmethod
    def start(function, *arguments):
        threading.Thread(target=function, args=arguments, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client = self.listener.accept()[0]
                server = socket.create_connection(("127.0.0.1", self.server_port))
                self.sockets += [client, server]
                self.start(self.pass_on, client, server, False)
                self.start(self.pass_on, server, client, True)

    def cut(self, part):
        self.has_cut.clear()
        self.may_go_on.clear()
        self.wanted = part

    def cut_now(self, source, target):
        part, self.wanted = self.wanted, None
        header = source.recv(HEADER_BYTES, socket.MSG_WAITALL)
        half = int.from_bytes(header[3:5], "big") // 2 if part == "half" else 0
        target.sendall(header + source.recv(half, socket.MSG_WAITALL))
        self.has_cut.set()
        self.may_go_on.wait()

    def pass_on(self, source, target, from_server):
        with contextlib.suppress(OSError):
            while True:
                source.recv(1, socket.MSG_PEEK)
                if from_server and self.wanted:
                    self.cut_now(source, target)
                passed = source.recv(65536)
                if not passed:
                    target.shutdown(socket.SHUT_WR)
                    return
                target.sendall(passed)

    def close(self):
        self.may_go_on.set()
        for end in self.sockets:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits there
            end.close()


class IsolateTls(scenario.Scenario):
    def setUp(self):
        super().setUp()
        tls = self.stack.enter_context(servers.certificates())
        self.db = self.stack.enter_context(servers.postgresql(
            ssl="on", ssl_ca_file=tls.authority, ssl_cert_file=tls.certificate,
            ssl_key_file=tls.key))
        self.relay = self.stack.enter_context(contextlib.closing(Relay(self.db.port)))

    def obey(self, program):
        """Does what the program asks for; returns its other lines."""
        lines = []
        for line in program.stdout:
            words = line.split()
            if words[0] == "cut":
                self.relay.cut(words[1])
            elif words == ["await", "cut"]:
                self.assertTrue(self.relay.has_cut.wait(60))
            elif words == ["go", "on"]:
                self.relay.may_go_on.set()
            else:
                lines.append(line.strip())
                continue
            program.stdin.write("done\n")
            program.stdin.flush()
        return lines

    def check(self, part, owner):
        log = self.new_log()
        info = (f"host=127.0.0.1 port={self.relay.port} user={self.db.user} "
                f"dbname={self.db.database} sslmode=require")
        with subprocess.Popen(["/usr/bin/timeout", "120", "/usr/bin/python3", PROGRAM, info, part,
                               owner], text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              env=forksan_log.forksan_env(log.path, mode="isolate")) as program:
            lines = self.obey(program)
        self.assertEqual(["other: ['OperationalError', 10]", "owner: [7, 8, 9]"], sorted(lines))
        log.wait_for_summary()
        log.validate()
        self.assertEqual(["isolated"], [finding["action"] for finding in
                                        log.findings(level="violation")])
        self.assertEqual((1, 0), (log.counters["isolated"], log.counters["isolate_failed"]))

    def test_part_of_a_record_read(self):
        for part in ("header", "half"):
            for owner in ("parent", "child"):
                with self.subTest(part=part, owner=owner):
                    self.check(part, owner)


if __name__ == "__main__":
    scenario.main()
