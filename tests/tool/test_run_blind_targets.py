#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan run says of programs that it cannot be in why, and does not start them unasked."""

import os
import shutil
import subprocess

import toolkit
from toolkit import check, run, write

HELLO = '#include <stdio.h>\nint main(void)\n{\n\treturn puts("ran") < 0;\n}\n'


def compiles(directory, name, *flags):
    try:
        return toolkit.compile_c(directory, name, HELLO, *flags)
    except subprocess.CalledProcessError:
        print(f"not tested: {name} ({' '.join(flags)}) cannot be built here")
        return None


with toolkit.Directory() as directory:
    os.chmod(directory, 0o755)
    tool = toolkit.private_tool(directory)

    def refused(word, *command, **more):
        result = run("run", *command, program=tool, **more)
        check(
            result.returncode == 126 and word in result.stderr and "ran" not in result.stdout,
            f"{command[-1]}: {word}",
            result,
        )
        check(
            result.stderr.count("\n") == 1 and "--allow-blind" in result.stderr,
            f"{command[-1]}: in one line that names the way out",
            result.stderr,
        )

    def taken(*command, **more):
        result = run("run", *command, program=tool, **more)
        check(result.returncode == 0 and "ran" in result.stdout, f"{command} runs", result)
        return result

    static = compiles(directory, "static", "-static")
    static_pie = compiles(directory, "static-pie", "-static-pie")
    dynamic = compiles(directory, "dynamic")
    for program in filter(None, (static, static_pie)):
        refused("statically linked", program)
        result = taken("--allow-blind", program)
        check("statically linked" in result.stderr, "--allow-blind says it too")
        check("not active" in result.stderr, "and that nothing was watched", result.stderr)
    taken(dynamic)
    wide = compiles(directory, "m32", "-m32")
    if wide:
        refused("another machine", wide)
    musl = os.path.join(directory, "musl")
    subprocess.run(
        ["cc", "-o", musl, dynamic + ".c", "-Wl,--dynamic-linker=/lib/ld-musl-x86_64.so.1"],
        check=True,
    )
    refused("musl", musl)
    # An ELF file of another class, cut to its header.
    with open(dynamic, "rb") as file:
        head = bytearray(file.read(64))
    head[4] = 1  # EI_CLASS: ELFCLASS32
    other_class = os.path.join(directory, "class32")
    with open(other_class, "wb") as file:
        file.write(bytes(head[:52]))
    os.chmod(other_class, 0o755)
    refused("another machine", other_class)

    # Through #! lines, nested, and env's command.
    for name, line in (
        ("script", static),
        ("script-env", "/usr/bin/env static"),
        ("script-env-options", "/usr/bin/env -S A=b static"),
    ):
        script = write(os.path.join(directory, name), f"#!{line}\n", 0o755)
        path = f"{directory}:{os.environ['PATH']}"
        refused("statically linked", script, env=dict(os.environ, PATH=path))
    nested = write(os.path.join(directory, "nested"), f"#! {directory}/script\n", 0o755)
    refused("statically linked", nested)
    circle = write(os.path.join(directory, "circle"), f"#!{directory}/circle\n", 0o755)
    result = run("run", circle, program=tool)
    check(result.returncode == 126, "a #! circle ends", result)
    good = write(os.path.join(directory, "good"), "#!/bin/sh -e\necho ran\n", 0o755)
    taken(good)
    taken(write(os.path.join(directory, "env-sh"), "#!/usr/bin/env sh\necho ran\n", 0o755))
    loader = "/lib64/ld-linux-x86-64.so.2"
    if os.path.exists(loader):
        taken(loader, dynamic)

    # PATH as execvp() has it.
    env = dict(os.environ, PATH=f"/nonexistent:{directory}")
    result = run("run", "static", program=tool, env=env)
    check("statically linked" in result.stderr, "CMD is looked up in PATH", result.stderr)
    result = run("run", "no-such-command", program=tool)
    check(result.returncode == 127 and "not found" in result.stderr, "not found is 127", result)
    text = write(os.path.join(directory, "text"), "echo ran\n", 0o644)
    result = run("run", text, program=tool)
    check(result.returncode == 126 and "Permission denied" in result.stderr, "no x bit", result)
    result = run("run", directory, program=tool)
    check(result.returncode == 126, "a directory is no program", result)
    result = run("run", "", program=tool)
    check(result.returncode == 127, "an empty name is not found", result)

    # Secure execution, as a user who gains by it; root gains nothing by root's bit.
    if os.getuid() == 0:
        setuid = os.path.join(directory, "setuid")
        shutil.copy(dynamic, setuid)
        os.chmod(setuid, 0o4755)
        taken(setuid)
        user = {"user": 65534, "group": 65534, "extra_groups": [], "cwd": "/"}
        refused("set-user-ID", setuid, **user)
        os.chown(setuid, 65534, 65534)
        os.chmod(setuid, 0o4755)
        refused("set-user-ID", setuid)
        taken(setuid, **user)
        os.chmod(setuid, 0o2755)
        os.chown(setuid, 0, 0)
        os.chmod(setuid, 0o2755)
        refused("set-group-ID", setuid, **user)
        if shutil.which("setcap"):
            capable = os.path.join(directory, "capable")
            shutil.copy(dynamic, capable)
            subprocess.run(["setcap", "cap_net_raw+ep", capable], check=True)
            refused("file capabilities", capable, **user)
            taken(capable)
        else:
            print("not tested: file capabilities (no setcap)")
    else:
        print("not tested: set-user-ID (not root)")

toolkit.finish()
