#!/bin/sh
# SPDX-License-Identifier: MIT
# The alarms and the route in contrib/fleet, tested by Prometheus's own tools; and every metric that a
# rule names is one that `forksan metrics` or fleet.metrics() prints.
set -eu
cd "$(dirname "$0")/../.."
for tool in promtool amtool; do
	command -v $tool >/dev/null || {
		echo "$tool is not installed"
		exit 77
	}
done
fleet=contrib/fleet
promtool check rules $fleet/rules.yml
promtool test rules $fleet/rules_test.yml
amtool check-config $fleet/alertmanager.yml

status=0
# shellcheck disable=SC2013 # names without blanks
for metric in $(grep -o 'forksan_[a-z_]*' $fleet/rules.yml | grep -v '^forksan_fleet_$' | sort -u); do
	grep -qF "$metric" tools/metrics/text.c $fleet/postgresql.sql || {
		echo "nothing prints $metric"
		status=1
	}
done
# Every alarm has a test in which it comes.
# shellcheck disable=SC2013
for alert in $(sed -n 's/.*- alert: //p' $fleet/rules.yml); do
	grep -A 2 "alertname: $alert\$" $fleet/rules_test.yml | grep -q 'exp_labels' || {
		echo "no test has $alert come"
		status=1
	}
done
route() {
	amtool config routes test --config.file $fleet/alertmanager.yml "$@" 2>/dev/null
}
[ "$(route alertname=ForksanNewBug severity=critical)" = forksan-now ] || status=1
[ "$(route alertname=ForksanHostGone severity=warning)" = forksan-daily ] || status=1
[ "$(route alertname=Other severity=critical)" = others ] || status=1
exit $status
