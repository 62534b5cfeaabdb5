#!/bin/sh
# SPDX-License-Identifier: MIT
# Knowledge flows one way.  Each line: files | headers of shim/ that they may include.
set -eu
status=0

complain() {
	echo "$1"
	status=1
}

# Names in quotes that a file includes.
includes() {
	sed -n 's/^#include "\(.*\)"/\1/p' "$1"
}

for file in tools/*.c tools/*.h; do
	for header in $(includes "$file"); do
		case $header in
		forksan/*) [ -f "include/$header" ] || complain "$file: no include/$header" ;;
		*) [ -f "tools/$header" ] || complain "$file includes $header: tools/ and include/ only" ;;
		esac
	done
done

# The pure modules know no process, no socket, no errno and no system call.
for file in shim/lineage.c shim/wire/*.c shim/evidence*.c shim/json.c shim/text.c; do
	[ -f "$file" ] || continue
	for header in $(includes "$file"); do
		case $header in
		sys.h | process.h | registry.h | fdtable.h | track.h | real.h | finding.h | report*.h | init.h | options.h)
			complain "$file includes $header: it is a pure module" ;;
		esac
	done
	if grep -nE '#include <(errno|sys/socket|sys/syscall|unistd|pthread|stdio|stdlib)\.h>' "$file"; then
		complain "$file: a pure module needs none of these"
	fi
done

# A callee never calls up: wrappers > track, use > finding > report > json, text.
up() { # headers... -- files...
	headers=
	while [ "$1" != -- ]; do
		headers="$headers|$1"
		shift
	done
	shift
	for file; do
		[ -f "$file" ] || continue
		for header in $(includes "$file"); do
			case "$headers|" in
			*"|$header|"*) complain "$file includes $header, which is a layer above it" ;;
			esac
		done
	done
}
up real.h init.h track.h finding.h -- shim/registry*.c shim/process.c shim/report*.c shim/stack*.c \
	shim/module*.c shim/user.c shim/json.c shim/text.c shim/options*.c shim/address.c
up real.h init.h -- shim/finding.c
up init.h -- shim/track*.c shim/use.c

# Nothing inside the host allocates, prints with stdio, or locks.
if grep -nE '^[^*]*(^|[^_a-z>.])(malloc|calloc|realloc|free|printf|fprintf|snprintf|pthread_mutex_[a-z]+)\(' \
	shim/*.c shim/wire/*.c; then
	complain "the shim neither allocates, nor uses stdio, nor locks"
fi
exit $status
