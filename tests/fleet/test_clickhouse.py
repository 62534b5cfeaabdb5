#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""contrib/fleet/clickhouse.sql in a real ClickHouse: what is stored once, what is answered."""

import json
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import fleet
import processes
import servers

CONFIG = """<yandex>
<logger><level>warning</level><console>1</console></logger>
<tcp_port>{port}</tcp_port><listen_host>127.0.0.1</listen_host>
<path>{path}/data/</path><tmp_path>{path}/tmp/</tmp_path><users_config>{path}/users.xml</users_config>
<default_profile>default</default_profile><default_database>default</default_database>
<mark_cache_size>100000000</mark_cache_size>
</yandex>
"""
USERS = """<yandex><profiles><default></default></profiles>
<users><default><password></password><networks><ip>127.0.0.1</ip></networks>
<profile>default</profile><quota>default</quota></default></users>
<quotas><default></default></quotas></yandex>
"""
failures = []


def check(condition, what, *details):
    if not condition:
        failures.append(what)
        print(f"FAILED: {what}", *details, sep="\n    ")


def ask(port, query, given=None, multi=False):
    result = subprocess.run(["clickhouse-client", "--host", "127.0.0.1", "--port", str(port),
                             *(["--multiquery"] if multi else []), "--query", query], input=given,
                            text=True, capture_output=True, check=False)
    if result.returncode != 0:
        raise processes.Failed(f"{query[:200]}: {result.stderr}")
    return result.stdout.strip()


def is_ready(port):
    return subprocess.run(["clickhouse-client", "--host", "127.0.0.1", "--port", str(port), "--query",
                           "select 1"], capture_output=True, check=False).returncode == 0


def test(port):
    with open(os.path.join(fleet.CONTRIB, "clickhouse.sql"), encoding="utf-8") as schema:
        text = schema.read()
    for _ in range(2):
        ask(port, text, multi=True)
    lines = []
    for number, version in ((1, "2.4.0"), (2, "2.4.1"), (3, "2.4.1")):
        name = f"web-{number}"
        records = fleet.records(name, f"{number:016x}", 60, version=version, final=True)
        if number == 3:
            del records[20:23]
        lines += [{"agent": name, "line": json.dumps(record, separators=(",", ":"))}
                  for record in records]
        time.sleep(1.1 if number == 1 else 0)  # times here are of seconds
    lines += [{"agent": "web-9", "line": line} for line in ("x", '{"record":"finding"}', "[]", "")]
    rows = "\n".join(map(json.dumps, lines))
    for _ in range(2):
        ask(port, "INSERT INTO fleet.lines FORMAT JSONEachRow", rows)
    check(ask(port, "select count() from fleet.records final") == "177", "each record once")
    bug = ask(port, "select fingerprint, services, since, hosts from fleet.bug_list")
    check(bug == "293a20e1e5ac1841\t['shop']\t2.4.0\t3", "one bug on three hosts", bug)
    gaps = ask(port, "select * from fleet.gaps")
    check(gaps == "web-3\t0000000000000003\t3\t[21,22,23]", "a gap is named", gaps)
    check(ask(port, "select agent, count() from fleet.broken group by agent") == "web-9\t8",
          "broken lines")
    kinds = ask(port, "select count() from fleet.examples final where version = '2.4.0'")
    check(kinds == "5", "an example of each kind", kinds)
    check(int(ask(port, "select count() from fleet.stacks final where agent = 'web-1'")) > 2, "stacks")
    for day in ask(port, "select distinct toYYYYMMDD(day) from fleet.records").splitlines():
        ask(port, f"alter table fleet.records drop partition {day}")
    check(ask(port, "select count() from fleet.records") == "0", "a day is dropped")


def main():
    if not shutil.which("clickhouse-server"):
        print("clickhouse-server is not installed")
        return 77
    with processes.directory("forksan-clickhouse-") as path:
        port = processes.free_port()
        servers.write_file(f"{path}/users.xml", USERS)
        servers.write_file(f"{path}/config.xml", CONFIG.format(port=port, path=path))
        server = processes.Process(["clickhouse-server", f"--config-file={path}/config.xml"],
                                   f"{path}/log", dropped=True, cwd=path)
        with server:
            processes.wait_for(lambda: is_ready(port), "ClickHouse", process=server)
            test(port)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
