#!/bin/sh
# SPDX-License-Identifier: MIT
# Each header compiles alone, as C by gcc and clang; the public one also as C++.
set -eu
status=0
for header in include/forksan/*.h shim/*/*.h tools/*/*.h; do
	case $header in *.bpf.h) continue ;; esac # for the kernel, by clang alone
	for cc in gcc clang; do
		command -v $cc >/dev/null || continue
		# shellcheck disable=SC2046 # one flag or none
		$cc -std=gnu11 -D_GNU_SOURCE -Wall -Wextra -Wno-unused-function -Iinclude \
			$(case $header in tools/*) echo -Itools ;; esac) -Ishim -fsyntax-only -x c "$header" || {
			echo "$header does not compile alone with $cc"
			status=1
		}
	done
done
g++ -Wall -Wextra -Iinclude -fsyntax-only -x c++ include/forksan/forksan.h || status=1
exit $status
