#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan scan: who holds which connection now, on a real server, without a preload."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "support"))
import processes
import servers
import toolkit
from toolkit import check

# A parent that opens one connection and children that wait on it, each in its own way; they say their
# numbers when all of them hold it.  Arguments: the address, then a way for each child.
HOST = r"""
import os, select, signal, socket, sys

address = sys.argv[1]
if address.startswith("/"):
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(address)
else:
    host, port = address.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)))
listener = socket.create_server(("127.0.0.1", 0))
left, right = socket.socketpair()
accepted_peer = socket.create_connection(listener.getsockname())
accepted, _ = listener.accept()
accepted_peer.set_inheritable(True)

def idle():
    signal.pause()

def recv():
    connection.recv(1)

def poll():
    poller = select.poll()
    poller.register(connection, select.POLLIN)
    poller.poll()

def select_():
    select.select([connection], [], [])

def epoll():
    poller = select.epoll()
    poller.register(connection, select.EPOLLIN)
    poller.poll()

children = []
for way in sys.argv[2:]:
    pid = os.fork()
    if pid == 0:
        accepted_peer.close()
        {"idle": idle, "recv": recv, "poll": poll, "select": select_, "epoll": epoll}[way]()
        os._exit(0)
    children.append(pid)
print(os.getpid(), *children, flush=True)
signal.pause()
"""


