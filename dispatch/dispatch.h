/* SPDX-License-Identifier: MIT */
/* The active instruction set. */
#ifndef AFT_DISPATCH_DISPATCH_H
#define AFT_DISPATCH_DISPATCH_H

#include "dispatch/table.h"

/* The active table; chooses it on the first call. */
AFT_INTERNAL const aft_table *aft_active_table(void);

#endif
