#!/bin/sh
# SPDX-License-Identifier: MIT
# Fedora and Ubuntu build packages with link-time optimization: both programs link with it, the shim
# exports the same names, and the functions whose entry is assembly (dlopen, syscall) work.
set -eu
build=${BUILD:-build}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

make --no-print-directory BUILD="$work" CFLAGS=-flto=auto build >"$work/log" 2>&1 || {
	cat "$work/log"
	exit 1
}
for shim in "$build" "$work"; do
	nm -D --defined-only "$shim/libforksan.so" | awk '{ print $3 }' | sort >"$work/names"
	if [ -e "$work/before" ] && ! diff "$work/before" "$work/names"; then
		echo "< exported without link-time optimization   > with it"
		exit 1
	fi
	mv "$work/names" "$work/before"
done
for test in load syscall send recv exec room; do
	FORKSAN_SHIM=$work/libforksan.so "$build/tests/entry/test_$test" >"$work/log" 2>&1 || {
		cat "$work/log"
		echo "test_$test fails with a shim built with -flto=auto"
		exit 1
	}
done
