/* SPDX-License-Identifier: MIT */
#include "bench/run.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <sstream>
#include <stdexcept>

#include "bench/ceilings.h"
#include "bench/cell_table.h"
#include "bench/files.h"
#include "bench/machine/describe.h"
#include "bench/process.h"
#include "bench/progress.h"
#include "bench/results.h"
#include "bench/run_folder.h"
#include "bench/worker.h"

namespace bench {

namespace {

/* What one process does: the cells of one case, or the ceilings. */
struct Job {
    std::string option, text;
    std::vector<std::size_t> records;
};

std::vector<Job> jobs_of(const std::vector<Cell> &cells) {
    std::vector<Job> jobs = {{"--ceilings", "ceilings", {}}};
    for (std::size_t i = 0; i < cells.size(); i++) {
        const std::string name = cells[i].task->name();
        if (jobs.back().text != name)
            jobs.push_back({"--case=" + name, name, {}});
        jobs.back().records.push_back(i);
    }
    return jobs;
}

std::string cpu_name() {
    const auto &model = this_machine().cpu.at("model");
    return model.is_string() ? model.get<std::string>() : "unknown CPU";
}

nlohmann::ordered_json as_json(const Ceiling &ceiling) {
    return {{"name", ceiling.name},       {"unit", ceiling.unit},           {"isa", ceiling.isa},
            {"threads", ceiling.threads}, {"footprint", ceiling.footprint}, {"rate", ceiling.rate}};
}

void add_ceilings(Findings &findings, const std::string &output) {
    const auto parsed = nlohmann::ordered_json::parse(output, nullptr, false);
    for (const auto &entry : parsed.is_array() ? parsed : nlohmann::ordered_json::array())
        findings.ceilings.push_back({entry.at("name"), entry.at("unit"), entry.at("isa"), entry.at("threads"),
                                     entry.at("footprint"), entry.at("rate")});
}

void print_ceilings(const std::vector<Cell> &cells, std::ostream &out) {
    std::map<std::size_t, std::vector<const aft_probe *>> probes; /* by the number of threads */
    for (const Cell &cell : cells) {
        std::vector<const aft_probe *> &known = probes[cell.threads];
        if (std::find(known.begin(), known.end(), cell.probe) == known.end())
            known.push_back(cell.probe);
    }
    auto entries = nlohmann::ordered_json::array();
    for (const auto &[threads, isas] : probes)
        for (const Ceiling &ceiling : measure_ceilings(isas, threads))
            entries.push_back(as_json(ceiling));
    out << entries.dump() << "\n";
}

class Run {
  public:
    Run(const std::vector<Cell> &cells, const Options &options, const IsaLevels &isas)
        : cells(cells), options(options), isas(isas), jobs(jobs_of(cells)),
          folder(options.results, cpu_name(), findings.begin) {
        for (const Cell &cell : cells)
            findings.records.emplace_back(cell);
    }

    int all() {
        note_interruption();
        expect_writable(options.results);
        print_machine(machine_facts(isas));
        Progress progress(jobs.size(), options.processes);
        for (std::size_t pass = 0; pass < options.processes && interrupted_by == 0; pass++) {
            for (const std::size_t job : order(pass)) {
                progress.begin(pass, jobs[job].text);
                run(jobs[job], pass);
                if (interrupted_by != 0)
                    break;
                progress.end(job);
            }
            save(interrupted_by == 0 && pass + 1 == options.processes);
        }
        progress.clear();
        return report();
    }

  private:
    /* The seed of each pass is another, so that no cell always follows the same one. */
    std::vector<std::size_t> order(std::size_t pass) const {
        std::vector<std::size_t> indices(jobs.size());
        for (std::size_t i = 0; i < indices.size(); i++)
            indices[i] = i;
        std::mt19937_64 random(options.seed + pass);
        std::shuffle(indices.begin(), indices.end(), random);
        return indices;
    }

    void run(const Job &job, std::size_t pass) {
        const Ended ended = options.processes > 1 ? run_self(job.option) : run_here(job);
        if (interrupted_by != 0)
            return;
        if (job.records.empty())
            add_ceilings(findings, ended.output);
        else
            add_samples(findings, job.records, pass, ended.output, ended.failure);
    }

    /* Where there is one process only, it is this one: an emulator cannot start another. */
    Ended run_here(const Job &job) const {
        std::ostringstream output;
        if (job.records.empty()) {
            print_ceilings(cells, output);
        } else {
            std::vector<Cell> own;
            for (const std::size_t record : job.records)
                own.push_back(cells[record]);
            run_cells(own, options.sample_seconds, output);
        }
        return {output.str(), ""};
    }

    bool measured_any() const {
        return std::any_of(findings.records.begin(), findings.records.end(),
                           [](const Record &record) { return !record.samples_ns.empty() || !record.failure.empty(); });
    }

    void save(bool complete) {
        if (!measured_any())
            return;
        findings.complete = complete;
        findings.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        folder.write("results.json", results_json(findings, options, isas));
        folder.write("google_benchmark.json", google_benchmark_json(findings));
    }

    int report() const {
        if (!measured_any()) {
            std::fprintf(stderr, "aft_bench: interrupted before a cell was measured; nothing is kept\n");
            return 128 + interrupted_by;
        }
        print_table(findings);
        print_end(findings, folder.path());
        if (!options.folder_to.empty() && !(std::ofstream(options.folder_to) << folder.path() << std::endl))
            throw std::runtime_error("cannot write " + options.folder_to + ", which --folder-to names");
        if (interrupted_by != 0)
            return 128 + interrupted_by;
        return std::all_of(findings.records.begin(), findings.records.end(),
                           [](const Record &record) { return record.failure.empty(); })
                   ? 0
                   : 1;
    }

    const std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();
    const std::vector<Cell> &cells;
    const Options &options;
    const IsaLevels &isas;
    const std::vector<Job> jobs;
    Findings findings;
    RunFolder folder;
};

} // namespace

int run_all(const std::vector<Cell> &cells, const Options &options, const IsaLevels &isas) {
    return Run(cells, options, isas).all();
}

void run_part(const std::vector<Cell> &cells, const Options &options) {
    if (options.task == Task::ceilings) {
        print_ceilings(cells, std::cout);
        return;
    }
    std::vector<Cell> own;
    for (const Cell &cell : cells)
        if (cell.task->name() == options.only_case)
            own.push_back(cell);
    if (own.empty())
        throw std::invalid_argument("--case is '" + options.only_case +
                                    "': --list shows the names, which begin with their case");
    run_cells(own, options.sample_seconds, std::cout);
}

} // namespace bench
