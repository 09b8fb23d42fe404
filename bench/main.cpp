/* SPDX-License-Identifier: MIT */
#include <algorithm>
#include <cstdio>
#include <exception>
#include <regex>
#include <stdexcept>

#include "bench/cell.h"
#include "bench/machine.h"
#include "bench/machine/describe.h"
#include "bench/options.h"
#include "bench/real_tensors.h"
#include "bench/run.h"
#include "bench/speed_table.h"

namespace bench {

namespace {

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
    if (options.task == Task::machine) {
        const Tree tree = options.machine_root ? Tree(*options.machine_root) : Tree();
        std::puts(machine_text(describe_machine(tree)).c_str());
        return 0;
    }
    const IsaLevels isas = find_isas();
    expect_isa(options, isas);
    read_tensors_from(options.data);
    if (options.task == Task::speed || options.task == Task::exp)
        return print_speed_table(options, isas, machine_facts(isas));

    std::vector<Case> cases = all_cases(options.quick);
    const std::vector<Cell> cells = chosen_cells(cases, isas, options);
    if (options.task == Task::cells)
        return run_all(cells, options, isas);
    if (options.task == Task::list)
        for (const Cell &cell : cells)
            std::puts(cell.name().c_str());
    else
        run_part(cells, options);
    return 0;
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
    } catch (const std::exception &error) { /* 1 is what has been measured, and kept */
        std::fprintf(stderr, "aft_bench: %s\n", error.what());
        return 3;
    }
}
