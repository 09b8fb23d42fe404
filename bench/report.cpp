/* SPDX-License-Identifier: MIT */
#include "bench/report.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <sstream>

#include "bench/reference.h"
#include "bench/terminal.h"

namespace bench {

namespace {

using Run = benchmark::BenchmarkReporter::Run;

constexpr char heading[] = "   cell kernel               shape                  isa    ns/element   spread    rate     "
                           "    ceiling   error  speed";

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return (values[(values.size() - 1) / 2] + values[values.size() / 2]) / 2;
}

double counter(const Run &run, const char *name) { return run.counters.at(name).value; }

double ns_per_element(const Run &run) { return 1e9 / counter(run, "items_per_second"); }

double rate(const Run &run, const Cell &cell) {
    return counter(run, cell.memory_bound() ? "bytes_per_second" : "flops_per_second");
}

double share_of_ceiling(const Run &run, const Cell &cell) {
    return rate(run, cell) / counter(run, "ceiling_per_second");
}

template <typename Value> std::vector<double> each(const std::vector<Run> &runs, Value value) {
    std::vector<double> values;
    for (const Run &run : runs)
        values.push_back(value(run));
    return values;
}

} // namespace

Report::Report(Facts facts, std::string results_folder, double longest_call)
    : facts(std::move(facts)), results_folder(std::move(results_folder)), longest_call(longest_call) {
    for (const auto &[name, value] : this->facts) {
        std::string key = "aft_" + name; /* Google Benchmark has facts of its own */
        std::replace(key.begin(), key.end(), ' ', '_');
        benchmark::AddCustomContext(key, value);
    }
}

void Report::announce(const Cell &cell) const {
    if (cell.started())
        return;
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    show_progress(format("%3zu/%zu  %.0f s  checking and timing %s ...", done + 1, cells.size(), elapsed.count(),
                         cell.name().c_str()));
}

bool Report::ReportContext(const Context &context) {
    file.emplace(results_folder, "bench");
    json.SetOutputStream(&file->stream());
    json.ReportContext(context);

    std::printf("%s\n\n", bold("libaft: every kernel on this CPU, checked, then timed").c_str());
    for (const auto &[name, value] : facts)
        std::printf("  %-13s %s\n", name.c_str(), value.c_str());
    std::ostringstream library;
    PrintBasicContext(&library, context);
    if (library.str().find("Library was built as DEBUG") != std::string::npos)
        std::printf("  %-13s %s\n", "harness",
                    "Google Benchmark built as DEBUG (as Debian does): that is the harness, not libaft");
    std::printf("\n%s\n", bold(heading).c_str());
    std::fflush(stdout);
    return true;
}

/* Called twice a cell: with its repetitions, then with the statistics that Google Benchmark makes of them. */
void Report::ReportRuns(const std::vector<Run> &runs) {
    const Cell &cell = *cells.at(runs.front().run_name.function_name);
    if (runs.front().run_type == Run::RT_Iteration) {
        done++;
        clear_progress();
        if (cell.failure().empty())
            print_row(cell, runs);
        else
            print_failure(cell);
        std::fflush(stdout);
    }
    write(cell, runs);
}

/* Kernel and shape are named once for all instruction sets. */
std::string Report::row_head(const Cell &cell) {
    const bool first = cell.task.name() != last_case;
    last_case = cell.task.name();
    const std::string progress = faint(format("%3zu/%-3zu", done, cells.size()));
    return progress + format(" %-20s %-22s %-6s", first ? cell.task.kernel_text().c_str() : "",
                             first ? cell.task.shape_text().c_str() : "", cell.probe.isa);
}

void Report::print_failure(const Cell &cell) {
    failed++;
    std::printf("%s %s\n         %s\n", row_head(cell).c_str(), alarming("FAILED, not timed").c_str(),
                cell.failure().c_str());
}

void Report::print_row(const Cell &cell, const std::vector<Run> &runs) {
    const std::vector<double> times = each(runs, ns_per_element);
    const auto [least, most] = std::minmax_element(times.begin(), times.end());
    const double ns = median(times);
    if (cell.probe.lanes == 1)
        scalar_ns[cell.task.name()] = ns;
    const bool sliced = cell.timed_rows().count < cell.task.shape.time;
    if (sliced)
        slices.push_back(
            format("%4zu of %5zu rows: %s", cell.timed_rows().count, cell.task.shape.time, cell.name().c_str()));

    const auto scalar = scalar_ns.find(cell.task.name());
    const std::string speed = scalar == scalar_ns.end() ? "-" : format("%.1fx", scalar->second / ns);
    std::printf("%s%s%-1s %5.1f %% %7.2f %-7s %5.1f %% %5.2f u %6s\n", row_head(cell).c_str(),
                bold(format(" %10.3f", ns)).c_str(), sliced ? "*" : "", 100 * (*most - *least) / ns,
                1e-9 * median(each(runs, [&cell](const Run &run) { return rate(run, cell); })),
                cell.memory_bound() ? "GB/s" : "GFLOP/s",
                100 * median(each(runs, [&cell](const Run &run) { return share_of_ceiling(run, cell); })),
                counter(runs.front(), "max_error_u"), speed.c_str());
}

/* Google Benchmark's own JSON, with what is derived here as further counters. JSON has no word for a number that is not
 * finite, so such a counter is left out. */
void Report::write(const Cell &cell, std::vector<Run> runs) {
    if (!cell.failure().empty())
        runs.resize(1);
    std::vector<Run> kept;
    for (Run &run : runs) {
        if (run.run_type != Run::RT_Iteration && run.aggregate_name != "median")
            continue;
        if (cell.failure().empty()) {
            run.counters["ns_per_element"] = ns_per_element(run);
            run.counters["share_of_ceiling"] = share_of_ceiling(run, cell);
            const auto scalar = scalar_ns.find(cell.task.name());
            if (scalar != scalar_ns.end())
                run.counters["ratio_to_scalar"] = scalar->second / ns_per_element(run);
        }
        for (auto entry = run.counters.begin(); entry != run.counters.end();)
            entry = std::isfinite(entry->second.value) ? std::next(entry) : run.counters.erase(entry);
        kept.push_back(run);
    }
    json.ReportRuns(kept);
}

void Report::print_legend() const {
    std::puts("\n  ns/element  time per output element (batch x row x channel), median of the repetitions;\n"
              "  spread      (slowest - fastest) / median of the repetitions\n"
              "  rate        full, local: 4 flops per output element and visible key (local: key in the window);\n"
              "              simple: bytes of q, k, v and y\n"
              "  ceiling     share of what a plain loop on the same instruction set reached right before or after:\n"
              "              full, local: FMAs over registers alone; simple: one that reads q, k, v and writes y");
    std::printf(
        "  error       largest error against float64 on sampled rows; u = 2^-24 * sigmoid(q) * sum p|v|, limit %g u\n"
        "  speed       times scalar\n",
        error_limit);
    if (slices.empty())
        return;
    std::printf(
        "  *           timed on fewer query rows, from the middle of the sequence, with all its keys: a whole call\n"
        "              would take over %g s\n",
        longest_call);
    for (const std::string &slice : slices)
        std::printf("              %s\n", slice.c_str());
}

void Report::Finalize() {
    json.Finalize();
    file->commit();
    print_legend();
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    std::printf("\n%zu cells in %.0f s, ", done, elapsed.count());
    std::printf("%s", failed == 0 ? "all correct" : alarming(std::to_string(failed) + " FAILED").c_str());
    std::printf("; results in %s\n", std::filesystem::proximate(file->path()).c_str());
}

} // namespace bench
