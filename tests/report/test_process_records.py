#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A log says which processes did what forksan cannot see, at the 1st, 10th, ... time, and with which
options the session ran; every record is as the schema says.

    test_process_records.py --do WHAT       runs under the shim, with a watched connection
"""

import ctypes
import os
import socket
import subprocess
import sys
import tempfile

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path[:0] = [os.path.join(TESTS, "support"), os.path.join(TESTS, "tool")]

import forksan_log
from toolkit import check, finish

libc = ctypes.CDLL(None, use_errno=True)
SYS_IO_URING_SETUP = 425


def wait(pid):
    assert os.waitpid(pid, 0)[1] == 0


def stream(connection):
    libc.fdopen.restype = ctypes.c_void_p
    assert libc.fdopen(connection.fileno(), b"r")


def deepbind(_):
    ctypes.CDLL("libz.so.1", os.RTLD_LAZY | os.RTLD_DEEPBIND)


def ring(_):
    """Exit status 77 where the kernel or a sandbox has none."""
    if libc.syscall(SYS_IO_URING_SETUP, 4, ctypes.create_string_buffer(120)) < 0:
        sys.exit(77)


def unseen(_):
    for _ in range(25):
        child = os.fork()
        if child == 0:
            os.execve("/bin/true", ["true"], {})
        wait(child)


def not_found(_):
    """The search for a program: exec fails again and again."""
    for _ in range(25):
        try:
            os.execve("/nonexistent/true", ["true"], {})
        except FileNotFoundError:
            pass


def nothing(_):
    pass


def seccomp(connection):
    """In a sandbox nothing of ours is written."""
    assert libc.prctl(38, 1, 0, 0, 0) == 0  # PR_SET_NO_NEW_PRIVS
    instructions = (ctypes.c_uint64 * 1)(0x7fff000000000006)  # return SECCOMP_RET_ALLOW

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))
    program = Program(1, ctypes.addressof(instructions))
    if libc.prctl(22, 2, ctypes.byref(program), 0, 0) != 0:  # PR_SET_SECCOMP
        sys.exit(77)
    stream(connection)


# What is done, the counter, the numbers that the log names.
CASES = (
    (nothing, None, []),
    (stream, "lost_streams", [1]),
    (deepbind, "lost_deepbind", [1]),
    (ring, "io_uring", [1]),
    (unseen, "exec_unseen", [1, 10]),
    (not_found, "exec_unseen", [1, 10]),
    (seccomp, None, []),
)


def run(what, port, **options):
    """(exit status, pid, stderr)"""
    environment = forksan_log.forksan_env(options.pop("log_path"), watch="all", **options)
    process = subprocess.Popen([sys.executable, __file__, "--do", what.__name__, str(port)],
                               env=environment, stderr=subprocess.PIPE, text=True)
    stderr = process.communicate()[1]
    return process.returncode, process.pid, stderr, environment["FORKSAN_OPTIONS"]


def check_case(what, counter, times, port, directory):
    log = forksan_log.Log(os.path.join(directory, what.__name__))
    status, pid, stderr, options = run(what, port, log_path=log.path)
    if status == 77:
        print("not allowed here:", what.__name__)
        return
    check(status == 0 and stderr == "", what.__name__, status, stderr)
    log.validate()
    session, = [record for record in log.records if record["record"] == "session"]
    check(session["options"] == options, "the options stand in the session's record", session)
    told = [record for record in log.records if record["record"] == "process"]
    check([record["times"] for record in told] == times, what.__name__, told)
    for record in told:
        check(record["counter"] == counter, what.__name__, record)
        check(record["event"] == "blind" and record["ppid"] > 0, what.__name__, record)
    if len(times) == 1:
        check(told[0]["pid"] == pid, "it names the process", told, pid)
    shown = subprocess.run([forksan_log.TOOL, "report", log.path], capture_output=True, text=True,
                           check=False)
    complete = "\ncomplete: true\n" in shown.stdout
    check(shown.returncode == (0 if complete else 67), "what was not seen fails a gate", shown)
    shown = shown.stdout
    check(("first not seen, by process:" in shown) == bool(times), "the report shows it", shown)
    check(not times or f") at {told[0]['time']}: {told[0]['text']}\n" in shown, shown)

    status, pid, stderr, _ = run(what, port, log_path="")
    check(status == 0 and stderr == "", "without a log nothing is said", stderr)
    status, pid, stderr, _ = run(what, port, log_path="", verbosity="1")
    check(stderr.count("forksan: not seen, by ") == len(times), "but with verbosity", stderr)


def main():
    if sys.argv[1:2] == ["--do"]:
        name, port = sys.argv[2:]
        with socket.create_connection(("127.0.0.1", int(port))) as connection:
            connection.sendall(b"PING\r\n")
            globals()[name](connection)
            os._exit(0)  # what was opened over the descriptor is not closed twice
    with socket.create_server(("127.0.0.1", 0)) as server, tempfile.TemporaryDirectory() as directory:
        for case in CASES:
            check_case(*case, server.getsockname()[1], directory)
    finish()


if __name__ == "__main__":
    sys.exit(main())
