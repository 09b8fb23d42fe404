/* SPDX-License-Identifier: MIT */
/*
 * The active table: one atomic pointer, the library's only mutable state. The first call chooses; calls that race
 * choose alike, so a load and a store suffice.
 */
#include "dispatch/dispatch.h"

#include "dispatch/cpu.h"
#include "dispatch/isa_list.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <strings.h>

#define AFT_ISA_ROW(name) extern const aft_table aft_table_##name;
AFT_ISA_LIST(AFT_ISA_ROW)
#undef AFT_ISA_ROW

#define AFT_ISA_ROW(name) &aft_table_##name,
static const aft_table *const tables[] = {AFT_ISA_LIST(AFT_ISA_ROW)};
#undef AFT_ISA_ROW

#define AFT_ISA_ROW(name) #name,
const char *const aft_isa_names[] = {AFT_ISA_LIST(AFT_ISA_ROW) NULL};
#undef AFT_ISA_ROW

enum { TABLES = sizeof tables / sizeof tables[0] };

static _Atomic(const aft_table *) active;

/* The place of a name in the list, TABLES where it is not there. */
static size_t find(const char *name) {
    size_t i = 0;
    while (i < TABLES && strcasecmp(tables[i]->name, name) != 0)
        i++;
    return i;
}

/* One more than the place of the highest level that the environment allows. A name that this build does not know, such
 * as another architecture's, sets no limit. */
static size_t environment_limit(void) {
    const char *name = getenv("AFT_ISA");
    size_t level = name ? find(name) : TABLES;
    return level < TABLES ? level + 1 : TABLES;
}

static const aft_table *highest(void) {
    size_t level = environment_limit();
    do
        level--;
    while (level > 0 && !aft_cpu_runs(tables[level]->name));
    return tables[level];
}

const aft_table *aft_active_table(void) {
    const aft_table *table = atomic_load_explicit(&active, memory_order_acquire);
    if (!table) {
        table = highest();
        atomic_store_explicit(&active, table, memory_order_release);
    }
    return table;
}

const char *aft_isa_name(void) { return aft_active_table()->name; }

aft_status aft_use_isa(const char *name) {
    if (!name)
        return AFT_NULL;
    size_t level = find(name);
    if (level >= environment_limit() || !aft_cpu_runs(tables[level]->name))
        return AFT_UNSUPPORTED;
    atomic_store_explicit(&active, tables[level], memory_order_release);
    return AFT_OK;
}

const char *aft_status_string(aft_status status) {
    switch (status) {
    case AFT_OK:
        return "ok";
    case AFT_NULL:
        return "a pointer that is needed is NULL";
    case AFT_SIZE:
        return "a size, a stride or their product is not possible, or a kv_length is above kv_len";
    case AFT_OVERLAP:
        return "the output or the workspace overlaps an input, each other or itself";
    case AFT_WORKSPACE:
        return "the memory is too small: ask aft_workspace_bytes or aft_prepared_bytes";
    case AFT_STALE:
        return "the bias is no prepared one, or was prepared for another shape";
    case AFT_UNSUPPORTED:
        return "this build or this CPU does not have that kind of bias or instruction set";
    }
    return "not a status of libaft";
}
