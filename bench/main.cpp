/* SPDX-License-Identifier: MIT */
#include <algorithm>
#include <cstdio>
#include <deque>
#include <exception>
#include <regex>

#include <benchmark/benchmark.h>

#include "bench/machine.h"
#include "bench/machine/describe.h"
#include "bench/options.h"
#include "bench/report.h"
#include "bench/speed_table.h"

namespace bench {

namespace {

/* Seconds that one call may take. */
constexpr double longest_call = 1, longest_quick_call = 0.25;

bool chosen(const Cell &cell, const Options &options) {
    return (options.isa.empty() || options.isa == cell.probe.isa) &&
           std::regex_search(cell.name(), std::regex(options.filter));
}

void expect_isa(const Options &options, const IsaLevels &isas) {
    const auto is_named = [&options](const aft_probe *probe) { return options.isa == probe->isa; };
    if (options.isa.empty() || std::any_of(isas.available.begin(), isas.available.end(), is_named))
        return;
    std::string known;
    for (const aft_probe *probe : isas.available)
        known += std::string(known.empty() ? "" : ", ") + probe->isa;
    throw std::invalid_argument("--isa is '" + options.isa + "': this CPU and build run " + known);
}

int run(const Options &options) {
    if (options.machine) {
        const Tree tree = options.machine_root ? Tree(*options.machine_root) : Tree();
        std::puts(machine_text(describe_machine(tree)).c_str());
        return 0;
    }
    const IsaLevels isas = find_isas();
    expect_isa(options, isas);
    Facts facts = machine_facts(isas);
    if (options.table != Table::cells)
        return print_speed_table(options, isas, std::move(facts));

    facts.push_back({"threads", std::to_string(options.threads)});
    const Team team(options.threads);
    Workbench workbench{team, options.quick ? longest_quick_call : longest_call};
    Report report(std::move(facts), options.results, workbench.longest_call);
    std::vector<Case> cases = all_cases(options.quick);
    std::deque<Cell> cells; /* a deque, since each must stay where it is */
    for (Case &task : cases)
        for (const aft_probe *probe : isas.available) {
            Cell &cell = cells.emplace_back(task, *probe, workbench);
            if (!chosen(cell, options))
                continue;
            report.add(cell);
            benchmark::RegisterBenchmark(cell.name().c_str(), [&cell, &report](benchmark::State &state) {
                report.announce(cell);
                cell.run(state);
            })->UseRealTime();
        }
    if (report.cell_count() == 0)
        throw std::invalid_argument("no cell matches --filter='" + options.filter +
                                    "'; --benchmark_list_tests lists all names");
    benchmark::RunSpecifiedBenchmarks(&report, ".");
    return report.failures() == 0 ? 0 : 1;
}

} // namespace

} // namespace bench

int main(int argc, char **argv) {
    const bench::Options options = bench::parse_options(argc, argv);
    try {
        return bench::run(options);
    } catch (const std::regex_error &error) {
        std::fprintf(stderr, "aft_bench: --filter is '%s': %s\n", options.filter.c_str(), error.what());
        return 2;
    } catch (const std::invalid_argument &error) {
        std::fprintf(stderr, "aft_bench: %s\n", error.what());
        return 2;
    } catch (const std::exception &error) {
        std::fprintf(stderr, "aft_bench: %s\n", error.what());
        return 1;
    }
}
