#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Where a session's registry lies: nobody else can plant, watch, block or flood its name, nothing
stays of what was killed, and where no file can be had the program is watched all the same.

Each case has a mount namespace with a /dev/shm of its own."""

import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))
import forksan_log  # noqa: E402
from checks import check, finish  # noqa: E402

SKIPPED = 77
OTHER_UID = 6001


def shell(script, options="size=16m", **environment):
    """Runs it with a private tmpfs as /dev/shm, mode 1777.  SO and FORKSAN are set."""
    env = forksan_log.bare_env(SO=forksan_log.SHIM, FORKSAN=forksan_log.TOOL, **environment)
    mount = f"mount -t tmpfs -o mode=1777,{options} t /dev/shm"
    return subprocess.run(["unshare", "-m", "--propagation", "private", "sh", "-c",
                           f"{mount}\n{script}"], env=env, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=120, check=False)


def as_other(python):
    """A line of shell that runs Python as another user."""
    return (f"setpriv --reuid={OTHER_UID} --regid={OTHER_UID} --clear-groups "
            f"/usr/bin/python3 -c '{python}'")


# A session: a process that never connects and starts nothing has none.
SESSION = "LD_PRELOAD=$SO sh -c '/bin/true; :'\n"
JOIN = "import os\nos.fork() or os._exit(0)\nos.wait()\n"


def files(directory="/dev/shm/forksan-0"):
    return f"echo FILES $(ls -A {directory} 2>/dev/null)\n"


def listed(result):
    """What each `files()` of a script saw."""
    return [line.split()[1:] for line in result.stdout.splitlines() if line.startswith("FILES")]


if os.getuid() != 0:
    print("needs root, for a mount namespace")
    sys.exit(SKIPPED)
if shell("true").returncode != 0:
    print("no private /dev/shm")
    sys.exit(SKIPPED)

# A session's file is in the user's own directory, and goes with the session.
result = shell("LD_PRELOAD=$SO sh -c 'ls -A /dev/shm/forksan-0; stat -c %a /dev/shm/forksan-0'\n"
               + files())
name, mode = result.stdout.splitlines()[0], result.stdout.splitlines()[1]
check(len(name) == 16 and mode == "700", "a registry in a directory of mode 700", result.stdout)
check(listed(result) == [[]], "the registry is gone with its session", result.stdout)

# Names that another user planted, with leases: each cost every start 45 s.
PLANT = as_other(
    "import fcntl, os, sys, time\n"
    "os.umask(0)\n"
    "for i in range(5):\n"
    "    for name in (f\"forksan.{i:016x}\", f\"forksan-0.{i}\"):\n"
    "        fd = os.open(f\"/dev/shm/{name}\", os.O_RDWR | os.O_CREAT, 0o666)\n"
    "        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)\n"
    "print(\"planted\", flush=True)\n"
    "sys.stdin.read()\n")
started = time.monotonic()
result = shell(f"mkfifo /tmp/hold.$$\n{PLANT} </tmp/hold.$$ >/tmp/out.$$ &\n"
               "exec 3>/tmp/hold.$$; rm /tmp/hold.$$\n"
               "until grep -q planted /tmp/out.$$; do sleep 0.02; done; rm /tmp/out.$$\n"
               "LD_PRELOAD=$SO sh -c '/bin/echo hi; :'\n" + files() + "exec 3>&-; wait")
check("hi" in result.stdout and time.monotonic() - started < 20, "planted leases block nobody",
      result.stdout, result.stderr)

# The directory's name taken by another: a directory, a link, a fifo.  Watched all the same, and said.
for what, make in (("directory", "os.mkdir(\"/dev/shm/forksan-0\", 0o777)"),
                   ("link", "os.mkdir(\"/dev/shm/x\"); os.symlink(\"x\", \"/dev/shm/forksan-0\")"),
                   ("fifo", "os.mkfifo(\"/dev/shm/forksan-0\", 0o666)")):
    result = shell(as_other(f"import os; os.umask(0); {make}") + "\n"
                   "LD_PRELOAD=$SO FORKSAN_OPTIONS=verbosity=1 sh -c '/bin/true; exec /bin/echo hi'\n"
                   + files("/dev/shm/forksan-0/") + files("/dev/shm/x"))
    check(result.stdout.startswith("hi\n"), f"{what} planted: the program runs", result.stderr)
    check("another user has taken the directory" in result.stderr, f"{what} planted: it is said",
          result.stderr)
    check("exec'd programs that could not rejoin the session" in result.stderr,
          f"{what} planted: a lost program is counted", result.stderr)
    check(listed(result) == [[], []], f"{what} planted: nothing is put into it", result.stdout)

# Sessions of forksan run that were killed, and drafts, go with the next session: after three of them
# only the last is left.
KILLED = ("for i in 1 2 3; do\n"
          "  $FORKSAN run sh -c 'echo up >/tmp/up.'$$'; exec sleep 1000' & p=$!\n"
          "  until [ -e /tmp/up.$$ ]; do sleep 0.02; done; rm /tmp/up.$$\n"
          "  c=$(cat /proc/$p/task/$p/children); kill -9 $p $c; wait $p 2>/dev/null\n"
          "  while grep -q '^State:.[^ZX]' /proc/${c% }/status 2>/dev/null; do sleep 0.02; done\n"
          "done\n")
result = shell(KILLED + files() + "$FORKSAN run true\n" + files(), options="size=64m")
check([len(names) for names in listed(result)] == [1, 0],
      "forksan run takes away what killed sessions left", result.stdout, result.stderr)
result = shell(KILLED + files() + SESSION + files(), options="size=64m")
check([len(names) for names in listed(result)] == [1, 0],
      "so does a session of its own", result.stdout, result.stderr)
DRAFTS = ("mkdir -m 700 /dev/shm/forksan-0; cd /dev/shm/forksan-0 || exit\n"
          "touch -d '2 minutes ago' 0123456789abcdef.0123456789abcdef\n"
          "touch 1123456789abcdef.0123456789abcdef; touch other; touch 0123456789abcdeg\n")
result = shell(DRAFTS + SESSION + files())
check(listed(result) == [["0123456789abcdeg", "1123456789abcdef.0123456789abcdef", "other"]],
      "an old draft is removed, and nothing else", result.stdout)

SPOILT = ("LD_PRELOAD=$SO sh -c '/bin/true; cd /dev/shm/forksan-0 &&"
          " cp --sparse=always * 0123456789abcdef; :'\n"
          "cd /dev/shm/forksan-0 || exit; cp --sparse=always 0123456789abcdef 1123456789abcdef\n"
          "for f in *; do printf spoilt | dd of=$f conv=notrunc status=none; done\n"
          "touch -d '2 minutes ago' 0123456789abcdef\n")
result = shell(SPOILT + files() + SESSION + files())
check(listed(result) == [["0123456789abcdef", "1123456789abcdef"], ["1123456789abcdef"]],
      "an old registry that was spoilt is removed, and no new one", result.stdout, result.stderr)

# A session whose first process has ended lives on in another one, which a process of another pid namespace
# cannot see, nor one that does not know its own namespace.
LIVES_ON = "pid=$(LD_PRELOAD=$SO sh -c 'sleep 1000 >/dev/null 2>&1 & echo $!')\n"
for where in ("unshare -p -f", "unshare -p -f --mount-proc", "unshare -m",
              "unshare -p -f -m sh -c 'mount -t tmpfs t /proc && \"$@\"; exit $?' sh"):
    result = shell(f"{LIVES_ON}{files()}{where} env LD_PRELOAD=$SO sh -c '/bin/true; :'; echo status $?\n"
                   f"{files()}kill -9 $pid\n")
    check("status 0" in result.stdout and [len(names) for names in listed(result)] == [1, 1],
          f"{where}: a session that lives stays", result.stdout, result.stderr)

# A limit on the size of files: SIGXFSZ before main().
for limit in (0, 100, 1000, 100000):
    result = shell(f"(ulimit -f {limit}; LD_PRELOAD=$SO sh -c '/bin/echo hi; exit 3')\n"
                   "echo status $?\n" + files())
    check(result.stdout.startswith("hi\nstatus 3\n") and listed(result) == [[]],
          f"ulimit -f {limit}: the program runs, nothing stays", result.stdout, result.stderr)

# mlockall() locks what is used: it took 113 MB before.
LOCK = (JOIN + "import ctypes, re\n"
        "assert ctypes.CDLL(None).mlockall(3) == 0\n"
        "total = 0\n"
        "ours = False\n"
        "for line in open(\"/proc/self/smaps\"):\n"
        "    if re.match(\"[0-9a-f]+-\", line): ours = \"forksan-\" in line\n"
        "    elif ours and line.startswith(\"Rss:\"): total += int(line.split()[1])\n"
        "print(\"KiB\", total)\n")
result = shell(f"LD_PRELOAD=$SO /usr/bin/python3 -c '{LOCK}'\n")
check(result.stdout.startswith("KiB ") and int(result.stdout.split()[1]) <= 1024,
      "mlockall() takes at most a mebibyte of the registry", result.stdout, result.stderr)

# RLIMIT_AS: what the registry takes of the address space.
SPACE = (JOIN + "import re\n"
         "print(re.search(\"VmSize:\\\\s+([0-9]+)\", open(\"/proc/self/status\").read()).group(1))\n")
with_us, bare = (shell(f"{preload} /usr/bin/python3 -c '{SPACE}'\n").stdout
                 for preload in ("LD_PRELOAD=$SO", ""))
check(int(with_us) - int(bare) < 8192, "less than 8 MiB of address space, library and all",
      with_us, bare)

# A small /dev/shm is not filled: a semaphore of the host's still fits.
SEMAPHORE = (JOIN + "import ctypes, os\n"
             "libc = ctypes.CDLL(None, use_errno=True)\n"
             "libc.sem_open.restype = ctypes.c_void_p\n"
             "print(\"sem\", libc.sem_open(b\"/mine\", os.O_CREAT, 0o600, 1) is not None)\n")
for size in ("8k", "64k", "300k", "1m", "3m"):
    result = shell(f"LD_PRELOAD=$SO /usr/bin/python3 -c '{SEMAPHORE}'\n", options=f"size={size}")
    check(result.stdout == "sem True\n", f"/dev/shm of {size}: sem_open works", result.stdout,
          result.stderr)
result = shell("LD_PRELOAD=$SO sh -c '/bin/echo hi; :'\n", options="size=1m,ro")
check(result.stdout == "hi\n" and result.stderr == "", "a read-only /dev/shm", result.stderr)

# Another user's program, started by a process that gave up its user, is counted.
result = shell("LD_PRELOAD=$SO FORKSAN_OPTIONS=verbosity=1 setpriv --reuid=6001 --regid=6001 "
               "--clear-groups /bin/echo hi\n" + files("/dev/shm/forksan-6001"))
check("hi" in result.stdout, "another user's program runs", result.stderr)

# A root master whose worker drops to another user and goes wild: the worker may write what it likes
# into the registry, but the master's files and life are its own.
WILD = r"""
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Fills what is mapped of the registry, but for the pages that have none. */
static int go_wild(const char *bytes, size_t len)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	char line[512];
	int found = 0;

	while (fgets(line, sizeof line, maps)) {
		unsigned long start, end;

		if (!strstr(line, "/dev/shm/forksan-"))
			continue;
		sscanf(line, "%lx-%lx", &start, &end);
		for (unsigned long at = start; at + len <= end; at += len)
			memcpy((void *)at, bytes, len);
		found++;
	}
	return found > 0 ? 0 : 2;
}

