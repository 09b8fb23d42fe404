/* SPDX-License-Identifier: MIT */
#include "bench/results.h"

#include <map>

#include "bench/files.h"
#include "bench/machine/build.h"
#include "bench/machine/describe.h"
#include "bench/terminal.h"
#include "bench/worker.h"

namespace bench {

namespace {

using json = nlohmann::ordered_json;

constexpr int schema_version = 1;

/* Seven digits: what follows is noise, and would double the file. */
json rounded(double value) { return std::stod(format("%.7g", value)); }

json rounded(const std::vector<double> &values) {
    json all = json::array();
    for (const double value : values)
        all.push_back(rounded(value));
    return all;
}

json text_or_null(const std::string &text) { return text.empty() ? json() : json(text); }

json isa_facts(const IsaLevels &isas) {
    json facts = json::array();
    for (const aft_probe *probe : isas.available)
        facts.push_back(
            {{"name", probe->isa}, {"lanes", probe->lanes}, {"exp", probe->exp_provider}, {"skipped", nullptr}});
    for (const std::string &isa : isas.skipped)
        facts.push_back({{"name", isa}, {"lanes", nullptr}, {"exp", nullptr}, {"skipped", skipped_reason}});
    return facts;
}

/* An entry for each ceiling, with a sample a measurement. */
json ceilings(const std::vector<Ceiling> &measured) {
    json entries = json::array();
    std::map<std::string, std::size_t> places;
    for (const Ceiling &ceiling : measured) {
        const std::string key = ceiling.name + "/" + ceiling.isa + "/" + std::to_string(ceiling.threads);
        const auto [place, added] = places.emplace(key, entries.size());
        if (added)
            entries.push_back({{"name", ceiling.name},
                               {"unit", ceiling.unit},
                               {"isa", ceiling.isa},
                               {"threads", ceiling.threads},
                               {"footprint_bytes", ceiling.footprint > 0 ? json(ceiling.footprint) : json()},
                               {"samples", json::array()}});
        entries[place->second]["samples"].push_back(rounded(ceiling.rate));
    }
    return entries;
}

json summary(const Record &record) {
    const std::optional<Summary> summary = record.summary();
    if (!summary)
        return nullptr;
    return {{"median_ns", summary->median_ns}, {"low_ns", summary->low_ns},
            {"high_ns", summary->high_ns},     {"confidence", summary->confidence},
            {"noisy", summary->noisy},         {"binds", summary->binds},
            {"share", summary->share}};
}

json cell(const Record &record) {
    const Case &task = *record.cell.task;
    const Work work = task.work(record.cell.rows);
    return {
        {"name", record.cell.name()},
        {"kernel", kernel_name(task.kernel)},
        {"form", task.form == Form::prepared ? "prepared" : "plain"},
        {"causal", task.causal},
        {"batch", task.shape.batch},
        {"time", task.shape.time},
        {"channels", task.shape.channels},
        {"window", task.kernel == Kernel::local ? json(task.shape.window) : json()},
        {"isa", record.cell.probe->isa},
        {"isa_ran", text_or_null(record.isa_ran)},
        {"threads", record.cell.threads},
        {"rows", {{"first", record.cell.rows.first}, {"count", record.cell.rows.count}}},
        {"work", {{"elements", work.elements}, {"flops", work.flops}, {"exps", work.exps}, {"bytes", work.bytes}}},
        {"failure", text_or_null(record.failure)},
        {"max_error_u", record.max_error ? json(*record.max_error) : json()},
        {"clock", record.cell.threads > 1 ? "wall" : "cpu"},
        {"samples_ns", rounded(record.samples_ns)},
        {"process", record.process},
        {"beside", {{"fma", rounded(record.fma)}, {"exp", rounded(record.exp)}, {"stream", rounded(record.stream)}}},
        {"summary", summary(record)}};
}

void add_sample(Record &record, std::size_t process, const json &entry) {
    if (entry.value("error_occurred", false)) {
        record.failure = entry.at("error_message");
        return;
    }
    record.isa_ran = entry.at("label");
    record.max_error = entry.at("max_error_u").get<double>();
    record.samples_ns.push_back(entry.at(record.cell.threads > 1 ? "real_time" : "cpu_time"));
    record.process.push_back(process);
    record.fma.push_back(entry.at("fma"));
    record.exp.push_back(entry.at("exp"));
    record.stream.push_back(entry.at("stream"));
}

/* Nothing of a cell that was wrong once is shown as its speed. */
void fail(Record &record) {
    Record failed(record.cell);
    failed.failure = record.failure;
    record = failed;
}

} // namespace

void add_samples(Findings &findings, const std::vector<std::size_t> &records, std::size_t process,
                 const std::string &output, const std::string &failure) {
    const json parsed = json::parse(output, nullptr, false);
    const json none = json::array();
    const json &entries = parsed.is_object() && parsed.contains("benchmarks") ? parsed.at("benchmarks") : none;
    if (findings.benchmark_context.empty() && parsed.is_object())
        findings.benchmark_context = parsed.value("context", json::object());
    for (const std::size_t index : records) {
        Record &record = findings.records[index];
        const std::string name = record.cell.name();
        std::size_t found = 0;
        for (json entry : entries)
            if (record.failure.empty() && entry.at("name") == name) {
                found++;
                entry["repetition_index"] = record.samples_ns.size();
                entry["repetitions"] = 0;
                add_sample(record, process, entry);
                findings.benchmarks.push_back(entry);
            }
        if (record.failure.empty() && found == 0)
            record.failure = failure.empty() ? "its process wrote no result" : failure;
        if (!record.failure.empty())
            fail(record);
    }
}

std::string results_json(const Findings &findings, const Options &options, const IsaLevels &isas) {
    const Machine &machine = this_machine();
    json cells = json::array();
    for (const Record &record : findings.records)
        cells.push_back(cell(record));
    const json results = {
        {"schema_version", schema_version},
        {"created", utc("%Y-%m-%dT%H:%M:%SZ", findings.begin)},
        {"command", options.command},
        {"complete", findings.complete},
        {"seconds", findings.seconds},
        {"seed", options.seed},
        {"workload",
         {{"name", options.quick ? "quick" : "full"},
          {"version", workload_version},
          {"tensors", format("%016llx", static_cast<unsigned long long>(findings.tensors))}}},
        {"settings",
         {{"processes", options.processes},
          {"repetitions", options.repetitions},
          {"sample_seconds", options.sample_seconds},
          {"threads", options.threads},
          {"filter", options.filter},
          {"isa", text_or_null(options.isa)},
          {"pinned", findings.benchmark_context.value(bound_to_cores, "no") == "yes"}}},
        {"libaft", libaft_facts()},
        {"build", build_facts()},
        {"isas", isa_facts(isas)},
        {"cpu", machine.cpu},
        {"topology", machine.topology},
        {"clock", machine.clock},
        {"system", machine.system},
        {"unreadable", machine.unreadable},
        {"ceilings", ceilings(findings.ceilings)},
        {"cells", cells},
    };
    return results.dump(1) + "\n";
}

std::string google_benchmark_json(const Findings &findings) {
    const json all = {{"context", findings.benchmark_context}, {"benchmarks", findings.benchmarks}};
    return all.dump(1) + "\n";
}

} // namespace bench
