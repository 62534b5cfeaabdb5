/* SPDX-License-Identifier: MIT */
/*
 * An audit library (rtld-audit(7)) that wants to hear of everything and changes nothing: the
 * program then has two copies of libc, and every call through the PLT passes through the loader.
 */
#include <link.h>
#include <stdint.h>

unsigned int la_version(unsigned int version)
{
	return version < LAV_CURRENT ? version : LAV_CURRENT;
}

unsigned int la_objopen(struct link_map *map, Lmid_t id, uintptr_t *cookie)
{
	(void)map;
	(void)id;
	(void)cookie;
	return LA_FLG_BINDTO | LA_FLG_BINDFROM;
}
