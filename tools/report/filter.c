/* SPDX-License-Identifier: MIT */
/*
 * See filter.h.
 */
#include "report/filter.h"

#include <stdio.h>
#include <string.h>

#include "common/names.h"
#include "common/suggest.h"
#include "base/cli.h"
#include "log/field.h"

static void say_kinds(const char *verb, const char *const names[], const char *found)
{
	char list[256] = "";
	size_t len = 0;

	for (int i = 0; i < KIND_COUNT && len < sizeof list; i++)
		len += (size_t)snprintf(list + len, sizeof list - len, "%s%s",
					i == 0		      ? ""
					: i + 1 == KIND_COUNT ? " or "
							      : ", ",
					names[i]);
	cli_error(verb, "--kind: expected %s, found %s", list, found);
}

bool filter_read_kind(struct filter *filter, const char *verb, const char *text)
{
	const char *names[KIND_COUNT], *guess;

	for (int i = 0; i < KIND_COUNT; i++) {
		names[i] = kind_name((enum kind)i);
		if (strcmp(text, names[i]) == 0) {
			filter->kinds |= 1u << i;
			return true;
		}
	}
	guess = suggest_closest(text, strlen(text), names, KIND_COUNT);
	if (guess != NULL)
		cli_error(verb, "--kind: expected a kind of finding, found %s; did you mean %s?",
			  text, guess);
	else
		say_kinds(verb, names, text);
	return false;
}

bool filter_read_pid(struct filter *filter, const char *verb, const char *text)
{
	uint64_t number;

	if (!cli_number(verb, "--pid", text, &number))
		return false;
	filter->pid = (int64_t)number;
	return true;
}

bool filter_read_since(struct filter *filter, const char *verb, const char *text)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd.dddddddddZ";
	size_t i = 0;

	for (; i < sizeof shape - 1 && text[i] != '\0'; i++)
		if (shape[i] == 'd' ? text[i] < '0' || text[i] > '9' : text[i] != shape[i])
			break;
	filter->since = text;
	if (text[i] == '\0' && i >= 4)
		return true;
	cli_error(verb, "--since: expected a UTC time like 2026-11-24T08:46, found %s", text);
	return false;
}

bool filter_fits(const struct filter *filter, const struct log_record *finding)
{
	if (filter->kinds != 0 && (filter->kinds & 1u << finding->kind) == 0)
		return false;
	if (filter->peer != NULL &&
	    strstr(field_string(finding->connection, "peer"), filter->peer) == NULL)
		return false;
	if (filter->pid != 0 && finding->pid != filter->pid &&
	    field_integer(finding->other, "pid") != filter->pid)
		return false;
	/* Times of one shape sort as text. */
	return filter->since == NULL || strcmp(finding->time, filter->since) >= 0;
}
