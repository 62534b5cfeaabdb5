#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""contrib/fleet/postgresql.sql in a real PostgreSQL, without rsyslog: what is stored, what is answered,
what is removed."""

import json
import os
import re
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


def take(store, agent, records):
    """Gives the lines to the store as the centre does; returns the outcomes."""
    statements = []
    for record in records:
        line = record if isinstance(record, str) else json.dumps(record)
        line = line.encode().decode("latin-1").replace("'", "''")
        statements.append(f"select fleet.take('{agent}', '{line}');")
    # psql's own text is UTF-8; the role's encoding is the centre's.
    return store.ask("\n".join(statements), user="forksan_centre").splitlines()


def test_kinds_are_those_of_the_library(store):
    with open(os.path.join(forksan_log.ROOT, "include", "forksan", "finding.h"),
              encoding="utf-8") as header:
        kinds = re.findall(r'X\(KIND_\w+, "([a-z-]+)", LEVEL_(\w+)\)', header.read())
    stored = store.ask("select name, level from fleet.kinds order by kind").splitlines()
    check(stored == [f"{name}|{level.lower()}" for name, level in kinds], "kinds", stored, kinds)


def test_a_bug_is_one_on_many_hosts(store):
    for number, version in ((1, "1.0"), (2, "1.0"), (3, "1.1")):
        name = f"app-{number}"
        records = fleet.records(name, f"{number:016x}", 60, version=version, final=True)
        outcomes = take(store, name, records)
        check(outcomes == ["stored"] * 60, "all are stored", outcomes)
        check(take(store, name, records) == ["duplicate"] * 60, "the second time none is")
    rows = store.ask("select services, versions, since, hosts, worst from fleet.bug_list")
    check(rows == "{shop}|{1.0,1.1}|1.0|3|crossed-reply", "one bug", rows)
    check(store.number("select count(*) from fleet.gaps") == 0, "no gaps")
    example = json.loads(store.ask("select record from fleet.examples order by kind desc limit 1"))
    names = {stack["id"]: stack["frames"] for stack in fleet.golden() if stack["record"] == "stack"}
    for name, stack in example["stack_ids"].items():
        if stack is not None:
            check(example["stacks"][name] == names[stack], "an example has whole stacks", name)


def test_a_gap_is_named(store):
    records = fleet.records("app-4", "00000000000000f4", 50)
    take(store, "app-4", records[:20] + records[23:30] + records[31:])
    gaps = store.ask("select agent, first, last, missing from fleet.gaps").splitlines()
    check(gaps == ["app-4|21|23|3", "app-4|31|31|1"], "gaps", gaps)
    take(store, "app-4", records[20:23])
    gaps = store.ask("select agent, first, last, missing from fleet.gaps").splitlines()
    check(gaps == ["app-4|31|31|1"], "a late record closes its gap", gaps)


def test_containers_of_a_host(store):
    records = fleet.records("3f2a91c07be3", "00000000000000c1", 12)
    outcomes = take(store, "app-5", records)
    check(outcomes == ["stored"] * 12, "a container's own name is no forgery", outcomes)
    row = store.ask("select host from fleet.sessions where session = fleet.from_hex('00000000000000c1')")
    check(row == "3f2a91c07be3", "its name is kept", row)


def test_silence_is_named(store):
    store.ask("update fleet.sessions set last_received = now() - interval '1 day' "
              "where session in (1, fleet.from_hex('00000000000000f4'))")
    rows = store.ask("select agent from fleet.silent")
    check(rows == "app-4", "a session without an end is silent, one with an end is over", rows)


def test_old_days_go(store):
    record = fleet.records("app-6", "00000000000000d1", 1)[0]
    old = dict(record, seq=1, time="2020-01-02T03:04:05.000000000Z")
    check(take(store, "app-6", [old, dict(record, seq=2)]) == ["stored"] * 2, "a clock that is off")
    check(store.number("select count(*) from fleet.records_other") == 1, "it is in the default partition")
    store.ask("select fleet.make_partition('2020-01-02')")
    check(store.number("select count(*) from fleet.records_other") == 0, "its day takes it")
    check(take(store, "app-6", [old]) == ["duplicate"], "and it is there still")
    store.ask("select fleet.maintain()")
    check(store.ask("select to_regclass('fleet.records_20200102')") == "", "the day is removed")
    gaps = store.ask("select first, last from fleet.gaps where agent = 'app-6'")
    check(gaps == "", "what was removed is no gap", gaps)
    store.ask("update fleet.bugs set last_seen = '2020-01-01'; update fleet.sightings set last_seen = "
              "'2020-01-01'; truncate fleet.records; select fleet.maintain()")
    check(store.number("select count(*) from fleet.examples") == 0, "old bugs go with their examples")


def test_errors_of_the_store_are_not_the_lines(store):
    """While the store has an error that is not the line's, the line waits."""
    store.ask("create function fleet.fail() returns trigger language plpgsql as $$ begin "
              "raise exception 'no space' using errcode = 'disk_full'; end $$; "
              "create trigger fail before insert on fleet.sessions for each row "
              "execute function fleet.fail()")
    line = json.dumps(fleet.records("app-7", "00000000000000e1", 1, first=20)[0]).replace("'", "''")
    psql = subprocess.Popen(["psql", "-XAtq", "-h", store.path, "-U", "forksan_centre", "-d", "forksan",
                             "-c", f"select fleet.take('app-7', '{line}')"], text=True,
                            stdout=subprocess.PIPE)
    processes.wait_for(lambda: store.output().count("a line of app-7 waits: no space") >= 2, "two tries")
    check(psql.poll() is None, "a line waits for space")
    check(store.number("select count(*) from fleet.broken") == 0, "and is not broken")
    store.ask("drop function fleet.fail cascade")
    check(psql.communicate(timeout=30)[0].strip() == "stored", "and is stored then")


def test_it_can_be_run_again(store):
    before = store.number("select sum(stored) from fleet.agents")
    store.load()
    check(store.number("select sum(stored) from fleet.agents") == before, "the tables stay")


def main():
    with processes.directory("forksan-store-") as path:
        store = fleet.Store(path)
        try:
            store.start()
            store.create()
            for test in (test_kinds_are_those_of_the_library, test_a_bug_is_one_on_many_hosts,
                         test_a_gap_is_named, test_containers_of_a_host, test_silence_is_named,
                         test_errors_of_the_store_are_not_the_lines, test_it_can_be_run_again,
                         test_old_days_go):
                test(store)
                print(test.__name__, flush=True)
        finally:
            store.stop()
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
