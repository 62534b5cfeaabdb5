#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan doctor: will forksan see this program, how, and what to do where not; on real programs."""

import ctypes
import json
import os
import shutil
import subprocess
import sys

import toolkit
from toolkit import check, run, write

HELLO = "#include <unistd.h>\nint main(void)\n{\n\tpause();\n\treturn 0;\n}\n"


# Without forksan-attach beside it, which asks the kernel, for a second or two each time.
QUICK = []


def ask(*arguments, **more):
    """What the doctor says of a command or process, as JSON; and the exit status."""
    result = run("doctor", "--json", *arguments, **{"program": QUICK[0], **more})
    if not result.stdout:
        return {"preload": None, "checks": [], "starts": [], "stderr": result.stderr}, result.returncode
    return json.loads(result.stdout), result.returncode


def states(answer, name):
    return [each["state"] for each in answer["checks"] if each["check"] == name]


def texts(answer, name):
    return " ".join(each["text"] for each in answer["checks"] if each["check"] == name)


def expect(what, arguments, preload, status, name=None, state=None, word="", **more):
    answer, returned = ask(*arguments, **more)
    check(answer["preload"] == preload and returned == status, f"{what}: {preload}, {status}", returned, answer)
    if name:
        check(state in states(answer, name) and word in texts(answer, name),
              f"{what}: {name} is {state}: {word}", answer)
        for each in answer["checks"]:
            if each["state"] in ("limit", "blind") and each["check"] == name and name != "loader":
                check(each["advice"], f"{what}: {name} says what to do", each)
    return answer


def compiles(directory, name, *flags, source=HELLO):
    try:
        return toolkit.compile_c(directory, name, source, *flags)
    except subprocess.CalledProcessError:
        print(f"not tested: {name} cannot be built here")
        return None


def programs(directory):
    dynamic = compiles(directory, "dynamic")
    answer = expect("a dynamic program", ("--", dynamic), "yes", 0, "program", "good")
    check(states(answer, "loader") == ["good"], "its loader was asked", answer)
    check("2." in texts(answer, "glibc"), "glibc's version", answer)
    check("native frames" in texts(answer, "frames"), "no interpreter", answer)
    static = compiles(directory, "static", "-static")
    if static:
        expect("a static program", (static,), "no", 126, "program", "blind", "statically linked")
        answer, status = ask("--for", "scan", static)
        check(answer["scan"] == "yes" and status == 0, "scan sees a static program", answer, status)
    wide = compiles(directory, "m32", "-m32")
    if wide:
        expect("a 32-bit program", (wide,), "no", 126, "program", "blind", "another machine")
    if shutil.which("musl-gcc"):
        musl = os.path.join(directory, "musl")
        subprocess.run(["musl-gcc", "-o", musl, dynamic + ".c"], check=True)
        expect("a program for musl", (musl,), "no", 126, "program", "blind", "musl")
    else:
        print("not tested: musl")
    # What Go's linker puts into each program; a program made by Go itself where there is a compiler.
    go = compiles(directory, "go", source='__attribute__((section(".note.go.buildid"), used)) static '
                  'const char id[16] = "id";\n' + HELLO)
    expect("a Go program", (go,), "no", 126, "go", "blind", "without libc")
    if shutil.which("go"):
        source = write(os.path.join(directory, "main.go"), "package main\nfunc main() {}\n")
        built = os.path.join(directory, "real-go")
        subprocess.run(["go", "build", "-o", built, source], check=True, env=dict(os.environ, HOME=directory))
        expect("a program made by Go", (built,), "no", 126, "go", "blind", "without libc")
    result = run("doctor", "no-such-command")
    check(result.returncode == 127 and "not found" in result.stderr, "not found is 127", result)


def hooks(directory):
    """What the kernel lets attach have: the doctor says what attach says, without the program."""
    dynamic = os.path.join(directory, "dynamic")
    answer, status = ask("--for", "attach", dynamic, program=toolkit.FORKSAN)
    tried = run("attach", "--quiet", "--", "/bin/true", env=dict(os.environ, FORKSAN_OPTIONS="mode=strict"))
    if tried.returncode == 126:
        check(answer["attach"] == "no" and status == 126, "attach is refused", answer, tried)
        print("not tested: what the kernel lets attach have, for it is refused here")
        return
    check(answer["attach"] in ("yes", "in part") and status in (0, 67), "attach sees it", answer, status)
    check("good" in states(answer, "hooks") and "tried" in texts(answer, "hooks"), "by which hooks", answer)
    check(set(states(answer, "hooks")) <= {"good", "limit"}, "what is limited is said", answer)
    refused = "strict mode needs the library" in tried.stderr
    check(states(answer, "strict") == ["note" if refused else "good"], "whether strict mode can be had", answer, tried)


