#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The environment that forksan run gives to CMD, and how it finds its library."""

import os
import re
import shutil
import subprocess

import toolkit
from toolkit import check, run

SHOW = 'printf "%s\\n%s\\n" "$LD_PRELOAD" "$FORKSAN_OPTIONS"; env | grep -c =.; env | wc -l'

with toolkit.Directory() as directory:
    tool = toolkit.private_tool(directory)
    library = os.path.join(os.path.realpath(directory), "libforksan.so")

    def variables(*arguments, **changes):
        """LD_PRELOAD and FORKSAN_OPTIONS as CMD sees them, the session replaced by S."""
        env = {"PATH": os.environ["PATH"], **changes}
        # A tool built with AddressSanitizer wants to be first itself.
        env["ASAN_OPTIONS"] = "verify_asan_link_order=0"
        result = run("run", *arguments, "/bin/sh", "-c", SHOW, program=tool, env=env)
        preload, options = result.stdout.split("\n")[:2]
        return preload, re.sub("session=[0-9a-f]{16}", "session=S", options)

    check(variables() == (library, "session=S"), "nothing else without options", variables())
    check(variables("-s")[1] == "session=S:strict=1", "--strict")
    check(variables("--isolate")[1] == "session=S:mode=isolate", "--isolate")
    check(variables("--dry-run")[1] == "session=S:mode=isolate:dry_run=1", "--dry-run")
    log = os.path.join(directory, "log")
    check(variables("-o", log)[1] == f'session=S:log_path="{log}"', "-o FILE")
    relative = os.path.relpath(log)
    check(variables("-o", relative)[1].endswith(f"/{relative}\""), "a relative FILE is made absolute")
    colon = os.path.join(directory, 'a:"b')
    check(variables("-o", colon)[1] == f"session=S:log_path='{colon}'", "FILE is quoted")
    user = "watch=+other:verbosity=1"
    check(
        variables(FORKSAN_OPTIONS=user)[1] == user + ":session=S", "the user's options come first"
    )
    other = toolkit.compile_c(directory, "other.so", "int nothing;\n", "-shared", "-fPIC")
    more = toolkit.compile_c(directory, "more.so", "int nothing2;\n", "-shared", "-fPIC")
    for separator in (":", " "):
        existing = other + separator + more
        check(
            variables(LD_PRELOAD=existing)[0] == f"{library}:{existing}",
            "LD_PRELOAD is kept, in its order",
            variables(LD_PRELOAD=existing),
        )
    existing = f"{other}:{library}"
    check(variables(LD_PRELOAD=existing)[0] == existing, "the library is not put in twice")
    # AddressSanitizer must not mind that we come first.
    def asan(value):
        env = {"PATH": os.environ["PATH"], **({"ASAN_OPTIONS": value} if value else {})}
        if toolkit.is_sanitized():
            env["ASAN_OPTIONS"] = (value + ":" if value else "") + "verify_asan_link_order=0"
        command = ["run", "/bin/sh", "-c", 'echo "$ASAN_OPTIONS"']
        return run(*command, program=tool, env=env).stdout.strip()

    check(asan("") == "verify_asan_link_order=0", "ASAN_OPTIONS is set", asan(""))
    check(asan("a=1") == "a=1:verify_asan_link_order=0", "or added to", asan("a=1"))
    if not toolkit.is_sanitized():
        check(asan("verify_asan_link_order=1:a=1") == "verify_asan_link_order=1:a=1", "or left")
    for compiler, sanitizer in (("gcc", "address"), ("gcc", "thread"), ("gcc", "undefined")):
        program = os.path.join(directory, sanitizer)
        source = toolkit.write(program + ".c", '#include <stdio.h>\nint main(void)\n{\n\tputs("ran");\n}\n')
        command = [compiler, f"-fsanitize={sanitizer}", "-o", program, source]
        if subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode != 0:
            print(f"not tested: {compiler} -fsanitize={sanitizer}")
            continue
        result = run("run", program, program=tool)
        check(result.stdout == "ran\n" and result.returncode == 0, f"{sanitizer} runs", result)
    first = run("run", "/bin/sh", "-c", SHOW, program=tool).stdout
    second = run("run", "/bin/sh", "-c", SHOW, program=tool).stdout
    check(first != second, "each run has a session of its own")

    # What cannot work is said before CMD starts.
    def refused(status, text, *arguments, **env):
        result = run("run", *arguments, "echo", "ran", program=tool, env=dict(os.environ, **env))
        check(
            result.returncode == status and text in result.stderr and not result.stdout,
            f"refused with {text!r}",
            result,
        )

    refused(2, "closing quote", FORKSAN_OPTIONS="log_path='/tmp/x")
    refused(2, "expected one mode, found --strict and --isolate", "--isolate", "-s")
    refused(2, "expected one mode, found --strict and --dry-run", "--strict", "--dry-run")
    for sign in ("%p", "%u", "%%"):
        refused(2, "without %p", "-o", os.path.join(directory, "log." + sign))
    # Only warned of in FORKSAN_OPTIONS; on the command line a wrong list is wrong usage.
    for verb in ("run", "attach"):
        for option, value, text in (
            ("--watch", "foo", "--watch=foo: expected a list of unknown, database"),
            ("--watch", "+databse", 'found "databse"; did you mean "database"?'),
            ("--watch", "", "--watch=: expected a list of"),
            ("--watch", "database:ignore=redis", "--watch=database:ignore=redis: expected a list of"),
            ("--ignore", "localhost", "--ignore=localhost: expected a list of less than 512 bytes of classes"),
            ("--ignore", "redis," + "1," * 300, "expected a list of less than 512 bytes"),
            ("--ignore", "a'b\"", "both kinds of quotes"),
        ):
            result = run(verb, option, value, "--", "echo", "ran", program=tool)
            check(result.returncode == 2 and text in result.stderr and not result.stdout,
                  f"{verb} {option} {value[:20]} is refused with {text!r}", result)
    result = run("run", "-q", "--watch", "+system,-http", "--ignore", "10.0.0.0/8,redis", "echo", "ran", program=tool)
    check(result.stdout == "ran\n" and "expected" not in result.stderr, "good lists are taken", result)
    refused(2, "both kinds of quotes", "-o", os.path.join(directory, "a'\"b"))
    refused(2, "a shorter path", "-o", "/" + "x/" * 300)
    refused(2, "regular file", "-o", "/dev/null")
    refused(2, "No such file", "-o", os.path.join(directory, "absent", "log"))
    refused(2, "did you mean --strict?", "--strikt")
    result = run("run", program=tool)
    check(result.returncode == 2 and "expected a command" in result.stderr, "CMD is needed")
    result = run("run", "-o", program=tool)
    check(result.returncode == 2 and "expected a value" in result.stderr, "-o needs FILE")

    # Where the library is looked for.
    lonely = os.path.join(directory, "bin")
    os.mkdir(lonely)
    shutil.move(tool, lonely)
    tool = os.path.join(lonely, "forksan")
    bare = {name: value for name, value in os.environ.items() if name != "FORKSAN_LIBRARY"}
    result = run("run", "echo", "ran", program=tool, env=bare)
    check(
        result.returncode == 126 and "libforksan.so not found" in result.stderr and not result.stdout,
        "no library, no run",
        result,
    )
    result = run("run", "echo", "ran", program=tool, env=dict(bare, FORKSAN_LIBRARY="/absent"))
    check(result.returncode == 126 and "/absent" in result.stderr, "FORKSAN_LIBRARY may be wrong")
    check(variables(FORKSAN_LIBRARY=library)[0] == library, "FORKSAN_LIBRARY names it")
    os.mkdir(os.path.join(directory, "lib"))
    shutil.move(library, os.path.join(directory, "lib"))
    installed = os.path.join(os.path.realpath(directory), "lib", "libforksan.so")
    check(variables()[0] == installed, "../lib is looked in", variables())
    toolkit.write(installed, "no library\n")
    refused(126, "expected a shared library")
    spaced = os.path.join(directory, "a b")
    os.mkdir(spaced)
    shutil.move(tool, spaced)
    shutil.copy(other, os.path.join(spaced, "libforksan.so"))
    tool = os.path.join(spaced, "forksan")
    refused(126, "with a colon or a space")

toolkit.finish()
