# SPDX-License-Identifier: MIT
"""Runs CPython's own tests bare and under the shim and compares them test by test.

What passes bare must pass under the shim.  A test that fails or is skipped bare is compared, not
required.  Some measure time and fail on a busy machine: what passed bare and not under the shim is
tried alone, TRIES times, and counts when it never passes.
"""

import os
import subprocess
import xml.etree.ElementTree

import compare
from compare import check, forksan_log

PYTHON = "/usr/bin/python3"
TRIES = 3


def available():
    return subprocess.run([PYTHON, "-c", "import test.test_socket"], check=False,
                          stderr=subprocess.DEVNULL).returncode == 0


def run(place, module, env, options, seconds):
    """{test: "ok", "skipped" or "failed"}; empty when the run did not end."""
    report = os.path.join(place.path, "report.xml")
    if os.path.exists(report):
        os.unlink(report)
    place.fresh(None)
    done = place.once([PYTHON, "-m", "test", "--junit-xml", report, "--timeout", str(seconds),
                       *options, module], {**env, "TMPDIR": place.run, "HOME": place.run},
                      timeout=seconds + 30)
    outcomes = {}
    if os.path.exists(report):
        for case in xml.etree.ElementTree.parse(report).getroot().iter("testcase"):
            kinds = {child.tag for child in case}
            outcomes[case.get("name")] = ("failed" if kinds & {"failure", "error"} else
                                          "skipped" if "skipped" in kinds else "ok")
    return outcomes, done


def compare_module(place, module, *options, seconds=300, modes=("warn",)):
    bare, done = run(place, module, forksan_log.bare_env(), options, seconds)
    if not bare:
        print(f"not compared: {module} does not end here without us either\n{done}"[:2000])
        return
    for mode in modes:
        compare_with(bare, place, module, options, seconds, mode)


def compare_with(bare, place, module, options, seconds, mode):
    log = place.new_log()
    env = forksan_log.forksan_env(log.path, session=compare.session_name(), mode=mode)
    ours, done = run(place, module, env, options, seconds)
    compare.compared += 1
    passed = [test for test, outcome in bare.items() if outcome == "ok"]
    bad = [test for test in passed if ours.get(test, "failed") != "ok"]
    if not ours:
        check(False, f"{module} ends under forksan", done)
        return
    for test in bad:
        for _ in range(TRIES):
            again, done = run(place, module, env, ["-m", test], seconds)
            if again.get(test) == "ok":
                print(f"{test}: passed alone")
                break
        else:
            check(False, f"{test} passes under forksan", done)
    print(f"{module}, {mode}: {len(passed)} of {len(bare)} pass bare, "
          f"{sum(outcome == 'ok' for outcome in ours.values())} under forksan", flush=True)
    # Root's programs that are started as another user have sessions of their own, and that is counted.
    place.look(module, log, lost_ok=("lost_session",) if os.getuid() == 0 else ())
    check([log.counters[name] for name in ("isolated", "goodbyes_held", "isolate_failed")] == [0, 0, 0],
          f"{module}, {mode}: nothing is isolated", log.counters)
