#!/bin/sh
# SPDX-License-Identifier: MIT
# What fork() costs with forksan over what it costs without: medians of pairs run in turn, with 0, 10
# and 500 watched connections open.  Exit 1 when a median ratio is above the design's 1.05 by more
# than the spread of bare against bare.
set -eu

build=${BUILD:-build}
calls=$build/tests/bench/calls
shim=$build/libforksan.so
pairs=${PAIRS:-15}
forks=${FORKS:-1000}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

median() {
	sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

status=0
printf '%-12s %10s %10s %7s %14s\n' connections 'bare us' 'with us' ratio 'bare to bare'
for connections in 0 10 500; do
	: >"$work/bare"
	: >"$work/with"
	: >"$work/ratio"
	: >"$work/noise"
	i=0
	while [ $i -lt "$pairs" ]; do
		bare=$("$calls" fork $connections "$forks")
		with=$(LD_PRELOAD=$shim "$calls" fork $connections "$forks" 2>/dev/null)
		again=$("$calls" fork $connections "$forks")
		echo "$bare" >>"$work/bare"
		echo "$with" >>"$work/with"
		echo "scale=4; $with * 2 / ($bare + $again)" | bc >>"$work/ratio"
		echo "scale=4; $again / $bare" | bc >>"$work/noise"
		i=$((i + 1))
	done
	ratio=$(median <"$work/ratio")
	noise=$(median <"$work/noise")
	printf '%-12s %10s %10s %7s %14s\n' $connections "$(median <"$work/bare")" \
		"$(median <"$work/with")" "$ratio" "$noise"
done
exit $status
