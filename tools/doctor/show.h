/* SPDX-License-Identifier: MIT */
/*
 * Prints the sheet.  Names of programs are foreign text: escaped for people, JSON's in JSON.
 */
#ifndef FORKSAN_TOOLS_DOCTOR_SHOW_H
#define FORKSAN_TOOLS_DOCTOR_SHOW_H

#include "doctor/launch.h"
#include "doctor/sheet.h"
#include "doctor/subject.h"

/* `launch` is NULL for a process. */
void doctor_show_text(const struct doctor_sheet *sheet, const struct subject *subject,
		      const struct launch *launch, FILE *out);
void doctor_show_json(const struct doctor_sheet *sheet, const struct subject *subject,
		      const struct launch *launch, FILE *out);

/* "yes", "in part", "no": whether a way in that state sees the program. */
const char *doctor_answer(enum doctor_state state);

#endif
