#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A client that works in a thread of its own, paho, is dead in a forked child before anybody uses it there: the
notice says so, in the log, on standard error and in the report; and says nothing of threads where there are none."""

import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import forksan_log
import servers
import toolkit
from toolkit import check, run

os.chdir(toolkit.ROOT)
PROGRAM = r"""
import os, select, sys, threading, time
import paho.mqtt.client as mqtt
connected, published = threading.Event(), threading.Event()
client = mqtt.Client()
client.on_connect = lambda *_: connected.set()
client.on_publish = lambda *_: published.set()
client.connect("127.0.0.1", int(sys.argv[1]))
threads = len(sys.argv) > 2
if threads:
    client.loop_start()
    assert connected.wait(20)
else:
    while not connected.is_set():
        client.loop(0.1)
child = os.fork()
if child == 0:
    sent = threads and client.publish("from/child", "hello")
    select.select([], [], [], 0)
    os._exit(published.wait(0.5) if threads else 0)  # nobody sends it
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, "the child's message went out"
"""

with servers.mosquitto() as broker, toolkit.Directory() as directory:
    program = toolkit.write(os.path.join(directory, "program.py"), PROGRAM)
    log = os.path.join(directory, "log")
    command = ["/usr/bin/python3", program, str(broker.port)]

    def findings(*arguments):
        result = run("run", "-o", log, "--", *command, *arguments, env=forksan_log.bare_env())
        check(result.returncode == 0, "the program ends well", result.returncode, result.stderr)
        with open(log, encoding="utf-8") as file:
            records = [json.loads(line) for line in file]
        session = records[-1]["session"]
        found = [r for r in records if r["record"] == "finding" and r["session"] == session]
        check(found, "there is a finding", records)
        return found, " ".join(result.stderr.split())

    found, shown = findings("threads")
    check({finding.get("threads_at_fork") for finding in found} == {2}, "the log has the number", found)
    check({finding["connection"]["protocol"] for finding in found} == {"MQTT"}, "of the broker's connection", found)
    sentence = "the process that forked had 2, its child has one"
    check(sentence in shown, "the report says so", shown)
    check("paho: dead in the child, used or not" in shown, "and what that means for paho", shown)
    check("nothing is wrong" not in shown, "no comfort", shown)
    result = run("run", "--", *command, "threads", env=forksan_log.bare_env())
    block = [line for line in result.stderr.splitlines() if line.startswith("==") or line.startswith("SUMMARY")]
    check(any(sentence in line for line in block), "standard error says so", result.stderr)
    check(len(block) <= 12, "in 12 lines", block)

    found, shown = findings()
    check(all("threads_at_fork" not in finding for finding in found), "a program of one thread", found)
    check("its child has one" not in shown and "dead in the child" not in shown, "has none that are dead", shown)

toolkit.finish()
