#!/bin/sh
# SPDX-License-Identifier: MIT
# Every parser under its fuzz target for FUZZ_SECONDS each (20); `make fuzz` runs them longer.
set -eu
build=${BUILD:-build}
command -v clang >/dev/null || { echo "clang is not installed"; exit 77; }
status=0
for target in "$build"/tests/fuzz/fuzz_*; do
	case $target in *.d | *.dSYM) continue ;; esac
	BUILD=$build FUZZ_SECONDS=${FUZZ_SECONDS:-20} "$(dirname "$0")/run.sh" "$target" || status=1
done
exit $status
