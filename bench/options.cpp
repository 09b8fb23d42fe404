/* SPDX-License-Identifier: MIT */
#include "bench/options.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>

#include <getopt.h>

#include <benchmark/benchmark.h>

namespace bench {

namespace {

constexpr char help[] =
#include "bench/usage.inc" /* which scripts/bench shows too, before there is a program */
    ;

/* The options that settle what is measured, and how; the others say where files are. */
constexpr char measuring[] = "qfitpns";

/* With twelve a rank test still finds a slowdown among hundreds of cells where one process was disturbed; of three
 * samples one may be disturbed. */
constexpr std::size_t default_processes = 12, default_repetitions = 3;

[[noreturn]] void refuse(const std::string &reason) {
    if (!reason.empty())
        std::fprintf(stderr, "aft_bench: %s\n", reason.c_str());
    std::fprintf(stderr, "--help lists the options\n");
    std::exit(2);
}

std::size_t parse_number(const char *option, const std::string &text, long least, long most) {
    char *end = nullptr;
    const long number = std::strtol(text.c_str(), &end, 10);
    if (text.empty() || *end != '\0' || number < least || number > most)
        refuse(std::string(option) + " is '" + text + "': it must be a number from " + std::to_string(least) + " to " +
               std::to_string(most));
    return static_cast<std::size_t>(number);
}

/* Ascending, each once. */
std::vector<std::size_t> parse_threads(const std::string &text) {
    std::vector<std::size_t> threads;
    std::istringstream list(text + ","); /* so that an empty last number is seen */
    for (std::string one; std::getline(list, one, ',');)
        threads.push_back(parse_number("--threads", one, 1, 1024));
    std::sort(threads.begin(), threads.end());
    threads.erase(std::unique(threads.begin(), threads.end()), threads.end());
    return threads;
}

Task parse_table(const std::string &name) {
    if (name != "speed" && name != "exp")
        refuse("--table is '" + name + "': it must be speed or exp");
    return name == "speed" ? Task::speed : Task::exp;
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
    Options options;
    std::vector<char *> own = {argv[0]};
    std::vector<std::string> flags;
    for (int i = 1; i < argc; i++) {
        const std::string flag = argv[i];
        if (flag.rfind("--benchmark_", 0) == 0)
            flags.push_back(flag);
        else
            own.push_back(argv[i]);
    }
    const int own_count = static_cast<int>(own.size());
    own.push_back(nullptr);

    static const option known[] = {
        {"quick", no_argument, nullptr, 'q'},
        {"filter", required_argument, nullptr, 'f'},
        {"isa", required_argument, nullptr, 'i'},
        {"threads", required_argument, nullptr, 't'},
        {"list", no_argument, nullptr, 'l'},
        {"processes", required_argument, nullptr, 'p'},
        {"repetitions", required_argument, nullptr, 'n'},
        {"seed", required_argument, nullptr, 's'},
        {"results", required_argument, nullptr, 'r'},
        {"folder-to", required_argument, nullptr, 'F'},
        {"data", required_argument, nullptr, 'd'},
        {"machine", no_argument, nullptr, 'm'},
        {"machine-root", required_argument, nullptr, 'R'},
        {"table", required_argument, nullptr, 'T'},
        {"case", required_argument, nullptr, 'c'},
        {"ceilings", no_argument, nullptr, 'C'},
        {"help", no_argument, nullptr, 'h'},
        {nullptr, 0, nullptr, 0},
    };
    int index = 0;
    for (int flag; (flag = getopt_long(own_count, own.data(), "h", known, &index)) != -1;) {
        if (std::strchr(measuring, flag) != nullptr)
            options.command.push_back(std::string("--") + known[index].name +
                                      (optarg ? "=" + std::string(optarg) : ""));
        switch (flag) {
        case 'q':
            options.quick = true;
            break;
        case 'f':
            options.filter = *optarg == '\0' ? "." : optarg;
            break;
        case 'i':
            options.isa = optarg;
            break;
        case 't':
            options.threads = parse_threads(optarg);
            break;
        case 'l':
            options.task = Task::list;
            break;
        case 'p':
            options.processes = parse_number("--processes", optarg, 1, 1000);
            break;
        case 'n':
            options.repetitions = parse_number("--repetitions", optarg, 1, 1000);
            break;
        case 's':
            options.seed = parse_number("--seed", optarg, 0, 1L << 31);
            break;
        case 'r':
            options.results = optarg;
            break;
        case 'F':
            options.folder_to = optarg;
            break;
        case 'd':
            options.data = optarg;
            break;
        case 'm':
            options.task = Task::machine;
            break;
        case 'R':
            options.task = Task::machine;
            options.machine_root = optarg;
            break;
        case 'T':
            options.task = parse_table(optarg);
            break;
        case 'c':
            options.task = Task::only_case;
            options.only_case = optarg;
            break;
        case 'C':
            options.task = Task::ceilings;
            break;
        case 'h':
            std::fputs(help, stdout);
            std::exit(0);
        default:
            refuse(""); /* getopt has said what is wrong */
        }
    }
    if (optind < own_count)
        refuse(std::string("'") + own[static_cast<std::size_t>(optind)] + "' is not an option");
    if (!flags.empty() && options.task != Task::only_case)
        refuse(flags[0] + " goes with --case=NAME: a run has many processes");
    if ((options.task == Task::speed || options.task == Task::exp) && options.threads != std::vector<std::size_t>{1})
        refuse("--threads does not go with --table: its rows say on how many threads they run");

    if (options.processes == 0)
        options.processes = default_processes;
    if (options.repetitions == 0)
        options.repetitions = options.quick ? 1 : default_repetitions;
    options.sample_seconds = options.quick ? 0.005 : 0.01;
    flags.insert(flags.begin(), {"--benchmark_repetitions=" + std::to_string(options.repetitions),
                                 "--benchmark_enable_random_interleaving=true"});
    initialize_benchmark(argv[0], flags);
    return options;
}

} // namespace bench