int main(void)
{
	static const char *const fills[] = {"../../../../root", "\377\377\377\377\377\377\377\377",
					    "\1\0\0\0\1\0\0\0", "AAAAAAAA"};

	for (int i = 0; i < 4; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0) {
			if (setresgid(6001, 6001, 6001) || setresuid(6001, 6001, 6001))
				_exit(1);
			_exit(go_wild(fills[i], strlen(fills[i]) ? strlen(fills[i]) : 8));
		}
		if (waitpid(pid, &status, 0) != pid || status != 0)
			return 3;
		for (int k = 0; k < 3; k++) {
			pid = fork();
			if (pid == 0)
				_exit(0);
			if (waitpid(pid, &status, 0) != pid || status != 0)
				return 4;
		}
	}
	puts("master goes on");
	return 0;
}
"""
with tempfile.TemporaryDirectory() as place:
    with open(f"{place}/wild.c", "w", encoding="utf-8") as source:
        source.write(WILD)
    subprocess.run([os.environ.get("CC", "cc"), "-D_GNU_SOURCE", "-o", f"{place}/wild",
                    f"{place}/wild.c"], check=True)
    result = shell(f"mkdir -m 700 /dev/shm/forksan-0; echo mine >/dev/shm/forksan-0/other\n"
                   f"LD_PRELOAD=$SO {place}/wild; echo status $?\n" + files())
check(result.stdout == "master goes on\nstatus 0\nFILES other\n",
      "a master survives, and its session's file alone is gone", result.stdout, result.stderr)

finish()
