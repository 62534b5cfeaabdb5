#!/bin/bash
# SPDX-License-Identifier: MIT
# The tool makes no invalid access and leaks nothing, on good and on broken input.
set -u
cd "$(dirname "$0")/../.." || exit 1
tool=${BUILD:-build}/forksan

command -v valgrind >/dev/null || { echo "no valgrind"; exit 77; }
if grep -q __asan_init "$tool"; then
	echo "built with AddressSanitizer, which valgrind cannot run"
	exit 77
fi

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# check STATUS ARGUMENT...: runs the tool under valgrind and compares its exit status.
check() {
	local expected=$1 status
	shift
	valgrind -q --error-exitcode=99 --leak-check=full \
		--show-leak-kinds=definite,indirect,possible \
		--errors-for-leak-kinds=definite,indirect,possible \
		"$tool" "$@" >"$work/out" 2>"$work/err" </dev/null
	status=$?
	if [ "$status" -ne "$expected" ]; then
		echo "FAILED: forksan $*: status $status, expected $expected"
		cat "$work/err"
		failed=1
	fi
}

check 67 report tests/golden/founding.jsonl
check 67 report --verbose tests/golden/founding.jsonl tests/golden/broken.jsonl
check 67 report --json tests/golden/founding.jsonl tests/golden/broken.jsonl
check 66 report --fail-on violation tests/golden/founding.jsonl
check 2 report /nonexistent
check 2 report --jsn
check 0 --help
check 127 run /nonexistent/program
if [ -e "${BUILD:-build}/libforksan.so" ]; then
	check 0 run true
	check 3 run -o "$work/log" sh -c 'exit 3'
	check 126 run "$work"
fi
exit "$failed"
