# SPDX-License-Identifier: MIT
# Completion for bash.  Verbs and options are read from the tool's own help, so none can be forgotten here.

_forksan() {
	local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} verb=${COMP_WORDS[1]} i
	COMPREPLY=()

	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W \
			"$(forksan --help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p') help --help --version" -- "$cur")
		return
	fi
	if [[ $verb == help ]]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"$(forksan --help 2>/dev/null | sed -n 's/^  \([a-z]*\) .*/\1/p')" -- "$cur")
		return
	fi
	if [[ $verb == run || $verb == attach || $verb == doctor ]]; then # behind CMD, what CMD completes
		for ((i = 2; i < COMP_CWORD; i++)); do
			case ${COMP_WORDS[i]} in
			-o | --output | --fail-on | --watch | --ignore | --min-connections) ((i++)) ;;
			--html | --baseline | --suppressions | -p | --pid | --tree | --seconds | -u | --user | --for) ((i++)) ;;
			--) ((i++)); break ;;
			-*) ;;
			*) break ;;
			esac
		done
		if ((i < COMP_CWORD)) && declare -F _command_offset >/dev/null; then
			_command_offset "$i"
			return
		fi
		if ((i == COMP_CWORD)) && [[ $cur != -* ]]; then
			mapfile -t COMPREPLY < <(compgen -c -- "$cur")
			return
		fi
	fi
	case $previous in
	--for)
		mapfile -t COMPREPLY < <(compgen -W 'preload attach scan' -- "$cur")
		return
		;;
	-u | --user)
		mapfile -t COMPREPLY < <(compgen -u -- "$cur")
		return
		;;
	--fail-on)
		mapfile -t COMPREPLY < <(compgen -W 'notice hazard violation' -- "$cur")
		return
		;;
	--kind)
		mapfile -t COMPREPLY < <(compgen -W \
			'open-at-fork inherited-epoll inherited-use shared-use shared-epoll foreign-goodbye crossed-reply' -- "$cur")
		return
		;;
	--watch)
		if [[ $verb != scan ]]; then # there it is seconds
			mapfile -t COMPREPLY < <(compgen -W 'database cache broker directory mail remote tls http unknown system all' -- "$cur")
		fi
		return
		;;
	-p | --pid | --tree)
		mapfile -t COMPREPLY < <(cd /proc && compgen -G '[1-9]*' | grep "^$cur")
		return
		;;
	esac
	if [[ $verb == top && $cur != -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(forksan top --list 2>/dev/null | cut -d ' ' -f 1)" -- "$cur")
		return
	fi
	if [[ ($verb == enable || $verb == disable) && $cur != -* && $previous != --root && $previous != --options ]]; then
		mapfile -t COMPREPLY < <(compgen -W "$(systemctl list-unit-files --type=service --no-legend 2>/dev/null |
			sed 's/\.service .*//')" -- "$cur")
		return
	fi
	if [[ $verb == fleet && $cur != -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W check -- "$cur")
		return
	fi
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W \
			"$(forksan help "$verb" 2>/dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u)" -- "$cur")
		return
	fi
	mapfile -t COMPREPLY < <(compgen -f -- "$cur")
}
complete -o filenames -F _forksan forksan
