#!/bin/sh
# SPDX-License-Identifier: MIT
# Builds the Debian packages from what git tracks (in the working tree's state) into $BUILD/deb, and
# holds them against lintian where it is installed.
#
#     contrib/make-deb.sh
set -eu
cd "$(dirname "$0")/.."
out=$(mkdir -p "${BUILD:-build}/deb" && cd "${BUILD:-build}/deb" && pwd)
for command in dpkg-buildpackage dh; do
	command -v $command >/dev/null || {
		echo "make-deb.sh: no $command here: apt-get install dpkg-dev debhelper" >&2
		exit 1
	}
done

rm -rf "$out"
mkdir -p "$out/forksan"
git ls-files -z | xargs -0 cp --parents -t "$out/forksan"
version=$(sed -n 's/^VERSION := //p' Makefile)
if [ "$(dpkg-parsechangelog -S Version | sed 's/-.*//')" != "$version" ]; then
	echo "make-deb.sh: debian/changelog is not of version $version" >&2
	exit 1
fi
(
	cd "$out/forksan"
	cp contrib/logrotate/forksan debian/forksan.logrotate
	tar -C .. --exclude=forksan/debian -cJf "../forksan_$version.orig.tar.xz" forksan
	# Its clean must not be told of our build directory.
	unset BUILD MAKEFLAGS MAKEOVERRIDES
	dpkg-buildpackage -us -uc -b
) >"$out/log" 2>&1 || {
	tail -40 "$out/log" >&2
	echo "make-deb.sh: the whole output is in $out/log" >&2
	exit 1
}
rm -rf "$out/forksan"
if command -v lintian >/dev/null; then
	lintian --fail-on error,warning --suppress-tags initial-upload-closes-no-bugs "$out"/*.changes
fi
ls "$out"/*.deb
