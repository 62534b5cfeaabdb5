#!/bin/sh
# SPDX-License-Identifier: MIT
#
# Removes each line of shim/entries.def in turn and has the entry tests of that line run: at least
# one must fail.  A line without a test, or whose tests pass without it, is named; exit status 1.
#
#     tests/entry/check_lines.sh [NAME...]         default: every line
#
# "Removed" is done where it counts, in the link: the shim's objects are linked again with the name
# made local, so that programs bind libc's function and never ours.  The objects stay as they are,
# so a line takes no compilation.
set -eu

cd "$(dirname "$0")/../.."
build=${BUILD:-build}
work=$(mktemp -d "${TMPDIR:-/tmp}/forksan-lines-XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

make --no-print-directory "BUILD=$build" "$build/libforksan.so" entry-bin >&2

# The names of all lines.
lines() {
	sed -n 's/^\(ENTRY\|ALIAS\)(\([^,]*\),.*/\2/p' shim/entries.def
}

# Those of the sources that there are: the directory may hold older ones.
objects=$(printf "$build/%s\n" shim/*/*.c | sed 's/c$/o/')

remove_line() {
	printf '{ local: %s; };\n' "$1" >"$work/map"
	# shellcheck disable=SC2086 # one word for each object
	"${CC:-cc}" -shared -Wl,-z,relro -Wl,-z,now "-Wl,--version-script=$work/map" \
		-o "$work/libforksan.so" $objects
	if nm -D --defined-only "$work/libforksan.so" | grep -q " $1\$"; then
		echo "$1: could not be removed" >&2
		exit 1
	fi
}

# 0: a test failed, as it should; 1: all passed; 77: none is there.
tests_fail() {
	status=77
	for test in "$build"/tests/entry/test_*; do
		case $test in *.d) continue ;; esac
		outcome=0
		FORKSAN_SHIM=$work/libforksan.so "$test" "$1" >"$work/output" 2>&1 || outcome=$?
		case $outcome in
		0) status=1 ;;
		77) ;;
		*) return 0 ;;
		esac
	done
	return $status
}

good=0
bad=0
# shellcheck disable=SC2046 # one word for each line
[ $# -gt 0 ] || set -- $(lines)
for name; do
	remove_line "$name"
	result=0
	tests_fail "$name" || result=$?
	case $result in
	0) good=$((good + 1)) ;;
	1) bad=$((bad + 1)); echo "$name: its tests pass without it" ;;
	*) bad=$((bad + 1)); echo "$name: no test" ;;
	esac
done
echo "$good lines have a test that fails without them, $bad have not"
[ "$bad" -eq 0 ]
