#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What `forksan attach` costs redis-benchmark: with everything on the machine watched (--all), and with another
process watched (--tree), against nothing watched, in turn.

    tests/bench/attach.py [ROUNDS [REQUESTS]]

A round's cost is the processor time of client and server together for each request, so that a busy machine
changes little; the ratio is that of nothing watched to watched, the median and the quartiles of all rounds.  The
kernel's own clock (kernel.bpf_stats_enabled) gives the time of each call of the programs, its two readings of the clock
included.  Needs root.
"""

import json
import os
import resource
import statistics
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "support"), os.path.join(HERE, "..", "attach")]

import attaching
import servers

STATS = "/proc/sys/kernel/bpf_stats_enabled"
TESTS = ("ping_mbulk", "get", "set")


def processor_ns(pid):
    with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[0])


def cost(redis, requests):
    """Processor time of server and client in ns a request."""
    before = processor_ns(redis.process.pid), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(["redis-benchmark", "-h", "127.0.0.1", "-p", str(redis.port), "-n", str(requests), "-c", "20", "-q", "-t",
                    ",".join(TESTS)], stdout=subprocess.DEVNULL, check=True)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    client = used.ru_utime + used.ru_stime - before[1].ru_utime - before[1].ru_stime
    return (processor_ns(redis.process.pid) - before[0] + client * 1e9) / (requests * len(TESTS))


def programs():
    """Calls and their time of each program in the kernel: {name: (calls, ns)}."""
    shown = json.loads(subprocess.run(["bpftool", "prog", "show", "-j"], capture_output=True, check=True).stdout)
    return {each["name"]: (each.get("run_cnt", 0), each.get("run_time_ns", 0)) for each in shown
            if each.get("name") in ("on_send", "on_recv")}


class Watched:
    def __init__(self, *arguments):
        self.attached = attaching.Attached(*arguments) if arguments else None
        if self.attached:
            self.attached.wait_until_watching()

    def leave(self):
        if self.attached:
            self.attached.leave()


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 9
    requests = int(sys.argv[2]) if len(sys.argv) > 2 else 30000
    attaching.need()
    other = subprocess.Popen(["sleep", "100000"])
    ways = {"nothing": (), "--all": ("--all",), "--tree": ("--tree", str(other.pid))}
    costs = {way: [] for way in ways}
    with servers.redis() as redis:
        for _ in range(rounds):
            for way, arguments in ways.items():
                watched = Watched(*arguments)
                costs[way].append(cost(redis, requests))
                watched.leave()
        print(f"{rounds} rounds of {requests} requests of each of {', '.join(TESTS)}, 20 connections")
        print("| watched | ns of processor a request, median | ratio: median | quartiles |\n| --- | --- | --- | --- |")
        for way, each in costs.items():
            ratios = [plain / with_it for plain, with_it in zip(costs["nothing"], each)]
            low, middle, high = statistics.quantiles(ratios, n=4)
            print(f"| {way} | {statistics.median(each):.0f} | {middle:.3f} | {low:.3f} to {high:.3f} |")
        with open(STATS, "r+", encoding="ascii") as file:
            before = file.read()
            file.seek(0)
            file.write("1")
        try:
            print("\n| watched | send: calls, ns each | receive: calls, ns each |\n| --- | --- | --- |")
            for way in ("--all", "--tree"):
                watched = Watched(*ways[way])
                cost(redis, requests)
                counted = programs()
                watched.leave()
                print(f"| {way} | " + " | ".join(f"{counted[name][0]}, {counted[name][1] / max(1, counted[name][0]):.0f}"
                                                 for name in ("on_send", "on_recv")) + " |")
        finally:
            with open(STATS, "w", encoding="ascii") as file:
                file.write(before)
    other.kill()
    other.wait()


main()
