#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Frames of Python, Ruby, Perl and PHP under `forksan attach`: those that the library has from inside, of every
stack, of short-lived children too; and the application's lines as culprits."""

import glob
import os
import shutil
import signal
import subprocess

import attaching
import processes
import scenario
import servers
import toolkit
from toolkit import check, finish

INTERPRETERS = {"python": ("/usr/bin/python3", "app.py"), "ruby": ("/usr/bin/ruby", "app.rb"),
                "perl": ("/usr/bin/perl", "app.pl"), "php": ("/usr/bin/php", "app.php")}
# The vfork child of a program whose interpreter is known, since it has opened a connection: another program with
# another interpreter.
SPAWN = ["/usr/bin/python3", "-c", "import socket, subprocess, sys; "
         "socket.create_connection(('127.0.0.1', int(sys.argv[-1]))).close(); "
         "sys.exit(subprocess.call(sys.argv[1:]))"]
# As an app, but the second connection is used by a library that is loaded after the first was used.
LOADS = """
import ctypes, os, socket, sys
def share(use):
    connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    use(connection.fileno())
    if not child:
        os._exit(0)
share(lambda connection: os.write(connection, b"PING\\r\\n") and os.read(connection, 64))
sys.stdin.readline()
share(ctypes.CDLL(sys.argv[2]).ask)
sys.stdin.readline()
"""
LIBRARY = """
#include <sys/socket.h>
int ask(int connection)
{
	char answer[64];

	return send(connection, "PING\\r\\n", 6, 0) == 6 && recv(connection, answer, sizeof answer, 0) > 0;
}
"""
# Uses two connections; of the second the child becomes a program that stays.
BECOMES = """
import os, socket, sys
def ask(connection):
    connection.sendall(b"PING\\r\\n")
    connection.recv(64)
def share(*program):
    connection = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
    ask(connection)
    child = os.fork()
    if child == 0:
        ask(connection)
        os.execv(program[0], program)
    print(child, flush=True)
    os.waitpid(child, 0)
share("/bin/true")
sys.stdin.readline()
share("/bin/sleep", "1000")
"""
LOADER = """
#include <dlfcn.h>
int main(int argc, char **argv)
{
	int (*run)(int, char **) = dlsym(dlopen(LIBRARY, RTLD_NOW | RTLD_GLOBAL), "Py_BytesMain");
	return run(argc, argv);
}
"""


def frames(stack, language):
    return tuple((frame["function"], frame["file"], frame["line"]) for frame in stack
                 if frame["language"] == language)


def stacks(findings, language):
    """Each different finding's stacks."""
    return {(finding["kind"], name, frames(stack, language)) for finding in findings
            for name, stack in finding["stacks"].items() if stack}


def check_late(command, log):
    """A program may use a connection before it is known where its interpreter keeps its frames.  Then the stack
    says that it was read late, and the summary counts it."""
    late = {(finding["connection"]["local"], name) for finding in log.findings() for name in finding.get("late", ())}
    check(log.counters.get("late_stacks", -1) >= bool(late), f"{command}: late stacks are counted", late, log.counters)
    for finding in log.findings():
        check(set(finding.get("late", ())) <= set(finding["stacks"]), f"{command}: late stacks are there", finding)


