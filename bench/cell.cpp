/* SPDX-License-Identifier: MIT */
#include "bench/cell.h"

#include <regex>
#include <stdexcept>

namespace bench {

namespace {

/* A tenth of a second or less. The same on every machine, so that all do the same work. */
constexpr double scalar_flops = 1 << 26, quick_scalar_flops = 1 << 24;

} // namespace

std::string Cell::name() const { return task->name() + "/" + probe->isa + "/threads=" + std::to_string(threads); }

std::vector<Cell> chosen_cells(std::vector<Case> &cases, const IsaLevels &isas, const Options &options) {
    const std::regex filter(options.filter);
    const double most_flops = options.quick ? quick_scalar_flops : scalar_flops;
    std::vector<Cell> cells;
    for (Case &task : cases)
        for (const aft_probe *probe : isas.available)
            for (const std::size_t threads : options.threads) {
                const Rows rows = probe->lanes == 1 ? task.rows_within(most_flops) : task.all_rows();
                const Cell cell{&task, probe, threads, rows};
                if ((options.isa.empty() || options.isa == probe->isa) && std::regex_search(cell.name(), filter))
                    cells.push_back(cell);
            }
    if (cells.empty())
        throw std::invalid_argument("no cell matches --filter='" + options.filter + "'; --list shows all names");
    return cells;
}

} // namespace bench
