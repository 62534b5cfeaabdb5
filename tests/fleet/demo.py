#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A fleet on one machine (`make fleet-demo`): 50 hosts, one centre, one answer.

Each host is a network namespace with its own name, a rsyslogd with contrib/fleet's configuration and
its own certificate.  Three of them run the founding scenario, the others a sound server.  The centre
has rsyslogd, PostgreSQL, Prometheus and Alertmanager.  Everything is stopped and removed at the end.
Exit status: 0 when the store names the three hosts and the alarm came, 1 otherwise.
"""

import contextlib
import json
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


class Alarms:
    """Prometheus and Alertmanager at the centre with the rules and the route of contrib/fleet, and
    node-exporters for what `forksan metrics` and the store wrote."""

    RECEIVER = """
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open(sys.argv[1], "ab") as out:
            out.write(body.strip() + b"\\n")
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", 9999), Handler).serve_forever()
"""

    def __init__(self, site, hosts, names):
        self.site = site
        self.hosts = hosts
        self.names = names
        self.path = os.path.join(site.path, "alarms")
        self.messages = os.path.join(self.path, "messages")
        self.parts = []

    def textfile(self, name):
        return os.path.join(self.path, "textfile-" + (name or "centre"))

    def part(self, name, command, what):
        self.parts.append(fleet.Part(command, os.path.join(self.path, what + ".log"),
                                     prefix=self.hosts.prefix(name)).start())

    def __enter__(self):
        os.mkdir(self.path)
        scraped = []
        for name in ["", *self.names]:
            os.mkdir(self.textfile(name))
            scraped.append(f"{self.hosts.address_of(name)}:9100")
            self.part(name, ["prometheus-node-exporter", "--collector.disable-defaults",
                             "--collector.textfile", "--web.disable-exporter-metrics",
                             f"--collector.textfile.directory={self.textfile(name)}"],
                      "exporter-" + name)
        with open(os.path.join(fleet.CONTRIB, "rules.yml"), encoding="utf-8") as rules, \
                open(os.path.join(self.path, "rules.yml"), "w", encoding="utf-8") as out:
            out.write(rules.read())
        # JSON is YAML.
        with open(os.path.join(self.path, "prometheus.yml"), "w", encoding="utf-8") as out:
            json.dump({"global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                       "rule_files": [os.path.join(self.path, "rules.yml")],
                       "alerting": {"alertmanagers": [
                           {"static_configs": [{"targets": ["127.0.0.1:9093"]}]}]},
                       "scrape_configs": [{"job_name": "hosts",
                                           "static_configs": [{"targets": scraped}]}]}, out)
        self.part("", ["prometheus", f"--config.file={self.path}/prometheus.yml",
                       f"--storage.tsdb.path={self.path}/data", "--web.listen-address=127.0.0.1:9090"],
                  "prometheus")
        self.part("", ["prometheus-alertmanager", f"--config.file={fleet.CONTRIB}/alertmanager.yml",
                       f"--storage.path={self.path}/alertmanager", "--cluster.listen-address=",
                       "--web.listen-address=127.0.0.1:9093"], "alertmanager")
        self.part("", [sys.executable, "-c", self.RECEIVER, self.messages], "receiver")
        return self

    def __exit__(self, *_):
        for part in self.parts:
            part.kill()

    def publish(self):
        """What cron does at the centre."""
        draft = os.path.join(self.textfile(""), "draft")
        with open(draft, "w", encoding="utf-8") as out:
            out.write(self.site.store.ask("select fleet.metrics()", user="forksan_reader") + "\n")
        os.rename(draft, os.path.join(self.textfile(""), "forksan-fleet.prom"))

    def read(self):
        """The alerts that Alertmanager has sent on."""
        with contextlib.suppress(FileNotFoundError), open(self.messages, encoding="utf-8") as lines:
            return [alert for line in lines if line.endswith("\n")
                    for alert in json.loads(line)["alerts"]]
        return []

    def wait_for(self, name):
        return processes.wait_for(
            lambda: [alert for alert in self.read() if alert["labels"]["alertname"] == name],
            f"the alarm {name}", seconds=60)


def run_shops(site, hosts, names, alarms):
    """Runs every host's server, four at a time, and returns when all have ended."""
    waiting, running = list(names), []
    while waiting or running:
        while waiting and len(running) < 4:
            name = waiting.pop(0)
            what, version = ("bad", BAD[name]) if name in BAD else ("good", "7.1")
            agent = site.agents[name]
            running.append((name, fleet.Part(
                [sys.executable, os.path.join(HERE, "shop.py"), what,
                 os.path.join(agent.logs, "shop.jsonl"), version,
                 *([alarms.textfile(name)] if name in BAD else [])],
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
    bad = [name for name in names if name in BAD]
    heading(f"{count} hosts, one centre")
    with namespaces.Hosts(names) as hosts:
        prefixes = {name: hosts.prefix(name) for name in ["", *names]}
        with fleet.Fleet(names, address=hosts.address, prefixes=prefixes) as site, \
                contextlib.ExitStack() as context:
            site.start()
            alarms = context.enter_context(Alarms(site, hosts, bad))
            say(f"The centre listens on {hosts.address}, a port and a certificate for each host.")
            heading(f"The servers run: {len(bad)} of the hosts have the founding scenario, the others do not")
            run_shops(site, hosts, names, alarms)
            lines = count_lines(site, names)
            site.wait_for_records(lines)
            say(f"    {lines} lines were written, {site.records()} records are in the store, "
                f"{site.store.number('select fleet.lost_records()')} are missing.")

            heading("The alarm: what Alertmanager has sent")
            alarms.publish()
            for alert in alarms.wait_for("ForksanNewBug") + alarms.wait_for("ForksanNewBugOnHosts"):
                say(f"    {alert['labels']['alertname']} ({alert['labels']['severity']}): "
                    f"{alert['annotations']['summary']}")

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
    return 0 if hosts_found == len(bad) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except processes.Failed as failure:
        sys.exit(f"demo: {failure}")
