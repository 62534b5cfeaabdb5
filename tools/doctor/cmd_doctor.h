/* SPDX-License-Identifier: MIT */
#ifndef FORKSAN_TOOLS_CMD_DOCTOR_H
#define FORKSAN_TOOLS_CMD_DOCTOR_H

extern const struct verb verb_doctor;

#endif