def rights(directory, tool):
    """More rights than the caller has: as a user who gains by them."""
    if os.getuid() != 0:
        print("not tested: set-user-ID, file capabilities (not root)")
        return
    user = {"program": tool, "user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"}
    setuid = os.path.join(directory, "setuid")
    shutil.copy(os.path.join(directory, "dynamic"), setuid)
    os.chmod(setuid, 0o4755)
    expect("a set-user-ID program", (setuid,), "no", 126, "program", "blind", "set-user-ID", **user)
    if shutil.which("setcap"):
        capable = os.path.join(directory, "capable")
        shutil.copy(os.path.join(directory, "dynamic"), capable)
        subprocess.run(["setcap", "cap_net_raw+ep", capable], check=True)
        expect("file capabilities", (capable,), "no", 126, "program", "blind", "file capabilities", **user)
    answer, _ = ask("--", os.path.join(directory, "dynamic"), **user)
    check(answer["attach"] == "no" and "CAP_BPF" in texts(answer, "bpf"),
          "an ordinary user is told which capabilities are missing", answer)
    # The log, after a change of the user.
    log = write(os.path.join(directory, "root.jsonl"), "", 0o600)
    dynamic = os.path.join(directory, "dynamic")
    expect("a log that the user may not write", ("-o", log, "--user", "nobody", dynamic),
           "in part", 67, "log", "limit", "may not write")
    os.chmod(log, 0o666)
    expect("a log that all may write", ("-o", log, "--user", "65534", dynamic), "yes", 0, "log", "good")
    expect("a log in a directory that is not there", ("-o", "/nonexistent/log", dynamic),
           "in part", 67, "log", "limit", "No such file")
    expect("a log of FORKSAN_OPTIONS", (dynamic,), "in part", 67, "log", "limit", "may not write",
           env=dict(os.environ, FORKSAN_OPTIONS="log_path=/nonexistent/log"))


def wrappers(directory):
    dynamic = os.path.join(directory, "dynamic")
    path = dict(os.environ, PATH=f"{directory}:{os.environ['PATH']}")
    for command in (("env", "A=b", dynamic), ("nice", "-n", "5", dynamic), ("timeout", "-k", "1", "5", dynamic),
                    ("nohup", "setsid", dynamic), ("sh", "-c", f"cd /; exec {dynamic} \"$@\""),
                    ("env", "-S", f"A=b {dynamic}"), ("stdbuf", "-oL", "nice", "env", dynamic)):
        answer = expect(" ".join(command), ("--", *command), "yes", 0, "program", "good", dynamic)
        check(answer["starts"][-1] == dynamic, f"{command}: followed to its end", answer["starts"])
    for command, word in ((("env", "-i", dynamic), "env -i"), (("env", "-u", "LD_PRELOAD", dynamic), "env -u"),
                          (("env", "LD_PRELOAD=/other.so", dynamic), "LD_PRELOAD=/other.so"),
                          (("sh", "-c", f"unset LD_PRELOAD\nexec {dynamic}"), "unset LD_PRELOAD"),
                          (("sh", "-c", f"LD_PRELOAD= exec {dynamic}"), "LD_PRELOAD="),
                          (("bash", "-c", f"exec -c {dynamic}"), "exec -c"),
                          (("su", "-", "-c", dynamic), "login shell")):
        answer = expect(" ".join(command), ("--", *command), "no", 126, "wrapper", "blind", word)
        check(any(f"forksan run -- {dynamic}" in (each["advice"] or "") for each in answer["checks"]),
              f"{command}: where forksan belongs", answer)
    keeps = f"LD_PRELOAD=/x.so:$LD_PRELOAD exec {dynamic}"
    expect("a script that adds to LD_PRELOAD", ("sh", "-c", keeps), "yes", 0)
    # As a user of another machine has them; the name counts, the program is not run.
    for name, status, state in (("sudo", 126, "blind"), ("docker", 126, "blind"), ("systemctl", 126, "blind"),
                                ("gosu", 67, "limit")):
        shutil.copy(dynamic, os.path.join(directory, name))
        expect(name, ("--", name, "nobody", dynamic), "no" if status == 126 else "in part", status,
               "user" if name == "gosu" else "wrapper", state, name, env=path)
    expect("setpriv", ("setpriv", "--reuid", "nobody", "--clear-groups", dynamic), "in part", 67,
           "user", "limit", "to nobody")
    static = os.path.join(directory, "static")
    if os.path.exists(static):
        shutil.copy(static, os.path.join(directory, "tini"))
        expect("a static wrapper", ("tini", "-g", "--", dynamic), "in part", 67, "wrapper", "limit",
               "goes on", env=path)

    # An entrypoint as images have them: a user switch by itself, and exec "$@".
    entrypoint = write(os.path.join(directory, "entrypoint"), '#!/bin/bash\nset -e\n'
                       'if [ "$1" = server ] && [ "$(id -u)" = 0 ]; then\n'
                       '\texec gosu nobody "$BASH_SOURCE" "$@"   # once more\nfi\n'
                       'echo "starting $*" >&2\nexec "$@"\n', 0o755)
    answer = expect("an entrypoint", (entrypoint, dynamic), "in part", 67, "user", "limit", "to nobody",
                    env=path)
    check(answer["program"] == dynamic, "an entrypoint's command is found", answer)
    computed = write(os.path.join(directory, "computed"), '#!/bin/sh\nexec "$JAVA" -jar x.jar\n', 0o755)
    expect("a command that the shell computes", (computed,), "in part", 67, "wrapper", "limit",
           "could not be followed")
    launcher = write(os.path.join(directory, "launcher"), f"#!/bin/sh\n# exec nothing\ncd / &&\n"
                     f"\t{dynamic} --flag | cat >/dev/null 2>&1\nexit 0\n", 0o755)
    expect("a script without exec", (launcher,), "yes", 0)
    circle = write(os.path.join(directory, "circle"), '#!/bin/sh\nexec "$0"\n', 0o755)
    ask(circle)
    again = write(os.path.join(directory, "again"), f"#!/bin/sh\nexec {directory}/again\n", 0o755)
    ask(again)


