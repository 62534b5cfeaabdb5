#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan scan --stacks: where a process is that waits on a shared connection, without stopping it."""

import ctypes
import json
import os
import re
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "support"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tool"))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import servers  # noqa: E402
import toolkit  # noqa: E402
from test_python_frames import pythons  # noqa: E402
from toolkit import check  # noqa: E402

CLONE_NEWNS = 0x20000  # linux/sched.h
PROGRAMS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "programs", "asleep")


class Asleep:
    """A program that prints its pid; its child sleeps on the connection that both hold."""

    def __init__(self, *command, **more):
        self.popen = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True, **more)
        self.pid = int(self.popen.stdout.readline())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.popen.pid, 9)
        self.popen.wait()

    def look(self, *arguments, **more):
        """The holder that waits, once it waits."""
        deadline = time.monotonic() + 20
        while True:
            result = toolkit.run("scan", "--json", "--tree", str(self.pid), *arguments, **more)
            holders = [holder for line in result.stdout.splitlines() for holder in
                       json.loads(line).get("holders", []) if holder["waits_in"]]
            if holders or time.monotonic() > deadline:
                return holders[0] if holders else {"stack": [], "no_stack": result}


def marked(path):
    """The frames that a program's comments say, innermost first."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            mark = re.search(r"@(\d) (\S+)$", line)
            if mark and mark[1] != "N":
                found[int(mark[1])] = (mark[2], path, number)
    return [found[number] for number in sorted(found)]


def seen(holder, language):
    return [(frame.get("function"), frame["file"], frame["line"]) for frame in holder.get("stack", [])
            if frame["language"] == language]


def native(holder):
    return [frame.get("function", "?") for frame in holder.get("stack", []) if frame["language"] == "native"]


def test_python():
    path = os.path.join(PROGRAMS, "asleep.py")
    tried = []
    for python, (version, free_threaded) in sorted(pythons().items()):
        if not (3, 8) <= version <= (3, 14) or free_threaded:
            continue
        expected = marked(path)
        with Asleep(python, path) as program:
            holder = program.look("--stacks")
        frames = seen(holder, "python")
        if version < (3, 12):  # a comprehension is a function of its own
            frames = [frame for frame in frames if not frame[0].endswith("<listcomp>")]
        if version < (3, 11):  # and functions have no qualified names
            expected = [(name.rsplit(".", 1)[-1], *rest) for name, *rest in expected]
        check(frames == expected, f"{python}: the frames", frames, expected, holder.get("no_stack"))
        check(all(frame["own"] for frame in holder["stack"] if frame["language"] == "python"),
              f"{python}: they are the program's own", holder["stack"])
        check(any("recv" in name for name in native(holder)) and len(native(holder)) > 3,
              f"{python}: native frames from recv() outwards", native(holder))
        tried.append(python)
    print("run for real:", ", ".join(tried))
    check(tried, "some Python was there")


def test_without_gil(directory):
    """Of a build that is not known there are no frames, and that is said (test_python_frames.py)."""
    python = next((path for path, (version, _) in sorted(pythons().items()) if version >= (3, 13)), None)
    if not python:
        return
    path = os.path.join(directory, "without_gil.py")
    with open(os.path.join(PROGRAMS, "asleep.py"), encoding="utf-8") as program, \
            open(path, "w", encoding="utf-8") as out:
        out.write("import ctypes\n(ctypes.c_uint64 * 3).in_dll(ctypes.pythonapi, '_PyRuntime')[2] = 1\n" +
                  program.read())
    with Asleep(python, path) as program:
        holder = program.look("--stacks")
        shown = toolkit.run("scan", "--stacks", "--tree", str(program.pid)).stdout
    check(not seen(holder, "python") and len(native(holder)) > 3, "native frames alone", holder)
    check("no frames of python" in holder.get("stack_lacks", "") and "no frames of python" in shown,
          "and the reader is told", holder, shown)


def test_under_forksan():
    """libdw refuses the list of mapped files of a process with a registry that has a name."""
    path = os.path.join(PROGRAMS, "asleep.py")
    with Asleep(toolkit.FORKSAN, "run", "-q", "/usr/bin/python3", path, stderr=subprocess.DEVNULL) as program:
        holder = program.look("--stacks")
    names = [name for name, _, _ in seen(holder, "python")]
    check(names and len(native(holder)) > 3, "the frames of a process that has the library, too", holder)


def test_thread():
    path = os.path.join(PROGRAMS, "asleep.py")
    with Asleep("/usr/bin/python3", path, "thread") as program:
        holder = program.look("--stacks")
    names = [name for name, _, _ in seen(holder, "python")]
    check(names[0] == "reading" and "other" not in names and names[-1].startswith("Thread"),
          "the thread that waits, and no other", names)


def test_perl():
    path = os.path.join(PROGRAMS, "asleep.pl")
    with Asleep(os.environ.get("FORKSAN_PERL", "perl"), path) as program:
        holder = program.look("--stacks")
    check(seen(holder, "perl") == marked(path), "Perl's frames", holder)


def base_label(label):
    return label.split(" in ")[-1].split("#")[-1].split(".")[-1]


def test_ruby():
    """$FORKSAN_RUBY may be in a root of its own: "chroot ROOT /usr/bin/ruby"; it finds the program there."""
    ruby = os.environ.get("FORKSAN_RUBY", "ruby").split()
    path = os.path.join(PROGRAMS, "asleep.rb")
    for arguments in ((), ("thread",)):
        with Asleep(*ruby, path, *arguments) as program:
            expected = [tuple(frame) for frame in json.loads(program.popen.stdout.readline())]
            holder = program.look("--stacks")
        frames = [(base_label(name), file, line) for name, file, line in seen(holder, "ruby")]
        check(len(expected) >= 17 and frames == expected, f"Ruby's frames {arguments}", frames, expected,
              holder.get("no_stack"))
        check(any(name.startswith("rb_") for name in native(holder)), "native frames of Ruby", native(holder))


RUBY_DRIVERS = (
    ("mysql2", servers.mariadb, "Mysql2::Client.new(host: '127.0.0.1', port: PORT, username: 'app', "
     "password: 'secret', database: 'app')", "query('SELECT SLEEP(600)')"),
    ("pg", servers.postgresql, "PG.connect(host: '127.0.0.1', port: PORT, user: 'postgres', dbname: 'postgres')",
     "exec('SELECT pg_sleep(600)')"),
    ("redis", servers.redis, "Redis.new(port: PORT, inherit_socket: true).tap(&:ping)", "blpop('jobs')"),
)


def test_ruby_drivers(directory):
    """A worker that waits for its database's answer on its parent's connection."""
    path = os.path.join(directory, "shop.rb")
    for driver, server, connect, ask in RUBY_DRIVERS:
        with server() as database:
            with open(path, "w", encoding="ascii") as file:
                file.write(f"require '{driver}'\nPORT = {database.port}\nDATABASE = {connect}\n"
                           f"def ask\n  DATABASE.{ask}\nend\nask if fork.nil?\n"
                           "puts Process.pid\n$stdout.flush\nsleep\n")
            with Asleep("ruby", path) as program:
                holder = program.look("--stacks")
        own = [(frame["function"], frame["file"], frame["line"]) for frame in holder.get("stack", [])
               if frame.get("own")]
        check(own == [("ask", path, 5), ("<main>", path, 7)], f"{driver}: the program's own frames", own, holder)


def test_php():
    path = os.path.join(PROGRAMS, "asleep.php")
    with Asleep(os.environ.get("FORKSAN_PHP", "php"), path) as program:
        holder = program.look("--stacks")
    frames = [frame for frame in seen(holder, "php") if "{closure" not in frame[0]]
    check(frames == marked(path), "PHP's frames", frames, marked(path), holder)


NATIVE = r"""
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
int reading(int fd) { char byte; int n = (int)recv(fd, &byte, 1, 0); return n + 1; }
int order(int fd) { volatile char room[5000]; room[0] = (char)reading(fd); return room[0] + 1; }
int main(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof address;
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0);
	bind(listener, (void *)&address, len);
	listen(listener, 1);
	getsockname(listener, (void *)&address, &len);
	connect(fd, (void *)&address, len);
	if (fork() == 0)
		return order(fd);
	printf("%d\n", getpid());
	fflush(stdout);
	SPIN
	pause();
}
"""


def test_native(directory):
    for name, flags in (("dynamic", ()), ("static", ("-static",))):
        program = toolkit.compile_c(directory, name, NATIVE, "-DSPIN=", "-O1", "-fno-inline",
                                    "-fno-optimize-sibling-calls", *flags)
        with Asleep(program) as asleep:
            holder = asleep.look("--stacks")
            names = native(holder)
            check("reading" in names and names.index("reading") < names.index("order") < names.index("main"),
                  f"a {name} C program", holder)
            text = toolkit.run("scan", "--tree", str(asleep.pid), "--stacks").stdout
            check("reading  " + name in text and "WAITS in recvfrom" in text, "as text", text)


# A program that looks like Python 3.8, and whose lists, frames and names all lead back to themselves.
FAKE = NATIVE.replace("int main(void)\n{", r"""
#include <string.h>
void *PyCode_Type[64], *PyUnicode_Type[64], *_PyRuntime[64], *circle[512];
void *head = circle;
void *PyInterpreterState_Head(void) { return head; }
void *PyInterpreterState_Next(void **x) { return x[0]; }
void *PyInterpreterState_ThreadHead(void **x) { return x[2]; }
void *PyThreadState_Next(void **x) { return x[3]; }
void be_python(void)
{
	int pid = getpid();
	for (int i = 0; i < 512; i++)
		circle[i] = circle;
	circle[1] = PyCode_Type;
	memcpy((char *)circle + 720, &pid, sizeof pid);
}
int main(void)
{""").replace("return order(fd);", "{ be_python(); return order(fd); }").replace(
    "int order", "void be_python(void);\nint order")


def test_hostile(directory):
    """Memory that lies: the look ends, with the native frames."""
    if os.uname().machine != "x86_64":
        return
    program = toolkit.compile_c(directory, "python3.8", FAKE, "-DSPIN=", "-O1", "-fno-inline", "-rdynamic", "-w",
                                "-fno-optimize-sibling-calls")
    with Asleep(program) as asleep:
        before = time.monotonic()
        holder = asleep.look("--stacks")
        took = time.monotonic() - before
    check("order" in native(holder), "native frames of a program that lies", holder)
    check(any(frame["language"] == "python" for frame in holder["stack"]), "it was taken for Python", holder)
    check(took < 8, "no circle is followed for long", took)


def test_running(directory):
    """A thread that runs has no stack, unless it is stopped; after that it goes on."""
    program = toolkit.compile_c(directory, "spins", NATIVE, "-DSPIN=for (volatile int i = 0;;) i++;", "-O1")
    with Asleep(program) as asleep:
        asleep.look("--stacks")
        tree = ("--tree", str(asleep.pid))
        text = toolkit.run("scan", *tree, "--stacks").stdout
        check("no stack: it runs; --stop" in text, "it runs", text)
        text = toolkit.run("scan", *tree, "--stop").stdout
        check("main  spins" in text or "main" in text, "stopped for a moment", text)
        with open(f"/proc/{asleep.pid}/status", encoding="ascii") as file:
            status = file.read()
        check("TracerPid:\t0" in status and "State:\tR" in status, "and goes on", status)


def test_nothing_is_stopped(directory):
    """An epoll_wait() that a tracer would end with EINTR goes on."""
    source = NATIVE.replace("int n = (int)recv(fd, &byte, 1, 0);",
                            "int e = epoll_create1(0); struct epoll_event event = {.events = EPOLLIN}; "
                            "epoll_ctl(e, EPOLL_CTL_ADD, fd, &event); int n = epoll_wait(e, &event, 1, -1); "
                            "(void)byte; if (n < 0) _exit(9);").replace("#include <stdio.h>",
                                                                        "#include <stdio.h>\n#include <sys/epoll.h>")
    program = toolkit.compile_c(directory, "epolls", source, "-DSPIN=", "-O1", "-fno-inline")
    with Asleep(program) as asleep:
        holder = asleep.look("--stacks")
        check("reading" in native(holder) and holder["waits_in"].startswith("epoll"), "epoll_wait", holder)
        again = asleep.look("--stacks")
        check(again.get("pid") == holder["pid"], "it still waits", again)


def test_other_root(directory):
    """A process in another root: its files are found there."""
    if os.getuid() != 0:
        print("not tested: another root (not root)")
        return
    root = os.path.join(directory, "root")
    os.makedirs(os.path.join(root, "bin"))
    program = toolkit.compile_c(directory, "chrooted", NATIVE, "-DSPIN=", "-O1", "-fno-inline", "-static",
                                "-fno-optimize-sibling-calls")
    shutil.move(program, os.path.join(root, "bin", "chrooted"))
    with Asleep("chroot", root, "/bin/chrooted") as asleep:
        holder = asleep.look("--stacks")
        check("order" in native(holder), "in another root", holder)


# In this file a function of another name is where the other file has reading().
OTHER = "int before(int a) { volatile char b[999]; b[a] = 1; return b[0]; } int wrong(int a) { return before(a) + 1; }"


def test_other_files(directory):
    """The files are those that are mapped, wherever their paths lead: in the process's own mounts, for all later, and
    after an upgrade."""
    if os.getuid() != 0:
        print("not tested: other files at the same paths (not root)")
        return
    # What this test mounts nobody else sees.
    if ctypes.CDLL(None).unshare(CLONE_NEWNS) != 0 or subprocess.run(["mount", "--make-rprivate", "/"], check=False).returncode != 0:
        print("not tested: other files at the same paths (no mounts may be made)")
        return
    flags = ("-O1", "-fno-inline", "-fno-optimize-sibling-calls")
    library, other = (os.path.join(directory, name) for name in ("libreading.so", "libother.so"))

    head, reading, main = NATIVE.partition(NATIVE[NATIVE.index("int reading"):NATIVE.index("int order")])
    toolkit.compile_c(directory, "libreading.so", head + reading, *flags, "-shared", "-fPIC")
    toolkit.compile_c(directory, "libother.so", head + OTHER + reading, *flags, "-shared", "-fPIC")
    source = head + "int reading(int fd);\n" + main
    program = toolkit.compile_c(directory, "of_a_library", source, *flags, "-DSPIN=", f"-L{directory}", "-lreading",
                                f"-Wl,-rpath,{directory}")
    for what, around, before, after in (
            ("its own files", (), (), ()),
            ("a mount of its own", ("unshare", "--mount", "sh", "-c", f'mount --bind {other} {library}; exec "$0"'), (), ()),
            ("a mount for all, later", (), ("mount", "--bind", other, library), ("umount", library)),
            ("a file that was replaced", (), ("cp", "--remove-destination", other, library), ())):
        with Asleep(*around, program) as asleep:
            asleep.look()
            subprocess.run(before or ("true",), check=True)
            try:
                holder = asleep.look("--stacks")
            finally:
                subprocess.run(after or ("true",), check=True)
        names = native(holder)
        check("reading" in names and names.index("reading") < names.index("order") < names.index("main"), what, holder)


def test_other_name(directory):
    """An interpreter is one by its symbols, whatever its program is called; here in another root."""
    if os.getuid() != 0 or not toolkit.exports("/usr/bin/python3", "Py_Version"):
        print("not tested: Python in a program of another name (not root, before 3.11, or as a library)")
        return
    root, program = os.path.join(directory, "other_root"), os.path.join(directory, "app")
    shutil.copy("/usr/bin/python3", program)
    path = os.path.join(PROGRAMS, "asleep.py")
    for name in ("usr", os.path.dirname(path)[1:]):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    for name in ("lib", "lib64"):
        os.symlink(os.path.join("usr", name), os.path.join(root, name))
    script = f"""set -e; mount --make-rprivate /; mount --rbind /usr {root}/usr
                 mount --bind {os.path.dirname(path)} {root}{os.path.dirname(path)}
                 exec chroot {root} /app {path}"""
    shutil.copy(program, os.path.join(root, "app"))
    for what, command in (("another name", [program, path]), ("another root", ["unshare", "--mount", "sh", "-c", script])):
        with Asleep(*command) as asleep:
            frames = seen(asleep.look("--stacks"), "python")
        frames = [frame for frame in frames if "listcomp" not in frame[0]]  # a function of its own before 3.12
        check(frames == marked(path), f"Python in a program of another name: {what}", frames)


def test_other_user(directory):
    if os.getuid() != 0:
        return
    os.chmod(directory, 0o755)
    tool = os.path.join(directory, "forksan")
    shutil.copy(toolkit.FORKSAN, tool)
    with Asleep(os.path.join(directory, "dynamic")) as asleep:
        asleep.look()
        result = toolkit.run("scan", "--stacks", program=tool, user=65534, group=65534, extra_groups=[], cwd="/")
        check(result.returncode == 0 and "reading" not in result.stdout, "another user sees nothing", result)


with toolkit.Directory() as where:
    test_python()
    test_under_forksan()
    test_thread()
    test_perl()
    test_ruby()
    test_ruby_drivers(where)
    test_php()
    test_native(where)
    test_without_gil(where)
    test_hostile(where)
    test_running(where)
    test_nothing_is_stopped(where)
    test_other_root(where)
    test_other_files(where)
    test_other_name(where)
    test_other_user(where)
toolkit.finish()
