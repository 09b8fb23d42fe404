/* SPDX-License-Identifier: MIT */
#include "bench/speed_table.h"

#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <optional>
#include <regex>

#include <nlohmann/json.hpp>

#include "bench/files.h"
#include "bench/speed_rows.h"
#include "bench/terminal.h"

namespace bench {

namespace {

constexpr double row_seconds = 3, quick_row_seconds = 0.5;

/* What became of a row: measured; skipped, or wrong, for a reason. */
struct Outcome {
    std::optional<Finding> finding;
    std::string reason;
    bool wrong = false;
};

Outcome measure(const SpeedRow &row, const Setting &setting) {
    try {
        return {row.measure(setting), ""};
    } catch (const Unavailable &reason) {
        return {std::nullopt, reason.what()};
    } catch (const std::runtime_error &error) {
        return {std::nullopt, error.what(), true};
    }
}

/* What the shares are of; that of a stream depends on the footprint. */
std::string ceilings(const aft_probe &probe) {
    const Team one(1);
    Case task(Kernel::simple, false, {1, 64, 64, 0}, Form::plain);
    task.load();
    return format("FMAs %.1f GFLOP/s, exp %.3f ns", 1e-9 * best_rate(fma_pass(one, probe)),
                  1e9 / best_rate(exp_pass(one, probe, task)));
}

void print_head(const Facts &facts) {
    std::printf("%s\n\n", bold("libaft: the speed it is to have, and has here").c_str());
    for (const auto &[name, value] : facts)
        std::printf("  %-13s %s\n", name.c_str(), value.c_str());
    std::puts(
        "\n  of peak     rate of the useful flops (4 per output element and key; local: key in the window), as a\n"
        "              share of that of FMAs over registers alone on the same instruction set; behind it, what those\n"
        "              reach right behind the kernel, at the clock that it leaves\n"
        "  of stream   rate of q, k, v and y, as a share of that of a loop that reads three arrays and writes one\n"
        "  of exps     rate of two exps an element, as a share of that of exp alone in L1\n"
        "  x sgemm     times as fast as the fastest sgemm of the same product: of AFT-full [T][T] by [T][2d]; of a\n"
        "              layer its rows by its weights; behind it, against each\n"
        "  x parts     time of a layer over that of its parts: both products by the fastest sgemm, and the\n"
        "              aggregation; behind it, with each\n"
        "  x its time  time over that of the plain kernel of the same shape; x T=16384: over that of this length\n"
        "  x one       times as fast as one thread; behind it the same of FMAs over registers alone\n"
        "  us a call   microseconds above the time of its flops at the rate of (1024,64)\n"
        "  measured    median of rounds, of which half lie in the range; in each, what is compared runs in turn.\n"
        "              CPU time; with two threads, time on the wall");
    std::printf("\n%s\n",
                bold("row                                     measure       bound   measured     range").c_str());
}

std::string bound_text(const SpeedRow &row) {
    return format("%s %5.2f", row.sense == Sense::at_least ? ">=" : "<=", row.bound);
}

void print_row(const SpeedRow &row, const Outcome &outcome) {
    std::printf("%-39s %-10s %s ", row.text.c_str(), row.unit.c_str(), bound_text(row).c_str());
    if (!outcome.finding) {
        std::printf("%s: %s\n", outcome.wrong ? alarming("WRONG").c_str() : "skipped", outcome.reason.c_str());
        return;
    }
    const Measured &value = outcome.finding->value;
    std::printf("%s  %6.3f .. %-6.3f %s %s\n", bold(format("%10.3f", value.median)).c_str(), value.low, value.high,
                row.met(value.median) ? "met  " : alarming("short").c_str(), outcome.finding->note.c_str());
}

using json = nlohmann::ordered_json;

json json_object(const Facts &facts) {
    json object;
    for (const auto &[name, value] : facts)
        object[name] = value;
    return object;
}

json json_row(const SpeedRow &row, const Outcome &outcome) {
    json object = {{"text", row.text},
                   {"unit", row.unit},
                   {"sense", row.sense == Sense::at_least ? "at least" : "at most"},
                   {"bound", row.bound}};
    if (!outcome.finding) {
        object[outcome.wrong ? "wrong" : "skipped"] = outcome.reason;
        return object;
    }
    const Measured &value = outcome.finding->value;
    object.update(
        {{"measured", value.median}, {"low", value.low}, {"high", value.high}, {"met", row.met(value.median)}});
    if (outcome.finding->rate_behind)
        object["rate_behind"] = *outcome.finding->rate_behind;
    object["note"] = outcome.finding->note;
    return object;
}

std::vector<SpeedRow> chosen_rows(const Options &options, const std::string &provider) {
    const std::regex filter(options.filter);
    std::vector<SpeedRow> rows;
    bool matched = false;
    for (const SpeedRow &row : speed_rows()) {
        if (!std::regex_search(row.text + " " + row.unit, filter))
            continue;
        matched = true;
        if (row.provider == provider || (row.provider.empty() && options.task == Task::speed))
            rows.push_back(row);
    }
    if (!matched)
        throw std::invalid_argument("no row of the speed table matches --filter='" + options.filter +
                                    "'; a row is 'full (1024,64), prepared of peak'");
    return rows;
}

} // namespace

int print_speed_table(const Options &options, const IsaLevels &isas, Facts facts) {
    const aft_probe *probe = isas.available.back();
    for (const aft_probe *one : isas.available)
        if (options.isa == one->isa)
            probe = one;
    const std::vector<SpeedRow> rows = chosen_rows(options, probe->exp_provider);
    facts.push_back({"date", utc("%Y-%m-%d", std::time(nullptr))});
    facts.push_back({"rows", std::string("on ") + probe->isa + " and one thread, unless they say otherwise"});
    facts.push_back({"ceilings", ceilings(*probe)});
    const Setting setting{isas, *probe, options.quick ? quick_row_seconds : row_seconds};
    if (options.task == Task::speed)
        print_head(facts);
    if (rows.empty())
        return 0;

    expect_writable(options.results);
    json results = {{"context", json_object(facts)}, {"rows", json::array()}};
    std::size_t done = 0, met = 0, skipped = 0;
    const auto begin = std::chrono::steady_clock::now();
    for (const SpeedRow &row : rows) {
        show_progress(format("%zu/%zu  %s %s ...", done + 1, rows.size(), row.text.c_str(), row.unit.c_str()));
        const Outcome outcome = measure(row, setting);
        clear_progress();
        print_row(row, outcome);
        std::fflush(stdout);
        done++;
        results["rows"].push_back(json_row(row, outcome));
        met += outcome.finding && row.met(outcome.finding->value.median) ? 1 : 0;
        skipped += !outcome.finding && !outcome.wrong ? 1 : 0;
    }
    create_folder(options.results);
    const std::string path =
        options.results + "/speed-" + probe->exp_provider + "-" + utc(in_a_name, std::time(nullptr)) + ".json";
    write_whole(path, results.dump(1) + "\n");
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
    std::puts(faint(format("%zu met, %zu short or wrong, %zu skipped in %.0f s; results in %s", met,
                           done - met - skipped, skipped, elapsed.count(), std::filesystem::proximate(path).c_str()))
                  .c_str());
    return met + skipped == done ? 0 : 1;
}

} // namespace bench
