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

for file in tools/*.c tools/*/*.[ch]; do
	for header in $(includes "$file"); do
		case $header in
		forksan/*) [ -f "include/$header" ] || complain "$file: no include/$header" ;;
		common/*) [ -f "shim/$header" ] || complain "$file: no shim/$header" ;;
		*) [ -f "tools/$header" ] || complain "$file includes $header: tools/ and include/ only" ;;
		esac
	done
done

# The pure modules know no process, no socket, no errno and no system call.
for file in shim/judge/lineage.c shim/wire/*.c shim/judge/*.c shim/base/json.c shim/base/text.c; do
	[ -f "$file" ] || continue
	for header in $(includes "$file"); do
		case $header in
		base/sys.h | process/* | registry/* | track/* | entry/* | report/* | options/*)
			complain "$file includes $header: it is a pure module" ;;
		esac
	done
	if grep -nE '#include <(errno|sys/socket|sys/syscall|unistd|pthread|stdio|stdlib)\.h>' "$file"; then
		complain "$file: a pure module needs none of these"
	fi
done

# Nothing inside the host allocates, prints with stdio, or locks.
if grep -nE '^[^*]*(^|[^_a-z>.])(malloc|calloc|realloc|free|printf|fprintf|snprintf|pthread_mutex_[a-z]+)\(' \
	shim/*/*.c; then
	complain "the shim neither allocates, nor uses stdio, nor locks"
fi
exit $status
