#!/bin/sh
# SPDX-License-Identifier: MIT
# Seeds for fuzz_demangle: libiberty is not instrumented, so the fuzzer needs names that go deep.
#
#     seeds_demangle.sh DIRECTORY
set -eu
mkdir -p "$1"

# The names of one C++ library, without their _Z; the fuzzer's first byte says which mangling.
library=$(find /usr/lib -name 'libstdc++.so.6' 2>/dev/null | head -n 1)
if [ -n "$library" ]; then
	nm -D --defined-only "$library" | awk '$3 ~ /^_Z/ { sub(/@.*/, "", $3); print $3 }' |
		awk 'NR % 29 == 0' | head -n 200 | while read -r name; do
		printf '0%s' "${name#_Z}" >"$1/$name"
	done
fi
number=0
while read -r name; do
	number=$((number + 1))
	printf '1%s' "${name#_R}" >"$1/rust$number"
done <<'NAMES'
_RNvNtCs1234_7mycrate3foo3bar
_RINvNtC3std3mem8align_ofNtNtC3std3mem12DiscriminantE
_RINvCskK7mfDs1mzF_1m3genNCNvB2_4mains1_0EB2_
_RINvMNtCsgEmfK2I1SDS_4core5sliceSh11copy_withinINtNtNtB5_3ops5range14RangeInclusivejEE
_RINvC1a1fFG_RL0_hEuDG_INtC1b1TRL0_hEEL_E
_RINvC1a1fTlElRxQyE
_RNvC1au8tda_1ab
NAMES
