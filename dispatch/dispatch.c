/* SPDX-License-Identifier: MIT */
/*
 * The active table: one atomic pointer, the library's only mutable state. The first call chooses; calls that race
 * choose alike, so a load and a store suffice.
 */
#include "dispatch/dispatch.h"

#include "dispatch/cpu.h"

#include <stdatomic.h>
#include <stdlib.h>

/* A table is asked for only where this CPU runs its level. */
typedef struct isa_level {
    const char *name;
    const aft_table *(*table)(void);
} isa_level;

#define AFT_ISA_ROW(name) {#name, aft_table_##name},
static const isa_level levels[] = {AFT_ISA_LIST(AFT_ISA_ROW)};
#undef AFT_ISA_ROW

enum { LEVELS = sizeof levels / sizeof levels[0] };

static const aft_table *_Atomic active;

/* The place of a name in the list, LEVELS where it is not there. */
static size_t find(const char *name) {
    size_t i = 0;
    while (i < LEVELS && !aft_same_name(levels[i].name, name))
        i++;
    return i;
}

/* One more than the place of the highest level that the environment allows. A name that this build does not know, such
 * as another architecture's, sets no limit. */
static size_t environment_limit(void) {
#ifdef AFT_NO_ENVIRONMENT
    return LEVELS;
#else
    const char *name = getenv("AFT_ISA");
    size_t level = name ? find(name) : LEVELS;
    return level < LEVELS ? level + 1 : LEVELS;
#endif
}

static const aft_table *highest(void) {
    size_t level = environment_limit();
    do
        level--;
    while (level > 0 && !aft_cpu_runs(levels[level].name));
    return levels[level].table();
}

const aft_table *aft_active_table(void) {
    const aft_table *table = atomic_load_explicit(&active, memory_order_acquire);
    if (!table) {
        table = highest();
        atomic_store_explicit(&active, table, memory_order_release);
    }
    return table;
}

const char *aft_isa_at(size_t index) { return index < LEVELS ? levels[index].name : NULL; }

const char *aft_isa_name(void) { return aft_active_table()->name; }

aft_status aft_use_isa(const char *name) {
    if (!name)
        return AFT_NULL;
    size_t level = find(name);
    if (level >= environment_limit() || !aft_cpu_runs(levels[level].name))
        return AFT_UNSUPPORTED;
    atomic_store_explicit(&active, levels[level].table(), memory_order_release);
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
        return "the layer is no packed one, or the bias no prepared one, or one for another shape; or phases ran on "
               "several instruction sets";
    case AFT_UNSUPPORTED:
        return "this build or this CPU does not have that kind of bias or instruction set";
    }
    return "not a status of libaft";
}
