#!/bin/bash
# SPDX-License-Identifier: MIT
# Completion for bash knows every verb and every option that the tool has.
set -u
cd "$(dirname "$0")/../.." || exit 1
PATH=$(cd "${BUILD:-build}" && pwd):$PATH
export PATH
failed=0

# shellcheck source=/dev/null
. contrib/completion/forksan.bash

# expect WHAT WORD... : the completions of the last word hold WHAT.
expect() {
	local what=$1
	shift
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	COMPREPLY=()
	_forksan
	case " ${COMPREPLY[*]-} " in
	*" $what "*) ;;
	*)
		echo "FAILED: '$*' does not complete to $what but to: ${COMPREPLY[*]-}"
		failed=1
		;;
	esac
}

for verb in $(forksan --help | sed -n 's/^  \([a-z]*\) .*/\1/p'); do
	expect "$verb" forksan "${verb:0:2}"
	expect "$verb" forksan help "${verb:0:1}"
	for option in $(forksan help "$verb" | grep -oE -- '--[a-z][a-z-]*' | sort -u); do
		expect "$option" forksan "$verb" "${option:0:4}"
	done
done
mapfile -t kinds < <(sed -n 's/^	X(KIND_[A-Z_]*, "\([a-z-]*\)", LEVEL_.*/\1/p' include/forksan/finding.h)
mapfile -t classes < <(sed -n 's/^	X(CLASS_[A-Z]*, "\([a-z]*\)").*/\1/p' include/forksan/protocols.h)
[ "${#kinds[@]}" -gt 5 ] && [ "${#classes[@]}" -gt 5 ] || failed=1
for kind in "${kinds[@]}"; do
	expect "$kind" forksan report --kind "${kind:0:2}"
done
for class in "${classes[@]}"; do
	expect "$class" forksan run --watch "${class:0:1}"
done
for word in "${kinds[@]}" "${classes[@]}"; do
	for shell in _forksan forksan.fish; do
		grep -q "[ \"]${word}[ \"]\|[ \"]${word}\$" "contrib/completion/$shell" && continue
		echo "FAILED: $shell does not complete $word"
		failed=1
	done
done
expect violation forksan report --fail-on v
expect $$ forksan scan --pid $$
expect $$ forksan doctor -p $$
expect $$ forksan attach --tree $$
expect attach forksan doctor --for at
expect cat forksan doctor ca
expect cat forksan run ca
expect cat forksan run -o log.jsonl ca
expect README.md forksan report REA
exit $failed
