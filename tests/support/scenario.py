# SPDX-License-Identifier: MIT
"""What the scenario tests share: a unittest case that runs a site bare and under the shim.

FORKSAN_ROUNDS=20 repeats a test file twenty times (default 1); the first failure ends it.
FORKSAN_BY=attach has `forksan attach` watch the programs from outside, without the shim.
"""

import contextlib
import json
import os
import sys
import unittest

import forksan_log
import processes
import web


BY_ATTACH = os.environ.get("FORKSAN_BY") == "attach"


def marked(path, mark):
    """`path:line` of the line that ends in `MARK <mark>` in the file."""
    with open(path, encoding="utf-8") as source:
        for number, line in enumerate(source, 1):
            if line.rstrip().endswith(f"MARK {mark}"):
                return f"{path}:{number}"
    raise AssertionError(f"no MARK {mark} in {path}")


def app_site(app, mark):
    return marked(os.path.join(web.APPS, f"{app}.py"), mark)


def mysql_url(server, driver="pymysql"):
    return (f"mysql+{driver}://{server.user}:{server.password}@{server.host}:{server.port}/"
            f"{server.database}")


def postgresql_url(server):
    return f"postgresql+psycopg2://{server.user}@{server.host}:{server.port}/{server.database}"


def is_late(finding, role):
    """That stack was read after its call, when the process may have gone on: only attach may do so, and says so."""
    late = role in finding.get("late", ())
    assert BY_ATTACH or not late, f"the library's stack is late: {finding['late']}"
    return late


def attach_env(variables, options):
    environment = forksan_log.bare_env(**variables)
    environment["FORKSAN_OPTIONS"] = ":".join(f"{key}={value}" for key, value in (options or {}).items())
    return environment


def attach_prefix(log):
    return [forksan_log.TOOL, "attach", "--quiet", "-o", log.path, "--"]


