/* SPDX-License-Identifier: MIT */
#include "kernels/probe.h"

#include "dispatch/isa_list.h"

#include <string.h>

#define AFT_ISA_ROW(name) extern const aft_probe aft_probe_##name;
AFT_ISA_LIST(AFT_ISA_ROW)
#undef AFT_ISA_ROW

const aft_probe *aft_probe_find(const char *isa) {
#define AFT_ISA_ROW(name) &aft_probe_##name,
    static const aft_probe *const probes[] = {AFT_ISA_LIST(AFT_ISA_ROW)};
#undef AFT_ISA_ROW
    for (size_t i = 0; i < sizeof probes / sizeof probes[0]; i++)
        if (strcmp(probes[i]->isa, isa) == 0)
            return probes[i];
    return NULL;
}
