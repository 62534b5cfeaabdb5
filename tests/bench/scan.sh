#!/bin/bash
# SPDX-License-Identifier: MIT
# What one look of forksan scan costs with 2 000 forked processes that hold one connection and 100 000
# descriptors, with the kernel's iterators and by /proc alone: the CPU time of all its processes, and the
# time by the clock, which means something on a quiet machine or as `chrt -f 5 tests/bench/scan.sh`.  The
# goals are 0.2 s and 1 s.
set -eu
build=${BUILD:-build}
coproc HOLDERS { "$build/tests/bench/holders" 2000 48; }
holders=$HOLDERS_PID
trap 'kill "$holders" 2>/dev/null || true' EXIT
read -r -t 60 -u "${HOLDERS[0]}" _
TIMEFORMAT='%R %U %S'
for way in '' --no-bpf; do
	for _ in $(seq 15); do
		{ time "$build/forksan" scan --json ${way:+"$way"} >"$build/tests/bench/scan.json"; } 2>&1
	done | sort -n | awk -v way="$way" '{ wall[NR] = $1; sum = $2 + $3; if (NR == 1 || sum < best) best = sum }
		END { printf "forksan scan %s: %.2f s of CPU, the least of %d; by the clock %.2f s, the median %.2f\n",
			way, best, NR, wall[1], wall[int((NR + 1) / 2)] }'
	tail -n 1 "$build/tests/bench/scan.json"
done
