#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What forksan run says at CMD's end, whatever CMD made of the registry."""

import json
import os
import re
import subprocess

import toolkit
from toolkit import check, run

# Stands in for the shim: makes the session's registry as its arguments say.
FAKE = r"""
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "forksan/registry.h"

static const char *const names[] = {
#define NAME(id, name, sentence) name,
	FORKSAN_COUNTERS(NAME)
};

static struct registry_header header = {
	.magic = REGISTRY_MAGIC,
	.version = REGISTRY_VERSION,
	.header_size_bytes = sizeof header,
	.total_size_bytes = sizeof(struct registry),
	.ready = 1,
	.waited_for = 1, /* else any other program that starts under forksan may remove the file */
};

int main(int argc, char **argv)
{
	struct registry_process process = {.state = PROCESS_LIVE, .born_boottime_ns = UINT64_MAX};
	const char *session = strstr(getenv("FORKSAN_OPTIONS"), "session=") + 8;
	off_t size = sizeof(struct registry);
	char path[64];
	int status = 0, fd;

	snprintf(path, sizeof path, REGISTRY_DIRECTORY "/" REGISTRY_USER_PREFIX "%d", (int)geteuid());
	mkdir(path, 0700);
	snprintf(path + strlen(path), sizeof path - strlen(path), "/%.16s", session);
	puts(path);
	fflush(stdout);
	for (int i = 1; i < argc; i++) {
		unsigned long long value = 0;
		char *equals = strchr(argv[i], '=');

		if (equals != NULL) {
			*equals = '\0';
			value = strtoull(equals + 1, NULL, 0);
		}
		for (int k = 0; k < COUNTER_COUNT; k++)
			if (strcmp(argv[i], names[k]) == 0)
				header.counters[k] = value;
		if (strcmp(argv[i], "magic") == 0)
			header.magic = value;
		if (strcmp(argv[i], "version") == 0)
			header.version = value;
		if (strcmp(argv[i], "header_size") == 0)
			header.header_size_bytes = value;
		if (strcmp(argv[i], "total_size") == 0)
			header.total_size_bytes = value;
		if (strcmp(argv[i], "size") == 0)
			size = value;
		if (strcmp(argv[i], "high") == 0)
			header.process_high = value;
		if (strcmp(argv[i], "written") == 0)
			header.summary_written = value;
		if (strcmp(argv[i], "pid") == 0)
			process.pid = value;
		if (strcmp(argv[i], "born") == 0)
			process.born_boottime_ns = value;
		if (strcmp(argv[i], "namespace") == 0)
			process.pid_namespace = value;
		if (strcmp(argv[i], "exit") == 0)
			status = value;
		if (strcmp(argv[i], "gone") == 0)
			return 0;
		if (strcmp(argv[i], "fifo") == 0)
			return mkfifo(path, 0600) != 0;
		if (strcmp(argv[i], "directory") == 0)
			return mkdir(path, 0700) != 0;
		if (strcmp(argv[i], "link") == 0)
			return symlink("/etc/passwd", path) != 0;
	}
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || ftruncate(fd, size) != 0)
		return 99;
	if (size >= (off_t)sizeof header &&
	    (pwrite(fd, &header, sizeof header, 0) < 0 ||
	     pwrite(fd, &process, sizeof process, offsetof(struct registry, processes)) < 0))
		return 99;
	return status;
}
"""
HEADERS = os.path.join(toolkit.ROOT, "include")

