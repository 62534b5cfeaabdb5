#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan attach under 50 000 forks and 100 000 connections: all are counted, as seen or as lost, and nothing is
found where nothing is shared."""

import attaching
from toolkit import check, finish

attaching.need()
FORKS, CONNECTIONS = 50000, 100000
log, result = attaching.attach(attaching.program(), "storm", str(FORKS), str(CONNECTIONS), timeout=110)
counters = [record for record in log.records if record["record"] == "summary"][-1]["counters"]
print(result.stderr)
check(result.returncode == 0, "exit status 0", result.returncode)
check(attaching.kinds(log) == [], "nothing is found", attaching.kinds(log))
# The server is one more process, and the program itself.
check(counters["forks"] + counters["lost_processes"] >= FORKS + 1, "each fork is counted", counters)
check(counters["connections_watched"] + counters["lost_connections"] >= CONNECTIONS, "each connection is counted",
      counters)
# A stack that could not be kept takes nothing from what was judged.
lost = {name: value for name, value in counters.items()
        if name.startswith("lost_") and name != "lost_stacks" and value}
check(("complete: true" in result.stderr) == (not lost), "complete only where nothing is lost", lost, result.stderr)
finish()
