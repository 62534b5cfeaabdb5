# SPDX-License-Identifier: MIT
"""What --html, --baseline and --suppressions do for `forksan run` and `forksan attach` alike."""

import toolkit
from toolkit import check, run


def check_page(name):
    with open(name, encoding="utf-8") as file:
        page = file.read()
    check(page.startswith("<!DOCTYPE html>") and "shared-use" in page and "TWO PROCESSES" in page, "as on the page",
          page[:200])


def check_known_bugs(forksan, path):
    """`forksan(status, *arguments)` runs a program with one bug, and returns what was said; path["log"] is the log
    of such a run."""
    text = forksan(0, "--baseline", path["log"])
    check("known from the baseline: 1 bug\n" in text and "verdict: nothing found, nothing missed" in text,
          "known bugs do not count", text)
    forksan(0, "--baseline", path["log"], "--fail-on", "notice", "-o", path["new"])
    check("TWO PROCESSES" in run("report", path["new"]).stdout, "and stand in the log all the same")
    toolkit.write(path["accepted"], "kind:*\nclass:broker\n")
    text = forksan(0, "--suppressions", path["accepted"])
    check("suppressed: " in text and "suppression never used: " in text, "suppressed", text)
    toolkit.write(path["accepted"], "kind:open-at-fork\n")
    forksan(66, "--suppressions", path["accepted"])
