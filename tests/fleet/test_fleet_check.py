#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`forksan fleet check` on a chain that is whole, and with each of its links missing in turn."""

import os
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import fleet
import forksan_log
import processes

failures = []


def check(condition, what, *details):
    if not condition:
        failures.append(what)
        print(f"FAILED: {what}", *details, sep="\n    ")


def look(*arguments):
    return subprocess.run([forksan_log.TOOL, "fleet", "check", *arguments], check=False, text=True,
                          capture_output=True)


def missing(output):
    """Names of the links that are missing, but the clock, which is this machine's."""
    names = [line.split()[1].rstrip(":") for line in output.splitlines()
             if line.split()[:1] == ["MISSING"]]
    return [name for name in names if name != "clock"]


def main():
    if fleet.lacking():
        print(fleet.lacking())
        return 77
    if os.getuid() != 0:
        print("an agent's directory in /run needs root")
        return 77
    name = os.uname().nodename
    run = f"/run/forksan-{os.getpid()}"
    with fleet.Fleet([name], agent_run=run) as site:
        conf = os.path.join(site.path, "keys", "agents", name, "agent.conf")
        rotation = os.path.join(site.path, "logrotate.d")
        os.mkdir(rotation)

        def expect(wanted, word=""):
            result = look("--config", conf, "--logrotate", rotation)
            words = " ".join(result.stdout.split())
            check(missing(result.stdout) == wanted and word in words, f"{wanted} {word!r}",
                  result.stdout, result.stderr)
            if wanted:
                check(result.returncode == 67 and "do " in result.stdout, "status and advice", result)
            return result

        def change(path, old, new):
            """Puts `new` in the place of `old`; returns what undoes it."""
            with open(path, encoding="utf-8") as file:
                text = file.read()
            assert old in text, (path, old)
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace(old, new))

            def undo():
                with open(path, "w", encoding="utf-8") as file:
                    file.write(text)

            return undo

        try:
            site.start()
            agent = site.agents[name]
            agent.write(fleet.records(name, "00000000000000aa", 20))
            site.wait_for_records(20)
            with open(os.path.join(fleet.CONTRIB, "logrotate"), encoding="utf-8") as source:
                text = source.read().replace("/var/log/forksan", agent.logs)
            rotated = os.path.join(rotation, "forksan")
            with open(rotated, "w", encoding="utf-8") as out:
                out.write(text)
            whole = expect([])
            clock = "MISSING   clock" in whole.stdout
            check(("The chain is whole." in whole.stdout) != clock and
                  whole.returncode == (67 if clock else 0), "a whole chain", whole.stdout)

            # What the notes of an agent, a queue or the default size of a message would lose.
            for old, new, word in (
                    ('persistStateInterval="0"', 'persistStateInterval="1"', "persistStateInterval"),
                    (run, "/var/lib/forksan", "workDirectory"),
                    (' maxMessageSize="160k"', "", "maxMessageSize"),
                    ('queue.type="Direct"', 'queue.type="LinkedList"', "queue.type"),
                    ('tls="on"', 'tls="off"', "TLS")):
                undo = change(conf, old, new)
                expect(["configuration"], word)
                undo()

            key = os.path.join(os.path.dirname(conf), "agent.key")
            os.chmod(key, 0o644)
            expect(["certificate"], "others may read it")
            os.chmod(key, 0o600)
            certificate = os.path.join(os.path.dirname(conf), "agent.pem")
            shutil.copy(certificate, certificate + ".kept")
            shutil.copy(f"{site.path}/keys/centre/centre.pem", certificate)
            expect(["certificate"], "is not that of")
            with open(certificate, "w", encoding="utf-8") as out:
                out.write("none\n")
            expect(["certificate"], "no certificate")
            os.remove(certificate)
            expect(["certificate"], "No such file")
            shutil.move(certificate + ".kept", certificate)

            agent.stop()
            expect(["agent"])
            site.centre.stop()
            expect(["agent", "centre"], "nothing is lost meanwhile")
            site.centre.start()
            agent.start()
            processes.wait_for(lambda: missing(look("--config", conf, "--logrotate",
                                                    rotation).stdout) == [], "the centre")

            agent.write([dict(fleet.records(name, "00000000000000aa", 1, first=21)[0], labels={})])
            expect(["log"], "which service")
            agent.write([b"no record\x1b[31m\n"])
            result = expect(["log"], "no record")
            check("\x1b" not in result.stdout, "a line's text is escaped", repr(result.stdout))
            os.remove(os.path.join(agent.logs, "shop.jsonl"))
            expect(["log"], "no file")
            agent.write(fleet.records(name, "00000000000000ab", 3))

            for old, new, word in (("nocreate", "copytruncate", "copytruncate"),
                                   ("nocreate", "create", "nocreate"),
                                   ("nocompress", "compress", "compressed")):
                undo = change(rotated, old, new)
                expect(["rotation"], word)
                undo()
            os.remove(rotated)
            expect(["rotation"], "grow without end")
        finally:
            site.stop_agents()
            shutil.rmtree(run, ignore_errors=True)
            if os.path.exists(run + ".log"):
                os.remove(run + ".log")
    nothing = look("--config", "/nonexistent")
    check(missing(nothing.stdout) == ["configuration"] and nothing.returncode == 67, "no configuration",
          nothing)
    wrong = subprocess.run([forksan_log.TOOL, "fleet"], check=False, capture_output=True)
    check(wrong.returncode == 2, "no word behind fleet")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
