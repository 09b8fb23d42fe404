/* SPDX-License-Identifier: MIT */
/* The library as a shared one that is loaded at run time: its public functions. */
#ifndef AFT_TESTS_LOADED_H
#define AFT_TESTS_LOADED_H

#include "aft.h"

typedef struct loaded_functions {
    aft_status (*workspace_bytes)(const aft_problem *problem, const aft_parallel *parallel, size_t *bytes);
    aft_status (*forward)(const aft_problem *problem, void *workspace, size_t bytes, const aft_parallel *parallel);
    aft_status (*phases)(const aft_problem *problem, size_t *phases);
    aft_status (*tasks)(const aft_problem *problem, size_t phase, size_t *tasks);
    aft_status (*run)(const aft_problem *problem, void *workspace, size_t bytes, size_t phase, size_t task,
                      size_t worker);
    aft_status (*prepared_bytes)(const aft_shape *shape, const aft_bias *bias, size_t *bytes);
    aft_status (*prepare)(const aft_shape *shape, const aft_bias *bias, void *memory, size_t bytes, aft_bias *prepared);
    aft_status (*layer_bytes)(const aft_layer *layer, size_t *bytes);
    aft_status (*layer_prepare)(const aft_layer *layer, void *memory, size_t bytes);
    aft_status (*layer_workspace_bytes)(const void *layer, const aft_sequences *sequences, const aft_parallel *parallel,
                                        size_t *bytes);
    aft_status (*layer_forward)(const void *layer, const aft_sequences *sequences, void *workspace, size_t bytes,
                                const aft_parallel *parallel);
    aft_status (*layer_phases)(const void *layer, const aft_sequences *sequences, size_t *phases);
    aft_status (*layer_tasks)(const void *layer, const aft_sequences *sequences, size_t phase, size_t *tasks);
    aft_status (*layer_run)(const void *layer, const aft_sequences *sequences, void *workspace, size_t bytes,
                            size_t phase, size_t task, size_t worker);
    const char *(*status_string)(aft_status status);
    const char *(*isa_name)(void);
    const char *(*isa_at)(size_t index);
    aft_status (*use_isa)(const char *name);
} loaded_functions;

#endif
