#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan report says of each bug what was isolated, and who has connected anew."""

import json

from toolkit import check, finding, finish, json_report, log_of, run

MYSQL = {"peer": "127.0.0.1:3306"}


def isolated(number, action="isolated", **changes):
    return finding(id=f"{number:016x}", action=action, connection=MYSQL, **changes)


def reconnected(pid, peer="127.0.0.1:3306"):
    one = finding()
    return {"record": "process", "version": 1, "time": one["time"], "session": one["session"],
            "pid": pid, "ppid": 1, "comm": "gunicorn", "event": "reconnected",
            "counter": "reconnected", "times": 1, "text": f"connections opened anew: {peer}",
            "peer": peer}


def text(*records):
    result = run("report", "-", stdin=log_of(*records))
    return " ".join(result.stdout.split())


shown = text(isolated(1, repeat=211), isolated(2), reconnected(11), reconnected(12),
             reconnected(12), reconnected(13, "127.0.0.1:9999"))
check("isolated 212 times, 2 workers reconnected" in shown, "one line a bug", shown)
shown = text(isolated(1), isolated(2, "held-back", kind="foreign-goodbye"))
check("isolated 1 time, 0 workers reconnected; 1 goodbye held back" in shown, "goodbyes", shown)
shown = text(isolated(1, "would-isolate", repeat=10))
check("isolated would have been 10 times (dry run)" in shown, "a dry run", shown)
shown = text(isolated(1), isolated(2, "not-isolated"))
check("1 time there was no descriptor for it" in shown, "what failed", shown)
check("isolated" not in text(finding()), "warn mode says nothing of it")
check("isolated" not in text(isolated(1, "teleported")), "nor does an unknown action")

bug, = json_report(isolated(1, repeat=5), reconnected(11), reconnected(12))["bugs"]
check(bug["actions"] == {"isolated": 5} and bug["reconnected"] == [11, 12], "--json",
      json.dumps(bug.get("actions")))
bug, = json_report(finding())["bugs"]
check("actions" not in bug and "reconnected" not in bug, "--json without isolation")
check(json_report(isolated(1), reconnected(11))["blind"] == [], "a reconnect is no blind spot")
finish()
