#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a container's command under forksan: put this in front of its ENTRYPOINT or command.
#
#     entrypoint.sh CMD [ARGUMENT...]
#
# FORKSAN_LOG        a file, or a directory for findings.jsonl.  Without it, or where it cannot be written,
#                    the findings are text on stderr, for the container's log.
# FORKSAN_OPTIONS    further options
#
# It works with a read-only root, as any user, with a /dev/shm of 64 KiB, and in front of an entry point that
# starts as root and becomes another user: the log is opened before that.  Nothing that goes wrong here keeps
# the command from starting.
if [ $# -eq 0 ]; then
	echo "entrypoint.sh: expected a command" >&2
	exit 2
fi
here=$(cd "$(dirname "$0")" && pwd)
library=$here/libforksan.so
log=${FORKSAN_LOG:-}
[ -d "$log" ] && log=$log/findings.jsonl

say() {
	echo "entrypoint.sh: $*" >&2
}

if [ ! -r "$library" ]; then
	say "no $library: not watched"
	exec "$@"
fi
if [ -n "$log" ] && ! (: >>"$log") 2>/dev/null; then
	say "$log cannot be written: findings go to stderr"
	log=
fi
if [ -n "$log" ]; then
	# shellcheck disable=SC2089 # the library reads the quotes: a path may have a colon
	FORKSAN_OPTIONS="log_path=\"$log\"${FORKSAN_OPTIONS:+:$FORKSAN_OPTIONS}"
	# shellcheck disable=SC2090
	export FORKSAN_OPTIONS
fi
LD_PRELOAD=$library${LD_PRELOAD:+:$LD_PRELOAD}
export LD_PRELOAD
exec "$@"