def interpreters():
    for command, word in (("/usr/bin/python3", "Python 3."), ("ruby", "Ruby "), ("perl", "Perl 5."),
                          ("php", "PHP "), ("gunicorn", "Python 3."), ("puma", "Ruby ")):
        if shutil.which(command):
            answer, status = ask(command)
            check(status == 0 and word in texts(answer, "frames") and states(answer, "frames") == ["good"],
                  f"{command}: frames of {word}", answer)


def preloads(directory):
    dynamic = os.path.join(directory, "dynamic")
    other = toolkit.compile_c(directory, "libother.so", "int other;\n", "-shared", "-fPIC")
    expect("another preload", (dynamic,), "yes", 0, "preloads", "note", other,
           env=dict(os.environ, LD_PRELOAD=other))


def system(directory):
    dynamic = os.path.join(directory, "dynamic")
    result = subprocess.run(["bash", "-c", f"ulimit -f 100; {toolkit.FORKSAN} doctor --json {dynamic}"],
                            capture_output=True, check=False)
    answer = json.loads(result.stdout)
    check(result.returncode == 67 and "limit" in states(answer, "file_size"), "a limit on files", answer)
    if os.getuid() != 0 or subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0:
        print("not tested: /dev/shm (no mount namespace)")
        return
    for mount, word in (("mount -t tmpfs -o size=1m none /dev/shm", "MB free"),
                        ("mount -t tmpfs -o ro none /dev/shm", "read-only")):
        result = subprocess.run(
            ["unshare", "-m", "sh", "-c", f"{mount} && exec {toolkit.FORKSAN} doctor --json {dynamic}"],
            capture_output=True, check=False)
        answer = json.loads(result.stdout)
        check(result.returncode == 67 and word in texts(answer, "shm"), f"/dev/shm: {word}", answer)


class Process:
    """A program that has said a line, and waits."""

    def __init__(self, *command, **more):
        self.popen = subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True, **more)
        self.line = self.popen.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.popen.stdin.close()
        self.popen.stdout.close()
        self.popen.kill()
        self.popen.wait()

    @property
    def pid(self):
        return str(self.popen.pid)


SAYS = "import sys; print('ready', flush=True); sys.stdin.read()"

RING = f"""
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
ring = libc.syscall(425, 4, ctypes.create_string_buffer(120))
print('ready' if ring >= 0 else 'none', flush=True)
{SAYS}
"""

SANDBOX = f"""
import ctypes, struct
libc = ctypes.CDLL(None, use_errno=True)
allow = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0x7fff0000))
program = ctypes.create_string_buffer(struct.pack('HxxxxxxP', 1, ctypes.addressof(allow)))
libc.prctl(38, 1, 0, 0, 0)
print('ready' if libc.prctl(22, 2, program, 0, 0) == 0 else 'none', flush=True)
{SAYS}
"""

