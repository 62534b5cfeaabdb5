#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks log files, all lines of them, against docs/log.schema.json.

    validate_log.py FILE...

Prints a line for each fault (the first 20) and exits with 1 when there is any.
UTF-8 is decoded strictly.  An empty line is a bad one.
"""

import json
import os
import sys

import jsonschema

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def complaints(path, validator):
    with open(path, "rb") as log:
        for number, line in enumerate(log, 1):
            if line == b"\n":
                continue
            try:
                if not line.endswith(b"\n"):
                    raise ValueError("cut")
                record = json.loads(line.decode("utf-8", errors="strict"))
            except ValueError as error:
                yield f"{path}:{number}: {error}: {line[:200]!r}"
                continue
            for error in validator.iter_errors(record):
                where = "/".join(str(part) for part in error.absolute_path)
                yield f"{path}:{number}: {where}: {error.message[:200]}"


def main():
    with open(os.path.join(ROOT, "docs", "log.schema.json"), encoding="utf-8") as schema:
        validator = jsonschema.Draft202012Validator(json.load(schema))
    bad = [line for path in sys.argv[1:] for line in complaints(path, validator)]
    for line in bad[:20]:
        print(line)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
