#!/bin/sh
# SPDX-License-Identifier: MIT
# System calls that forksan adds to what is rare and must not become dear: the difference of two run
# lengths, preloaded minus bare, all processes together, counted by strace.  "empty" is a preloaded
# library without anything: what the loader does for any.  Exit 1 when a limit is exceeded.
set -eu

# Programs look through the sessions of their user: a /dev/shm of its own has those of this test alone.
if [ "$(id -u)" = 0 ] && [ -z "${FORKSAN_PRIVATE:-}" ] && unshare -m true 2>/dev/null; then
	# shellcheck disable=SC2016 # the inner shell expands
	exec env FORKSAN_PRIVATE=1 unshare -m --propagation private sh -c \
		'mount -t tmpfs -o mode=1777,size=1g t /dev/shm && exec "$0"' "$0"
fi

build=${BUILD:-build}
calls=$build/tests/bench/calls
shim=$(realpath "$build/libforksan.so")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 'int nothing;' >"$work/empty.c"
"${CC:-cc}" -shared -fPIC -o "$work/empty.so" "$work/empty.c"
few=12 # a finding is written at its 1st, 10th and 100th time
many=32

count() { # PRELOAD KIND CONNECTIONS N -> system calls
	preload=$1
	connections=$3
	if [ "$2" = spawn ]; then # only the program that is started is preloaded
		preload=
		connections=LD_PRELOAD=$1
	fi
	# A session of its own for each, the program's; strace itself is not preloaded.
	strace -qq -f -o "$work/trace" -E LD_PRELOAD="$preload" -E FORKSAN_OPTIONS=log_path=/dev/null \
		"$calls" "$2" "$connections" "$4" >"$work/log" 2>&1 ||
		{ cat "$work/log" >&2; exit 1; }
	grep -c '^[0-9]* *[a-z_0-9]*(' "$work/trace"
}

per_action() { # PRELOAD KIND CONNECTIONS
	a=$(count "$1" "$2" "$3" $few)
	b=$(count "$1" "$2" "$3" $many)
	echo "scale=1; ($b - $a) / ($many - $few)" | bc
}

status=0
printf '%-8s %11s %8s %8s %10s %7s %6s\n' action connections bare empty preloaded added limit
while read -r kind connections limit; do
	bare=$(per_action '' "$kind" "$connections")
	empty=$(per_action "$work/empty.so" "$kind" "$connections")
	with=$(per_action "$shim" "$kind" "$connections")
	added=$(echo "$with - $bare" | bc)
	verdict=ok
	if [ "$(echo "$added > $limit" | bc)" = 1 ]; then
		verdict=TOO-MANY
		status=1
	fi
	printf '%-8s %11s %8s %8s %10s %7s %6s %s\n' "$kind" "$connections" "$bare" "$empty" "$with" \
		"$added" "$limit" "$verdict"
done <<TABLE
connect 0 5
epoll 0 1
spawn 0 16
fork 0 6
fork 1 6
worker 200 50
exec 0 30
exec 1 112
exec 50 228
aged 300 30
TABLE

# A process's first finding, with three stacks: from the end of the call that is reported to the
# process's next one.  Counted as of a log in a directory of the root: each further one on the log's way
# is two calls.
strace -qq -f -o "$work/trace" -E LD_PRELOAD="$shim" -E FORKSAN_OPTIONS="log_path=$work/records" \
	"$calls" shared send 1 >"$work/log" 2>&1
reporter=$(awk '/write\([0-9]+, "r", 1/ { print $1; exit }' "$work/trace")
first=$(grep "^$reporter " "$work/trace" | awk '/ sendto\(/ { on = 1; next } /"r", 1/ { exit } on' |
	grep -c '^[0-9]* *[a-z_0-9]*(')
first=$((first - 2 * ($(echo "$work" | tr -dc / | wc -c) - 1)))
records=$(grep -c "\"pid\":$reporter,.*\"frames\"" "$work/records")
limit=33
verdict=ok
if [ "$first" -gt $limit ] || [ "$records" -lt 3 ]; then
	verdict="TOO-MANY, of $records stacks"
	status=1
fi
echo "finding: $first, limit $limit $verdict"

# Page faults of a fork, parent and child, over the empty library: medians, since the addresses of
# the stack, which differ from run to run, make one or two.
faults() { # PRELOAD CONNECTIONS
	for _ in 1 2 3 4 5 6 7; do
		LD_PRELOAD=$1 FORKSAN_OPTIONS=log_path=/dev/null "$calls" fork "$2" 100
	done | awk '{ print $3 }' | sort -n | sed -n 4p
}
limit=3
for connections in 0 10; do
	added=$(echo "$(faults "$shim" $connections) - $(faults "$work/empty.so" $connections)" | bc)
	verdict=ok
	if [ "$(echo "$added > $limit" | bc)" = 1 ]; then
		verdict=TOO-MANY
		status=1
	fi
	echo "page faults of a fork with $connections connections: $added, limit $limit $verdict"
done
exit $status
