#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A gate passes when all was watched and nothing found, and never else: the table of exit statuses."""

import json
import lzma
import os
import re
import subprocess
import time

import toolkit
from toolkit import check, finding, golden_lines, log_of, run

os.chdir(toolkit.ROOT)
FOUNDING = "tests/golden/founding.jsonl"
SESSION = json.loads(golden_lines()[0])
SUMMARY = json.loads(golden_lines()[-1])


def summary(**counters):
    """A summary without losses and findings but those of `counters`."""
    nothing = dict.fromkeys(("io_uring", "notices", "hazards", "violations"), 0)
    return dict(SUMMARY, counters={**SUMMARY["counters"], **nothing, **counters})


def status(expected, *arguments, **more):
    result = run(*arguments, **more)
    check(
        result.returncode == expected,
        f"forksan {' '.join(arguments)}: exit status {expected}",
        result.returncode,
        result.stderr,
    )
    return result


def gate(expected, *records, arguments=("--fail-on", "violation")):
    """Reads the records as a log; the text's end and the JSON agree with the status."""
    result = status(expected, "report", *arguments, "-", stdin=log_of(*records))
    complete = "complete: true" in result.stdout
    report = json.loads(run("report", "--json", *arguments, "-", stdin=log_of(*records)).stdout)
    check(report["complete"] is complete, "text and JSON agree", result.stdout, report["complete"])
    check((report["incomplete"] == []) is complete, "with reasons where it is not complete", report)
    for reason in report["incomplete"]:
        check(f"{reason['reason']} {reason['count']}" in result.stdout, "the text has each", reason)
    return result.stdout, [(reason["reason"], reason["count"]) for reason in report["incomplete"]]


# --- report: what is found ---------------------------------------------------------------------
sound = summary()
found = {level: finding(like=like) for level, like in (
    ("notice", "open-at-fork"), ("hazard", "inherited-use"), ("violation", "shared-use"))}
levels = list(found)
for at, level in enumerate(levels):
    for asked, name in enumerate(levels):
        expected = 66 if at >= asked else 0
        gate(expected, found[level], sound, arguments=("--fail-on", name))
        gate(expected, found[level], sound, arguments=(f"--fail-on={name}",))
    gate(0, found[level], sound, arguments=())
text, reasons = gate(0, SESSION, sound)
check("verdict: nothing found, nothing missed\n" in text and reasons == [], "silence is proof", text)
text, _ = gate(66, found["violation"], sound)
check("verdict: 1 bug (1 violation) found, nothing missed\n" in text, "one is found", text)
status(66, "report", "--json", "--fail-on", "violation", FOUNDING)

# --- report: what says nothing -----------------------------------------------------------------
with toolkit.Directory() as directory:
    packed = os.path.join(directory, "founding.jsonl.xz")
    with lzma.open(packed, "wb") as file:
        file.write(open(FOUNDING, "rb").read())
    wrong = status(65, "report", "--fail-on", "violation", packed)
    check(wrong.stderr == f"forksan report: {packed}: it is packed: xzcat {packed} | forksan report -\n",
          "a log packed by a program whose files are not read", wrong.stderr)
    check("verdict: none: nothing was watched\n" in wrong.stdout, "has no verdict", wrong.stdout)
    for path in ("README.md", "/bin/true"):
        wrong = status(65, "report", "--fail-on", "violation", path)
        check(f"{path}: expected a log of forksan, found no record" in wrong.stderr, path, wrong.stderr)
        check("verdict: none: nothing was watched\n" in wrong.stdout, "no verdict", wrong.stdout)
        status(65, "report", path)
    wrong = status(2, "report", FOUNDING, os.path.join(directory, "nowhere"))
    check("complete: false (unread_logs 1" in wrong.stdout, "a log that is not there", wrong.stdout)
    wrong = status(65, "report", FOUNDING, packed)
    check("unread_logs 1" in wrong.stdout, "a log that is not unpacked, beside one", wrong.stdout)
    empty = toolkit.write(os.path.join(directory, "empty.jsonl"), "")
    wrong = status(67, "report", "--fail-on", "violation", empty)
    check("forksan was not active" in wrong.stderr, "an empty log says so", wrong.stderr)
    wrong = status(67, "report", FOUNDING, empty)
    check("no_session 1" in wrong.stdout, "beside a log, too", wrong.stdout)
for what in ("no JSON\n", "\x1f\x8b\x08\n\x00\n", "[]\n{}\n"):
    wrong = status(65, "report", "--fail-on", "violation", "-", stdin=what)
    check("stdin: expected a log of forksan, found no record in it" in wrong.stderr, "no log")
wrong = status(66, "report", "--fail-on", "violation", FOUNDING, "-", stdin="no JSON\n")
check("stdin: expected a log" in wrong.stderr, "each file is looked at", wrong.stderr)

