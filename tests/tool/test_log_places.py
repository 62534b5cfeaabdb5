#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""log_path= that is no file: stderr, stdout, syslog and the journal get whole records, forksan report reads them
from there, and nothing goes where another's output is; %u, log_max_size= and a relative path after chdir."""

import glob
import json
import os
import pty
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import forksan_log
import servers
import toolkit
from toolkit import check, run

os.chdir(toolkit.ROOT)

# Shares a connection with `sys.argv[2]` children, one after the other; each says "out N" on stdout.
PROGRAM = r"""
import os, socket, subprocess, sys
def ask(db):
    db.sendall(b"*1\r\n$4\r\nPING\r\n")
    return db.recv(100)
db = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
ask(db)
caught = subprocess.check_output([sys.executable, "-c", "import os; print(1); os.fork() or os._exit(0)"])
assert caught == b"1\n", caught
for n in range(int(sys.argv[2])):
    if os.fork() == 0:
        if len(sys.argv) > 3:
            os.setuid(int(sys.argv[3]))
        ask(db)
        os.write(1, b"out %d\n" % n)
        os._exit(0)
    os.wait()
os.chdir("/")
os.execv(sys.executable, [sys.executable, "-c", "import os; os.fork() or os._exit(0); os.wait()"])
"""

# A journal and a syslog in a mount namespace: what each datagram of /run/systemd/journal/socket and /dev/log
# holds, as JSON, when the command has ended.
LISTENER = r"""
import json, os, select, socket, subprocess, sys
def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)
mount("--make-rprivate", "/")
mount("-t", "tmpfs", "none", "/run")
os.makedirs("/run/systemd/journal")
os.makedirs("/run/dev/shm")
for name in ("null", "zero", "random", "urandom"):
    open(f"/run/dev/{name}", "w").close()
    mount("--bind", f"/dev/{name}", f"/run/dev/{name}")
mount("-t", "tmpfs", "none", "/run/dev/shm")
mount("--rbind", "/run/dev", "/dev")
sockets = {}
for path in ("/run/systemd/journal/socket", "/dev/log"):
    sockets[path] = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    sockets[path].setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE
    sockets[path].bind(path)
    os.chmod(path, 0o666)
command = subprocess.Popen(sys.argv[1:])
got = {path: [] for path in sockets}
ended = False
while True:
    ready = select.select(list(sockets.values()), [], [], 0 if ended else 0.05)[0]
    for path, one in sockets.items():
        if one in ready:
            got[path].append(one.recv(1 << 20).decode())
    if ended and not ready:
        break
    ended = command.poll() is not None
print(json.dumps({"status": command.returncode, "journal": got["/run/systemd/journal/socket"], "syslog": got["/dev/log"]}))
"""


def records_of(text):
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


