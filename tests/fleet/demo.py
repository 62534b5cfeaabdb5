#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A fleet on one machine (`make fleet-demo`): 50 hosts, one centre, one answer.

Each host is a network namespace with its own name, a rsyslogd with contrib/fleet's configuration and
its own certificate.  Three of them run the founding scenario, the others a sound server.  The centre
has rsyslogd, PostgreSQL, Prometheus and Alertmanager.  Everything is stopped and removed at the end.
Exit status: 0 when the store names the three hosts and the alarm came, 1 otherwise.
"""

import os
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "support"))

import fleet
import forksan_log
import namespaces
import processes

BAD = {"web-7": "2.4.1", "web-23": "2.4.1", "web-42": "2.4.0"}


def say(text=""):
    print(text, flush=True)


def heading(text):
    say(f"\n--- {text}\n")


def show(command, output):
    say(f"  $ {command}")
    say("    " + output.rstrip().replace("\n", "\n    ").replace("    \n", "\n"))
    say()


def run_shops(site, hosts, names):
    """Runs every host's server, four at a time, and returns when all have ended."""
    waiting, running = list(names), []
    while waiting or running:
        while waiting and len(running) < 4:
            name = waiting.pop(0)
            what, version = ("bad", BAD[name]) if name in BAD else ("good", "7.1")
            agent = site.agents[name]
            running.append((name, fleet.Part(
                [sys.executable, os.path.join(HERE, "shop.py"), what,
                 os.path.join(agent.logs, "shop.jsonl"), version],
                f"{site.path}/{name}.shop.log", prefix=hosts.prefix(name)).start()))
        name, part = running.pop(0)
        if part.process.wait(120) is None:
            raise processes.Failed(f"{name}'s server does not end:\n{part.output()}")
        if name in BAD:
            say(f"    {name} (shop {BAD[name]}): {part.output().strip()}")
        part.stop()


def count_lines(site, names):
    lines = 0
    for name in names:
        with open(os.path.join(site.agents[name].logs, "shop.jsonl"), "rb") as log:
            lines += sum(1 for _ in log)
    return lines


def main():
    reason = fleet.lacking() or namespaces.lacking()
    if reason:
        say(f"demo: {reason}")
        return 77
    began = time.monotonic()
    count = int(os.environ.get("FLEET_AGENTS", "50"))
    names = [f"web-{number}" for number in range(1, count + 1)]
    heading(f"{count} hosts, one centre")
    with namespaces.Hosts(names) as hosts:
        prefixes = {name: hosts.prefix(name) for name in ["", *names]}
        with fleet.Fleet(names, address=hosts.address, prefixes=prefixes) as site:
            site.start()
            say(f"The centre listens on {hosts.address}, a port and a certificate for each host.")
            heading("The servers run: three hosts have the founding scenario, the others do not")
            run_shops(site, hosts, names)
            lines = count_lines(site, names)
            site.wait_for_records(lines)
            say(f"    {lines} lines were written, {site.records()} records are in the store, "
                f"{site.store.number('select fleet.lost_records()')} are missing.")

            heading("Which services share a connection across fork, since which version, where?")
            show("psql -c 'select ... from fleet.bug_list'", subprocess.run(
                ["psql", "-Xq", "-h", site.store.path, "-U", "forksan_reader", "-d", "forksan", "-c",
                 "select left(fingerprint, 8) as bug, worst, services, since, hosts, opened "
                 "from fleet.bug_list"], check=True, text=True, capture_output=True).stdout)
            show("forksan report --db postgresql://forksan_reader@centre/forksan", subprocess.run(
                [forksan_log.TOOL, "report", "--db",
                 site.store.url.replace("postgres@", "forksan_reader@")], check=False, text=True,
                capture_output=True).stdout)
            hosts_found = site.store.number("select max(hosts) from fleet.bug_list")
    say(f"Demo finished in {time.monotonic() - began:.0f} s; everything is stopped and removed.")
    return 0 if hosts_found == len(BAD) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except processes.Failed as failure:
        sys.exit(f"demo: {failure}")
