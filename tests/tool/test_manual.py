#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The manual is well formed, complete, and agrees with the program and with shim/options.def."""

import glob
import os
import re
import shutil
import subprocess

import toolkit
from toolkit import check, run

os.chdir(toolkit.ROOT)


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def as_text(page):
    """The page as a reader sees it, in one line without overstriking."""
    shown = subprocess.run(
        ["mandoc", "-T", "utf8", "-O", "width=200", page], capture_output=True, text=True, check=True
    )
    return re.sub(r"\s+", " ", re.sub(".\b", "", shown.stdout))


pages = sorted(glob.glob("docs/man/*.[1-8]"))
verbs = re.findall(r"&verb_(\w+),", read("tools/main.c"))
expected = {"docs/man/forksan.1", "docs/man/forksan.3", "docs/man/forksan.7"} | {f"docs/man/forksan-{v}.1" for v in verbs}
check(set(pages) == expected, "there is a page for each verb", pages)
for page in pages:
    text = read(page)
    for section in ("NAME", "DESCRIPTION", "EXIT STATUS", "EXAMPLES", "SEE ALSO"):
        if section != "EXIT STATUS" or not page.endswith(".3"):
            check(f".Sh {section}\n" in text, f"{page} has {section}")
    for link in re.findall(r"\.Xr (forksan[\w-]*) (\d)", text):
        check(os.path.exists(f"docs/man/{link[0]}.{link[1]}"), f"{page} refers to {link}")
    if shutil.which("mandoc"):
        lint = subprocess.run(
            ["mandoc", "-T", "lint", "-W", "warning", page], capture_output=True, text=True, check=False
        )
        check(lint.returncode == 0, f"{page} is clean", lint.stdout)

# The options of each verb: in --help, in the page, in the program.
for verb in verbs:
    page = read(f"docs/man/forksan-{verb}.1")
    text = run("help", verb).stdout
    source = read(glob.glob(f"tools/*/cmd_{verb}.c")[0])
    if "RUN_DEMANDS_LONGS" in source:
        source += read("tools/run/demands.h")
    longs = set(re.findall(r'\{"([a-z-]+)", (?:no|required)_argument', source))
    shown = set(re.findall(r"--([a-z][a-z-]*)", text))
    documented = set(re.findall(r"\.It .*?Fl -([a-z-]+)", page))
    check(longs, f"{verb} has options")
    check(longs == shown, f"forksan {verb} --help shows its options", longs ^ shown)
    check(longs == documented, f"forksan-{verb}(1) has its options", longs ^ documented)

# The exit statuses.
statuses = dict(re.findall(r"STATUS_(\w+) = (\d+)", read("tools/base/exit_status.h")))
in_pages = {
    verb: set(re.findall(r"^\.It (\d+)$", read(f"docs/man/forksan-{verb}.1"), re.MULTILINE))
    for verb in verbs
}
check(in_pages["report"] == {"0", "2", "65", "66", "67"}, "forksan-report(1): statuses", in_pages)
check(in_pages["suppress"] == {"0", "2", "65"}, "forksan-suppress(1): statuses", in_pages)
check(in_pages["explain"] == {"0", "1", "2"}, "forksan-explain(1): statuses", in_pages)
check(in_pages["scan"] == {"0", "2", "66", "67"}, "forksan-scan(1): statuses", in_pages)
check(in_pages["run"] == {"2", "66", "67", "126", "127"}, "forksan-run(1): statuses", in_pages)
table = set(re.findall(r"^\| (\d+) \|", read("README.md"), re.MULTILINE))
check(table == set(statuses.values()) - {"128"}, "README.md has the table of statuses", table)
check(
    set.union(*in_pages.values(), {"128"}) == set(statuses.values()),
    "each status of the program is in a page",
    statuses,
)

# The options of the library: the same keys, in the same order, with the same defaults.
table = re.findall(
    r"^(?:OPTION\(\w+, |ALIAS\()(\w+)(?:, \w+)?, \"([^\"]*)\"", read("shim/options.def"), re.MULTILINE
)
listed = re.findall(r"^\.It Cm (\w+) Ns =(?: Ns Cm (\S+))?$", read("docs/man/forksan.7"), re.MULTILINE)
check(table and listed == table, "forksan(7) lists shim/options.def", listed, table)

# The kinds of findings, with their levels.
kinds = re.findall(r'X\(KIND_\w+, "([\w-]+)", LEVEL_(\w+)\)', read("include/forksan/finding.h"))
for kind, level in kinds:
    line = f".It Sy {kind} Pq {level.lower()}\n"
    check(line in read("docs/man/forksan.7"), f"forksan(7) explains {kind}")
if shutil.which("mandoc"):
    check("LD_PRELOAD" in as_text("docs/man/forksan.7"), "forksan(7) can be shown")
else:
    print("not tested: mandoc's own judgement (no mandoc)")

toolkit.finish()
