/* SPDX-License-Identifier: MIT */
#include "loaded.h"

AFT_API const loaded_functions loaded = {
    .workspace_bytes = aft_workspace_bytes,
    .forward = aft_forward,
    .phases = aft_phases,
    .tasks = aft_tasks,
    .run = aft_run,
    .prepared_bytes = aft_prepared_bytes,
    .prepare = aft_prepare,
    .layer_bytes = aft_layer_bytes,
    .layer_prepare = aft_layer_prepare,
    .layer_workspace_bytes = aft_layer_workspace_bytes,
    .layer_forward = aft_layer_forward,
    .layer_phases = aft_layer_phases,
    .layer_tasks = aft_layer_tasks,
    .layer_run = aft_layer_run,
    .status_string = aft_status_string,
    .isa_name = aft_isa_name,
    .isa_at = aft_isa_at,
    .use_isa = aft_use_isa,
};
