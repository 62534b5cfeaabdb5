#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tests/run itself: what it counts, what it ends, what it leaves alone."""

import os
import subprocess
import tempfile
import unittest

RUN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "run")


class Runner(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="forksan-runner-")
        self.addCleanup(temporary.cleanup)
        self.directory = temporary.name

    def script(self, name, text):
        path = os.path.join(self.directory, name)
        with open(path, "w", encoding="ascii") as out:
            out.write("#!/bin/sh\n" + text)
        os.chmod(path, 0o755)
        return path

    def run_tests(self, *tests, **environment):
        """Returns (exit status, lines)."""
        variables = {name: value for name, value in os.environ.items() if name not in ("CI", "FORKSAN_AGAIN")}
        result = subprocess.run(
            [RUN, "-o", os.path.join(self.directory, "output"), *tests], check=False,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env={**variables, **environment})
        return result.returncode, result.stdout.splitlines()

    def test_passed_failed_and_skipped_are_counted(self):
        status, lines = self.run_tests(
            self.script("good", "exit 0\n"), self.script("bad", "echo why; exit 3\n"),
            self.script("skipped", "echo no server; exit 77\n"))
        self.assertEqual("1 passed, 1 failed, 1 skipped", lines[-1])
        self.assertEqual(1, status)
        self.assertIn("      why", lines, "a failed test's output is shown")
        self.assertTrue([line for line in lines if line.endswith(": no server")])

    def test_all_passed(self):
        status, lines = self.run_tests(self.script("good", "exit 0\n"))
        self.assertEqual((0, "1 passed, 0 failed"), (status, lines[-1]))

    def test_no_test_is_a_failure(self):
        self.assertEqual((1, ["0 passed, 0 failed"]), self.run_tests())

    def test_missing_test_is_a_failure(self):
        status, lines = self.run_tests(os.path.join(self.directory, "nothing"))
        self.assertEqual((1, "0 passed, 1 failed"), (status, lines[-1]))

    def test_unexpected_skip_fails_in_ci(self):
        status, lines = self.run_tests(self.script("skipped", "exit 77\n"), CI="true")
        self.assertEqual((1, "0 passed, 1 failed"), (status, lines[-1]))

    def test_what_failed_is_repeated_at_the_end(self):
        bad = self.script("bad", "echo AssertionError: 3 is not 4; seq 100; exit 1\n")
        _, lines = self.run_tests(bad, self.script("good", "exit 0\n"))
        self.assertTrue(lines[-3].startswith("FAILED") and lines[-3].endswith("/bad"), lines[-3:])
        self.assertEqual("      AssertionError: 3 is not 4", lines[-2])

    def failing_once(self, name):
        mark = os.path.join(self.directory, f"{name}.ran")
        return self.script(name, f"[ -e {mark} ] && exit 0; touch {mark}; echo Error: busy; exit 1\n")

    def test_a_test_that_fails_once_is_unsteady_where_that_is_asked(self):
        status, lines = self.run_tests(self.failing_once("first"))
        self.assertEqual((1, "0 passed, 1 failed"), (status, lines[-1]))
        status, lines = self.run_tests(self.failing_once("second"), FORKSAN_AGAIN="1")
        self.assertEqual((0, "1 passed, 0 failed"), (status, lines[-1]))
        self.assertTrue([line for line in lines if line.startswith("UNSTEADY")], lines)
        self.assertEqual("      Error: busy", lines[-2])

    def test_what_fails_twice_or_in_company_fails(self):
        bad = self.script("bad", "exit 1\n")
        status, lines = self.run_tests(bad, FORKSAN_AGAIN="1")
        self.assertEqual((1, "0 passed, 1 failed"), (status, lines[-1]))
        status, lines = self.run_tests(self.failing_once("first"), bad, FORKSAN_AGAIN="1")
        self.assertEqual((1, "0 passed, 2 failed"), (status, lines[-1]))

    def test_death_by_signal_is_named(self):
        _, lines = self.run_tests(self.script("crash", "kill -SEGV $$\n"))
        self.assertTrue(lines[0].endswith("killed by SIGSEGV"), lines)

    def runs_still(self, pid_file):
        with open(pid_file, encoding="ascii") as pid:
            path = f"/proc/{int(pid.read())}/stat"
        try:
            with open(path, encoding="ascii") as stat:
                return stat.read().rpartition(") ")[2][0] not in "ZX"
        except FileNotFoundError:
            return False

    def test_time_limit_ends_the_test_and_its_group(self):
        pid = os.path.join(self.directory, "pid")
        _, lines = self.run_tests(
            self.script("slow", f"sleep 1000 & echo $! >{pid}\nsleep 1000\n"),
            FORKSAN_TIMEOUT_FACTOR="0.005")
        self.assertTrue(lines[0].startswith("LATE"), lines)
        self.assertFalse(self.runs_still(pid))

    @unittest.skipIf(os.getuid() != 0, "mounts need root")
    def test_what_is_mounted_in_a_test_s_directory_is_left_alone(self):
        precious = os.path.join(self.directory, "precious")
        os.mkdir(precious)
        self.script("precious/file", "")
        _, lines = self.run_tests(self.script(
            "killed", f'mkdir "$TMPDIR/m" && mount --bind {precious} "$TMPDIR/m" && test -e "$TMPDIR/m/file" && '
            'echo "$TMPDIR" && kill -KILL $$\n'))
        self.assertTrue(lines[0].endswith("killed by SIGKILL"), lines)
        self.assertEqual(["file"], os.listdir(precious))
        self.assertFalse(os.path.exists(lines[1].strip()), "the directory stays")

    def test_stray_daemon_is_ended(self):
        pid = os.path.join(self.directory, "pid")
        _, lines = self.run_tests(self.script(
            "stray", f"setsid sh -c 'echo $$ >{pid}.part; mv {pid}.part {pid}; exec sleep 1000' &\n"
                     f"while [ ! -e {pid} ]; do :; done\n"))
        self.assertIn("left behind: sleep", lines[0].replace("sh", "sleep"))
        self.assertFalse(self.runs_still(pid))

    def test_stray_that_execs_without_end_is_ended(self):
        pid = os.path.join(self.directory, "pid")
        restless = self.script("restless", f"[ -e {pid} ] || echo $$ >{pid}\nexec \"$0\"\n")
        stray = self.script("stray", f"setsid {restless} &\nwhile [ ! -s {pid} ]; do :; done\n")
        for _ in range(20):
            self.run_tests(stray)
            self.assertFalse(self.runs_still(pid))
            os.remove(pid)

    def test_each_test_has_an_empty_directory_that_goes(self):
        place = os.path.join(self.directory, "place")
        status, _ = self.run_tests(self.script(
            "tmp", f'echo "$TMPDIR" >{place}; touch "$TMPDIR/x"; ls "$TMPDIR" | grep -qx x\n'))
        self.assertEqual(0, status)
        with open(place, encoding="utf-8") as name:
            self.assertFalse(os.path.exists(name.read().strip()))


if __name__ == "__main__":
    unittest.main()
