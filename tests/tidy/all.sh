#!/bin/sh
# SPDX-License-Identifier: MIT
# Everything that looks over the code without running it.  Findings are errors.
set -eu
export BUILD="${BUILD:-build}"
status=0
# The kernel's part is C of another kind, which clang checks when it is built.  Where it cannot be
# built, forksan-attach cannot be looked at.
of_the_tool=$(printf '%s\n' tools/*.c tools/*/*.c | grep -v '\.bpf\.c$')
[ -f "$BUILD/watcher/forksan.skel.h" ] || of_the_tool=$(printf '%s\n' tools/*.c tools/*/*.c | grep -v '^tools/watcher/')

step() {
	echo "--- $1"
	shift
	"$@" || status=1
}

# shellcheck disable=SC2317 # called through step
warnings_of_clang() {
	for file in shim/*/*.c; do
		clang -std=gnu11 -D_GNU_SOURCE -DFORKSAN_VERSION='"0"' -Iinclude -Ishim -Wall -Wextra \
			-Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wcast-qual -Werror \
			-U_FORTIFY_SOURCE -fsyntax-only "$file" || return 1
	done
	for file in $of_the_tool; do
		clang -std=gnu11 -D_GNU_SOURCE -DFORKSAN_VERSION='"0"' -Iinclude -Itools -Ishim \
			-isystem "$BUILD/watcher" -Wall -Wextra \
			-Wpedantic -Wshadow -Werror -fsyntax-only "$file" || return 1
	done
}

# shellcheck disable=SC2317 # called through step
formatted() {
	git ls-files '*.c' '*.h' | xargs clang-format --dry-run -Werror
}

# A minute of one processor: two at once, some files each.
# shellcheck disable=SC2317,SC2016 # called through step; the inner shell expands
clang_tidy() { # DIRECTORY OF HEADERS, FILE...
	directory=$1
	shift
	printf '%s\n' "$@" | xargs -P 2 -n 12 sh -c 'directory=$1; shift
		clang-tidy --quiet --warnings-as-errors="*" "$@" -- -std=gnu11 -D_GNU_SOURCE \
			-DFORKSAN_VERSION=\"0\" -Iinclude -I"$directory" -Ishim \
			-isystem "$BUILD/watcher"' clang-tidy "$directory"
}

step format formatted
step exports tests/tidy/test_exports.sh
step layers tests/tidy/test_layers.py
step pure tests/tidy/test_pure.sh
step headers tests/tidy/test_headers.sh
step manuals tests/tidy/test_manuals.sh
step 'clang warnings' warnings_of_clang
step cppcheck cppcheck --quiet --std=c11 --error-exitcode=1 --inline-suppr \
	--enable=warning,performance,portability -D__x86_64__ -D_GNU_SOURCE \
	-DFORKSAN_VERSION='"0"' '-DElfW(type)=Elf64_##type' \
	-i tools/watcher/forksan.bpf.c -i tools/watcher/descriptors.bpf.c --suppress=missingIncludeSystem --suppress=shiftTooManyBitsSigned:shim/stack/cfi_expression.c --suppress=missingReturn:tools/report/site.c \
	-Iinclude -Ishim -Itools shim tools
step 'clang-tidy of the shim' clang_tidy shim shim/*/*.c
# shellcheck disable=SC2086 # file names without blanks
step 'clang-tidy of the tool' clang_tidy tools $of_the_tool
# shellcheck disable=SC2046
step shellcheck shellcheck $(git ls-files | xargs grep -lE '^#!/bin/(ba)?sh')
exit $status
