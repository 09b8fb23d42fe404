/* SPDX-License-Identifier: MIT */
/* The list of instruction sets and the active one. */
#ifndef AFT_DISPATCH_DISPATCH_H
#define AFT_DISPATCH_DISPATCH_H

#include "dispatch/table.h"

/* The instruction sets that this architecture knows and this build holds, ascending, ended by NULL. Whether this CPU
 * runs one is what aft_use_isa answers. */
extern const char *const aft_isa_names[];

/* The active table; chooses it on the first call. */
const aft_table *aft_active_table(void);

#endif
