#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""No byte of a conversation is kept, in the log, on stderr or in shared memory, unless payload=1 asks:
a secret is said to real servers on a shared connection, and looked for everywhere.
"""

import contextlib
import json
import os
import secrets
import stat
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import forksan_log
import scenario
import servers
import web

PROGRAM = os.path.join(web.APPS, "tells_secret.py")
SERVERS = {"redis": servers.redis, "mysql": servers.mariadb}


def registry_path(session):
    return f"/dev/shm/forksan-{os.getuid()}/{session}"


def shared_memory(session):
    """(mode, all that the processes of the session keep together), while one of them lives: when none
    does, any other session's first process may remove it."""
    with open(registry_path(session), "rb") as registry:
        return os.fstat(registry.fileno()).st_mode, registry.read()


class Payload(scenario.Scenario):
    def talk(self, server, **options):
        """Runs the program; returns (secret, log, stderr, shared memory)."""
        # Nothing that a parser keeps by chance is as long: 24 bytes.
        secret = secrets.token_hex(20)
        log = self.new_log()
        session = secrets.token_hex(8)
        options = {"log_path": log.path, "session": session, **options}
        variables = {"APP_SERVER": self.server, "APP_PORT": str(server.port), "APP_SECRET": secret}
        environment = forksan_log.forksan_env(options.pop("log_path"), variables, **options)
        with tempfile.TemporaryFile() as errors:
            with subprocess.Popen(["/usr/bin/python3", PROGRAM], env=environment, stderr=errors,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
                said = process.stdout.read(4)
                if said:
                    mode, memory = shared_memory(session)
                process.stdin.close()
            errors.seek(0)
            stderr = errors.read()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(registry_path(session))
        self.assertEqual((b"said", 0), (said, process.returncode), stderr)
        self.assertEqual(0o600, stat.S_IMODE(mode))
        if options.get("log_path") != "":
            log.validate()
        return secret.encode(), log, stderr, memory

    def with_each_server(self, check):
        for name, server in SERVERS.items():
            with self.subTest(server=name), server() as running:
                self.server = name
                check(running)

    def bytes_of(self, log):
        with open(log.path, "rb") as file:
            return file.read()

    def test_nothing_is_kept_by_default(self):
        def check(server):
            for options in ({}, {"payload": "0"}):
                secret, log, stderr, memory = self.talk(server, **options)
                shared = log.findings(kind="shared-use")
                self.assertTrue(shared)
                self.assertTrue(any(finding["history"] for finding in shared))
                for finding in log.findings():
                    for operation in finding["history"]:
                        self.assertNotIn("payload", operation)
                self.assertNotIn(secret, self.bytes_of(log))
                self.assertNotIn(secret, stderr)
                # A part of it, as a cut request would leave one.
                self.assertFalse(secret[:12] in memory, "the secret is in shared memory")
            secret, _, stderr, _ = self.talk(server, log_path="")
            self.assertIn(b"Last operations on the connection", stderr)
            self.assertNotIn(secret[:12], stderr)
        self.with_each_server(check)

    def test_payload_shows_the_first_bytes(self):
        def check(server):
            secret, log, stderr, memory = self.talk(server, payload="1")
            self.assertIn(secret, self.bytes_of(log))
            self.assertTrue(secret in memory)
            self.assertNotIn(secret, stderr)
            self.assertEqual(0o600, stat.S_IMODE(os.stat(log.path).st_mode))
            operations = [operation for finding in log.findings()
                          for operation in finding["history"]]
            word = secret.decode()
            for call in ("send", "recv"):
                shown = [operation for operation in operations
                         if operation["call"].startswith(call)]
                self.assertTrue(any(word in operation.get("payload", "") for operation in shown),
                                (call, shown))
            for operation in operations:
                text = operation.get("payload", "")
                self.assertTrue(text.isascii() and text.isprintable(), text)
                kept = text.encode().decode("unicode_escape").encode("latin-1")
                self.assertEqual(min(64, operation["bytes"]), len(kept), operation)
            if self.server == "redis":
                self.assertTrue(any(operation["payload"].startswith(r"*2\r\n$4\r\nAUTH\r\n$40\r\n")
                                    for operation in operations if operation["bytes"] > 0))
            shown = subprocess.run([forksan_log.TOOL, "report", "--stacks", log.path], capture_output=True,
                                   check=True).stdout
            self.assertIn(secret, shown)
            self.assertIn(word, json.dumps(log.report()))
        self.with_each_server(check)

    def test_the_text_shows_them_too(self):
        def check(server):
            secret, _, stderr, _ = self.talk(server, log_path="", payload="1")
            self.assertIn(secret, stderr)
        self.with_each_server(check)

    def test_a_log_that_others_can_read_is_refused(self):
        def check(server):
            path = os.path.join(self.directory, f"{self.server}.old")
            with open(path, "w", encoding="ascii"):
                os.chmod(path, 0o644)
            _, _, stderr, _ = self.talk(server, log_path=path, payload="1")
            self.assertEqual((0o644, 0), (stat.S_IMODE(os.stat(path).st_mode), os.stat(path).st_size))
            self.assertIn(b"must be readable by its owner alone", stderr)
        self.with_each_server(check)

    def test_forksan_run_makes_a_private_log(self):
        for text, mode in (("payload=0", 0o644), ("payload=1", 0o600), ("payload=on", 0o600)):
            path = os.path.join(self.directory, text)
            environment = forksan_log.bare_env(FORKSAN_OPTIONS=text)
            subprocess.run([forksan_log.TOOL, "run", "-o", path, "stat", "-c", "%a", path],
                           env=environment, check=True, capture_output=True, umask=0o022)
            self.assertEqual(mode, stat.S_IMODE(os.stat(path).st_mode), text)


if __name__ == "__main__":
    scenario.main()
