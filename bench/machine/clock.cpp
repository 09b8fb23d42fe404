/* SPDX-License-Identifier: MIT */
#include "bench/machine/sections.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "bench/machine/cpus.h"
#include "bench/machine/live.h"

namespace bench {

namespace {

/* CPUs may have governors of their own: all of them. */
std::string governors(const Tree &tree) {
    std::set<std::string> found;
    for (const unsigned cpu : usable_cpus(tree))
        found.insert(tree.line(cpu_file(cpu, "cpufreq/scaling_governor")));
    std::string text;
    for (const std::string &governor : found)
        text += (text.empty() ? "" : ", ") + governor;
    return text;
}

/* Of each usable CPU; Linux says kHz. */
std::vector<double> mhz_of_cpus(const Tree &tree, const std::string &file) {
    std::vector<double> found;
    for (const unsigned cpu : usable_cpus(tree))
        found.push_back(1e-3 * static_cast<double>(tree.integer(cpu_file(cpu, file))));
    return found;
}

double least(const std::vector<double> &values) { return *std::min_element(values.begin(), values.end()); }

double greatest(const std::vector<double> &values) { return *std::max_element(values.begin(), values.end()); }

/* acpi-cpufreq and cpufreq-dt; intel_pstate; amd-pstate, which has one for each policy. */
bool boost(const Tree &tree) {
    const std::string common = "/sys/devices/system/cpu/cpufreq/boost",
                      not_intel = "/sys/devices/system/cpu/intel_pstate/no_turbo";
    if (tree.has(common))
        return tree.flag(common);
    if (tree.has(not_intel))
        return !tree.flag(not_intel);
    const std::string own = cpu_file(own_cpu(tree), "cpufreq/boost");
    if (tree.has(own))
        return tree.flag(own);
    throw Unreadable("there is neither " + common + " nor " + not_intel + " nor " + own);
}

double measured_mhz(const Tree &tree) {
    tree.expect_live();
    return std::round(10 * live_mhz()) / 10; /* more digits than these change from run to run */
}

} // namespace

ordered_json describe_clock(const Tree &tree, ordered_json &unreadable) {
    Section clock("clock", unreadable);
    clock.add("driver", [&] { return tree.line(cpu_file(own_cpu(tree), "cpufreq/scaling_driver")); });
    clock.add("governor", [&] { return governors(tree); });
    clock.add("boost", [&] { return boost(tree); });
    clock.add("minimum_mhz", [&] { return least(mhz_of_cpus(tree, "cpufreq/scaling_min_freq")); });
    clock.add("maximum_mhz", [&] { return greatest(mhz_of_cpus(tree, "cpufreq/scaling_max_freq")); });
    clock.add("measured_mhz", [&] { return measured_mhz(tree); });
    return clock.facts;
}

} // namespace bench
