#!/bin/sh
# SPDX-License-Identifier: MIT
# For an init container, or a layer of an image: puts the library, the tool and the entry point into a
# directory that other containers mount.
#
#     init.sh DIRECTORY          from this script's own directory, where `make install` put the parts
#
# The copy of each is complete before it has its name, so that a container which starts meanwhile gets the
# old one or the new one.
set -eu
to=${1:?usage: init.sh DIRECTORY}
from=${FORKSAN_FROM:-$(cd "$(dirname "$0")" && pwd)}
for name in libforksan.so forksan entrypoint.sh; do
	[ -e "$from/$name" ] || {
		echo "init.sh: no $name in $from" >&2
		exit 1
	}
	cp "$from/$name" "$to/.$name.new"
	chmod 755 "$to/.$name.new"
	mv "$to/.$name.new" "$to/$name"
done
