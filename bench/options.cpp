/* SPDX-License-Identifier: MIT */
#include "bench/options.h"

#include <cstdio>
#include <cstdlib>

#include <getopt.h>

#include <benchmark/benchmark.h>

namespace bench {

namespace {

constexpr char help[] =
    R"(aft_bench: checks every kernel against a float64 reference on this CPU and times it

usage: aft_bench [options]

  --table=speed    each speed that libaft is to have, with its bound and what is measured here
  --table=exp      of these the ones about the exp provider of this build, without a heading
  --quick          fewer shapes and repetitions: ends within a minute (without: within ten)
  --filter=REGEX   only the cells whose name matches, as full,causal/T=1024,d=512/avx2; or rows
  --isa=NAME       only this instruction set: scalar, avx2, avx512 or neon
  --threads=N      run on N threads (default: 1)
  --results=FOLDER where to put the JSON file (default: results/ in the source tree)
  --machine        only print what is known of this machine and build, as JSON
  --machine-root=FOLDER  the same of a machine whose /proc and /sys were recorded into this folder
  --help           this text

scripts/bench --table=speed --record also writes the rows of both exp providers into bench/PERFORMANCE.md.

Every --benchmark_FLAG of Google Benchmark is passed on, as --benchmark_list_tests, --benchmark_repetitions=N or
--benchmark_min_time=SECONDS. Exit status: 0 all right; 1 a result was wrong or could not be kept, or a row of the speed
table falls short; 2 wrong usage.
)";

/* Fixed before the user's own flags, so that those win. */
std::vector<std::string> timing_defaults(bool quick) {
    if (quick)
        return {"--benchmark_repetitions=3", "--benchmark_min_time=0.01" AFT_BENCH_SECONDS};
    return {"--benchmark_repetitions=5", "--benchmark_min_time=0.1" AFT_BENCH_SECONDS};
}

[[noreturn]] void refuse(const std::string &reason) {
    if (!reason.empty())
        std::fprintf(stderr, "aft_bench: %s\n", reason.c_str());
    std::fprintf(stderr, "aft_bench --help lists the options\n");
    std::exit(2);
}

std::size_t parse_threads(const char *text) {
    char *end = nullptr;
    const long threads = std::strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || threads < 1 || threads > 1024)
        refuse(std::string("--threads is '") + text + "': it must be a number from 1 to 1024");
    return static_cast<std::size_t>(threads);
}

Table parse_table(const std::string &name) {
    if (name != "speed" && name != "exp")
        refuse("--table is '" + name + "': it must be speed or exp");
    return name == "speed" ? Table::speed : Table::exp;
}

/* Google Benchmark keeps the pointer to the program's name. */
void initialize_benchmark(char *program, std::vector<std::string> flags) {
    std::vector<char *> pointers = {program};
    for (std::string &flag : flags)
        pointers.push_back(flag.data());
    pointers.push_back(nullptr);
    int count = static_cast<int>(flags.size() + 1);
    benchmark::Initialize(&count, pointers.data());
    if (count > 1)
        refuse(std::string(pointers[1]) + " is no flag of this version of Google Benchmark");
}

} // namespace

Options parse_options(int argc, char **argv) {
    std::vector<char *> own = {argv[0]};
    std::vector<std::string> passed_on;
    for (int i = 1; i < argc; i++) {
        const std::string flag = argv[i];
        if (flag.find("_aggregates_only") != std::string::npos)
            refuse(flag + ": the table and the file are made of the single repetitions");
        if (flag.rfind("--benchmark_", 0) == 0)
            passed_on.push_back(flag);
        else
            own.push_back(argv[i]);
    }
    const int own_count = static_cast<int>(own.size());
    own.push_back(nullptr);

    static const option known[] = {
        {"table", required_argument, nullptr, 'T'},   {"quick", no_argument, nullptr, 'q'},
        {"filter", required_argument, nullptr, 'f'},  {"isa", required_argument, nullptr, 'i'},
        {"threads", required_argument, nullptr, 't'}, {"results", required_argument, nullptr, 'r'},
        {"machine", no_argument, nullptr, 'm'},       {"machine-root", required_argument, nullptr, 'M'},
        {"help", no_argument, nullptr, 'h'},          {nullptr, 0, nullptr, 0},
    };
    Options options;
    std::string filter;
    for (int flag; (flag = getopt_long(own_count, own.data(), "h", known, nullptr)) != -1;)
        switch (flag) {
        case 'T':
            options.table = parse_table(optarg);
            break;
        case 'q':
            options.quick = true;
            break;
        case 'f':
            filter = optarg;
            break;
        case 'i':
            options.isa = optarg;
            break;
        case 't':
            options.threads = parse_threads(optarg);
            break;
        case 'r':
            options.results = optarg;
            break;
        case 'M':
            options.machine_root = optarg;
            [[fallthrough]];
        case 'm':
            options.machine = true;
            break;
        case 'h':
            std::fputs(help, stdout);
            std::exit(0);
        default:
            refuse(""); /* getopt has said what is wrong */
        }
    if (optind < own_count)
        refuse(std::string("'") + own[static_cast<std::size_t>(optind)] + "' is not an option");

    if (options.table != Table::cells && options.threads != 1)
        refuse("--threads does not go with --table: its rows say on how many threads they run");

    std::vector<std::string> flags = timing_defaults(options.quick);
    flags.insert(flags.end(), passed_on.begin(), passed_on.end());
    initialize_benchmark(argv[0], flags);
    if (filter.empty())
        filter = benchmark::GetBenchmarkFilter();
    if (!filter.empty())
        options.filter = filter;
    return options;
}

} // namespace bench