def run_app(verb, command, count=0, ended=False):
    """The findings of the app's second connection under a verb: the app waits for a line before it opens that one,
    and for another, which comes when there are `count` findings.  `ended`: those of its third, when all of its
    processes have ended before forksan-attach sees anything of that."""
    log = attaching.new_log()
    known = set()

    def findings():
        return [finding for finding in log.findings() if finding["connection"]["local"] not in known]

    def all_are_known():
        known.update(finding["connection"]["local"] for finding in log.findings())

    with subprocess.Popen([toolkit.FORKSAN, verb, "-o", log.path, "--", *command], stdin=subprocess.PIPE,
                          stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        processes.wait_for(log.findings, f"{command}: {verb}: the first finding")
        all_are_known()
        process.stdin.write("go\n")
        process.stdin.flush()
        processes.wait_for(lambda: len(findings()) >= count, f"{command}: {verb}: {count} findings")
        if ended:
            all_are_known()
            watcher = attaching.watcher_of(process)
            os.kill(watcher, signal.SIGSTOP)
            process.stdin.write("go\nend\n")
            process.stdin.flush()
            processes.wait_for(lambda: len(attaching.children_of(process)) == 1, f"{command}: the end")
            os.kill(watcher, signal.SIGCONT)
        said = process.communicate("end\n", timeout=60)[1]
    check(process.returncode == 66, f"{command}: {verb}", said)
    log.validate()
    check(log.counters, f"{command}: {verb}: the summary is in the log", said)
    check_late(command, log)
    return findings()


def slowly_loaded_python():
    """A program that loads Python as a library.  The loader writes a line about each address that it enters into the
    library, and the pipe for those lines is full for a second when a third of them is written: whoever looks at the
    library meanwhile finds some addresses missing.  None where that library is not installed."""
    libraries = glob.glob("/usr/lib/*/libpython3.*.so.1.0")
    if not libraries:
        return None
    source, program = (os.path.join(attaching.directory, name) for name in ("load.c", "load"))
    toolkit.write(source, LOADER)
    subprocess.run([os.environ.get("CC", "cc"), f'-DLIBRARY="{libraries[0]}"', "-o", program, source, "-ldl"], check=True)
    return ["/bin/sh", "-c", '"$@" 2>&1 >/dev/null | { sleep 1; cat >/dev/null; }', "sh",
            "/usr/bin/env", "LD_DEBUG=bindings", program]


def compare(what, library, found):
    language = what.split(",", maxsplit=1)[0]
    late = [(finding["kind"], finding["late"]) for finding in found if finding.get("late")]
    check(not late, f"{what}: once the interpreter is known, no stack is late", late)
    inside, outside = stacks(library, language), stacks(found, language)
    check(inside == outside, f"{what}: the library's frames", inside - outside, outside - inside)


def check_language(language, port, by=None):
    interpreter, name = INTERPRETERS[language]
    app = os.path.join(attaching.HERE, "apps", name)
    command = [*(by or [interpreter]), app, str(port)]
    library = run_app("run", command)
    found = run_app("attach", command, len(library))
    compare(language, library, found)
    # Of what was read once a process needs not be there to be read again.
    compare(f"{language}, ended", library, run_app("attach", command, len(library), ended=True))
    finding = next(finding for finding in found if finding["kind"] == "shared-use")
    culprit = finding["culprit"]
    for role, mark in (("opened", "opened"), ("use", "asked")):
        check(culprit[role] == scenario.marked(app, mark), f"{language}: culprit of {role}", culprit)
    forked = [f"{file}:{line}" for _, file, line in frames(finding["stacks"]["forked"], language)]
    check(scenario.marked(app, "forked") in forked, f"{language}: where it forked", forked)


def check_late_library(port):
    """Frames of a library that was loaded after the list of mapped files was read, and those behind them."""
    library = toolkit.compile_c(attaching.directory, "late.so", LIBRARY, "-shared", "-fPIC", "-O2")
    found = run_app("attach", ["/usr/bin/python3", "-c", LOADS, str(port), library], 1)
    check(len(found) == 1, "a library that is loaded late", found)
    for role in ("other_use", "this_use"):
        native = [frame for frame in found[0]["stacks"][role] if frame["language"] == "native"]
        check(native and native[0]["module"] == library and native[0]["function"] == "ask", "its frame", native)
        check(len(native) > 10 and all(frame["module"] for frame in native), "the frames behind it", native)


def comm(pid):
    with open(f"/proc/{pid}/comm", encoding="ascii") as file:
        return file.read().strip()


def check_other_program(port):
    """A child that runs another program by the time that its stack is read."""
    log = attaching.new_log()
    with subprocess.Popen([toolkit.FORKSAN, "attach", "-o", log.path, "--", "/usr/bin/python3", "-c", BECOMES, str(port)],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        processes.wait_for(log.findings, "the first child's use")
        watcher = attaching.watcher_of(process)
        os.kill(watcher, signal.SIGSTOP)
        process.stdin.write("go\n")
        process.stdin.flush()
        child = int(process.stdout.readline())
        processes.wait_for(lambda: comm(child) == "sleep", "the other program")
        os.kill(watcher, signal.SIGCONT)
        processes.wait_for(lambda: log.findings(pid=child), "the second child's use")
        os.kill(child, signal.SIGKILL)
        process.communicate(timeout=60)
    used = frames(log.findings(pid=child)[0]["stacks"]["this_use"], "python")
    check([frame[0] for frame in used] == ["ask", "share", "<module>"], "another program: the frames of the first", used)


attaching.need()
with servers.redis() as redis:
    for wanted in INTERPRETERS:
        check_language(wanted, redis.port)
    check_language("ruby", redis.port, by=[*SPAWN, "/usr/bin/ruby"])
    check_language("perl", redis.port, by=[shutil.copy("/usr/bin/perl", os.path.join(attaching.directory, "app"))])
    if toolkit.exports("/usr/bin/python3", "Py_Version"):
        check_language("python", redis.port, by=[shutil.copy("/usr/bin/python3", os.path.join(attaching.directory, "app"))])
    else:
        print("not tested: Python, before 3.11 or as a library, in a program of another name")
    check_late_library(redis.port)
    check_other_program(redis.port)
    slow = slowly_loaded_python()
    if slow:
        check_language("python", redis.port, by=slow)
    else:
        print("not tested: Python as a library, which is not there")
finish()