class Host:
    def __init__(self, address, *ways, **more):
        self.popen = subprocess.Popen(["/usr/bin/python3", "-c", HOST, address, *ways],
                                      stdout=subprocess.PIPE, text=True, **more)
        self.pids = [int(word) for word in self.popen.stdout.readline().split()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in reversed(self.pids):
            os.kill(pid, signal.SIGKILL)
        self.popen.wait()


def records(*arguments, **more):
    result = toolkit.run("scan", "--json", *arguments, **more)
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return [line for line in lines if line["record"] == "connection"], lines[-1], result


def settled(host, level, *arguments):
    """Looks until the children sleep where they are to sleep; the last look counts."""
    deadline = time.monotonic() + 20
    while True:
        connections, summary, _ = records("--tree", str(host.pids[0]), *arguments)
        if [each["level"] for each in connections] == [level] or time.monotonic() > deadline:
            return connections, summary


def test_levels(redis):
    for ways, level, waiting in ((("idle",), "notice", 0), (("recv",), "hazard", 1),
                                 (("recv", "poll"), "violation", 2), (("select", "epoll"), "violation", 2)):
        with Host(redis.peer, *ways) as host:
            connections, summary = settled(host, level)
            check(len(connections) == 1, f"{ways}: one connection", connections)
            for each in connections:
                check(each["level"] == level, f"{ways}: {level}", each)
                check(each["peer"] == redis.peer and each["local"].startswith("127.0.0.1:"),
                      f"{ways}: addresses", each)
                check([holder["pid"] for holder in each["holders"]] == sorted(host.pids),
                      f"{ways}: every holder", each, host.pids)
                check(sum(holder["waits_in"] is not None for holder in each["holders"]) == waiting,
                      f"{ways}: who waits", each)
                check(all(holder["close_on_exec"] for holder in each["holders"]),
                      f"{ways}: Python's descriptors are close-on-exec", each)
                check(each["holders"][1]["ppid"] == host.pids[0], f"{ways}: the parent", each)
            check(summary["processes"] > 1 and summary["sockets_unseen"] == 0, "what was seen", summary)


def test_unix(redis):
    with Host(redis.unix, "recv") as host:
        connections, _ = settled(host, "hazard")
        check([each["peer"] for each in connections] == [redis.unix], "a unix peer by its path",
              connections)


def test_service(_redis):
    """The system's own services are shared on purpose, too."""
    with processes.directory() as path:
        bus = os.path.join(path, "dbus", "system_bus_socket")
        os.mkdir(os.path.dirname(bus))
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(bus)
            listener.listen()
            with Host(bus, "recv") as host:
                accepted, _ = listener.accept()
                connections, _, _ = records("--tree", str(host.pids[0]))
                text = toolkit.run("scan", "--tree", str(host.pids[0])).stdout
                accepted.close()
        check(not connections, "D-Bus is none of ours", connections)
        check("1 to the system's services" in text, "and is counted", text)


def test_text_and_statuses(redis):
    with Host(redis.peer, "recv") as host:
        settled(host, "hazard")
        tree = ("--tree", str(host.pids[0]))
        text = toolkit.run("scan", *tree).stdout
        check(f"to {redis.peer} from 127.0.0.1:" in text or f" {redis.peer} from 127.0.0.1:" in text,
              "the addresses", text)
        check("WAITS in recvfrom" in text and "hazard" in text, "who waits", text)
        check(": 1 listening, 1 accepted, 2 in pairs, 0 to the system" in text,
              "what servers share is apart", text)
        for level, status in (("notice", 66), ("hazard", 66)):
            result = toolkit.run("scan", *tree, "--fail-on", level)
            check(result.returncode == status, f"--fail-on {level}: {status}", result)
        # By number and by name, as one types in a hurry.
        for subject in (str(host.pids[0]), "python3"):
            connections, _, _ = records(subject)
            check(host.pids[0] in [holder["pid"] for each in connections for holder in each["holders"]],
                  f"forksan scan {subject}", connections)
        # The child alone: its connection, with the parent among the holders.
        connections, _, _ = records("-p", str(host.pids[1]))
        check([len(each["holders"]) for each in connections] == [2], "-p names every holder", connections)


def test_watch(redis):
    with Host(redis.peer, "recv") as host:
        settled(host, "hazard")
        popen = subprocess.Popen([toolkit.FORKSAN, "scan", "--tree", str(host.pids[0]), "--watch", "0.1",
                                  "--json", "--fail-on", "hazard"], stdout=subprocess.PIPE, text=True)
        looks = 0
        while looks < 3:
            looks += json.loads(popen.stdout.readline())["record"] == "scan"
        popen.send_signal(signal.SIGINT)
        popen.stdout.read()
        check(popen.wait() == 66, "--watch ends by a signal, with the worst status", popen.returncode)


def test_namespace(redis):
    """A host in a network namespace of its own: its unix connection is found from outside."""
    del redis
    prefix = ("unshare", "-n")
    if os.getuid() != 0 or subprocess.run([*prefix, "true"], check=False).returncode != 0:
        print("no network namespace may be made here: not tried")
        return
    with processes.directory() as path:
        listening = os.path.join(path, "listening")
        server = subprocess.Popen(
            ["/usr/bin/python3", "-c", "import signal, socket, sys; s = socket.socket(socket.AF_UNIX); "
             "s.bind(sys.argv[1]); s.listen(); print('ready', flush=True); kept = s.accept(); "
             "signal.pause()", listening],
            stdout=subprocess.PIPE)
        server.stdout.readline()
        host_source = HOST.replace('listener = socket.create_server(("127.0.0.1", 0))', "").replace(
            "accepted_peer = socket.create_connection(listener.getsockname())",
            "accepted_peer, accepted = socket.socketpair()").replace("accepted, _ = listener.accept()", "")
        popen = subprocess.Popen([*prefix, "/usr/bin/python3", "-c", host_source, listening, "recv"],
                                 stdout=subprocess.PIPE, text=True)
        pids = [int(word) for word in popen.stdout.readline().split()]
        try:
            connections, summary, _ = records("--tree", str(pids[0]))
            check([each["peer"] for each in connections] == [listening],
                  "a connection of another network namespace", connections, summary)
            check(summary["namespaces_denied"] == 0, "the namespace was entered", summary)
        finally:
            for pid in reversed(pids):
                os.kill(pid, signal.SIGKILL)
            popen.wait()
            server.kill()
            server.wait()


# A server and its client with a forked child, all in a network namespace (and pid namespace) of their own.
INSIDE = r"""
import fcntl, os, signal, socket, struct, sys
control = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
fcntl.ioctl(control, 0x8914, struct.pack("16sH", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP
listener = socket.create_server(("127.0.0.1", 6379))
if os.fork() == 0:
    kept = listener.accept()
    signal.pause()
connection = socket.create_connection(("127.0.0.1", 6379))
listener.close()
control.close()
if os.fork() == 0:
    connection.recv(1)
print("ready", flush=True)
signal.pause()
"""


def test_inside(redis):
    """A TCP connection in other network and pid namespaces, as a container has it, seen from the host."""
    del redis
    prefix = ("unshare", "-n", "-p", "-f", "--kill-child", "--mount-proc")
    if os.getuid() != 0 or subprocess.run([*prefix, "true"], check=False).returncode != 0:
        print("no namespaces may be made here: not tried")
        return
    popen = subprocess.Popen([*prefix, "/usr/bin/python3", "-c", INSIDE], stdout=subprocess.PIPE, text=True)
    try:
        popen.stdout.readline()
        deadline = time.monotonic() + 20
        while True:
            connections, summary, _ = records("--tree", str(popen.pid), "--stacks")
            if [each["level"] for each in connections] == ["hazard"] or time.monotonic() > deadline:
                break
        check([each["peer"] for each in connections] == ["127.0.0.1:6379"]
              and connections[0]["protocol"] == "Redis", "TCP in a container, with its port's protocol", connections)
        holders = connections[0]["holders"]
        check(len(holders) == 2 and all(os.path.exists(f"/proc/{holder['pid']}") for holder in holders)
              and holders[1]["ppid"] == holders[0]["pid"], "holders by the host's numbers", holders)
        check(summary["namespaces_denied"] == 0, "the namespace was entered", summary)
        lines = [frame.get("line") for holder in holders for frame in holder.get("stack", [])
                 if frame["language"] == "python"]
        check(len(lines) == 2, "their stacks, too", holders)
    finally:
        popen.kill()
        popen.wait()


ID = "25e6637e8a2d169dc6d9b767b5d4211925e6637e8a2d169dc6d9b767b5d42119"
PLACES = (("gunicorn.service", None, "gunicorn.service"),
          (f"docker-{ID}.scope", "docker", ID[:12]),
          (f"docker/{ID}", "docker", ID[:12]),
          (f"machine.slice/libpod-{ID}.scope/container", "podman", ID[:12]),
          (f"kubepods.slice/kubepods-burstable.slice/cri-containerd-{ID}.scope", "containerd", ID[:12]),
          (f"kubepods/besteffort/pod7/{ID}", "kubernetes", ID[:12]),
          ("lxc.payload.web/init.scope", "lxc", "web"),
          ("machine.slice/systemd-nspawn@shop.service/payload", "nspawn", "shop"),
          ("user.slice/session-3.scope", None, None))


def test_place(redis):
    """Containers and units, by control groups of the names that their makers give them."""
    with open("/proc/self/mounts", encoding="utf-8") as file:
        mounts = [line.split() for line in file]
    roots = [mount[1] for mount in mounts if mount[2] == "cgroup2"]
    place = os.path.join(roots[0] if roots else "/", "forksan-test")
    made = []
    try:
        try:
            for name, _, _ in PLACES:
                os.makedirs(os.path.join(place, name))
                made.append(name)
        except OSError as error:
            print("no control groups may be made here: not tried:", error)
            return
        with Host(redis.peer, *["idle"] * (len(PLACES) - 1)) as host:
            for pid, (name, _, _) in zip(host.pids, PLACES):
                with open(os.path.join(place, name, "cgroup.procs"), "w", encoding="ascii") as file:
                    file.write(str(pid))
            connections, _, _ = records("--tree", str(host.pids[0]))
            holders = {holder["pid"]: holder for holder in connections[0]["holders"]}
            text = toolkit.run("scan", "--tree", str(host.pids[0])).stdout
        for pid, (name, runtime, called) in zip(host.pids, PLACES):
            holder = holders[pid]
            check(holder["cgroup"].endswith("forksan-test/" + name), "its control group", holder)
            check(holder.get("container") == ({"runtime": runtime, "name": called} if runtime else None),
                  f"{name}: the container", holder)
            check(holder.get("unit") == (None if runtime else called), f"{name}: the unit", holder)
        check("fd 3, close-on-exec, in gunicorn.service\n" in text and f", in docker {ID[:12]}\n" in text
              and ", in lxc web\n" in text, "in the text", text)
    finally:
        for directory, _, _ in os.walk(place, topdown=False):
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                try:  # a process that was killed leaves its group some moments later
                    os.rmdir(directory)
                    break
                except OSError:
                    time.sleep(0.01)


EPOLL = r"""
import os, select, signal, socket, sys
host, port = sys.argv[1].rsplit(":", 1)
connection = socket.create_connection((host, int(port)))
poller = select.epoll()
poller.register(connection, select.EPOLLIN)
if os.fork() == 0:
    poller.close()
    signal.pause()
print(poller.fileno(), flush=True)
signal.pause()
"""


def test_epoll_set(redis):
    """A holder whose epoll instance has the connection, though no thread waits there just now."""
    popen = subprocess.Popen(["/usr/bin/python3", "-c", EPOLL, redis.peer], stdout=subprocess.PIPE, text=True,
                             start_new_session=True)
    try:
        number = int(popen.stdout.readline())
        connections, _, _ = records("--tree", str(popen.pid))
        holders = connections[0]["holders"]
        check([holder.get("epoll_fd") for holder in holders] == [number, None] and
              connections[0]["level"] == "notice", "the opener's epoll instance", connections)
        text = toolkit.run("scan", "--tree", str(popen.pid)).stdout
        check(f"polls it by epoll fd {number}" in text, "in the text", text)
    finally:
        os.killpg(popen.pid, signal.SIGKILL)
        popen.wait()


# Holders that differ in everything that is read of a descriptor: the parent has an epoll instance with the
# connection and two threads, a child a second descriptor that survives exec, a child a thread that waits.
MIXED = r"""
import os, select, signal, socket, sys, threading
host, port = sys.argv[1].rsplit(":", 1)
connection = socket.create_connection((host, int(port)))
told, tell = os.pipe()
poller = select.epoll()
poller.register(connection, select.EPOLLIN)
if os.fork() == 0:
    os.set_inheritable(connection.fileno(), True)
    os.dup(connection.fileno())
    os.write(tell, b"x")
    signal.pause()
if os.fork() == 0:
    threading.Thread(target=connection.recv, args=(1,)).start()
    os.write(tell, b"x")
    signal.pause()
threading.Thread(target=signal.pause).start()
os.read(told, 1)
os.read(told, 1)
print(flush=True)
signal.pause()
"""


def lasting(connections):
    """What does not change while nobody does anything: all but the times."""
    return [{key: value for key, value in each.items() if not key.endswith(("idle_ms", "age_s", "opened_by"))}
            for each in connections]


def test_both_ways(redis):
    """The kernel's iterators and /proc show the same."""
    popen = subprocess.Popen(["/usr/bin/python3", "-c", MIXED, redis.peer], stdout=subprocess.PIPE,
                             start_new_session=True)
    try:
        popen.stdout.readline()
        deadline = time.monotonic() + 20
        while True:
            by_proc, summary, _ = records("--tree", str(popen.pid), "--no-bpf")
            if "hazard" in [each["level"] for each in by_proc] or time.monotonic() > deadline:
                break
        check(summary["by"] == "proc", "--no-bpf", summary)
        holders = [(holder["fds"], holder["close_on_exec"], holder["waits_in"], "epoll_fd" in holder)
                   for holder in by_proc[0]["holders"]]
        check(holders == [(1, True, None, True), (2, False, None, True), (1, True, "recvfrom", True)],
              "what they differ in", by_proc)
        found, summary, _ = records("--tree", str(popen.pid))
        check(lasting(found) == lasting(by_proc), "both ways show the same", found, by_proc)
        if summary["by"] == "proc":
            attach = toolkit.run("attach", "--quiet", "--", "true")
            check(attach.returncode != 0, "where forksan attach works the kernel is asked", attach)
            print("not tried: the kernel's iterators:", attach.stderr.strip())
    finally:
        os.killpg(popen.pid, signal.SIGKILL)
        popen.wait()


def test_ordinary_user(redis):
    if os.getuid() != 0:
        print("not root: what an ordinary user may not see is not tried")
        return
    with Host(redis.peer, "recv") as host:
        settled(host, "hazard")
        with processes.directory() as path:
            os.chmod(path, 0o755)
            tool = os.path.join(path, "forksan")
            with open(toolkit.FORKSAN, "rb") as source, open(tool, "wb") as copy:
                copy.write(source.read())
            os.chmod(tool, 0o755)
            as_nobody = {"program": tool, "user": 65534, "group": 65534, "extra_groups": []}
            result = toolkit.run("scan", **as_nobody)
            gate = toolkit.run("scan", "--fail-on", "violation", **as_nobody)
            one = toolkit.run("scan", "-p", str(host.pids[0]), **as_nobody)
        check(gate.returncode == 67, "a gate does not pass on what it could not see", gate)
        check(result.returncode == 0 and "processes whose descriptors this user may not list"
              in result.stdout, "an ordinary user is told what was not seen", result)
        check(f"process {host.pids[0]} may not be looked at by this user" in one.stderr and not result.stderr,
              "also that it is the process that was asked for", one, result.stderr)
        check(redis.peer not in result.stdout, "and sees nothing of others", result.stdout)


def test_server(redis):
    """--server: the server's own words for the connection, by its client program."""
    port = redis.peer.rsplit(":", 1)[1]
    with Host(redis.peer, "recv") as host:
        connections, _ = settled(host, "hazard", "--server", f"redis://127.0.0.1:{port}")
        session = connections[0].get("server", {})
        check(connections[0]["protocol"] == "Redis" and session.get("user") == "default"
              and session.get("age_s", -1) >= 0 and session.get("id", "").isdigit(), "Redis names it", connections)
        tree = ("--tree", str(host.pids[0]))
        text = toolkit.run("scan", *tree, "--server", f"redis://127.0.0.1:{port}").stdout
        check(f"on the server: id {session.get('id')}, user default" in text, "and in the text", text)
        empty = toolkit.run("scan", *tree, "--server", f"redis://127.0.0.1:{port}",
                            env=dict(os.environ, PATH="/nonexistent"))
        check(empty.returncode == 0 and "redis-cli) is not installed" in empty.stderr
              and "recvfrom" in empty.stdout, "a missing client is said, and the look goes on", empty)
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            refused = toolkit.run("scan", *tree, "--server", "redis://127.0.0.1:%d" % closed.getsockname()[1])
        check("refused" in refused.stderr and "on the server" not in refused.stdout, "a refusal is said", refused)


def test_sql_servers(_redis):
    with servers.mariadb() as database:
        port = database.peer.rsplit(":", 1)[1]
        source = ("import MySQLdb, os, signal; c = MySQLdb.connect(host='127.0.0.1', port=%s, user='app', "
                  "passwd='secret', db='app')" % port)
        sql_server("mysql", source, f"mysql://app:secret@127.0.0.1:{port}/app", "app", "Sleep")
        result = toolkit.run("scan", "--server", f"mysql://app:wrong@127.0.0.1:{port}/app")
        check("Access denied" in result.stderr and "wrong" not in result.stderr, "a wrong password", result)
    with servers.postgresql() as database:
        port = database.peer.rsplit(":", 1)[1]
        source = ("import psycopg2, os, signal; c = psycopg2.connect(host='127.0.0.1', port=%s, user='postgres')\n"
                  "c.cursor().execute('select 1')" % port)
        sql_server("postgresql", source, f"postgresql://postgres@127.0.0.1:{port}/postgres", "postgres",
                   "idle in transaction")


def sql_server(name, source, url, user, state):
    source += "\npid = os.fork()\nif pid:\n    print(os.getpid(), pid, flush=True)\nsignal.pause()\n"
    popen = subprocess.Popen(["/usr/bin/python3", "-c", source], stdout=subprocess.PIPE, text=True)
    pids = [int(word) for word in popen.stdout.readline().split()]
    try:
        connections, _, result = records("--tree", str(pids[0]), "--server", url)
        session = connections[0].get("server", {}) if connections else {}
        check(len(connections) == 1 and session.get("user") == user and state in session.get("state", ""),
              f"{name}: user and state", connections, result)
        check("select" not in str(session), f"{name}: no statement is shown", session)
    finally:
        for pid in reversed(pids):
            os.kill(pid, signal.SIGKILL)
        popen.wait()


def test_unread(_redis):
    """Bytes that nobody has read, and the least age of a connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        with Host("127.0.0.1:%d" % listener.getsockname()[1], "idle") as host:
            accepted, _ = listener.accept()
            accepted.sendall(b"an answer")
            connections, _, _ = records("--tree", str(host.pids[0]))
            check([each["unread_bytes"] for each in connections] == [9], "nine bytes wait", connections)
            text = toolkit.run("scan", "--tree", str(host.pids[0])).stdout
            check("read by nobody: 9 B" in text, "and are in the text", text)
            deadline = time.monotonic() + 20
            while not connections[0].get("least_age_s") and time.monotonic() < deadline:
                connections, _, _ = records("--tree", str(host.pids[0]))
            check(connections[0].get("least_age_s", 0) >= 1, "as old as its heirs", connections)
            accepted.close()


def test_own_processes_of_a_user(redis):
    """An ordinary user sees everything of the user's own processes."""
    if os.getuid() != 0:
        return
    with processes.directory() as path:
        os.chmod(path, 0o755)
        tool = os.path.join(path, "forksan")
        shutil.copy(toolkit.FORKSAN, tool)
        nobody = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"}
        with Host(redis.peer, "recv", **nobody) as host:
            deadline = time.monotonic() + 20
            while True:
                connections, _, result = records(str(host.pids[0]), "--stacks", program=tool, **nobody)
                if [each["level"] for each in connections] == ["hazard"] or time.monotonic() > deadline:
                    break
            holders = connections[0]["holders"] if connections else []
            with open("/proc/sys/kernel/yama/ptrace_scope" if os.path.exists(
                    "/proc/sys/kernel/yama/ptrace_scope") else "/dev/null", encoding="ascii") as file:
                restricted = file.read().strip() not in ("", "0")
            check(len(holders) == 2 and connections[0]["peer"] == redis.peer, "the user's own connection", result)
            if not restricted:
                check(holders[1]["waits_in"] == "recvfrom" and any(
                    frame["language"] == "python" for frame in holders[1].get("stack", [])),
                      "who waits, and where", holders)


def test_usage(_redis):
    for arguments, expected in ((("-p", "0"), "expected a process's number"),
                                (("-p", "x"), "expected a process's number"),
                                (("--tree", "4194305"), "there is no process 4194305"),
                                (("--watch", "0"), "expected seconds"),
                                (("--fail-on", "bug"), "expected notice, hazard or violation"),
                                (("--server", "http://x"), "expected mysql://"),
                                (("--server", "redis://x:70000"), "a port from 1 to 65535"),
                                (("--jsn",), "did you mean --json"),
                                (("no-such-name",), "there is no process named no-such-name"),
                                (("1", "2"), "expected one process"), (("-p", "1", "2"), "expected one process"),
                                (("1x",), "expected a process's number")):
        result = toolkit.run("scan", *arguments)
        check(result.returncode == 2 and expected in result.stderr, f"{arguments}: {expected}", result)


def test_valgrind(redis):
    with Host(redis.peer, "recv", "poll") as host:
        result = toolkit.run("--error-exitcode=99", "--leak-check=full", "--errors-for-leak-kinds=all",
                             "-q", toolkit.FORKSAN, "scan", "--tree", str(host.pids[0]), program="valgrind")
        check(result.returncode == 0, "valgrind finds nothing", result.stderr)


def main():
    with servers.redis() as redis:
        for test in (test_levels, test_unix, test_service, test_text_and_statuses, test_watch, test_namespace,
                     test_ordinary_user, test_inside, test_place, test_epoll_set, test_both_ways, test_own_processes_of_a_user, test_unread, test_server,
                     test_sql_servers, test_usage,
                     test_valgrind):
            test(redis)
    toolkit.finish()


main()
