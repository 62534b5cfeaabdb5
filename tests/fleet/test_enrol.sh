#!/bin/sh
# SPDX-License-Identifier: MIT
# contrib/fleet/enrol: certificates that the authority signed, configurations that rsyslogd takes, a port
# for each host that stays its own, and names that can do no harm.
set -eu
cd "$(dirname "$0")/../.."
[ -x /usr/sbin/rsyslogd ] || {
	echo 'rsyslog is not installed'
	exit 77
}
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
keys=$directory/keys
status=0
fail() {
	echo "FAILED: $1"
	status=1
}
enrol() {
	ETC=$keys/centre RUN=$directory AGENT_ETC=$keys/agents/@HOST@ AGENT_RUN=$directory \
		LOGS=$directory STORE='postgresql://forksan_centre@/a&b|c?host=/run/x' \
		contrib/fleet/enrol "$keys" centre.example.org "$@"
}

enrol web-1 web-2.example.org
for certificate in "$keys"/centre/centre.pem "$keys"/agents/*/agent.pem; do
	openssl verify -CAfile "$keys/authority.pem" "$certificate" >/dev/null || fail "$certificate"
done
openssl x509 -in "$keys/agents/web-1/agent.pem" -noout -ext subjectAltName | grep -q 'DNS:web-1$' ||
	fail 'the name in the certificate'
[ -z "$(find "$keys" -name '*.key' -perm /077)" ] || fail 'others may read a key'
grep -q '@[A-Z]*@' -r "$keys" --include='*.conf' && fail 'a name between @ signs is left'
grep -qF 'a&b|c' "$keys/centre/centre.conf" || fail 'a value with characters of sed'
for conf in "$keys"/centre/centre.conf "$keys"/agents/*/agent.conf; do
	/usr/sbin/rsyslogd -N1 -f "$conf" >"$directory/out" 2>&1 || {
		cat "$directory/out"
		fail "$conf is no configuration"
	}
done

before=$(cat "$keys"/centre/hosts.d/*.conf "$keys/agents/web-1/agent.pem" | sha256sum)
enrol web-1 web-3
grep -q 'port="20516"' "$keys/centre/hosts.d/web-3.conf" || fail 'the next port'
rm "$keys/centre/hosts.d/web-3.conf"
[ "$(cat "$keys"/centre/hosts.d/*.conf "$keys/agents/web-1/agent.pem" | sha256sum)" = "$before" ] ||
	fail 'what was there stays'

# shellcheck disable=SC2016 # that is the name
for name in '../evil' 'a b' 'a"b' '-x' '' 'x$(id)' '.'; do
	enrol "$name" 2>/dev/null && fail "the name '$name' is taken"
done
[ "$(find "$keys/agents" -mindepth 1 -maxdepth 1 | wc -l)" = 3 ] || fail 'a refused name leaves something'
exit $status
