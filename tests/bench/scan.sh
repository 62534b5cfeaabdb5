#!/bin/bash
# SPDX-License-Identifier: MIT
# What one look of forksan scan costs with 2 000 forked processes that hold one connection and 100 000
# descriptors: the CPU time of all its processes, with the kernel's iterators and by /proc alone.  The
# goals are 0.2 s and 1 s.
set -eu
build=${BUILD:-build}
coproc HOLDERS { "$build/tests/bench/holders" 2000 48; }
holders=$HOLDERS_PID
trap 'kill "$holders" 2>/dev/null || true' EXIT
read -r -t 60 -u "${HOLDERS[0]}" _
TIMEFORMAT='%U %S'
for way in '' --no-bpf; do
	for _ in 1 2 3 4 5; do
		{ time "$build/forksan" scan --json ${way:+"$way"} >"$build/tests/bench/scan.json"; } 2>&1
	done | awk -v way="$way" '{ sum = $1 + $2; if (!n++ || sum < best) best = sum }
		END { printf "forksan scan %s: %.2f s of CPU, the best of %d\n", way, best, n }'
	tail -n 1 "$build/tests/bench/scan.json"
done