class Scenario(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        stack = contextlib.ExitStack()
        self.addCleanup(stack.close)
        self.directory = stack.enter_context(processes.directory("forksan-log-"))
        self.stack = stack
        self.logs = 0

    def new_log(self):
        """A log of its own: a test may run several programs under the shim."""
        self.logs += 1
        return forksan_log.Log(os.path.join(self.directory, f"{self.logs}.jsonl"))

    @contextlib.contextmanager
    def watched(self, serve, app, *, variables, options=None, **settings):
        """Yields (site, log) of `serve` (web.gunicorn, web.uwsgi) under the shim.  Afterwards the
        log is whole, valid, and ends in a summary that shows the shim at work."""
        log = self.new_log()
        if BY_ATTACH:
            environment = attach_env(variables, options)
            settings["prefix"] = attach_prefix(log)
        else:
            environment = forksan_log.forksan_env(log.path, variables, **(options or {}))
        with serve(app, env=environment, **settings) as site:
            yield site, log
        log.wait_for_summary()
        log.validate()
        self.assertGreaterEqual(log.counters["processes"], 1 + len(site.workers))
        self.assertGreaterEqual(log.counters["connections_watched"], 1)
        for name, count in log.counters.items():
            if name.startswith("lost_"):
                self.assertEqual(0, count, f"{name}: {count}")

    def bare_load(self, serve, app, *, variables, attempts=1, timeout_s=web.TIMEOUT_S, **settings):
        """Answers of a site without the shim, from up to `attempts` starts: until one of them
        gave a bad answer."""
        environment = forksan_log.bare_env(**variables)
        for _ in range(attempts):
            with serve(app, env=environment, **settings) as site:
                answers = web.load(site, timeout_s=timeout_s)
            if answers.bad:
                break
        self.say("without forksan", answers)
        return answers

    def say(self, title, text):
        print(f"  {self.id().split('.', 1)[-1]}: {title}: {text}", flush=True)

    # --- assertions about findings ------------------------------------------------------------

    def assert_silent(self, log):
        self.assertEqual([], [forksan_log.describe(finding) for finding in log.findings()])

    def assert_no_violation(self, log):
        self.assertEqual([], [forksan_log.describe(finding)
                              for finding in log.findings(level="violation")])

    def assert_kinds(self, log, kinds):
        if BY_ATTACH and "open-at-fork" not in log.kinds:
            # It looks at a worker when that is a second old: by then a use may have said more.
            kinds = [kind for kind in kinds if kind != "open-at-fork"]
        self.assertEqual(sorted(kinds), log.kinds,
                         "\n".join(forksan_log.describe(finding) for finding in log.findings()))

    def assert_frame(self, stack, sites):
        """One of `sites` (path:line) is among the interpreter's frames."""
        frames = [f"{frame['file']}:{frame['line']}" for frame in stack
                  if frame["language"] != "native"]
        self.assertTrue(set(sites) & set(frames), f"none of {sites} in {frames}")

    def assert_culprit(self, finding, culprit, role, sites):
        """The culprit is one of `sites`, and among the frames of that stack."""
        if is_late(finding, role):
            return
        self.assertIn(finding["culprit"][culprit], sites)
        self.assert_frame(finding["stacks"][role], {finding["culprit"][culprit]})

    def assert_connection(self, finding, protocol, peer, opened_by, kind="database"):
        connection = finding["connection"]
        self.assertEqual((protocol, kind, peer, opened_by),
                         (connection["protocol"], connection["class"], connection["peer"],
                          connection["opened_by"]))
        self.assertTrue(connection["local"])

    def assert_shared(self, finding, site, opened, used):
        """A shared-use between two workers of `site`, opened by their master at `opened` and used
        by both at one of `used` (path:line in Python)."""
        self.assertEqual("violation", finding["level"])
        pids = {finding["pid"], finding["other"]["pid"]}
        self.assertEqual(2, len(pids), forksan_log.describe(finding))
        self.assertLessEqual(pids, set(site.workers), forksan_log.describe(finding))
        self.assertEqual("sibling", finding["other"]["relation"])
        self.assertEqual(site.master, finding["ppid"])
        stacks = finding["stacks"]
        self.assert_culprit(finding, "opened", "opened", {opened})
        self.assert_culprit(finding, "use", "this_use", used)
        if not is_late(finding, "other_use"):
            self.assert_frame(stacks["other_use"], used)
        self.assertTrue(stacks["forked"], "no stack of the fork")
        for name, stack in stacks.items():
            self.assertTrue([frame for frame in stack if frame["language"] == "native"],
                            f"no native frame in {name}")

    def assert_forked_by_gunicorn(self, finding):
        """The fork is gunicorn's own: in its arbiter."""
        files = [frame["file"] for frame in finding["stacks"]["forked"]
                 if frame["language"] == "python"]
        self.assertTrue([file for file in files if file and file.endswith("gunicorn/arbiter.py")],
                        f"no frame of gunicorn's arbiter in {files}")


SIZES = os.path.join(forksan_log.BUILD, "tests", "finding-sizes")


def check_sizes():
    """What docs/log.md promises to those who ship logs, over the findings of this file.  The sizes are kept for
    test_99_finding_sizes.py, which holds all files together against it."""
    sizes = sorted(forksan_log.finding_sizes)
    if not sizes:
        return True
    os.makedirs(SIZES, exist_ok=True)
    with open(os.path.join(SIZES, os.path.basename(sys.argv[0]) + ".json"), "w", encoding="utf-8") as file:
        json.dump(sizes, file)
    return are_small(sizes, median=2250)


def are_small(sizes, median):
    """The median of all scenario files is below 2 kB; that of one, with few findings of one kind, may be a little
    above."""
    sizes = sorted(sizes)
    middle, most, largest = (sizes[int(len(sizes) * part)] for part in (0.5, 0.99, 0.99999))
    print(f"{len(sizes)} findings: {middle} bytes at the median, 99 of 100 below {most}, at most {largest}")
    return middle <= median and most < 4096 and largest <= 8192


def main():
    """Runs the calling file's tests FORKSAN_ROUNDS times."""
    rounds = int(os.environ.get("FORKSAN_ROUNDS", "1"))
    for number in range(1, rounds + 1):
        if rounds > 1:
            print(f"round {number} of {rounds}", flush=True)
        program = unittest.main(exit=False, verbosity=2)
        if not program.result.wasSuccessful() or not check_sizes():
            sys.exit(1)
