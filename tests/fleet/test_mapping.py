#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""contrib/fleet/mapping.json: each field is one of the log's, and each name is used once."""

import json
import os
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def names_of(schema):
    """All names of properties in the schema, wherever they stand."""
    found = set()
    if isinstance(schema, dict):
        found |= set(schema.get("properties", {}))
        for part in schema.values():
            found |= names_of(part)
    elif isinstance(schema, list):
        for part in schema:
            found |= names_of(part)
    return found


def main():
    with open(os.path.join(ROOT, "contrib", "fleet", "mapping.json"), encoding="utf-8") as file:
        fields = json.load(file)["fields"]
    with open(os.path.join(ROOT, "docs", "log.schema.json"), encoding="utf-8") as file:
        known = names_of(json.load(file))
    wrong = [row["field"] for row in fields if not row["field"].startswith("labels.") and
             not set(row["field"].split(".")) <= known]
    twice = [name for key in ("field", "otel", "ecs") for name in {row[key] for row in fields}
             if [row[key] for row in fields].count(name) > 1]
    wanted = {"host.name", "service.name", "service.version", "container.id", "process.pid",
              "exception.stacktrace"} - {row["otel"] for row in fields}
    for directory in ("examples", "."):
        for name in os.listdir(os.path.join(ROOT, "contrib", "fleet", directory)):
            if name.endswith(".json"):
                with open(os.path.join(ROOT, "contrib", "fleet", directory, name),
                          encoding="utf-8") as file:
                    json.load(file)
    print(f"not in the log: {wrong}; twice: {twice}; not named: {sorted(wanted)}")
    return 1 if wrong or twice or wanted else 0


if __name__ == "__main__":
    sys.exit(main())