_, reasons = gate(67, SESSION, summary(connections_watched=0))
check(reasons == [("not_watched", 1)], "a session in which nothing was watched", reasons)
_, reasons = gate(67, SESSION)
check(reasons == [("no_summary", 1)], "a session that never ended", reasons)
result = status(67, "report", "--fail-on", "violation", "-", stdin=log_of(SESSION, sound) + "torn {\n")
check("broken_lines 1" in result.stdout, "a torn line may have been a finding", result.stdout)
wrong = status(67, "report", "-", stdin="no JSON\n" + log_of(found["notice"]))
check("expected a log" not in wrong.stderr, "one record makes it a log", wrong.stderr)
with open("include/forksan/finding.h", encoding="utf-8") as file:
    header = file.read()
for name in re.findall(r'X\(LOST_\w+, "(\w+)"', header):
    harmless = name in ("stale_fds", "lost_stacks", "late_stacks", "isolate_failed")
    _, reasons = gate(0 if harmless else 67, SESSION, summary(**{name: 7}))
    check(reasons == ([] if harmless else [(name, 7)]), f"{name} is a loss", reasons)

# A summary that counts what no log has: the part with the findings is missing, as after a rotation.
counted = summary(violations=2, hazards=1)
_, reasons = gate(67, SESSION, counted)
check(reasons == [("missing_findings", 3)], "findings that are in no log", reasons)
_, reasons = gate(66, SESSION, found["violation"], counted)
check(reasons == [("missing_findings", 2)], "one of them is", reasons)
_, reasons = gate(67, SESSION, found["violation"], counted, arguments=("--pid", "1"))
check(reasons == [("missing_findings", 2)], "also where it is not asked for", reasons)

# A last write inside TLS may have been a use: it is said, also where nothing was missed.
early, late = (dict(summary(goodbyes_presumed=count), time=f"2026-11-24T09:00:0{second}.000000000Z")
               for count, second in ((3, 1), (1, 2)))
for summaries in ((early, late), (late, early)):
    text, _ = gate(0, SESSION, *summaries)
    check("not known: last writes that cannot be read (TLS), taken for goodbyes" in text and
          "(goodbyes_presumed 1)" in text, "the latest summary stands", text)

gate(0, SESSION, summary(connections_watched=5), arguments=("--min-connections", "5"))
_, reasons = gate(67, SESSION, summary(connections_watched=3), arguments=("--min-connections", "5"))
check(reasons == [("few_connections", 2)], "fewer connections than asked for", reasons)

