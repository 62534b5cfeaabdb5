#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs a test suite under forksan, for CI: fails when the suite does, when a bug is found that the baseline
# does not have, or when nothing was watched.
#
#     run-tests.sh CMD [ARGUMENT...]
#
# FORKSAN_DIRECTORY  where it writes findings.jsonl, forksan.sarif and forksan.txt (default: forksan)
# FORKSAN_BASELINE   a log of an earlier run; its bugs are known.  None there: every bug is new.
# FORKSAN_FAIL_ON    notice, hazard or violation (default: hazard)
#
# Exit status: the suite's when that is not 0; else of `forksan report`: 66 new bugs, 67 nothing was watched or
# something was missed.
set -u
[ $# -gt 0 ] || {
	echo "usage: run-tests.sh CMD [ARGUMENT...]" >&2
	exit 2
}
directory=${FORKSAN_DIRECTORY:-forksan}
log=$directory/findings.jsonl
mkdir -p "$directory" && rm -f "$log" "$directory/status" || exit 2

# The status of `forksan run` is its verdict, which knows of no baseline; the suite's own is written down.
# shellcheck disable=SC2016 # for the inner shell
forksan run -q -o "$log" -- sh -c '"$@"; echo $? >"$0"' "$directory/status" "$@"
status=$?
suite=$(cat "$directory/status" 2>/dev/null || echo "$status")

set -- --fail-on "${FORKSAN_FAIL_ON:-hazard}"
if [ -n "${FORKSAN_BASELINE:-}" ] && [ -e "$FORKSAN_BASELINE" ]; then
	set -- "$@" --baseline "$FORKSAN_BASELINE"
fi
forksan report "$@" --sarif "$log" >"$directory/forksan.sarif"
forksan report "$@" "$log" >"$directory/forksan.txt"
found=$?
cat "$directory/forksan.txt"
[ "$suite" -ne 0 ] && exit "$suite"
exit "$found"
