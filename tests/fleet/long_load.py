#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An hour of 1000 hosts with ten records a minute each in the store, and how long questions take then.

    FLEET_HOSTS=1000 FLEET_RECORDS=600 tests/fleet/long_load.py

The records go through fleet.take() as the centre's do, on two connections as fast as they can.  Then `forksan report --db`, and each question by fingerprint, which must be
answered within 100 ms.  At the end the way through rsyslog is measured: what one centre can take.
"""

import json
import os
import statistics
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import fleet
import forksan_log
import processes

HOSTS = int(os.environ.get("FLEET_HOSTS", "1000"))
RECORDS = int(os.environ.get("FLEET_RECORDS", "600"))
BUGS = 40
LIMIT_MS = 100

QUESTIONS = {
    "hosts, services, versions of a bug": "select * from fleet.bug_list where fingerprint = '{}'",
    "a bug's hosts, one by one":
        "select a.name, service, version, s.first_seen, s.last_seen from fleet.sightings s "
        "join fleet.bugs b using (bug) join fleet.agents a using (agent) where fingerprint = '{}'",
    "a bug's worst example, whole":
        "select record from fleet.examples join fleet.bugs using (bug) where fingerprint = '{}' "
        "order by kind desc, proven desc limit 1",
    "a bug by the minute":
        "select date_trunc('minute', time), count(*) from fleet.records join fleet.bugs using (bug) "
        "where fingerprint = '{}' group by 1",
}
OTHERS = {
    "all bugs": "select * from fleet.bug_list",
    "gaps": "select * from fleet.gaps",
    "silent sessions": "select * from fleet.silent",
    "metrics": "select * from fleet.metrics()",
}


def fill(store, first, last):
    """The hosts' records, each a transaction as the centre's are."""
    psql = subprocess.Popen(["psql", "-Xq", "-h", store.path, "-U", "forksan_centre", "-d", "forksan"],
                            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
                            encoding="latin-1")
    for host in range(first, last):
        name = f"host-{host}"
        records = fleet.records(name, f"{host:016x}", RECORDS, finding_every=2,
                                service=f"service-{host % 25}", version=f"1.{host % 3}", final=True)
        for seq, record in enumerate(records):
            if record["record"] == "finding":
                record["fingerprint"] = f"{(seq + host) % BUGS:016x}"
            line = json.dumps(record).encode().decode("latin-1").replace("'", "''")
            psql.stdin.write(f"select fleet.take('{name}', '{line}');\n")
    psql.stdin.close()
    return psql


def measure(store, query):
    """Median of the server's own times, in milliseconds, with \\timing."""
    result = subprocess.run(["psql", "-XAtq", "-h", store.path, "-U", "forksan_reader", "-d", "forksan",
                             "-o", "/dev/null"], input="\\timing on\n" + 7 * (query + ";\n"),
                            text=True, capture_output=True, check=True)
    times = [float(line.split()[1]) for line in result.stdout.splitlines() if line.startswith("Time:")]
    return statistics.median(times)


def load_store():
    good = True
    with processes.directory("forksan-store-") as path:
        store = fleet.Store(path, settings=["shared_buffers=256MB", "max_wal_size=2GB"])
        try:
            store.start()
            store.create()
            began = time.monotonic()
            for psql in [fill(store, 0, HOSTS // 2), fill(store, HOSTS // 2, HOSTS)]:
                psql.wait()
            took = time.monotonic() - began
            stored = store.number("select count(*) from fleet.records")
            print(f"{stored} records of {HOSTS} hosts in {took:.0f} s: {stored / took:.0f} a second; "
                  f"{store.ask('select pg_size_pretty(pg_database_size(current_database()))')}")
            store.ask("vacuum analyze")
            for name, query in QUESTIONS.items():
                took_ms = max(measure(store, query.format(f"{bug:016x}")) for bug in (0, BUGS // 2))
                print(f"    {name}: {took_ms:.1f} ms")
                good = good and took_ms < LIMIT_MS
            for name, query in OTHERS.items():
                print(f"    {name}: {measure(store, query):.1f} ms")
            began = time.monotonic()
            report = subprocess.run([forksan_log.TOOL, "report", "-q", "--db", store.url], check=False,
                                    text=True, capture_output=True)
            print(f"    forksan report --db: {time.monotonic() - began:.1f} s: "
                  f"{report.stdout.splitlines()[0]}")
            good = good and stored == HOSTS * RECORDS and f"{BUGS} bugs" in report.stdout
        finally:
            store.stop()
    return good


def split_centre(site, parts):
    """As docs/fleet.md says: as many centres, each with its part of hosts.d."""
    site.centre.stop()
    with open(f"{site.path}/keys/centre/centre.conf", encoding="utf-8") as file:
        conf = file.read()
    listeners = sorted(os.listdir(f"{site.path}/keys/centre/hosts.d"))
    centres = []
    for part in range(parts):
        path = f"{site.path}/keys/centre/hosts.{part}"
        os.mkdir(path)
        for name in listeners[part::parts]:
            os.symlink(f"{site.path}/keys/centre/hosts.d/{name}", f"{path}/{name}")
        with open(f"{path}.conf", "w", encoding="utf-8") as out:
            out.write(conf.replace("/hosts.d/", f"/hosts.{part}/").replace(
                f"{site.path}/centre.run", f"{site.path}/centre.{part}.run"))
        centres.append(fleet.Rsyslog(f"{path}.conf", f"{site.path}/centre.{part}.run").start())
    return centres


def load_centre(fsync, parts=1):
    """Eight agents that have a backlog: records a second from log to commit."""
    names = [f"web-{number}" for number in range(1, 9)]
    with fleet.Fleet(names, settings=[f"fsync={fsync}"]) as site:
        site.store.start()
        site.store.create()
        for name in names:
            site.agents[name].write(fleet.records(name, f"{int(name[4:]):016x}", 750))
        centres = split_centre(site, parts)
        try:
            for agent in site.agents.values():
                agent.start()
            processes.wait_for(lambda: site.records() >= 500, "records")
            began = time.monotonic()
            before = site.records()
            site.wait_for_records(8 * 750, seconds=300)
            took = time.monotonic() - began
        finally:
            for centre in centres:
                centre.kill()
        print(f"{parts} centre{'s' if parts > 1 else ''}, TLS, fsync {fsync}: "
              f"{(6000 - before) / took:.0f} records a second", flush=True)


def load_flood():
    """One agent sends without end; how long another's ten records take then."""
    with fleet.Fleet(["web-1", "web-2"], settings=["fsync=off"]) as site:
        site.start()
        record = json.dumps(fleet.records("web-1", "0000000000000001", 1)[0]).encode() + b"\n"
        with open(os.path.join(site.agents["web-1"].logs, "flood.jsonl"), "wb") as flood:
            flood.write(record * 100000)
        duplicates = "select duplicates from fleet.agents where name = 'web-1'"
        processes.wait_for(lambda: site.store.number(duplicates) > 500, "the flood")
        began = time.monotonic()
        site.agents["web-2"].write(fleet.records("web-2", "0000000000000002", 10))
        site.wait_for_records(11, seconds=120)
        print(f"beside an agent that floods: ten records of another in "
              f"{time.monotonic() - began:.1f} s", flush=True)


def main():
    if fleet.lacking():
        print(fleet.lacking())
        return 77
    good = load_store()
    load_centre("off")
    load_centre("on")
    load_centre("on", parts=4)
    load_flood()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
