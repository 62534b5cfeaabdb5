# SPDX-License-Identifier: MIT
"""Runs programs under the shim and reads what it logged.

    environment = forksan_env(log_path, watch="database")
    ...
    log = Log(log_path)
    log.wait_for(lambda: log.findings(kind="open-at-fork"), "the notice")
    log.close()          # validates every line against docs/log.schema.json

The build directory is FORKSAN_BUILD, else build/ of this checkout.  A log that was never written
is an empty one: whether the shim was there at all is told by `log.counters`, which a test that
expects silence must look at.
"""

import datetime
import json
import os
import subprocess

import processes

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.path.abspath(os.environ.get("FORKSAN_BUILD", os.path.join(ROOT, "build")))
SHIM = os.path.join(BUILD, "libforksan.so")
TOOL = os.path.join(BUILD, "forksan")
SCHEMA = os.path.join(ROOT, "docs", "log.schema.json")


def bare_env(**variables):
    """Our environment without forksan, with `variables`."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("LD_PRELOAD", "FORKSAN_OPTIONS", "PYTHONPATH")}
    # The servers' own interpreter is /usr/bin/python3, whatever stands first in PATH.
    environment["PATH"] = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin"
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    environment.update(variables)
    return environment


def forksan_env(log_path, variables=None, **options):
    """bare_env() plus the shim, logging to `log_path`; options are those of FORKSAN_OPTIONS."""
    if not os.path.exists(SHIM):
        raise processes.Failed(f"{SHIM} is missing: run `make` first")
    environment = bare_env(**(variables or {}))
    environment["LD_PRELOAD"] = SHIM
    environment["FORKSAN_OPTIONS"] = ":".join(
        f"{key}={value}" for key, value in {"log_path": log_path, **options}.items())
    return environment


# Bytes of the lines of all findings that were read, wherever this tree lies; payload=1 has longer ones.
finding_sizes = []


class Log:
    """The records of one log file, read as they come."""

    def __init__(self, path):
        self.path = path
        self.records = []
        self.position = 0
        self.stacks = {}

    def read(self):
        """Takes up the whole lines that were added since."""
        try:
            with open(self.path, "rb") as log:
                log.seek(self.position)
                added = log.read()
        except FileNotFoundError:
            return self
        whole = added.rfind(b"\n") + 1
        self.position += whole
        for line in added[:whole].splitlines():
            if line:
                record = json.loads(line)
                if record["record"] == "finding" and b'"payload":' not in line:
                    finding_sizes.append(len(line.replace(ROOT.encode(), b"/srv/app")) + 1)
                self.records.append(self.with_stacks(record))
        return self

    def with_stacks(self, record):
        """A finding with all frames of its stacks, whose records came before it."""
        if record["record"] == "stack":
            self.stacks[record["id"]] = record["frames"]
        for name, stack in record.get("stack_ids", {}).items():
            record["stacks"][name] = self.stacks.get(stack, record["stacks"][name])
        return record

    def findings(self, **fields):
        """The findings whose fields are as given, such as kind="shared-use".  A finding that was
        written again at repeat 10, 100, ... counts once, with its latest record."""
        latest = {}
        for record in self.read().records:
            if record["record"] == "finding":
                latest[record["session"], record["id"]] = record
        return [finding for finding in latest.values()
                if all(finding[name] == value for name, value in fields.items())]

    @property
    def kinds(self):
        return sorted({finding["kind"] for finding in self.findings()})

    @property
    def counters(self):
        """Counters of the last summary; empty when there is none."""
        summaries = [record for record in self.read().records if record["record"] == "summary"]
        return summaries[-1]["counters"] if summaries else {}

    def wait_for(self, check, what, seconds=20):
        return processes.wait_for(check, f"{what} in the log", seconds=seconds,
                                  directories=[os.path.dirname(self.path)])

    def wait_for_summary(self):
        return self.wait_for(lambda: self.counters, "the summary")

    def report(self):
        """What `forksan report --json` says of it."""
        return json.loads(subprocess.run([TOOL, "report", "--json", self.path], check=True,
                                         stdout=subprocess.PIPE).stdout)

    def validate(self):
        """Raises unless every line is whole and as the schema says."""
        import jsonschema  # here, since the demo does without

        with open(SCHEMA, encoding="utf-8") as schema:
            validator = jsonschema.Draft202012Validator(json.load(schema))
        self.read()
        if os.path.exists(self.path) and os.path.getsize(self.path) != self.position:
            raise AssertionError(f"{self.path} ends in a cut line")
        for record in self.records:
            validator.validate(record)


def seconds(time):
    """A record's time as time.time() gives it."""
    return datetime.datetime.fromisoformat(time[:26] + "+00:00").timestamp()


def describe(finding):
    """One line for a failed assertion."""
    other = finding["other"] or {"pid": None, "relation": "none"}
    return (f"{finding['kind']} pid {finding['pid']} other {other['pid']} ({other['relation']}) "
            f"{finding['connection']['protocol']} {finding['connection']['peer']} "
            f"{finding['culprit']} {finding['operation']}: {finding['text']}")
