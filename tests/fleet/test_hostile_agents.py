#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An agent that belongs to somebody else: it cannot speak for another host, fill the store, stop the
others, or reach whoever reads the answers."""

import json
import os
import socket
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import fleet
import processes

failures = []


def check(condition, what, *details):
    if not condition:
        failures.append(what)
        print(f"FAILED: {what}", *details, sep="\n    ")


def outcome(site, name):
    """The counts of one agent."""
    names = ("stored", "duplicates", "broken", "forged", "refused")
    row = site.store.ask(f"select {', '.join(names)} from fleet.agents where name = '{name}'")
    return dict(zip(names, map(int, row.split("|")))) if row else None


def settle(site, name, lines):
    """Waits until the centre has looked at so many lines of the agent."""
    processes.wait_for(lambda: sum((outcome(site, name) or {"": 0}).values()) >= lines,
                       f"{lines} lines of {name}")
    return outcome(site, name)


def test_broken_lines_block_nothing(site):
    bad = [b"\n", b"not JSON\n", b'{"record":"finding"}\n', b"[]\n", b"null\n", b"1e999999\n",
           b'{"record":"process","version":2,"seq":1e300}\n', b"\xff\xfe\x80 no UTF-8\n",
           b'{"a":"\\u0000"}\n', b"'); drop schema fleet cascade; --\n", b"\\'); select 1; --\n",
           b"[" * 100000 + b"\n", b'{"x":"' + b"y" * 300000 + b'"}\n', b"tab\there \x01\x7f\n",
           b'{"record":"summary","version":2,"seq":9,"session":"00000000000000bb","host":"web-1",'
           b'"time":"2026-11-26T00:00:00Z","counters":{},"incomplete_because":7}\n',
           b'{"record":"process","version":2,"seq":8,"session":"00000000000000bb","host":"web-1",'
           b'"time":"999999-11-26T00:00:00Z"}\n',
           b'{"record":"stack","version":2,"seq":7,"session":"00000000000000bb","host":"web-1",'
           b'"time":"2026-11-26T00:00:00Z","id":"x","frames":[]}\n']
    agent = site.agents["web-1"]
    agent.write(fleet.records("web-1", "00000000000000aa", 20))
    agent.write(bad)
    agent.write(fleet.records("web-1", "00000000000000aa", 20, first=21))
    site.wait_for_records(40)
    count = outcome(site, "web-1")
    # An empty line is none; the longest lines come in pieces.
    check(count["broken"] >= len(bad) - 1, "broken lines are counted", count)
    kept = site.store.number("select count(*) from fleet.broken")
    check(kept == count["broken"], "broken lines are kept", kept, count)
    check(site.store.ask("select max(length(line)) from fleet.broken") == "2000",
          "a broken line is kept in part")


def test_nobody_speaks_for_another(site):
    before = outcome(site, "web-1")
    # web-2 says that it is web-1, in its own session and in one of web-1's.
    site.agents["web-2"].write(fleet.records("web-2", "00000000000000cc", 1))
    settle(site, "web-2", 1)
    site.agents["web-2"].write(fleet.records("web-1", "00000000000000aa", 30, first=100))
    count = settle(site, "web-2", 31)
    check(count["forged"] == 30 and count["stored"] == 1, "forged records are refused", count)
    # Under its own name, with the session and the numbers of web-1's next records: these come through.
    site.agents["web-2"].write(fleet.records("web-2", "00000000000000aa", 30, first=41))
    settle(site, "web-2", 61)
    site.agents["web-1"].write(fleet.records("web-1", "00000000000000aa", 30, first=41))
    after = settle(site, "web-1", sum(before.values()) + 30)
    check(after["stored"] == before["stored"] + 30, "another's numbers block nobody", after)
    # A stack of another content under the name of one that all know.
    stack = next(record for record in fleet.golden() if record["record"] == "stack")
    forged = dict(stack, seq=200, host="web-2", session="00000000000000dd",
                  frames=[{"language": "python", "function": "evil", "file": "evil.py", "line": 1}])
    site.agents["web-2"].write([forged])
    settle(site, "web-2", 62)
    check(site.store.number("select count(*) from fleet.examples where record::text like '%evil%' "
                            "and agent = (select agent from fleet.agents where name = 'web-1')") == 0,
          "a stack of one agent is not another's")


def test_a_certificate_opens_its_own_listener_alone(site):
    """web-2 with its own certificate at the port of web-1."""
    own = site.agents["web-2"]
    with open(own.argv[own.argv.index("-f") + 1], encoding="utf-8") as conf:
        text = conf.read()
    ports = [int(line.split('port="')[1].split('"')[0])
             for line in open(f"{site.path}/keys/centre/hosts.d/web-1.conf", encoding="utf-8")
             if 'port="' in line]
    mine = text.split('port="')[1].split('"')[0]
    path = f"{site.path}/intruder"
    os.makedirs(path + ".logs")
    with open(path + ".conf", "w", encoding="utf-8") as out:
        out.write(text.replace(f'port="{mine}"', f'port="{ports[0]}"').replace(own.logs,
                                                                                 path + ".logs"))
    intruder = fleet.Rsyslog(path + ".conf", path + ".run")
    with open(path + ".logs/x.jsonl", "w", encoding="utf-8") as out:
        for record in fleet.records("web-1", "00000000000000ee", 5):
            out.write(json.dumps(record) + "\n")
    intruder.start()
    try:
        processes.wait_for(lambda: "peer" in site.centre.output() or
                           "authentication" in site.centre.output().lower(),
                           "the centre's refusal", seconds=30)
        check(site.store.number("select count(*) from fleet.sessions where "
                                "session = fleet.from_hex('00000000000000ee')") == 0,
              "the wrong certificate gets in")
    finally:
        intruder.kill()


def test_slow_handshakes_stop_nobody(site):
    port = int(open(f"{site.path}/keys/centre/hosts.d/web-2.conf",
                    encoding="utf-8").read().split('port="')[1].split('"')[0])
    before = outcome(site, "web-1")
    idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
    idle[0].sendall(b"\x16\x03\x01")
    site.agents["web-1"].write(fleet.records("web-1", "00000000000000aa", 10, first=71))
    after = settle(site, "web-1", sum(before.values()) + 10)
    check(after["stored"] == before["stored"] + 10, "idle connections stop another agent", after)
    for peer in idle:
        peer.close()


def test_an_allowance_is_spent(site):
    site.store.ask("update fleet.settings set burst = 50, per_minute = 1")
    before = outcome(site, "web-3")
    check(before is None, "web-3 has sent nothing", before)
    site.agents["web-3"].write(fleet.records("web-3", "00000000000000ff", 200))
    flood = settle(site, "web-3", 200)
    check(50 <= flood["stored"] <= 55 and flood["refused"] == 200 - flood["stored"],
          "records above the allowance are refused and counted", flood)
    # Its own loss is named: the numbers beyond the last that was stored leave a hole when one comes.
    site.store.ask("update fleet.settings set burst = 100000, per_minute = 100000")
    site.store.ask("update fleet.agents set allowance = 1000 where name = 'web-3'")
    site.agents["web-3"].write(fleet.records("web-3", "00000000000000ff", 1, first=201))
    settle(site, "web-3", 201)
    gap = site.store.ask("select first, last from fleet.gaps where agent = 'web-3'")
    check(gap == f"{flood['stored'] + 1}|200", "a hole names what was refused", gap)
    # New bugs without end spend the news of the day.
    site.store.ask("update fleet.settings set news_bytes_per_day = 60000")
    for seq in range(300, 400):
        record = fleet.records("web-3", "00000000000000ff", 1, first=seq * 10)[0]
        record["fingerprint"] = f"{seq:016x}"
        site.agents["web-3"].write([record])
    settle(site, "web-3", 301)
    bugs = site.store.number("select count(*) from fleet.bugs")
    check(1 < bugs < 60, "one agent cannot fill the table of bugs", bugs)
    site.store.ask("update fleet.settings set news_bytes_per_day = 32000000")


def test_the_role_of_the_centre_can_take_and_no_more(site):
    for query in ("select * from fleet.bugs", "delete from fleet.records",
                  "select fleet.maintain()", "create table x ()"):
        check(site.store.ask(query, user="forksan_centre", check=False) is None,
              "the centre's role may not", query)
    for query in ("delete from fleet.bugs", "select fleet.take('web-1', '')"):
        check(site.store.ask(query, user="forksan_reader", check=False) is None,
              "the reader's role may not", query)
    check(site.store.ask("select count(*) from fleet.bug_list", user="forksan_reader") is not None,
          "the reader's role may read")


def test_answers_carry_no_escape_sequences(site):
    evil = "\x1b]0;owned\x07\x1b[31m\u202e</script><script>alert(1)</script>"
    record = fleet.records("web-2", "0000000000000e11", 1, first=10)[0]
    record.update(host="web-2", fingerprint="e" * 16, labels={
        "service.name": evil, "service.version": evil})
    record["connection"] = dict(record["connection"], protocol=evil)
    before = sum(outcome(site, "web-2").values())
    site.agents["web-2"].write([record])
    settle(site, "web-2", before + 1)
    check(site.store.number("select count(*) from fleet.sightings where service like '%script%' "
                            "and service !~ '[[:cntrl:]]'") == 1, "the record came")
    for query in ("select fingerprint, protocol, services, versions from fleet.bug_list",
                  "select * from fleet.metrics()", "select * from fleet.silent",
                  "select agent, why from fleet.broken b join fleet.agents a using (agent)"):
        answer = site.store.ask(query)
        check(not any(ord(c) < 32 and c != "\n" or c in "\x7f\u202e" for c in answer),
              "control characters in an answer", query, repr(answer))


def main():
    if fleet.lacking():
        print(fleet.lacking())
        return 77
    with fleet.Fleet(["web-1", "web-2", "web-3"]) as site:
        site.start()
        for test in (test_broken_lines_block_nothing, test_nobody_speaks_for_another,
                     test_a_certificate_opens_its_own_listener_alone,
                     test_slow_handshakes_stop_nobody, test_an_allowance_is_spent,
                     test_the_role_of_the_centre_can_take_and_no_more,
                     test_answers_carry_no_escape_sequences):
            test(site)
            print(test.__name__, flush=True)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
