#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs the frame tests with the interpreters of another Debian release, in a directory of its own:
#
#   tests/stack/other_debian.sh bullseye|trixie|forky [DIRECTORY]
#
# Needs root, debootstrap and a Debian mirror (debootstrap's, or DEBIAN_MIRROR), so it is no part of
# `make test`.
# DIRECTORY (default build/debian/SUITE) is kept, and used again when it is there.  forksan is built
# inside, for that release's libc.  docs/interpreters.md lists what was run so.
set -eu

suite=${1:?usage: other_debian.sh SUITE [DIRECTORY]}
here=$(cd "$(dirname "$0")/../.." && pwd)
root=${2:-$here/build/debian/$suite}
packages=gcc,libc6-dev,make,binutils,ruby,perl,php-cli,python3

if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
	echo "skipped: needs root and debootstrap"
	exit 77
fi
if [ ! -x "$root/usr/bin/gcc" ]; then
	mkdir -p "$root"
	# shellcheck disable=SC2086 # without a mirror, debootstrap's own
	debootstrap --variant=minbase --include="$packages" "$suite" "$root" ${DEBIAN_MIRROR:-}
fi

mounted=
cleanup() {
	for place in $mounted; do
		umount "$place"
	done
}
trap cleanup EXIT
for place in proc dev dev/shm; do
	mountpoint -q "$root/$place" && continue
	mount --bind "/$place" "$root/$place"
	mounted="$root/$place $mounted"
done

rm -rf "$root/forksan"
mkdir -p "$root/forksan"
cp -r "$here/include" "$here/shim" "$here/tests" "$here/Makefile" "$root/forksan"
# shellcheck disable=SC2016 # expanded inside
chroot "$root" sh -euc '
	cd /forksan
	# tests and other headers need not build here, only the walkers
	mkdir -p build/objects
	for source in shim/stack/*.c shim/registry/*.c shim/options/*.c shim/common/*.c shim/base/*.c; do
		cc -std=gnu11 -D_GNU_SOURCE -DFORKSAN_VERSION=\"0\" -Iinclude -Ishim -fPIC -fvisibility=hidden \
			-ftls-model=initial-exec -g -O2 -Wall -Wextra \
			-c -o "build/objects/$(echo "$source" | tr / _).o" "$source"
	done
	ar rcs build/libinner.a build/objects/*.o
	status=0
	for test in python ruby perl php; do
		BUILD=/forksan/build PYTHONDONTWRITEBYTECODE=1 \
			python3 "tests/stack/test_${test}_frames.py" || status=1
	done
	exit $status
'