with toolkit.Directory() as directory:
    tool = toolkit.private_tool(directory)
    fake = toolkit.compile_c(directory, "fake", FAKE, f"-I{HEADERS}", "-D_GNU_SOURCE")

    def ends(*arguments, options=(), left=False, **more):
        """Runs the stand-in; checks that its registry is gone, or left where it should be."""
        result = run("run", *options, fake, *arguments, program=tool, **more)
        path = result.stdout.split("\n")[0]
        check(os.path.lexists(path) == left, f"{arguments}: registry left: {left}", result)
        if os.path.isdir(path) and not os.path.islink(path):
            os.rmdir(path)
        elif os.path.lexists(path):
            os.unlink(path)
        return result

    def says(result, status, *texts):
        check(result.returncode == status, f"{result.args}: status {status}", result)
        for text in texts:
            check(text in result.stderr, f"{result.args}: says {text!r}", result.stderr)

    # The numbers.
    says(
        ends("processes=3", "forks=2", "connections_watched=1"),
        0,
        "3 processes, 2 forks, 1 connection watched\n",
        "no findings\n",
    )
    result = ends("processes=1", "forks=1", "connections_watched=2", "connections_inherited=2")
    says(result, 0, "1 process, 1 fork, 2 connections watched, 2 of them open across a fork")
    result = ends("notices=1", "hazards=2", "violations=0", "exit=3")
    says(result, 3, "forksan: 3 different findings: 0 violations, 2 hazards, 1 notice\n")
    result = ends("uses_sound=1", "uses_hazard=2", "uses_violation=3", "replies_crossed=4")
    says(result, 0, "forksan: of 6 uses of connections open across a fork 1 was sound, 2 hazardous, 3 violating; 4 replies "
         "went to the wrong process\n")
    with open(os.path.join(HEADERS, "forksan/finding.h"), encoding="utf-8") as file:
        losses = re.findall(r'X\(LOST_\w+, "(\w+)",\s*"([^"]+)"\)', file.read())
    check(len(losses) > 10, "losses are known")
    result = ends(*(f"{name}={i + 2}" for i, (name, _) in enumerate(losses)))
    for i, (name, sentence) in enumerate(losses):
        says(result, 0, f"not seen: {sentence} ({name} {i + 2})")
    check("not seen" not in ends().stderr, "losses that are 0 are not shown")

    # The status of violations.
    result = ends("violations=1", "exit=3")
    says(result, 66, "1 violation,")
    for options, status in (("exitcode=9", 9), ("exitcode=0", 3), ("exitcode=x", 66)):
        env = dict(os.environ, FORKSAN_OPTIONS=f"exitcode=1:{options}:watch=all")
        says(ends("violations=1", "exit=3", env=env), status)
    env = dict(os.environ, FORKSAN_OPTIONS="exitcode=9")
    says(ends("exit=3", env=env), 3)

    # No registry, and things that are none.
    result = run("run", "true", program=tool)
    says(result, 0, "forksan was not active in true: nothing was watched")
    result = run("run", "sh", "-c", "exit 4", program=tool)
    says(result, 4, "not active in sh")
    for arguments, text in (
        (["magic=0"], "does not begin as one"),
        (["version=99"], "another version"),
        (["header_size=1"], "size is wrong"),
        (["total_size=1"], "size is wrong"),
        (["size=4096"], "size is wrong"),
        (["size=100"], "too short"),
        (["size=0"], "too short"),
        (["fifo"], "too short"),
        (["link"], "Too many levels of symbolic links"),
        (["directory"], "registry"),
    ):
        says(ends(*arguments, "violations=1", left=True), 67, "cannot read what forksan saw", text)
    says(ends("magic=0", "exit=3", left=True), 3, "cannot read what forksan saw")
    env = dict(os.environ, FORKSAN_OPTIONS="exitcode=0")
    says(ends("magic=0", left=True, env=env), 0, "cannot read what forksan saw")

    # Who is alive.
    me = os.getpid()
    result = ends("high=1", f"pid={me}", left=True)
    says(result, 0, "still running and watched: 1 process of session")
    says(ends("high=4000000000", f"pid={me}", left=True), 0, "running and watched: 1 process of")
    for arguments in (
        ["high=0", f"pid={me}"],
        ["high=1", "pid=4194304"],
        ["high=1", "pid=0"],
        ["high=1", "pid=0xffffffff"],
        ["high=1", f"pid={me}", "born=1"],  # the pid was given to another since
    ):
        check("running" not in ends(*arguments).stderr, f"{arguments}: nobody is alive")
    says(ends("high=1", "pid=4194304", "namespace=17", left=True), 0, "still running")
    namespace = os.stat("/proc/self/ns/pid").st_ino
    result = ends("high=1", "pid=4194304", f"namespace={namespace}")
    check("running" not in result.stderr, "our own namespace's pids are known")
    with subprocess.Popen(["true"]) as zombie:
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        result = ends("high=1", f"pid={zombie.pid}")
        check("running" not in result.stderr, "a zombie is not alive")

    # -o: the summary is written unless the session has, findings of this session are shown.
    log = os.path.join(directory, "log.jsonl")
    other = toolkit.finding(session="1" * 16, text="of another session")
    toolkit.write(log, toolkit.log_of(toolkit.finding(text="from before"), other))
    result = ends("forks=7", "violations=0", options=["-o", log])
    records = [json.loads(line) for line in open(log, encoding="utf-8")]
    check(len(records) == 3 and records[2]["record"] == "summary", "a summary is appended", records)
    check(records[2]["counters"]["forks"] == 7, "with the counters")
    check("from before" not in result.stderr, "what was in FILE before is not shown")
    try:
        import jsonschema

        with open(toolkit.SCHEMA, encoding="utf-8") as file:
            jsonschema.Draft202012Validator(json.load(file)).validate(records[2])
    except ImportError:
        print("not tested: the schema (no jsonschema)")
    ends("written=1", options=["-o", log])
    with open(log, encoding="utf-8") as file:
        check(len(file.readlines()) == 3, "a summary that is there is not written twice")
    script = (
        "import os, re, sys\n"
        "session = re.search('session=([0-9a-f]{16})', os.environ['FORKSAN_OPTIONS']).group(1)\n"
        f"text = open({log!r}).readlines()\n"
        f"out = open({log!r}, 'a')\n"
        "out.write(text[0].replace('00c0ffee00c0ffee', session).replace('from before', 'ours'))\n"
        "out.write(text[1])\n"
        "out.write('broken\\n')\n"
        "out.close()\n"
        "os.execv(sys.argv[1], sys.argv[1:])\n"
    )
    writer = toolkit.write(os.path.join(directory, "writer.py"), script)
    result = run(
        "run", "-o", log, "/usr/bin/python3", writer, fake, "violations=1", program=tool
    )
    check(not os.path.exists(result.stdout.split("\n")[0]), "the registry is gone")
    says(result, 66, "TWO PROCESSES ON ONE CONNECTION (proven)", "   why       ours\n", "log.jsonl:3: expected JSON")
    check("of another session" not in result.stderr, "findings of other sessions are not shown")

    # Where the registry tells nothing the log still does.
    for arguments, text in ((["magic=0"], "cannot read"), (["gone=1"], "no registry")):
        toolkit.write(log, toolkit.log_of(toolkit.finding(text="from before"), other))
        command = ["run", "-o", log, "/usr/bin/python3", writer, fake, *arguments]
        result = run(*command, program=tool)
        if os.path.exists(result.stdout.split("\n")[0]):
            os.unlink(result.stdout.split("\n")[0])
        says(result, 66, "   why       ours\n", text)

toolkit.finish()
