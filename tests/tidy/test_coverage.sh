#!/bin/sh
# SPDX-License-Identifier: MIT
# docs/coverage.md names every line of shim/entries.def.
set -eu
status=0
# shellcheck disable=SC2013 # names, one word each
for name in $(sed -n 's/^\(ENTRY\|ALIAS\)(\([^,]*\),.*/\2/p' shim/entries.def); do
	grep -qF "\`$name\`" docs/coverage.md || {
		echo "docs/coverage.md does not name $name"
		status=1
	}
done
exit $status
