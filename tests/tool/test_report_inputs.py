#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What forksan report reads: packed logs, directories, logs that grow; and what it makes of them with
--require-session, --source and --speedscope."""

import gzip
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import processes
import toolkit
from toolkit import check, finding, log_of, run

os.chdir(toolkit.ROOT)
LOG = "tests/golden/gunicorn-mysqlclient.jsonl"
OTHER = "tests/golden/php-goodbye.jsonl"


def read(path):
    with open(path, "rb") as file:
        return file.read()


def report(status, *arguments, **more):
    result = run("report", *arguments, **more)
    check(result.returncode == status, f"report {arguments}: status {status}", result.returncode, result.stderr)
    return result


PLAIN = report(0, "--json", LOG).stdout

with toolkit.Directory() as directory:
    def file(name, content):
        path = os.path.join(directory, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as out:
            out.write(content)
        return path

    # --- packed ------------------------------------------------------------------------------------
    zstd = subprocess.run(["zstd", "-qc", LOG], capture_output=True, check=True).stdout
    for name, packed in (("a.gz", gzip.compress(read(LOG))), ("b.zst", zstd), ("no-suffix", zstd)):
        path = file(name, packed)
        check(report(0, "--json", path).stdout == PLAIN, f"{name} is read as the plain log is")
        with open(path, "rb") as stdin:
            result = subprocess.run([toolkit.FORKSAN, "report", "--json", "-"], stdin=stdin, capture_output=True,
                                    check=False, encoding="utf-8")
        check((result.returncode, result.stdout) == (0, PLAIN), f"{name} from a pipe, too", result.stderr)
        # Two files one after the other are one file, as for zcat and zstdcat.
        check(json.loads(report(0, "--json", file("two-" + name, packed + packed)).stdout)["lines"]
              == 2 * json.loads(PLAIN)["lines"], f"two of {name}")
        half = report(67, file("cut-" + name, packed[:len(packed) // 2]))
        check("expected more packed data, found the end of the file" in half.stderr, f"{name}, cut", half.stderr)
        check("broken_lines" in half.stdout and "complete: false" in half.stdout, "is not complete", half.stdout)
        broken = bytearray(packed)
        broken[len(broken) // 2] ^= 0xff
        broken[len(broken) // 2 + 1] ^= 0xff
        result = run("report", "--fail-on", "violation", file("broken-" + name, bytes(broken)))
        check(result.returncode in (65, 66, 67), f"{name}, broken, passes no gate", result.returncode)
        check("expected more packed data, found others" in result.stderr or "found no record" in result.stderr
              or "broken" in result.stdout, "and says so", result.stderr)
    report(65, file("no-log.gz", gzip.compress(read("README.md"))))
    check("found nothing" in report(67, file("empty.gz", gzip.compress(b""))).stderr, "nothing, packed")

    # --- directories -------------------------------------------------------------------------------
    logs = os.path.dirname(file("logs/worker.2", read(OTHER)))
    file("logs/worker.1.gz", gzip.compress(read(LOG)))
    file("logs/.hidden", b"no log\n")
    os.mkdir(os.path.join(logs, "below"))
    bugs = json.loads(report(0, "--json", logs).stdout)["bugs"]
    check(len(bugs) == 2, "the files of a directory are read together", bugs)
    file("logs/README", b"no log\n")
    check("README: expected a log of forksan" in report(65, logs).stderr, "a file that is no log passes no gate")
    nothing = os.path.join(directory, "nothing")
    os.mkdir(nothing)
    check("found no file in the directory" in report(65, nothing).stderr, "an empty directory")

    # --- --require-session -------------------------------------------------------------------------
    report(0, "--require-session", LOG)
    tail = file("tail.jsonl", b"".join(read(LOG).splitlines(keepends=True)[1:]))
    report(0, tail)
    result = report(67, "--require-session", tail)
    check("no_start 1" in result.stdout, "a session without its beginning", result.stdout)

    # --- --source ----------------------------------------------------------------------------------
    source = file("app.py", b'''import db
password = hunter2; x = 1
\tc = db.connect("127.0.0.1", user='me', passwd=os.environ["SECRET"])  # secret
url = postgres://me:hunter3@host/x
''' + b"y = 1\n" * 20)
    frames = [{"language": "python", "function": "<module>", "file": source, "line": 3}]
    record = finding(stacks={"opened": frames}, culprit={"opened": f"{source}:3"})
    shown = run("report", "--source", "-", stdin=log_of(record)).stdout
    check('>     3      c = db.connect("...", user=\'..\', passwd=...' in shown, "the line", shown)
    check("2  password = ...; x = 1" in shown and "4  url = postgres://...@host/x" in shown, "its neighbours", shown)
    for secret in ("hunter", "127.0.0.1\"", "SECRET"):
        check(secret not in shown, f"{secret} is masked", shown)
    check("db.connect" not in run("report", "-", stdin=log_of(record)).stdout, "only when asked for")
    for hostile in ("/dev/tty", "/dev/zero", directory, "/nonexistent"):
        frames[0]["file"] = hostile
        record = finding(stacks={"opened": frames}, culprit={"opened": f"{hostile}:3"})
        check(run("report", "--source", "-", stdin=log_of(record)).returncode == 67, f"{hostile} is no source")
    fifo = os.path.join(directory, "fifo")
    os.mkfifo(fifo)
    frames[0]["file"] = fifo
    run("report", "--source", "-", stdin=log_of(finding(stacks={"opened": frames}, culprit={"opened": None})))

    # --- --speedscope ------------------------------------------------------------------------------
    flames = json.loads(report(0, "--speedscope", LOG).stdout)
    check(flames["$schema"] == "https://www.speedscope.app/file-format-schema.json", "the format's name")
    names = [frame["name"] for frame in flames["shared"]["frames"]]
    check(len(flames["profiles"]) == 1, "a profile for each bug")
    profile = flames["profiles"][0]
    check(profile["type"] == "sampled" and profile["endValue"] == sum(profile["weights"]), "weights", profile)
    check(len(profile["samples"]) == len(profile["weights"]) > 5, "a sample for each stack")
    stacks = [[names[index] for index in sample] for sample in profile["samples"]]
    opened = next(stack for stack in stacks if stack[0] == "crossed-reply: opened")
    check(opened.index("__libc_start_main") < opened.index("<module>") if "__libc_start_main" in opened
          else "<module>" in opened, "outermost first", opened)
    hostile = run("report", "--speedscope", "-", stdin=log_of(finding(stacks={"opened": [
        {"language": "native", "function": None, "module": None, "offset": 1, "build_id": None}]})))
    json.loads(hostile.stdout)

    # --- --follow ----------------------------------------------------------------------------------
    lines = read(LOG).splitlines(keepends=True)
    growing = file("grow/a.jsonl", b"")
    output = os.path.join(directory, "output")

    def seen(pattern):
        return processes.wait_for(lambda: re.search(pattern, read(output).decode()), pattern)

    def append(path, *added):
        with open(path, "ab") as out:
            out.write(b"".join(added))

    def line_of(kind):
        return next(line for line in lines if f'"kind":"{kind}"'.encode() in line)

    start = [line for line in lines if b'"record":"session"' in line or b'"record":"stack"' in line]
    heir = line_of("inherited-use")
    for names_given in ([growing], [os.path.dirname(growing)]):
        with open(growing, "wb"), open(output, "wb") as stdout:
            follow = subprocess.Popen([toolkit.FORKSAN, "report", "--follow", *names_given], stdout=stdout,
                                      stderr=subprocess.STDOUT)
        try:
            append(growing, *start, line_of("open-at-fork"))
            seen("open in a child, not used there")
            append(growing, heir[:100])
            append(growing, heir[100:])
            seen("used by one child so far")
            os.rename(growing, growing + ".1")
            append(growing + ".1", line_of("shared-use"))
            append(growing, line_of("crossed-reply"))
            seen("WRONG ANSWERS SEEN")
            append(growing, line_of("foreign-goodbye"), lines[-1])
            if len(names_given) == 1 and os.path.isdir(names_given[0]):
                append(os.path.join(names_given[0], "b.jsonl"), read(OTHER))
                seen("A SESSION ENDED FOR OTHERS")
            follow.send_signal(signal.SIGINT)
            check(follow.wait(30) == 0, "ends with the verdict", follow.returncode, read(output).decode())
        finally:
            follow.kill()
            follow.wait()
        text = read(output).decode()
        check("verdict: " in text and "broken lines" not in text, "a line that was half there is read once", text)
        check(text.count("used by one child so far") == 1, "each bug is shown once, and again when worse", text)
        os.unlink(growing + ".1")
    check(run("report", "--follow", "-").returncode == 2 and run("report", "--follow", "--json", LOG).returncode == 2,
          "what cannot be followed")

toolkit.finish()
