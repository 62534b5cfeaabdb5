#!/bin/sh
# SPDX-License-Identifier: MIT
# What libforksan.so exports is what entries.def and the public header name, no more and no less; it
# needs libc alone, and of its versions none that is newer than the floor; its thread-local storage is
# at most 64 bytes, allocated at load time.
set -eu
build=${BUILD:-build}
shim=$build/libforksan.so
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0

{
	sed -n 's/^ENTRY(\([^,]*\),.*/\1/p; s/^ALIAS(\([^,]*\),.*/\1/p' shim/entries.def
	sed -n 's/^extern .*\(forksan_api_[a-z_]*\)(.*/\1/p' include/forksan/forksan.h
} | sort >"$work/wanted"
nm -D --defined-only "$shim" | awk '{ print $3 }' | sort >"$work/exported"
if ! diff "$work/wanted" "$work/exported"; then
	echo "< named but not exported   > exported but not named"
	status=1
fi

needed=$(readelf -d "$shim" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p')
if [ "$needed" != libc.so.6 ]; then
	echo "needs '$needed', expected libc.so.6 alone"
	status=1
fi

# One reference to a newer version and every program under the preload ends at its start, with
# "version GLIBC_2.34 not found", on the systems that have an older libc.
floor=2.17
newer=$(objdump -T "$shim" | sed -n 's/.*\*UND\*.*(GLIBC_\(2\.[0-9.]*\)) *\(.*\)/\1 \2/p' |
	awk -v floor="$floor" '{ split($1, v, "."); split(floor, f, "."); if (v[2] + 0 > f[2] + 0) print $2, "of", $1 }')
if [ -n "$newer" ]; then
	echo "needs a glibc newer than $floor: $newer"
	status=1
fi

# Where an audit library is loaded, glibc before 2.22 ends a program that has an object without a table of
# procedures.
if ! readelf -d "$shim" | grep -q '(JMPREL)'; then
	echo "no relocation of a procedure: under an audit library, glibc 2.17 ends each program"
	status=1
fi

# A variable that does not read zero at first takes a mapping, which each fork of the host copies.
if readelf -SW "$shim" | grep -E '\] \.data +PROGBITS'; then
	echo "has a variable that is initialized: $(nm "$shim" | awk '$2 == "D" || $2 == "d"' | tail -1)"
	status=1
fi

tls=$(readelf -lW "$shim" | awk '$1 == "TLS" { print $6 }')
if [ -n "$tls" ] && [ $((tls)) -gt 64 ]; then
	echo "thread-local storage of $((tls)) bytes, at most 64 expected"
	status=1
fi
if [ -n "$tls" ] && ! readelf -d "$shim" | grep -q STATIC_TLS; then
	echo "thread-local storage that is not initial-exec"
	status=1
fi
if readelf -rW "$shim" | grep -E 'DTPMOD|TLSDESC'; then
	echo "thread-local storage that is allocated at first use"
	status=1
fi
exit $status
