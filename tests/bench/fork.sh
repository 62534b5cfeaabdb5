#!/bin/sh
# SPDX-License-Identifier: MIT
# What fork(), _exit() and wait cost with forksan over what they cost without: medians of PAIRS (15) pairs
# run in turn, of FORKS (300) forks each, with 0, 10 and 500 watched connections open, and beside them
# an empty preloaded library, which is what no tool can go below.  First a C program that does nothing
# else, then a Python interpreter.  Prints; judges nothing: these are microseconds.
set -eu

build=${BUILD:-build}
calls=$build/tests/bench/calls
shim=$build/libforksan.so
pairs=${PAIRS:-15}
forks=${FORKS:-300}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
echo 'int nothing;' >"$work/empty.c"
"${CC:-cc}" -shared -fPIC -o "$work/empty.so" "$work/empty.c"
cat >"$work/forks.py" <<'PYTHON'
import os, socket, sys, time
listener = socket.create_server(("127.0.0.1", 0))
held = []
for _ in range(int(sys.argv[1])):
    held.append(socket.create_connection(listener.getsockname()))
    held[-1].sendall(b"*1\r\n$4\r\nPING\r\n")
begin = time.perf_counter()
for _ in range(int(sys.argv[2])):
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
print("%.3f" % ((time.perf_counter() - begin) * 1e6 / int(sys.argv[2])))
PYTHON

median() {
	sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

row() { # NAME CONNECTIONS COMMAND...
	name=$1
	connections=$2
	shift 2
	: >"$work/bare"
	: >"$work/empty"
	: >"$work/with"
	: >"$work/ratio"
	i=0
	while [ $i -lt "$pairs" ]; do
		bare=$("$@")
		empty=$(LD_PRELOAD=$work/empty.so "$@")
		with=$(FORKSAN_OPTIONS=log_path=/dev/null LD_PRELOAD=$shim "$@")
		echo "$bare" >>"$work/bare"
		echo "$empty" >>"$work/empty"
		echo "$with" >>"$work/with"
		echo "$with $bare" | awk '{ print $1 / $2 }' >>"$work/ratio"
		i=$((i + 1))
	done
	printf '%-8s %11s %9s %9s %9s %7s\n' "$name" "$connections" "$(median "$work/bare")" \
		"$(median "$work/empty")" "$(median "$work/with")" "$(median "$work/ratio")"
}

printf '%-8s %11s %9s %9s %9s %7s\n' program connections 'bare us' 'empty us' 'with us' ratio
for connections in 0 10 500; do
	row C $connections "$calls" fork $connections "$forks"
done
for connections in 0 10; do
	row Python $connections "${PYTHON:-/usr/bin/python3}" "$work/forks.py" $connections "$forks"
done
