#!/bin/sh
# SPDX-License-Identifier: MIT
# Instructions that forksan adds to a call, counted by callgrind: the difference of two run lengths,
# preloaded minus bare.  Exit 1 when a limit of the design is exceeded.  While another process holds
# the connection the opener's calls are noted (docs/decisions/0011), and once two have used it its
# messages are parsed; the limits for that only catch a slip.  storm: half a violation, since two
# processes make them in turn and one is counted; all but the first few are repeats.
set -eu

build=${BUILD:-build}
calls=$build/tests/bench/calls
shim=$build/libforksan.so
work=$(mktemp -d)
trap 'rm -rf "$work" "/dev/shm/forksan-$(id -u)/$(printf %016x $$)"' EXIT
few=1000
many=11000

count() { # PRELOAD KIND CALL N -> instructions of the main process
	rm -f "$work"/out.*
	# A session of its own name: without one, the start looks through the user's others, which varies.
	session=$(printf '%016x' $$)
	rm -f "/dev/shm/forksan-$(id -u)/$session"
	FORKSAN_OPTIONS=session=$session LD_PRELOAD=$1 valgrind --tool=callgrind --callgrind-out-file="$work/out.%p" \
		"$calls" "$2" "$3" "$4" >"$work/log" 2>&1 &
	pid=$!
	wait "$pid" || { cat "$work/log" >&2; exit 1; }
	sed -n 's/^totals: //p' "$work/out.$pid"
}

per_call() { # PRELOAD KIND CALL
	a=$(count "$1" "$2" "$3" $few)
	b=$(count "$1" "$2" "$3" $many)
	echo "scale=1; ($b - $a) / ($many - $few)" | bc
}

status=0
printf '%-10s %-6s %8s %10s %7s %6s\n' kind call bare preloaded added limit
while read -r kind call limit; do
	bare=$(per_call '' "$kind" "$call")
	with=$(per_call "$shim" "$kind" "$call")
	added=$(echo "$with - $bare" | bc)
	verdict=ok
	if [ "$(echo "$added > $limit" | bc)" = 1 ]; then
		verdict=TOO-MUCH
		status=1
	fi
	printf '%-10s %-6s %8s %10s %7s %6s %s\n' "$kind" "$call" "$bare" "$with" "$added" "$limit" \
		"$verdict"
done <<TABLE
unwatched send 10
unwatched recv 10
unwatched write 10
unwatched sendmsg 22
own send 30
own recv 30
own write 30
own sendmsg 34
inherited send 600
inherited recv 600
inherited write 600
shared send 6000
storm 0 4500
TABLE
exit $status
