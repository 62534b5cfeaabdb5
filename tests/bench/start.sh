#!/bin/sh
# SPDX-License-Identifier: MIT
# What the start of a program costs: /bin/true by posix_spawn(), from its start to its end, over the
# same bare.  Medians of PAIRS (60) rounds run in turn, of STARTS (25) starts each.  "empty" is a
# preloaded library without anything, which is what no preload can go below.  First the launcher is
# bare, then the launcher is in a session itself.  Prints; judges nothing: these are microseconds.
# The library is a copy, as an installed one is: of a file that the linker wrote, each start takes
# 12 us more, since the kernel keeps it in smaller pieces.
set -eu

build=${BUILD:-build}
calls=$build/tests/bench/calls
pairs=${PAIRS:-60}
starts=${STARTS:-25}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
shim=$work/libforksan.so
cp "$build/libforksan.so" "$shim"
echo 'int nothing;' >"$work/empty.c"
"${CC:-cc}" -shared -fPIC -o "$work/empty.so" "$work/empty.c"

median() {
	sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

row() { # NAME, the launcher's library for each of the three columns
	name=$1
	: >"$work/bare"
	: >"$work/empty"
	: >"$work/with"
	i=0
	while [ $i -lt "$pairs" ]; do
		LD_PRELOAD=$2 "$calls" spawn A=b "$starts" >>"$work/bare"
		LD_PRELOAD=$3 "$calls" spawn "LD_PRELOAD=$work/empty.so" "$starts" >>"$work/empty"
		FORKSAN_OPTIONS=log_path=/dev/null LD_PRELOAD=$4 \
			"$calls" spawn "LD_PRELOAD=$shim" "$starts" >>"$work/with"
		i=$((i + 1))
	done
	echo "$name $(median "$work/bare") $(median "$work/empty") $(median "$work/with")" | awk '{
		printf "%-12s %9.1f %9.1f %9.1f %7.2f %7.2f\n", $1, $2, $3, $4, $3 / $2, $4 / $2 }'
}

printf '%-12s %9s %9s %9s %7s %7s\n' launcher 'bare us' 'empty us' 'with us' empty ratio
row bare '' '' ''
row 'in-a-session' '' "$work/empty.so" "$shim"
