#!/bin/sh
# SPDX-License-Identifier: MIT
# The rooms that judge are pure, and nothing of the shim does what may not be done inside a host.  Who
# may include whom is layers.py's.
set -eu
status=0

warn() {
	echo "$1"
	status=1
}

# The pure modules know no process, no socket, no errno and no system call.
for file in shim/common/*.c shim/judge/*.c shim/wire/*.c shim/base/json.c shim/base/text.c; do
	if grep -nE '#include <(errno|sys/socket|sys/syscall|unistd|pthread|stdio|stdlib)\.h>' "$file"; then
		warn "$file: a pure module needs none of these"
	fi
done

# Nothing inside the host allocates, prints with stdio, or locks.
if grep -nE '^[^*]*(^|[^_a-z>.])(malloc|calloc|realloc|free|printf|fprintf|snprintf|pthread_mutex_[a-z]+)\(' \
	shim/*/*.c; then
	warn "the shim neither allocates, nor uses stdio, nor locks"
fi
exit $status