# --- run ---------------------------------------------------------------------------------------
SHARED = r"""
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A connection to our own listener on port 6379 of a loopback address, so that its class is known;
 * `share`: parent and child both ask. */
int main(int argc, char **argv)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(6379)};
	int listener = socket(AF_INET, SOCK_STREAM, 0), fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

	setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
	address.sin_addr.s_addr = inet_addr(argv[2]);
	if (bind(listener, (void *)&address, sizeof address) != 0 || listen(listener, 1) != 0 ||
	    connect(fd, (void *)&address, sizeof address) != 0)
		return 99;
	if (strcmp(argv[1], "share") == 0) {
		send(fd, "PING\r\n", 6, 0);
		if (fork() == 0) {
			send(fd, "PING\r\n", 6, 0);
			_exit(0);
		}
		wait(NULL);
		send(fd, "PING\r\n", 6, 0);
	}
	return argc > 3 ? atoi(argv[3]) : 0;
}
"""
with toolkit.Directory() as directory:
    program = toolkit.compile_c(directory, "shared", SHARED, "-D_GNU_SOURCE")
    address = f"127.77.{os.getpid() % 250 + 1}.{time.time_ns() % 250 + 1}"

    def launched(expected, what, *options, **more):
        result = status(expected, "run", *options, program, what, address, **more)
        return result.stderr

    text = launched(0, "alone", "--require-watched")
    check("forksan: verdict: nothing found, nothing missed\nforksan: complete: true\n" in text,
          "nothing found and watched", text)
    text = launched(66, "share")
    check("violation" in text.split("verdict:")[1], "found", text)
    launched(66, "share", "--fail-on", "hazard")
    launched(0, "share", env=dict(os.environ, FORKSAN_OPTIONS="exitcode=0"))
    launched(9, "share", env=dict(os.environ, FORKSAN_OPTIONS="exitcode=9"))
    wrong = status(2, "run", "--fail-on", "hazrd", "true")
    check("did you mean hazard?" in wrong.stderr, "guesses at a level", wrong.stderr)

    launched(0, "alone", "--min-connections", "1")
    text = launched(67, "alone", "--min-connections", "3")
    check("complete: false (few_connections 2)" in text, "too few connections", text)
    status(2, "run", "--min-connections", "-1", "true")

    # -q: the verdict alone.  With a log it counts bugs.
    quiet = launched(66, "share", "-q", env=dict(os.environ, FORKSAN_OPTIONS="log_path=/dev/null"))
    check(re.fullmatch(r"forksan: verdict: [^\n]+ found, nothing missed\nforksan: complete: true\n", quiet),
          "-q", quiet)
    quiet = launched(66, "share", "-q", "-o", os.path.join(directory, "quiet.jsonl"))
    check(quiet.startswith("forksan: verdict: 1 bug (1 violation) found"), "-q with a log", quiet)
    # --watch and --ignore win over the environment, and a wrong one is wrong usage.
    env = dict(os.environ, FORKSAN_OPTIONS="watch=cache:ignore=")
    launched(67, "share", "--require-watched", "--watch", "database", env=env)
    launched(67, "share", "--require-watched", "--ignore", f"{address}:6379", env=env)
    text = launched(66, "share", "--ignore", "9.9.9.9", env=env)
    check("complete: true" in text, "another address", text)
    wrong = status(2, "run", "--watch", "a'b\"", "true")
    check("both kinds of quotes" in wrong.stderr, "a list in quotes", wrong.stderr)

    # Nothing watched: it says so always, and fails where it was asked to.
    text = status(0, "run", "true").stderr
    check("verdict: none: nothing was watched\nforksan: complete: false (not_watched 1)\n" in text,
          "nothing to watch", text)
    status(67, "run", "--require-watched", "true")
    status(1, "run", "--require-watched", "false")
    blind = toolkit.compile_c(directory, "blind", "int main(void) { return 0; }\n", "-static")
    text = status(67, "run", "--require-watched", "--allow-blind", blind).stderr
    check("complete: false (no_registry 1)" in text, "forksan was in no process", text)
    for command in (["sh", "-c", f"{program} alone {address}; {blind}; true"],
                    ["sh", "-c", f"{program} alone {address}; exec env {blind}"]):
        log = os.path.join(directory, "blind.jsonl")
        text = status(67, "run", "--require-watched", "-o", log, *command).stderr
        check("complete: false (exec_unseen 1)" in text, "a blind program behind a shell is counted", text)
        check(re.search(rf"first not seen, by process:\nforksan:   \d+ \(.*{blind}", text), "and named", text)
    # The child ends with our end of its standard input.
    reader, writer = os.pipe()
    with subprocess.Popen(
        [toolkit.FORKSAN, "run", "--require-watched", "sh", "-c",
         f"{program} alone {address}; cat <&{reader} >/dev/null 2>&1 & exit 0"],
        stderr=subprocess.PIPE, pass_fds=[reader], text=True,
    ) as process:
        os.close(reader)
        err = process.stderr.read()
    check(process.returncode == 67 and "still_running 1" in err, "it is not over", err)
    session = err.split("of session ")[1].split()[0]
    os.close(writer)
    os.unlink(f"/dev/shm/forksan-{os.getuid()}/{session}")

    # A /dev/shm that cannot be used, in a mount namespace of its own: it says so, and fails the gate.
    for option, reason in (("size=64k", "bytes free, and"), ("ro", "Read-only file system")):
        script = (
            f"mount -t tmpfs -o {option} tmpfs /dev/shm && exec "
            f"{toolkit.FORKSAN} run --require-watched {program} alone {address}"
        )
        result = run("-m", "sh", "-c", script, program="unshare")
        if "perm" in result.stderr.lower() and result.returncode == 1:
            print("not tested: /dev/shm (no mount namespaces)")
            break
        check(result.returncode == 67, f"{option}: status 67", result)
        check(reason in result.stderr and "complete: false" in result.stderr, f"{option}: why", result.stderr)

    # The log of a run that was watched passes report, too.
    log = os.path.join(directory, "log.jsonl")
    launched(0, "alone", "-o", log)
    status(0, "report", "--fail-on", "notice", log)
    status(67, "run", "--require-watched", "-o", log + "2", "true")
    status(67, "report", "--fail-on", "notice", log + "2")

    # Another session that looks for dead registries leaves this one to its launcher.  The preloaded
    # open() lets it look just before the launcher does.
    SWEEPER = r"""
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int open(const char *path, int flags, ...)
{
	int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, "open");
	va_list arguments;
	int mode;

	va_start(arguments, flags);
	mode = va_arg(arguments, int);
	va_end(arguments);
	if (strncmp(path, "/dev/shm/forksan-", 17) == 0 &&
	    strstr(program_invocation_name, "/forksan") != NULL) {
		char *words[] = {"true", NULL}, *environment[] = {getenv("SWEEP"), NULL};
		pid_t child = fork();

		if (child == 0) {
			execve("/bin/true", words, environment);
			_exit(1);
		}
		waitpid(child, NULL, 0);
	}
	return real(path, flags, mode);
}
"""
    sweeper = toolkit.compile_c(directory, "sweeper.so", SWEEPER, "-D_GNU_SOURCE", "-shared", "-fPIC", "-ldl")
    library = os.path.join(toolkit.BUILD, "libforksan.so")
    if not toolkit.is_sanitized():
        env = dict(os.environ, LD_PRELOAD=sweeper, SWEEP=f"LD_PRELOAD={library}")
        text = launched(0, "alone", "--require-watched", env=env)
        check("complete: true" in text, "the registry was still there", text)

toolkit.finish()
