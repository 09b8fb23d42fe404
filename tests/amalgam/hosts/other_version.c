/* SPDX-License-Identifier: MIT */
/* Compiled with AFT_PREFIX=other_. By either name a function is the same. */
#include "aft.h"

#include "forward.h"

aft_status forward_of_other(float *y);
const char *isa_of_other(void);
aft_status use_isa_of_other(const char *name);

aft_status forward_of_other(float *y) { return host_forward(y); }
const char *isa_of_other(void) { return other_isa_name(); }
aft_status use_isa_of_other(const char *name) { return aft_use_isa(name); }