SWITCHES = """
import os, sys
if os.fork() == 0:
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
    print('ready', flush=True)
sys.stdin.read()
"""


def processes(directory, tool):
    python = "/usr/bin/python3"
    with Process(python, "-c", SAYS) as process:
        answer = expect("a process", ("-p", process.pid), "yes", 0, "loader", "note", "not in the process")
        check("Python 3." in texts(answer, "frames") and answer["scan"] == "yes", "its frames, and scan", answer)
        if os.getuid() == 0:
            answer, status = ask("-p", process.pid, "--for", "scan", program=tool, user=65534, group=65534,
                                 extra_groups=[], cwd="/")
            check(status == 2 and "may not be looked at" in answer.get("stderr", ""),
                  "another user's process", answer, status)
    # The kernel's mark of a replaced file stands at the end of a path; within a name it is a part of that.
    place = os.path.join(directory, "app (deleted) last week")
    os.mkdir(place)
    if compiles(place, "libasan.so", "-shared", "-fPIC", source="int nothing;\n"):
        with Process(python, "-c", SAYS, env=dict(os.environ, LD_LIBRARY_PATH=place, LD_PRELOAD="libasan.so")) as process:
            expect("a path with the words of a replaced file's", ("-p", process.pid), "yes", 0, "preloads", "note",
                   "AddressSanitizer")
    with Process(toolkit.FORKSAN, "run", "-q", python, "-c", "import os; print(os.getpid(), flush=True); "
                 "import sys; sys.stdin.read()", stderr=subprocess.DEVNULL) as process:
        expect("a process under forksan run", ("-p", process.line), "yes", 0, "loader", "good", "already: forksan top ")
    with Process(python, "-c", RING) as process:
        if process.line == "ready":
            expect("a process with io_uring", ("-p", process.pid), "in part", 67, "io_uring", "limit", "1 io_uring")
        else:
            print("not tested: io_uring is not permitted here")
    with Process(python, "-c", SANDBOX) as process:
        if process.line == "ready":
            expect("a process under seccomp", ("-p", process.pid), "in part", 67, "seccomp", "limit")
        else:
            print("not tested: seccomp is not permitted here")
    static = compiles(directory, "waits", "-static", source='#include <stdio.h>\n#include <unistd.h>\n'
                      'int main(void)\n{\n\tputs("ready");\n\tfflush(stdout);\n\tpause();\n}\n')
    if static:
        with Process(static) as process:
            answer = expect("a static process", ("-p", process.pid), "no", 126, "program", "blind",
                            "statically linked")
            check(static in texts(answer, "program"), "it is named by its path", answer)
    if os.getuid() != 0:
        print("not tested: a process that changes its user (not root)")
        return
    log = write(os.path.join(directory, "switched.jsonl"), "", 0o600)
    with Process(python, "-c", SWITCHES) as process:
        answer = expect("a process that changes its user", ("-p", process.pid, "-o", log), "in part", 67,
                        "log", "limit", "may not write")
        check("nobody" in texts(answer, "user"), "who it becomes", answer)
    if subprocess.run(["unshare", "-m", "true"], check=False).returncode == 0:
        small = "mount -t tmpfs -o size=1m none /dev/shm && exec " + python + f' -c "{SAYS}"'
        with Process("unshare", "-m", "sh", "-c", small) as process:
            expect("a process with a /dev/shm of its own", ("-p", process.pid), "in part", 67, "shm", "limit",
                   "MB free")


def usage():
    for arguments, word in (((), "neither"), (("-p", "1", "true"), "both"), (("-p", "0"), "a number above 0"),
                            (("-p", "4194305"), "there is no process"), (("--for", "luck", "true"), "expected preload"),
                            (("--user", "no-such-user", "true"), "there is no user"), (("--jsn",), "--json")):
        result = run("doctor", *arguments)
        check(result.returncode == 2 and word in result.stderr, f"{arguments}: {word}", result)
    text = run("doctor", "env", "-i", "/bin/true").stdout
    check("preload   no: env takes LD_PRELOAD" in text and "do  " in text, "the text says what to do", text)


with toolkit.Directory() as where:
    os.chmod(where, 0o755)
    copied = os.path.join(where, "forksan")
    shutil.copy(toolkit.FORKSAN, copied)
    shutil.copy(os.path.join(toolkit.BUILD, "libforksan.so"), where)
    QUICK.append(copied)
    programs(where)
    hooks(where)
    rights(where, copied)
    wrappers(where)
    interpreters()
    preloads(where)
    system(where)
    processes(where, copied)
    usage()
toolkit.finish()
