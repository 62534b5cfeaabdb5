#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan report on a terminal: the pager, and how far a long read is."""

import os
import pty
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import processes
import toolkit
from toolkit import check

os.chdir(toolkit.ROOT)
LOG = "tests/golden/gunicorn-mysqlclient.jsonl"


class Terminal:
    """A terminal whose text is collected."""

    def __init__(self):
        self.master, self.slave = pty.openpty()
        self.text = b""
        self.thread = threading.Thread(target=self.collect)
        self.thread.start()

    def collect(self):
        try:
            while chunk := os.read(self.master, 65536):
                self.text += chunk
        except OSError:
            pass

    def end(self):
        os.close(self.slave)
        self.thread.join()
        os.close(self.master)
        return self.text.decode()


def on_terminal(*arguments, **environment):
    terminal = Terminal()
    env = {name: value for name, value in os.environ.items() if name not in ("PAGER", "FORKSAN_PAGER", "LESS")}
    result = subprocess.run([toolkit.FORKSAN, "report", *arguments, LOG], stdout=terminal.slave, check=False,
                            env=dict(env, **environment), timeout=60)
    return terminal.end(), result.returncode


shown, status = on_terminal(TERM="xterm", PAGER="sed 's/^/paged:/'")
check(all(line.startswith("paged:") for line in shown.splitlines()), "through PAGER", shown)
check("\x1b[1;31mWRONG" in shown and status == 0, "with colours, and the status stays", shown, status)
shown, _ = on_terminal(TERM="xterm", PAGER="sed s/^/paged:/", FORKSAN_PAGER="sed s/^/ours:/")
check("ours:" in shown and "paged:" not in shown, "FORKSAN_PAGER wins", shown)
shown, _ = on_terminal(TERM="xterm", PAGER='printf %s "$LESS"; cat')
check(shown.startswith("FRX"), "LESS is set", shown)
shown, _ = on_terminal(TERM="xterm", PAGER='printf %s "$LESS"; cat', LESS="K")
check(shown.startswith("K"), "unless it is set", shown)
for environment in ({"PAGER": ""}, {"PAGER": "cat"}, {"TERM": "dumb"}):
    shown, _ = on_terminal(**{"TERM": "xterm", **environment})
    check("WRONG ANSWERS SEEN" in shown and "complete: true" in shown, f"no pager with {environment}", shown)
shown, status = on_terminal("--fail-on", "violation", TERM="xterm", PAGER="head -1")
check(status == 66 and shown.count("\n") == 1, "a pager that was closed early", shown, status)
for form in ("--json", "-q", "--github"):
    shown, _ = on_terminal(form, TERM="xterm", PAGER="sed s/^/paged:/")
    check("paged:" not in shown, f"no pager with {form}", shown)
result = toolkit.run("report", LOG, env=dict(os.environ, PAGER="sed s/^/paged:/"))
check("paged:" not in result.stdout, "nor where stdout is no terminal", result.stdout)

# A long read says how far it is, and leaves nothing behind.
terminal = Terminal()
with open(LOG, encoding="utf-8") as file:
    text = file.read()
with subprocess.Popen([toolkit.FORKSAN, "report", "-q", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                      stderr=terminal.slave, encoding="utf-8") as report:
    def grow():
        report.stdin.write(text * 50)
        return b" MB read" in terminal.text

    processes.wait_for(grow, "progress on the terminal")
    report.stdin.close()
    output = report.stdout.read()
check("verdict: " in output and " MB read" not in output, "stdout has the report alone", output)
shown = terminal.end()
check(shown.startswith("\rstdin: ") and shown.endswith(" \r"), "the line goes at the end", shown[-200:])
with subprocess.Popen([toolkit.FORKSAN, "report", "-q", LOG], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as quick:
    check(quick.stderr.read() == b"", "nothing where stderr is no terminal")
    quick.stdout.read()

toolkit.finish()
