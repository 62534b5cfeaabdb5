#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan enable and disable: the drop-in is written and removed, systemd takes it, and a service with its
environment is watched under what DynamicUser, ProtectSystem=strict, PrivateTmp, MemoryDenyWriteExecute and
SystemCallFilter=@system-service make of a process.  No systemd runs here: the restrictions are made by
unshare, tmpfs, setpriv and seccomp."""

import fnmatch
import json
import os
import re
import shutil
import subprocess
import tempfile

import toolkit
from toolkit import check, run

HERE = os.path.dirname(os.path.abspath(__file__))
UNIT = """[Unit]
Description=a shop
[Service]
ExecStart=/bin/true
DynamicUser=yes
ProtectSystem=strict
PrivateTmp=yes
MemoryDenyWriteExecute=yes
SystemCallFilter=@system-service
Environment="LD_PRELOAD=/usr/lib/other.so" A=b
"""


def write_and_remove(root):
    directory = os.path.join(root, "etc/systemd/system")
    drop_in = os.path.join(directory, "shop.service.d/90-forksan.conf")
    os.makedirs(directory)
    with open(os.path.join(directory, "shop.service"), "w", encoding="ascii") as out:
        out.write(UNIT)

    shown = run("enable", "--root", root, "shop")
    check(shown.returncode == 0 and "LD_PRELOAD=" in shown.stdout and not os.path.exists(drop_in),
          "without --apply the drop-in is shown, and nothing is written", shown)
    done = run("enable", "--root", root, "--apply", "--options", "verbosity=1", "shop.service")
    check(done.returncode == 0 and os.path.exists(drop_in), "--apply writes it", done)
    with open(drop_in, encoding="ascii") as file:
        text = file.read()
    check("libforksan.so:/usr/lib/other.so\"" in text, "what the unit preloads is kept", text)
    check("/findings.jsonl:verbosity=1\"" in text and "LogsDirectory=forksan/shop\n" in text,
          "options and the log's directory are in it", text)
    with open(os.path.join(HERE, "../../contrib/logrotate/forksan"), encoding="ascii") as file:
        patterns = re.search(r"^(/.*) {$", file.read(), re.MULTILINE).group(1).split()
    log = re.search("log_path=([^:]*)", text).group(1)
    check(any(fnmatch.fnmatchcase(log, pattern) and log.count("/") == pattern.count("/") for pattern in patterns),
          "the log is rotated", log, patterns)
    if shutil.which("systemd-analyze"):
        verify = subprocess.run(["systemd-analyze", "verify", os.path.join(directory, "shop.service")],
                                capture_output=True, text=True, check=False)
        check(verify.returncode == 0 and "shop" not in verify.stderr, "systemd takes it", verify)

    removed = run("disable", "--root", root, "--apply", "shop")
    check(removed.returncode == 0 and not os.path.exists(os.path.dirname(drop_in)),
          "disable removes it, and its directory", removed)
    again = run("disable", "--root", root, "--apply", "shop")
    check(again.returncode == 2, "what is not there is not removed", again)
    check("forksan enable has written nothing for it" in again.stderr, "which is said", again)
    for options, words in (("mode=stirct", '--options: mode=stirct: expected warn, strict or isolate; did you mean "strict"?'),
                           ("verbosity=1:strct=1", 'unknown key "strct"'), ("watch='x", "a closing quote"),
                           ("mode=strict\nExecStart=/bin/sh", "expected one line")):
        wrong = run("enable", "--root", root, "--apply", "--options", options, "shop")
        check(wrong.returncode == 2 and words in wrong.stderr and not os.path.exists(drop_in),
              f"--options {options!r} is refused", wrong)
    check(run("enable", "--root", root, "nothing").returncode == 2, "no such unit")
    check(run("enable", "--root", root, "../x").returncode == 2, "no name of a unit")
    check(run("enable", "--root", root, "a.socket").returncode == 2, "no service")
    with open(os.path.join(directory, "shop@.service"), "w", encoding="ascii") as out:
        out.write(UNIT)
    instance = run("enable", "--root", root, "shop@one")
    check(instance.returncode == 0 and "forksan/shop@one" in instance.stdout, "an instance has a log of its own",
          instance)
    return text


def read_settings(root):
    """What systemd.syntax(7) allows, and services have."""
    directory = os.path.join(root, "etc/systemd/system")

    def shown(service, drop_in=""):
        with open(os.path.join(directory, "other.service"), "w", encoding="ascii") as out:
            out.write(f"[Service]\n{service}\n")
        os.makedirs(os.path.join(directory, "other.service.d"), exist_ok=True)
        with open(os.path.join(directory, "other.service.d/10-local.conf"), "w", encoding="ascii") as out:
            out.write(f"[Service]\n{drop_in}\n")
        return run("enable", "--root", root, "other")

    for name, service in (
            ("a line that goes on", 'Environment="A=b" \\\n  "LD_PRELOAD=/lib/own.so"'),
            ("and comments in it", "Environment=A=b \\\n# C=d\n; E=f \\\n LD_PRELOAD=/lib/own.so"),
            ("a comment does not go on", "# A=b \\\nEnvironment=LD_PRELOAD=/lib/own.so"),
            ("the last line goes on", "Environment=LD_PRELOAD=/lib/own.so \\"),
            ("a specifier", "Environment=LD_PRELOAD=%t/own.so")):
        result = shown(service)
        check(re.search(r'libforksan\.so:(/lib|%t)/own\.so"', result.stdout), f"what the unit preloads is kept: {name}", result)
    result = shown("Environment=LD_PRELOAD=/lib/own.so", "Environment=")
    check('libforksan.so"' in result.stdout, "what an empty Environment= took back does not come again", result)
    for setting, said in (("EnvironmentFile=-/etc/default/other", "has an EnvironmentFile="),
                          ("UnsetEnvironment=A LD_PRELOAD", "has an UnsetEnvironment="),
                          ("RootDirectory=/srv/other", "has a root of its own")):
        result = shown("ExecStart=/bin/true", setting)
        check(result.returncode == 0 and said in result.stderr, f"{setting} can keep the library out, and that is said",
              result)


def refuse(root):
    """Files that cannot be written or removed."""
    drop_ins = os.path.join(root, "etc/systemd/system/shop.service.d")
    with open(drop_ins, "w", encoding="ascii"):
        pass
    result = run("enable", "--root", root, "--apply", "shop")
    check(result.returncode == 2 and "Not a directory" in result.stderr, "no place for the drop-in", result)
    os.remove(drop_ins)
    os.makedirs(os.path.join(drop_ins, "90-forksan.conf"))
    result = run("enable", "--root", root, "--apply", "shop")
    check(result.returncode == 2 and "Is a directory" in result.stderr, "something else has its name", result)
    result = run("disable", "--root", root, "--apply", "shop")
    check(result.returncode == 2 and os.path.isdir(os.path.join(drop_ins, "90-forksan.conf")),
          "nor is that removed", result)
    for arguments in (), ("a", "b"), ("--no-such", "shop"), ("--root", "/" + "x" * 5000, "shop"):
        result = run("enable", *arguments)
        check(result.returncode == 2 and result.stderr, f"wrong usage: {' '.join(arguments)[:20]}", result)


def allowed_calls():
    """The calls of @system-service, as systemd-analyze lists them."""
    listed = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], stdout=subprocess.PIPE, text=True,
                            check=True).stdout
    sets, name = {}, None
    for line in listed.splitlines():
        word = line.strip()
        if not line.startswith(" "):
            name = word
        elif word and not word.startswith("#"):
            sets.setdefault(name, []).append(word)

    def expand(name):
        for word in sets[name]:
            if word.startswith("@"):
                yield from expand(word)
            else:
                yield word

    return sorted(set(expand("@system-service")))


def serve_restricted(directory, drop_in):
    with open(os.path.join(directory, "allowed.h"), "w", encoding="ascii") as out:
        for name in allowed_calls():
            out.write(f"#ifdef SYS_{name}\nALLOW(SYS_{name})\n#endif\n")
    subprocess.run(["cc", "-O1", "-I", directory, "-o", os.path.join(directory, "sandbox"),
                    os.path.join(HERE, "sandbox.c")], check=True)
    shutil.copy(os.path.join(HERE, "../support/shares.py"), os.path.join(directory, "service.py"))
    environment = dict(line.split("=", 1) for line in re.findall(r'^Environment="(.*)"$', drop_in, re.MULTILINE))
    shutil.copy(environment["LD_PRELOAD"].split(":")[0], os.path.join(directory, "libforksan.so"))
    script = f"""
        set -e
        mount --make-rprivate /
        mount -t tmpfs tmpfs /srv && cp {directory}/* /srv && chmod 755 /srv
        mount -t tmpfs tmpfs /var/log && mkdir -p /var/log/forksan/shop && chown 64123:64123 /var/log/forksan/shop
        mount -t tmpfs tmpfs /tmp
        mount -o remount,bind,ro /
        setpriv --reuid 64123 --regid 64123 --clear-groups --no-new-privs \
            env -i LD_PRELOAD=/srv/libforksan.so 'FORKSAN_OPTIONS={environment["FORKSAN_OPTIONS"]}' \
            /srv/sandbox /usr/bin/python3 -B /srv/service.py
        cat /var/log/forksan/shop/findings.jsonl"""
    result = subprocess.run(["unshare", "--mount", "sh", "-c", script], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    lines = result.stdout.splitlines()
    check(result.returncode == 0 and "served by 64123" in lines, "the service runs to its end", result)
    records = [json.loads(line) for line in lines if line.startswith("{")]
    kinds = {record["kind"] for record in records if record["record"] == "finding"}
    check("shared-use" in kinds, "and is watched", kinds)
    counters = [record for record in records if record["record"] == "summary"][-1]["counters"]
    check(counters["connections_watched"] == 1 and counters["lost_session"] == 0, "with nothing lost", counters)


with tempfile.TemporaryDirectory() as root:
    text = write_and_remove(root)
    read_settings(root)
    refuse(root)
missing = [name for name in ("unshare", "setpriv", "systemd-analyze", "cc") if not shutil.which(name)]
if os.getuid() != 0 or missing:
    print(f"the restrictions are not tried: root, {' '.join(missing)}")
else:
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        serve_restricted(place, text)
toolkit.finish()
