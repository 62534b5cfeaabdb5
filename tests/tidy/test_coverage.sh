#!/bin/sh
# SPDX-License-Identifier: MIT
# docs/coverage.md has the table of shim/entries.def as it is, and names only tests and counters that
# there are.
#
#	tests/tidy/test_coverage.sh [--write]		--write: puts the table into the document
set -eu
cd "$(dirname "$0")/../.."
document=docs/coverage.md
begin='<!-- entries: made by tests/tidy/test_coverage.sh --write -->'
end='<!-- end of entries -->'

# A row for each policy and family, in the order of their first lines; ° marks what libc may lack.
table() {
	sed -n 's/^ENTRY(\([^,]*\), *\([^,]*\), *\([^,]*\), *\([^)]*\)).*/E \1 \2 \3 \4/p
		s/^ALIAS(\([^,]*\), *\([^,]*\), *\([^)]*\)).*/A \1 \2/p' shim/entries.def | awk '
	$1 == "E" {
		row = $4 " " $3
		if (!(row in names)) { order[++rows] = row }
		names[row] = names[row] (names[row] == "" ? "" : ", ") "`" $2 "`" \
			($5 == "OPTIONAL" ? "°" : "")
		of[$2] = row
	}
	$1 == "A" { names[of[$3]] = names[of[$3]] ", `" $2 "` (" $3 ")" }
	END {
		print "| policy | functions | wrapper |"
		print "| --- | --- | --- |"
		for (i = 1; i <= rows; i++) {
			split(order[i], part, " ")
			printf "| %s | %s | `entry/%s.c` |\n", tolower(part[1]), names[order[i]], part[2]
		}
	}'
}

if [ "${1:-}" = --write ]; then
	table >"$document.table"
	awk -v begin="$begin" -v end="$end" -v table="$document.table" '
		$0 == begin { print; while ((getline line < table) > 0) print line; skipping = 1 }
		$0 == end { skipping = 0 }
		!skipping && $0 != begin { print }' "$document" >"$document.new"
	mv "$document.new" "$document"
	rm -f "$document.table"
	exit 0
fi

status=0
written=$(awk -v begin="$begin" -v end="$end" '
	$0 == end { inside = 0 }
	inside { print }
	$0 == begin { inside = 1 }' "$document")
if [ "$written" != "$(table)" ]; then
	echo "$document: the table is not that of shim/entries.def; run $0 --write"
	status=1
fi
# shellcheck disable=SC2013,SC2016 # one word a line; the quotes are literal
for path in $(grep -o '`tests/[A-Za-z0-9_./-]*`' "$document" | tr -d '`' | sort -u); do
	if [ ! -e "$path" ]; then
		echo "$document names $path, which is not there"
		status=1
	fi
done
counters=$(sed -n 's/.*X([A-Z_]*, "\([a-z_]*\)", *"[^"]*").*/\1/p' include/forksan/finding.h)
# shellcheck disable=SC2013,SC2016
for counter in $(grep -o 'counter `[a-z_]*`' "$document" | sed 's/.*`\(.*\)`/\1/' | sort -u); do
	echo "$counters" | grep -qx "$counter" || {
		echo "$document names the counter $counter, which is not there"
		status=1
	}
done
# The page for a reader in an incident explains each loss that makes a run incomplete.
for counter in $(sed -n 's/.*X(LOST_[A-Z_]*, "\([a-z_]*\)".*/\1/p' include/forksan/finding.h) \
	$(sed -n 's/.*add(complete, "\([a-z_]*\)".*/\1/p' tools/log/complete.c); do
	grep -q "\`$counter\`" docs/silence.md || {
		echo "docs/silence.md does not say what $counter may have missed"
		status=1
	}
done
exit $status
