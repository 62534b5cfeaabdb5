#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs one fuzz target for FUZZ_SECONDS (20) over its corpus: what tests/fuzz/seeds_NAME.sh makes, what
# stands in tests/fuzz/corpus/NAME, and what earlier runs found (kept in the build directory).  A crash
# is left there too, and the exit status is 1.
#
#     tests/fuzz/run.sh TARGET
set -eu
target=$1
name=$(basename "$target" | sed 's/^fuzz_//')
here=$(dirname "$0")
work=${BUILD:-build}/tests/fuzz/work/$name
seconds=${FUZZ_SECONDS:-20}
mkdir -p "$work/corpus" "$work/crashes"

if [ -x "$here/seeds_$name.sh" ]; then
	"$here/seeds_$name.sh" "$work/seeds" >/dev/null
else
	mkdir -p "$work/seeds"
fi
set -- "$work/corpus" "$work/seeds"
[ -d "$here/corpus/$name" ] && set -- "$@" "$here/corpus/$name"
[ -f "$here/$name.dict" ] && set -- "$@" "-dict=$here/$name.dict"

echo "$name: $seconds s"
"$target" "$@" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 \
	-artifact_prefix="$work/crashes/" -print_final_stats=1 >"$work/log" 2>&1 || {
	tail -40 "$work/log"
	echo "crash kept in $work/crashes"
	exit 1
}
sed -n 's/^stat::number_of_executed_units: */  executed: /p' "$work/log"
