/* SPDX-License-Identifier: MIT */
/*
 * See sheet.h.
 */
#include "doctor/sheet.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cli.h"

void sheet_add(struct doctor_sheet *sheet, const char *name, enum doctor_state state, unsigned ways,
	       const char *advice, const char *format, ...)
{
	struct doctor_check *check;
	va_list arguments;

	sheet->checks = reallocarray(sheet->checks, sheet->count + 1, sizeof *sheet->checks);
	if (sheet->checks == NULL)
		cli_no_memory();
	check = &sheet->checks[sheet->count++];
	*check = (struct doctor_check){.name = name, .state = state, .ways = ways};
	va_start(arguments, format);
	if (vasprintf(&check->text, format, arguments) < 0)
		cli_no_memory();
	va_end(arguments);
	if (advice != NULL && (check->advice = strdup(advice)) == NULL)
		cli_no_memory();
}

enum doctor_state sheet_state(const struct doctor_sheet *sheet, enum doctor_way way)
{
	enum doctor_state worst = DOCTOR_GOOD;

	for (size_t i = 0; i < sheet->count; i++)
		if ((sheet->checks[i].ways & way) != 0 && sheet->checks[i].state > worst)
			worst = sheet->checks[i].state;
	return worst;
}

const struct doctor_check *sheet_reason(const struct doctor_sheet *sheet, enum doctor_way way,
					enum doctor_state state)
{
	for (size_t i = 0; i < sheet->count; i++)
		if ((sheet->checks[i].ways & way) != 0 && sheet->checks[i].state == state)
			return &sheet->checks[i];
	return NULL;
}

void sheet_free(struct doctor_sheet *sheet)
{
	for (size_t i = 0; i < sheet->count; i++) {
		free(sheet->checks[i].text);
		free(sheet->checks[i].advice);
	}
	free(sheet->checks);
}
