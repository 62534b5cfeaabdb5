/* SPDX-License-Identifier: MIT */
/*
 * See exit_status.h.
 */
#include "base/exit_status.h"

#include <stddef.h>

int exit_status_worse(int a, int b)
{
	static const int order[] = {STATUS_FOUND, STATUS_USAGE, STATUS_NO_LOG, STATUS_INCOMPLETE};

	for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
		if (a == order[i] || b == order[i])
			return order[i];
	return STATUS_OK;
}
