#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan attach on processes that run already: -p, --tree and --all; until ^C, their end or --seconds; what
an ordinary user is told."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys

import attaching
import forksan_log
import processes
import toolkit
from toolkit import check, finish

attaching.need()
PROGRAM = attaching.program()
# Opens a connection to a listener of its own: a process that never connects is in no session.
CLIENT = """import os, socket, sys
listener = socket.create_server(("127.0.0.1", 0))
connection = socket.create_connection(listener.getsockname())
print(os.getpid(), flush=True)
sys.stdin.readline()
"""


class Started:
    """The test program, up to its word "ready"."""

    def __init__(self, way):
        self.process = subprocess.Popen([PROGRAM, way], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        check(line == "ready\n", f"{way} is ready", line)

    def go(self):
        self.process.communicate("go\n", timeout=30)


def watch(way, *arguments, wanted, until=None):
    """Attaches to the program, has it go on, and ends the watching."""
    started = Started(way)
    attached = attaching.Attached(*(word.format(pid=started.process.pid) for word in arguments))
    attached.wait_until_watching()
    started.go()
    processes.wait_for(lambda: set(wanted) <= set(attaching.kinds(attached.log)), f"{arguments}: {wanted}")
    if until:
        until(attached)
    status, said = attached.leave()
    check(status == (66 if "shared-use" in wanted else 0), f"{arguments}: exit status", status, said)
    check(set(attaching.kinds(attached.log)) >= set(wanted), f"{arguments}: {wanted}", attaching.kinds(attached.log))
    if arguments[0] != "--all":  # of other people's processes there nothing is known
        check("complete: true" in said, f"{arguments}: complete", said)
    check("attached for" in said, f"{arguments}: until when", said)
    return attached.log, started.process.pid


# A connection from before, opened by nobody knows whom: the first use that is seen is the parent's.
log, pid = watch("later", "-p", "{pid}", wanted=["shared-use"])
shared = log.findings(kind="shared-use")[0]
check(shared["pid"] == pid and shared["other"]["relation"] == "child", "parent and child", shared)
check(shared["connection"]["peer"].startswith("127.0.0.1:"), "its peer", shared["connection"])
# The child is there already; the parent, and then the child, use what was from before.
watch("forked", "--tree", "{pid}", wanted=["shared-use"])
watch("later", "--all", wanted=["shared-use"])

# Without --tree the child that is there already is not watched, and that is said.
started = Started("forked")
attached = attaching.Attached("-p", str(started.process.pid))
attached.wait_until_watching()
said = attached.process.stderr.readline()
started.go()
attached.leave()
check(f"not watched: 2 processes that {started.process.pid} has forked before; --tree" in said, "-p of a parent", said)

# It ends by itself when the processes have, and after --seconds.
started = Started("later")
attached = attaching.Attached("-p", str(started.process.pid))
attached.wait_until_watching()
started.go()
said = attached.process.communicate(timeout=30)[1]
check(attached.process.returncode == 66, "it ends with the process", attached.process.returncode, said)
log = attaching.new_log()
result = subprocess.run([attaching.FORKSAN, "attach", "-o", log.path, "--all", "--seconds", "1"], capture_output=True,
                        text=True, timeout=60, check=False)
check(result.returncode in (0, 66), "--seconds ends it", result.returncode, result.stderr)
said = float(re.search(r"attached for (\d+\.\d) s", result.stderr)[1])
watched = log.read().records[-1]["watched"]
watched = forksan_log.seconds(watched["until"]) - forksan_log.seconds(watched["from"])
check(watched >= 0.9 and abs(said - watched) < 0.5, "it says for how long", said, watched)

# `forksan top -p` means the session that a process is a member of; of one that is in none, the watcher's.
for prefix in ([toolkit.FORKSAN, "run", "-q", "--"], []):
    with subprocess.Popen([*prefix, sys.executable, "-c", CLIENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True) as process:
        pid = process.stdout.readline().strip()
        attached = attaching.Attached("-p", pid)
        attached.wait_until_watching()
        seen = toolkit.run("top", "--json", "-p", pid)
        check(seen.returncode == 0, f"{prefix}: top -p", seen.stderr)
        listed = toolkit.run("top", "--list").stdout.splitlines()
        process.communicate("go\n", timeout=30)
    attached.leave()
    session = attached.log.records[0]["session"]
    check((json.loads(seen.stdout or "{}").get("session") == session) == (not prefix), f"{prefix}: top -p", seen.stdout)
    listed, = [line for line in listed if line.startswith(session)]
    check(listed.endswith(", by forksan attach"), "--list says who watches", listed)

# Both are killed at once: what they watched lives on, and yet the next session removes theirs.
attached = attaching.Attached("--all")
attached.wait_until_watching()
attached.process.send_signal(signal.SIGSTOP)
os.kill(attaching.watcher_of(attached.process), signal.SIGKILL)
attached.process.kill()
attached.process.communicate()
attached.log.read()
registry = f"/dev/shm/forksan-{os.geteuid()}/{attached.log.records[0]['session']}"
check(os.path.exists(registry), "a registry that nobody needs", registry)
toolkit.run("run", "--", "/bin/sh", "-c", ":")
check(not os.path.exists(registry), "it is removed", registry)

# A session whose first process has ended lives on in another one: attach begins its own, and that one stays.
log = attaching.new_log()
result = subprocess.run(["/bin/sh", "-c", "sleep 1000 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True,
                        timeout=60, check=True,
                        env=forksan_log.bare_env(LD_PRELOAD=forksan_log.SHIM,
                                                 FORKSAN_OPTIONS=f"log_path={log.path}"))
pid = int(result.stdout)
try:
    log.read()
    registry = f"/dev/shm/forksan-{os.geteuid()}/{log.records[0]['session']}"
    check(os.path.exists(registry), "a registry whose session lives on", registry)
    attaching.attach("/bin/true", status=0)
    check(os.path.exists(registry), "attach leaves it", registry)
finally:
    os.kill(pid, signal.SIGKILL)

# Wrong usage.
for arguments in ([], ["-p", "999999999"], ["-p", "1", "--", "true"], ["--tree", "x"]):
    result = toolkit.run("attach", *arguments)
    check(result.returncode == 2 and result.stderr.count("\n") == 1, f"{arguments}: wrong usage", result.stderr)

# An ordinary user is told in one sentence what is missing.
directory = os.path.join(attaching.directory, "user")
os.makedirs(directory)
os.chmod(attaching.directory, 0o755)
for name in ("forksan", "forksan-attach"):
    shutil.copy(os.path.join(toolkit.BUILD, name), directory)
result = subprocess.run(["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups",
                         os.path.join(directory, "forksan"), "attach", "--", "/bin/true"],
                        capture_output=True, text=True, timeout=60, check=False, cwd="/")
check(result.returncode == 126, "an ordinary user: exit status 126", result.returncode, result.stderr)
check(result.stderr.count("\n") == 1 and "CAP_BPF" in result.stderr and "CAP_PERFMON" in result.stderr,
      "an ordinary user is told what is missing", result.stderr)
# With these two, which a container or a service may be given, an ordinary user needs nothing else.
shutil.copy(PROGRAM, directory)
result = subprocess.run(["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups",
                         "--inh-caps", "+bpf,+perfmon", "--ambient-caps", "+bpf,+perfmon",
                         os.path.join(directory, "forksan"), "attach", "--", os.path.join(directory, "program"), "shared"],
                        capture_output=True, text=True, timeout=60, check=False, cwd="/")
if "unknown capability" in result.stderr:
    print("not tested: an ordinary user with CAP_BPF and CAP_PERFMON, which setpriv does not know")
else:
    check(result.returncode == 66 and "complete: true" in result.stderr, "CAP_BPF and CAP_PERFMON suffice",
          result.returncode, result.stderr)
    check("CAP_SYS_PTRACE" not in result.stderr, "of its own processes nothing is hidden", result.stderr)
    # Of others' processes more is hidden than the stacks.
    started = Started("later")
    result = subprocess.run([*result.args[:result.args.index("--")], "-p", str(started.process.pid), "--seconds", "1"],
                            capture_output=True, text=True, timeout=60, check=False, cwd="/")
    started.go()
    check("forksan: this user, who lacks CAP_SYS_PTRACE, may not look at" in result.stderr and
          "complete: false (hidden_processes 1" in result.stderr, "what an ordinary user does not see is said", result.stderr)
finish()
