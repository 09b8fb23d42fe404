/* SPDX-License-Identifier: MIT */
#include "bench/cell_table.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <map>

#include "bench/reference.h"
#include "bench/terminal.h"

namespace bench {

namespace {

double elements(const Record &record) { return record.cell.task->work(record.cell.rows).elements; }

bool sliced(const Record &record) { return record.cell.rows.count < record.cell.task->shape.time; }

/* GFLOP/s, or GB/s where hardly anything is computed. */
std::string rate_text(const Record &record, const Summary &summary) {
    const Work work = record.cell.task->work(record.cell.rows);
    const bool computes = record.cell.task->kernel != Kernel::simple;
    return format("%8.2f %-7s", (computes ? work.flops : work.bytes) / summary.median_ns,
                  computes ? "GFLOP/s" : "GB/s");
}

double ns_an_element(const Record &record, const Summary &summary) { return summary.median_ns / elements(record); }

/* What each case took scalar code on one thread, by its name. */
using ScalarTimes = std::map<std::string, const Record *>;

ScalarTimes scalar_times(const Findings &findings) {
    ScalarTimes times;
    for (const Record &record : findings.records)
        if (record.cell.probe->lanes == 1 && record.cell.threads == 1 && record.summary())
            times[record.cell.task->name()] = &record;
    return times;
}

/* How many times as fast as scalar, unless that was timed on fewer rows: each of these carries more of what the keys
 * cost. */
std::string speed_text(const Record &record, const Summary &summary, const ScalarTimes &times) {
    const auto scalar = times.find(record.cell.task->name());
    if (scalar == times.end() || scalar->second->cell.rows.count != record.cell.rows.count)
        return "-";
    return format("%.1fx", ns_an_element(*scalar->second, *scalar->second->summary()) / ns_an_element(record, summary));
}

void print_row(const Record &record, const std::string &head, const ScalarTimes &scalar) {
    const std::string row = format("%s %-6s %7zu", head.c_str(), record.cell.probe->isa, record.cell.threads);
    const std::optional<Summary> summary = record.summary();
    if (!record.failure.empty()) {
        std::printf("%s  %s\n    %s\n", row.c_str(), alarming("FAILED, not timed").c_str(), record.failure.c_str());
        return;
    }
    if (!summary) {
        std::printf("%s  %s\n", row.c_str(), faint("not reached").c_str());
        return;
    }
    std::printf("%s %s%s +-%4.1f %%%s %s %5.1f %% %-6s %5.2f u %7s\n", row.c_str(),
                bold(format("%11.3f", ns_an_element(record, *summary))).c_str(), sliced(record) ? "*" : " ",
                50 * (summary->high_ns - summary->low_ns) / summary->median_ns, summary->noisy ? "!" : " ",
                rate_text(record, *summary).c_str(), 100 * summary->share, summary->binds, *record.max_error,
                speed_text(record, *summary, scalar).c_str());
}

} // namespace

void print_machine(const Facts &facts) {
    std::printf("%s\n\n", bold("libaft: every kernel on this CPU, checked, then timed").c_str());
    for (const auto &[name, value] : facts)
        std::printf("  %-13s %s\n", name.c_str(), value.c_str());
    std::puts("");
    std::fflush(stdout);
}

/* Kernel and shape are named once for all instruction sets. */
void print_table(const Findings &findings) {
    std::puts(bold(format("%-20s %-22s %-6s %7s %11s %10s %-17s%-14s %7s %7s", "kernel", "shape", "isa", "threads",
                          "ns/element", "", "    rate", "share of", "error", "speed"))
                  .c_str());
    const ScalarTimes scalar = scalar_times(findings);
    std::string last;
    for (const Record &record : findings.records) {
        const Case &task = *record.cell.task;
        const bool first = task.name() != last;
        last = task.name();
        print_row(
            record,
            format("%-20s %-22s", first ? task.kernel_text().c_str() : "", first ? task.shape_text().c_str() : ""),
            scalar);
    }
    std::printf(
        "\n  ns/element  time of an output element (batch x row x channel): median of the processes' medians,\n"
        "              +- half the interval that holds the true one with the confidence of results.json;\n"
        "              ! too noisy for a comparison, even against the ceilings beside it, or of fewer than five "
        "processes\n"
        "  *           timed on fewer query rows, from the middle of the sequence, with all its keys\n"
        "  rate        full, local: 4 flops per output element and visible key (local: key in the window);\n"
        "              simple: bytes of q, k, v and y\n"
        "  share of    the ceiling that binds, measured right beside each sample: fma, exp: over registers or\n"
        "              the first cache; stream: a loop that reads q, k, v and writes y\n"
        "  error       largest against float64 on sampled rows; u = 2^-24 * sigmoid(q) * sum p|v|, limit %g u\n"
        "  speed       times scalar on one thread, where that was timed on the same rows\n",
        error_limit);
}

void print_end(const Findings &findings, const std::string &folder) {
    const auto is_wrong = [](const Record &record) { return !record.failure.empty(); };
    const auto is_left = [](const Record &record) { return record.failure.empty() && record.samples_ns.empty(); };
    const auto &records = findings.records;
    const auto failed = std::count_if(records.begin(), records.end(), is_wrong);
    const auto left = std::count_if(records.begin(), records.end(), is_left);
    std::printf("\n%zu cells in %.0f s, ", records.size(), findings.seconds);
    if (left > 0)
        std::printf("%td not reached, the others ", left);
    std::printf("%s", failed == 0 ? "all correct" : alarming(format("%td FAILED", failed)).c_str());
    std::printf("; %sresults in %s\n", findings.complete ? "" : alarming("interrupted: partial ").c_str(),
                std::filesystem::proximate(folder).c_str());
}

} // namespace bench
