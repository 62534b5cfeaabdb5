#!/bin/sh
# SPDX-License-Identifier: MIT
# The table of entry points in docs/coverage.md is what shim/entries.def says.
#
#     tests/tidy/test_coverage.sh            complains when it is not
#     tests/tidy/test_coverage.sh --write    makes it so
set -eu
page=docs/coverage.md
begin='<!-- entries: made by tests/tidy/test_coverage.sh --write -->'
end='<!-- end of entries -->'
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# A row for each policy and family, in the order of their first lines; other names behind.
{
	echo "$begin"
	echo '| policy | functions | wrapper |'
	echo '| --- | --- | --- |'
	sed -n 's/^\(ENTRY\|ALIAS\)(\(.*\))$/\1, \2/p' shim/entries.def | awk -F', ' '
		$1 == "ENTRY" {
			row = tolower($4) SUBSEP $3
			if (!(row in names))
				order[++rows] = row
			names[row] = names[row] " " $2 ($5 == "OPTIONAL" ? "°" : "")
			row_of[$2] = row
		}
		$1 == "ALIAS" { names[row_of[$3]] = names[row_of[$3]] " " $3 "=" $2 }
		END {
			for (i = 1; i <= rows; i++) {
				split(order[i], part, SUBSEP)
				printf "| %s | `%s` | `entry_%s.c` |\n", part[1],
					substr(names[order[i]], 2), part[2]
			}
		}'
	echo "$end"
} >"$work/wanted"

sed -n "/^$(echo "$begin" | sed 's/[/]/\\&/g')\$/,/^$end\$/p" "$page" >"$work/found"
if [ "${1:-}" = --write ]; then
	awk -v table="$work/wanted" -v begin="$begin" -v end="$end" '
		$0 == begin { while ((getline line < table) > 0) print line; skip = 1 }
		!skip { print }
		$0 == end { skip = 0 }' "$page" >"$work/page"
	cp "$work/page" "$page"
	exit 0
fi
diff "$work/found" "$work/wanted" || {
	echo "$page differs from shim/entries.def: tests/tidy/test_coverage.sh --write"
	exit 1
}
