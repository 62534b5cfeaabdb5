#!/bin/sh
# SPDX-License-Identifier: MIT
# Seeds for fuzz_log_read: the golden logs, line by line, so that findings come whole.
#
#     seeds_log_read.sh DIRECTORY
set -eu
mkdir -p "$1"
number=0
for log in "$(dirname "$0")"/../golden/*.jsonl; do
	while IFS= read -r line; do
		number=$((number + 1))
		printf '%s\n' "$line" >"$1/line$number"
	done <"$log"
done
