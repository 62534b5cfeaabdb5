# SPDX-License-Identifier: MIT
"""Real application servers under the shim: each connects before it forks, two workers then use the
connection, and the finding must name the application's own lines for both.

    class Test(hosts.HostTest):
        def test_unicorn(self):
            with self.host(["unicorn", ...], "unicorn.ru") as host:
                findings = host.request_until_shared()
            self.check(findings, "unicorn.ru", "ruby", opened="open_database", used="run_query")

An app marks its lines with MARK opened and MARK used at their ends.  Standard library only, but for
what tests/support needs.
"""

import contextlib
import grp
import http.client
import os
import socket
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(HERE)))
APPS = os.path.join(os.path.dirname(HERE), "apps")
sys.path.insert(0, os.path.join(ROOT, "tests", "support"))

os.environ.setdefault("FORKSAN_BUILD", os.environ.get("BUILD", os.path.join(ROOT, "build")))

import forksan_log  # noqa: E402
import processes  # noqa: E402

MAX_REQUESTS = 400
SKIPPED = 77


def marked_lines(app, mark):
    """Every `path:line` of a line of the app that ends in MARK <mark>."""
    path = os.path.join(APPS, app)
    with open(path, encoding="utf-8") as source:
        lines = [f"{path}:{number}" for number, line in enumerate(source, 1)
                 if line.rstrip().endswith(f"MARK {mark}")]
    assert lines, f"no MARK {mark} in {path}"
    return lines


def variables(db):
    """The environment by which the apps find a server of tests/support/servers.py."""
    return {"DB_PORT": str(db.port), "DB_USER": db.user, "DB_PASSWORD": db.password,
            "DB_NAME": db.database}


class Host:
    def __init__(self, process, port, log):
        self.process = process
        self.port = port
        self.log = log

    def request(self, path="/"):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read().decode("utf-8", "replace")
        finally:
            connection.close()

    def request_until_shared(self, paths=("/",)):
        """One request after the other, until two processes have used the connection.  Returns the
        findings of that moment; when the host ends, goodbyes make others."""
        for i in range(MAX_REQUESTS):
            with contextlib.suppress(OSError, http.client.HTTPException):
                self.request(paths[i % len(paths)])
            findings = self.log.findings(kind="shared-use")
            if findings:
                return findings
        raise processes.Failed(f"no shared-use after {MAX_REQUESTS} requests: {self.log.kinds}\n"
                               f"{self.process.output()[-3000:]}")


class HostTest(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.stack = stack
        self.directory = stack.enter_context(processes.directory("forksan-host-"))
        self.log = forksan_log.Log(os.path.join(self.directory, "log.jsonl"))
        os.chmod(self.directory, 0o777)

    def environment(self, **variables):
        return forksan_log.forksan_env(self.log.path, variables)

    @contextlib.contextmanager
    def host(self, command, *, variables=None, cwd=APPS, stop_signal=None, port=None):
        """Runs `command(port)`, ready when its port takes connections."""
        port = port or processes.free_port()
        options = {} if stop_signal is None else {"stop_signal": stop_signal}
        process = processes.Process(command(port), os.path.join(self.directory, "output"),
                                    env=self.environment(**(variables or {})), cwd=cwd, **options)

        def listens():
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", port), 1).close()
                return True
            return False

        with process:
            processes.wait_for(listens, f"port {port}", process=process,
                               directories=[self.directory])
            yield Host(process, port, self.log)

    def apache(self, configuration, variables):
        """Apache in the foreground, with APPS/<configuration>."""
        account = processes.SERVER_USER if os.getuid() == 0 else ""

        # its children are another user's, and have to write to the same log
        with open(self.log.path, "ab"):
            os.chmod(self.log.path, 0o666)

        def command(port):
            lines = [f"Define APPS {APPS}", f"Define RUN {self.directory}",
                     f"Listen 127.0.0.1:{port}", "ServerName localhost",
                     f"PidFile {self.directory}/apache.pid", f"ErrorLog {self.directory}/error",
                     f"DefaultRuntimeDir {self.directory}", f"DocumentRoot {self.directory}"]
            if account:
                group = grp.getgrgid(processes.server_account()[1]).gr_name
                lines += [f"User {account}", f"Group {group}"]
            path = os.path.join(self.directory, "apache.conf")
            with open(path, "w", encoding="utf-8") as file:
                file.write("\n".join(lines))
                file.write(f"\nInclude {APPS}/{configuration}\n")
            # a process group of its own: at its end Apache signals its whole group
            return ["/usr/bin/setsid", "/usr/sbin/apache2", "-f", path, "-D", "FOREGROUND"]

        return self.host(command, variables=variables)

    def check(self, findings, app, language, *, opened, used, protocol):
        """The findings name the marked lines, and their stacks hold the named functions there."""
        self.log.validate()
        self.assertTrue(findings)
        for finding in findings:
            told = forksan_log.describe(finding)
            self.assertEqual(protocol, finding["connection"]["protocol"], told)
            self.assertIn(finding["culprit"]["opened"], marked_lines(app, "opened"), told)
            self.assertIn(finding["culprit"]["use"], marked_lines(app, "used"), told)
            for which, function, mark in (("opened", opened, "opened"), ("this_use", used, "used"),
                                          ("other_use", used, "used")):
                self.check_stack(finding["stacks"][which], language, function,
                                 marked_lines(app, mark), which)
            self.assertTrue(finding["stacks"]["forked"], told)

    def check_stack(self, frames, language, function, places, which):
        own = [frame for frame in frames if frame["language"] == language
               and f"{frame.get('file')}:{frame.get('line')}" in places]
        self.assertTrue(own, f"{which}: none of {places} in {frames}")
        self.assertEqual(function, own[0]["function"], which)
        self.assertTrue([frame for frame in frames if frame["language"] == "native"
                         and frame.get("module")], f"{which}: no native frames")


def main(*needed):
    """Runs the tests of the calling file; skips it when a program or file that it needs is missing."""
    missing = [path for path in needed if not os.path.exists(path)]
    if missing:
        print(f"skipped: {', '.join(missing)} not installed")
        sys.exit(SKIPPED)
    unittest.main()
