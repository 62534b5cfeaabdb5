#!/bin/sh
# SPDX-License-Identifier: MIT
# Makes a corpus for fuzz_elfsym in DIRECTORY: small real ELF files (a shared library, a program, an
# object; with and without symbols, sections, build-id), each behind 8 bytes of offset.
#
#   tests/fuzz/seeds_elfsym.sh DIRECTORY
set -eu

directory=${1:?usage: seeds_elfsym.sh DIRECTORY}
cc=${CC:-cc}
mkdir -p "$directory"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cat >"$work/a.c" <<'SOURCE'
static int inner(int x) { __asm__ volatile(""); return x * 3; }
int outer(int x) { return inner(x) + inner(x + 1); }
int other(int x) { return outer(x) - 1; }
void _start(void) { other(1); }
SOURCE

small="-nostdlib -Os -Wl,-z,noseparate-code -Wl,-z,max-page-size=64"
# shellcheck disable=SC2086 # a list of options
{
	$cc $small -shared -fPIC -Wl,--build-id=sha1 -o "$work/shared" "$work/a.c"
	$cc $small -shared -fPIC -Wl,--build-id=none -Wl,--hash-style=sysv -o "$work/sysv" "$work/a.c"
	$cc $small -static -no-pie -o "$work/program" "$work/a.c"
	$cc -Os -c -o "$work/object" "$work/a.c"
}
strip -o "$work/stripped" "$work/shared"
strip --strip-section-headers -o "$work/headless" "$work/shared" 2>/dev/null || rm -f "$work/headless"
rm "$work/a.c"

for file in "$work"/*; do
	for offset in 0 64 300 700 1000 4096; do
		name=$directory/$(basename "$file").$offset
		# the offset as 8 little-endian bytes
		# shellcheck disable=SC2059 # the format is the escape itself
		{
			printf "\\$(printf %03o $((offset % 256)))\\$(printf %03o $((offset / 256)))"
			printf '\0\0\0\0\0\0'
			cat "$file"
		} >"$name"
	done
done
