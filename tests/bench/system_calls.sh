#!/bin/sh
# SPDX-License-Identifier: MIT
# System calls that forksan adds to what is rare and must not become dear: the difference of two run
# lengths, preloaded minus bare, all processes together, counted by strace.  Exit 1 when a limit is
# exceeded.
set -eu

build=${BUILD:-build}
calls=$build/tests/bench/calls
shim=$(realpath "$build/libforksan.so")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
few=5
many=25

count() { # PRELOAD KIND CONNECTIONS N -> system calls
	# A session of its own for each, the program's; strace itself is not preloaded.
	strace -qq -f -o "$work/trace" -E LD_PRELOAD="$1" -E FORKSAN_OPTIONS=log_path=/dev/null \
		"$calls" "$2" "$3" "$4" >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
	grep -c '^[0-9]* *[a-z_0-9]*(' "$work/trace"
}

per_action() { # PRELOAD KIND CONNECTIONS
	a=$(count "$1" "$2" "$3" $few)
	b=$(count "$1" "$2" "$3" $many)
	echo "scale=1; ($b - $a) / ($many - $few)" | bc
}

status=0
printf '%-8s %11s %8s %10s %7s %6s\n' action connections bare preloaded added limit
while read -r kind connections limit; do
	bare=$(per_action '' "$kind" "$connections")
	with=$(per_action "$shim" "$kind" "$connections")
	added=$(echo "$with - $bare" | bc)
	verdict=ok
	if [ "$(echo "$added > $limit" | bc)" = 1 ]; then
		verdict=TOO-MANY
		status=1
	fi
	printf '%-8s %11s %8s %10s %7s %6s %s\n' "$kind" "$connections" "$bare" "$with" "$added" \
		"$limit" "$verdict"
done <<TABLE
connect 0 6
fork 0 7
fork 1 10
exec 0 86
exec 1 118
exec 50 380
TABLE
exit $status
