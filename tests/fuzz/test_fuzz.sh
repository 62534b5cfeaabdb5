#!/bin/sh
# SPDX-License-Identifier: MIT
# Every parser under its fuzz target for FUZZ_SECONDS each (20); `make fuzz` runs them longer.
set -eu
build=${BUILD:-build}
here=$(dirname "$0")
command -v clang >/dev/null || { echo "clang is not installed"; exit 77; }
status=0
for source in "$here"/fuzz_*.c; do
	BUILD=$build FUZZ_SECONDS=${FUZZ_SECONDS:-20} "$here/run.sh" \
		"$build/tests/fuzz/$(basename "$source" .c)" || status=1
done
exit $status