with servers.redis() as db, toolkit.Directory() as directory:
    os.chmod(directory, 0o777)
    program = toolkit.write(os.path.join(directory, "program.py"), PROGRAM)
    listener = toolkit.write(os.path.join(directory, "listener.py"), LISTENER)
    listener_command = ["unshare", "-m", "/usr/bin/python3", listener]

    def command(children=2, *more):
        return ["/usr/bin/python3", program, str(db.port), str(children), *more]

    def start(argv, log_path, **options):
        cwd = options.pop("cwd", None)
        return subprocess.run(argv, env=forksan_log.forksan_env(log_path, **options), capture_output=True,
                              encoding="utf-8", check=False, timeout=60, cwd=cwd)

    def check_log(text, what):
        """`text` as forksan report reads it."""
        report = json.loads(run("report", "--json", "-", stdin=text).stdout)
        check(report["broken_lines"] == 0, f"{what}: whole records", report["broken_lines"], text[:500])
        kinds = [kind["kind"] for bug in report["bugs"] for kind in bug["kinds"]]
        check("shared-use" in kinds, f"{what}: the finding", kinds)
        return report

    # --- standard output and error -----------------------------------------------------------------
    for place in ("stdout", "stderr"):
        result = start(command(), place)
        logged, other = (result.stdout, result.stderr) if place == "stdout" else (result.stderr, result.stdout)
        lines = logged.splitlines()
        check(result.returncode == 0 and re.findall("out .", result.stdout) == ["out 0", "out 1"],
              f"{place}: the program is as it was", result)
        check("{" not in other, f"{place}: nothing on the other", other)
        text = "".join(line + "\n" for line in lines if line.startswith("{"))
        check_log(text, place)
        check(all(len(line) < 4096 for line in lines), f"{place}: lines that a pipe takes whole")
        summary = records_of(text)[-1]
        check(summary["record"] == "summary" and summary["final"], f"{place}: the summary is last", summary)
        if place == "stdout":
            # The caught output of the program's child is another pipe than the session's.
            check(summary["counters"]["lost_reports"] == 0, "a child that finds nothing has nothing to log",
                  summary["counters"])
    # Into a file, and on a terminal.
    path = os.path.join(directory, "out")
    with open(path, "w", encoding="utf-8") as out:
        subprocess.run(command(), env=forksan_log.forksan_env("stdout"), stdout=out, check=True, timeout=60)
    with open(path, encoding="utf-8") as out:
        check_log("".join(line for line in out if line.startswith("{")), "stdout is a file")
    master, slave = pty.openpty()
    with subprocess.Popen(command(), env=forksan_log.forksan_env("stderr"), stderr=slave, stdout=subprocess.DEVNULL) as on:
        os.close(slave)
        text = b""
        try:
            while chunk := os.read(master, 65536):
                text += chunk
        except OSError:
            pass
    os.close(master)
    check_log(text.decode().replace("\r\n", "\n"), "stderr is a terminal")
    # A file of that name.
    result = start(command(), "./stderr", cwd=directory)
    check(os.path.exists(os.path.join(directory, "stderr")) and "{" not in result.stderr, "./stderr is a file")

    # --- a relative path, chdir and exec -----------------------------------------------------------
    os.mkdir(os.path.join(directory, "at"))
    start(command(), "relative.log", cwd=os.path.join(directory, "at"))
    with open(os.path.join(directory, "at", "relative.log"), encoding="utf-8") as log:
        check_log(log.read(), "a relative path")
    check(not os.path.exists("/relative.log"), "means the same after chdir and exec")

    # --- a file for each user ----------------------------------------------------------------------
    if os.geteuid() == 0:
        os.mkdir(os.path.join(directory, "users"), 0o777)
        os.chmod(os.path.join(directory, "users"), 0o777)
        start(command(2, "65534"), os.path.join(directory, "users", "log.%u"))
        logs = sorted(glob.glob(os.path.join(directory, "users", "*")))
        check([os.path.basename(name) for name in logs] == ["log.0", "log.65534"], "%u", logs)
        check(os.stat(logs[1]).st_uid == 65534, "made by the user")
        texts = []
        for name in logs:
            with open(name, encoding="utf-8") as log:
                texts.append(log.read())
        check('"record":"finding"' not in texts[0] and '"record":"finding"' in texts[1], "each has its own records")
        check(json.loads(run("report", "--json", os.path.join(directory, "users")).stdout)["complete"],
              "and both together are complete")

    # --- log_max_size= -----------------------------------------------------------------------------
    path = os.path.join(directory, "small")
    result = start(command(), path, log_max_size="1K")
    check("cannot write" in result.stderr and "log_max_size= is reached" in result.stderr, "a full log says so",
          result.stderr)
    check("shared-use" in result.stderr, "and findings go to standard error", result.stderr)
    with open(path, encoding="utf-8") as log:
        records = records_of(log.read())
    check({record["record"] for record in records} <= {"session", "summary"}, "what a session is stays", records)
    check(records[-1]["counters"]["lost_reports"] > 0 and not records[-1]["complete"], "the loss is counted", records)
    check(run("report", path).returncode == 67, "and passes no gate")
    for size, good in (("0", True), ("5G", True), ("1", True), ("", False), ("M", False), ("64m", False),
                       ("-1", False), ("9999999999", False)):
        result = start(["/bin/true"], os.path.join(directory, "sizes"), log_max_size=size)
        check(("log_max_size=" in result.stderr) != good, f"log_max_size={size}", result.stderr)

    # --- syslog and the journal --------------------------------------------------------------------
    for place in ("syslog", "journald"):
        result = start(command(), place)
        check(result.returncode == 0 and "cannot write " + place in result.stderr and "shared-use" in result.stderr,
              f"{place}: where there is none, standard error says so", result.stderr)
        # A finding that is not written is one thing, a record of another kind another.
        for children, findings in ((0, 0), (2, 1)):
            said = run("run", *command(children), env=dict(os.environ, FORKSAN_OPTIONS=f"log_path={place}")).stderr
            check(("findings that could not be written (lost_reports " in said) == bool(findings) and
                  "not seen: records of sessions, processes and summaries that could not be written (unwritten_records "
                  in said, f"{place}: {children} children: what was not written", said)
        result = start(command(), place, payload="1")
        check("readable by its owner alone" in result.stderr, f"{place}: no secrets for others", result.stderr)
    probe = subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/run"], capture_output=True, check=False)
    if probe.returncode != 0:
        print("not tested: syslog and the journal (no mount namespace)")
        toolkit.finish()
    for place in ("journal", "syslog"):
        option = "journald" if place == "journal" else place
        result = start([*listener_command, "env", f"FORKSAN_OPTIONS=log_path={option}", *command(2, "65534")], "/dev/null")
        check(result.returncode == 0 and result.stdout, f"{place}: the listener ends well", result)
        got = json.loads(result.stdout.splitlines()[-1])
        datagrams = got[place]
        check(got["status"] == 0 and datagrams and not got["syslog" if place == "journal" else "journal"],
              f"{place} alone gets records", result.stderr, got)
        if place == "journal":
            entries = [dict(line.split("=", 1) for line in datagram.splitlines()) for datagram in datagrams]
            text = "".join(entry["MESSAGE"] + "\n" for entry in entries)
            for entry in entries:
                record = json.loads(entry["MESSAGE"])
                wanted = {"SYSLOG_IDENTIFIER": "forksan", "FORKSAN_RECORD": record["record"],
                          "FORKSAN_SESSION": record["session"],
                          "PRIORITY": {"violation": "3", "hazard": "4", "notice": "5"}.get(record.get("level"), "6")}
                if "kind" in record:
                    wanted["FORKSAN_KIND"] = record["kind"]
                check({name: entry[name] for name in wanted} == wanted, "fields of the journal", entry, wanted)
        else:
            for datagram in datagrams:
                check(re.match(r"<(27|28|29|30)>forksan\[\d+\]: @cee: \{", datagram), "a syslog message", datagram[:80])
                check(len(datagram) <= 8192, "which rsyslog does not cut", len(datagram))
            # As rsyslog writes it to a file.
            text = "".join("Nov 26 04:00:00 web1 " + datagram.split(">", 1)[1] + "\n" for datagram in datagrams)
        report = check_log(text, place)
        check(report["complete"] and report["sessions_without_summary"] == 0, f"{place}: complete, also of workers "
              "without privileges", report["incomplete"])

toolkit.finish()
