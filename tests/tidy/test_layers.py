#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The rooms are as docs/architecture.md says, and layers.py would notice if they were not: each kind of
mistake is planted in a copy of the tree and must be found, and nothing else with it."""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("BUILD", "build")).resolve()
LAYERS = ROOT / "tests" / "tidy" / "layers.py"


def mistakes(root, build):
    run = subprocess.run([LAYERS, "--root", root, "--build", build], stdout=subprocess.PIPE, text=True,
                         check=False)
    lines = run.stdout.splitlines()
    if bool(lines) != bool(run.returncode):
        sys.exit(f"layers.py: exit status {run.returncode} with {len(lines)} mistakes")
    return lines


def planted(path, line):
    """The mistakes of a copy of the tree in which one more line stands at the top of a file."""
    with tempfile.TemporaryDirectory() as directory:
        copy = pathlib.Path(directory)
        for top in ("shim", "tools", "include", "docs"):
            shutil.copytree(ROOT / top, copy / top)
        file = copy / path
        file.write_text(line + "\n" + (file.read_text() if file.exists() else ""))
        return mistakes(copy, BUILD)


def linked(sources):
    """The mistakes of objects made of these sources (path in the tree -> C)."""
    with tempfile.TemporaryDirectory() as directory:
        for path, text in sources.items():
            target = pathlib.Path(directory, path).with_suffix(".o")
            target.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cc", "-x", "c", "-c", "-o", target, "-"], input=text, text=True, check=True)
        return mistakes(ROOT, directory)


def expect(name, lines, *patterns):
    wrong = [line for line in lines if not any(re.match(pattern, line) for pattern in patterns)]
    missing = [pattern for pattern in patterns if not any(re.match(pattern, line) for line in lines)]
    if wrong or missing:
        sys.exit("\n".join([f"{name}:", *(f"  found {line}" for line in wrong),
                            *(f"  did not find {pattern}" for pattern in missing)]))
    print(f"ok  {name}")


def main():
    expect("the tree keeps to the table", mistakes(ROOT, BUILD))
    expect("an include that goes up", planted("shim/base/text.c", '#include "track/track.h"'),
           r"up: shim/base/text\.c includes track/track\.h")
    expect("an include that names no room", planted("shim/base/text.c", '#include "json.h"'),
           r"up: shim/base/text\.c includes json\.h")
    expect("the tool includes the shim", planted("tools/log/read.c", '#include "judge/lineage.h"'),
           r"up: tools/log/read\.c includes judge/lineage\.h")
    expect("an include that passes by the public headers",
           planted("shim/track/use.c", '#include "stack/cfi.h"'),
           r"private: shim/track/use\.c includes stack/cfi\.h")
    expect("the same in the tool", planted("tools/run/cmd_run.c", '#include "report/render_stack.h"'),
           r"private: tools/run/cmd_run\.c includes report/render_stack\.h")
    expect("a file in no room", planted("shim/stray.c", ""), r"up: shim/stray\.c stands in no room")
    expect("a circle through a variable",
           linked({"shim/report/a.c": "extern int b; int a(void) { return b; }",
                   "shim/report/b.c": "int a(void); int b; int c(void) { return a(); }"}),
           r"link: a circle of shim/report/a\.o, shim/report/b\.o")
    expect("a circle in the tool",
           linked({"tools/run/a.c": "extern int b; int a(void) { return b; }",
                   "tools/run/b.c": "int a(void); int b; int c(void) { return a(); }"}),
           r"link: a circle of tools/run/a\.o, tools/run/b\.o")
    expect("a variable of a room above",
           linked({"shim/base/a.c": "extern int held; int a(void) { return held; }",
                   "shim/track/b.c": "int held;"}),
           r"link: shim/base/a\.o uses held of shim/track/b\.o")


main()
