# SPDX-License-Identifier: MIT
# Completion for fish.  Verbs and options are read from the tool's own help, so none can be forgotten here.

complete -c forksan -n __fish_use_subcommand -f -a "(forksan --help 2>/dev/null | string match -rg '^  ([a-z]+ .*)' | string replace -r ' +' \t)"
complete -c forksan -n __fish_use_subcommand -f -a help
complete -c forksan -n __fish_use_subcommand -f -l help
complete -c forksan -n __fish_use_subcommand -f -l version
function __forksan_options
	set -l verb (commandline -opc)[2]
	forksan help $verb 2>/dev/null | string match -rag -- '(--[a-z][a-z-]*)' | sort -u
end
complete -c forksan -n "not __fish_use_subcommand; and string match -q -- '-*' (commandline -ct)" -f -a "(__forksan_options)"
complete -c forksan -n "__fish_seen_subcommand_from run attach doctor" -x -a "(__fish_complete_subcommand --fcs-skip=2)"
complete -c forksan -n "__fish_seen_subcommand_from scan attach doctor top" -l pid -s p -x -a "(__fish_complete_pids)"
complete -c forksan -n "__fish_seen_subcommand_from scan attach" -l tree -x -a "(__fish_complete_pids)"
complete -c forksan -n "__fish_seen_subcommand_from doctor" -l for -x -a "preload attach scan"
complete -c forksan -n "__fish_seen_subcommand_from top" -x -a "(forksan top --list 2>/dev/null | string split -f 1 ' ')"
complete -c forksan -n "__fish_seen_subcommand_from fleet" -x -a "check"
complete -c forksan -n "__fish_seen_subcommand_from report" -l kind -x -a "open-at-fork inherited-epoll inherited-use shared-use shared-epoll foreign-goodbye crossed-reply"
complete -c forksan -n "__fish_seen_subcommand_from run attach" -l watch -x -a "database cache broker directory mail remote tls http unknown system all"
complete -c forksan -n "__fish_seen_subcommand_from run attach report scan top" -l fail-on -x -a "notice hazard violation"
complete -c forksan -n "__fish_seen_subcommand_from enable disable" -x -a "(systemctl list-unit-files --type=service --no-legend 2>/dev/null | string replace -r '\.service .*' '')"
