#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual pages are clean, and name every option, kind and counter that there is.
set -eu
status=0
command -v mandoc >/dev/null || { echo "mandoc is not installed"; exit 77; }
for page in docs/man/*.[137]; do
	mandoc -T lint -W warning "$page" || status=1
	grep -q '^\.Sh EXAMPLES' "$page" || { echo "$page: no EXAMPLES"; status=1; }
done
for page in docs/man/*.1; do
	grep -q '^\.Sh EXIT STATUS' "$page" || { echo "$page: no EXIT STATUS"; status=1; }
done
# shellcheck disable=SC2013 # names, one word each
for option in $(sed -n 's/^OPTION([^,]*, *\([a-z_]*\),.*/\1/p; s/^ALIAS(\([a-z_]*\),.*/\1/p' shim/options.def); do
	grep -qw "$option" docs/man/forksan.7 || {
		echo "docs/man/forksan.7 does not name the option $option"
		status=1
	}
done
# shellcheck disable=SC2013
for kind in $(sed -n 's/.*X(KIND_[A-Z_]*, "\([a-z-]*\)".*/\1/p' include/forksan/finding.h); do
	grep -q "$kind" docs/man/forksan.7 || {
		echo "docs/man/forksan.7 does not name the kind $kind"
		status=1
	}
done
exit $status
