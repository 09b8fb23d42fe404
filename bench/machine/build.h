/* SPDX-License-Identifier: MIT */
/* What the build is: objects of bench/results.schema.json, as cmake/build_facts.cmake found them. */
#ifndef AFT_BENCH_MACHINE_BUILD_H
#define AFT_BENCH_MACHINE_BUILD_H

#include <nlohmann/json.hpp>

namespace bench {

/* `libaft` */
nlohmann::ordered_json libaft_facts();

/* `build` */
nlohmann::ordered_json build_facts();

} // namespace bench

#endif
