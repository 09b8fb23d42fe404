/* SPDX-License-Identifier: MIT */
#include "bench/machine/build.h"

namespace bench {

namespace {

constexpr char facts_text[] =
#include "build_facts.inc" /* written by each build, into its folder */
    ;

nlohmann::ordered_json part(const char *name) { return nlohmann::ordered_json::parse(facts_text).at(name); }

} // namespace

nlohmann::ordered_json libaft_facts() { return part("libaft"); }

nlohmann::ordered_json build_facts() { return part("build"); }

} // namespace bench
