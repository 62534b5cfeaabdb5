#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs one fuzz target for FUZZ_SECONDS (20) over its corpus: what wire_seeds.py or seeds_NAME.sh
# makes, what stands in tests/fuzz/corpus/NAME (inputs that once failed), and what earlier runs found
# (kept in the build directory).  A crash is left there too, and the exit status is 1.
#
#     tests/fuzz/run.sh TARGET
set -eu
target=${1:?usage: run.sh TARGET}
name=$(basename "$target" | sed 's/^fuzz_//')
here=$(dirname "$0")
work=${BUILD:-build}/tests/fuzz/work/$name
seconds=${FUZZ_SECONDS:-20}
mkdir -p "$work/corpus" "$work/crashes" "$work/seeds"

case $name in
wire_* | evidence)
	"${PYTHON:-/usr/bin/python3}" "$here/wire_seeds.py" "$name" "$work/seeds"
	;;
*)
	[ ! -x "$here/seeds_$name.sh" ] || "$here/seeds_$name.sh" "$work/seeds" >/dev/null
	;;
esac
set -- "$work/corpus" "$work/seeds"
[ ! -d "$here/corpus/$name" ] || set -- "$@" "$here/corpus/$name"
dict=$here/$name.dict
case $name in
wire_identify | evidence)
	dict=$work/dict
	cat "$here"/wire_*.dict >"$dict"
	;;
esac
[ ! -f "$dict" ] || set -- "$@" "-dict=$dict"

if ! "$target" "$@" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -max_len=8192 \
	-artifact_prefix="$work/crashes/" -print_final_stats=1 >"$work/log" 2>&1; then
	tail -40 "$work/log"
	echo "$name: crash kept in $work/crashes"
	exit 1
fi
echo "$name: $seconds s, $(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log") executed"
