/* SPDX-License-Identifier: MIT */
#ifndef AFT_BENCH_OPTIONS_H
#define AFT_BENCH_OPTIONS_H

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/* What the program is asked for.
 * cells: every kernel, instruction set and shape; list: their names; only_case, ceilings: one process's part of that.
 * speed: each row of the speed table; exp: those of its rows that are about the exp provider of this build, without the
 * heading. machine: what machine and build are. */
enum class Task { cells, list, only_case, ceilings, speed, exp, machine };

struct Options {
    Task task = Task::cells;
    std::vector<std::string> command; /* the options given that settle what is measured, and how */
    bool quick = false;
    std::string filter = "."; /* a regular expression over the names of cells or rows */
    std::string isa;          /* empty: all */
    std::vector<std::size_t> threads = {1};
    std::size_t processes = 0, repetitions = 0;
    double sample_seconds = 0;
    std::uint64_t seed = 1;
    std::string data = "tests/data"; /* the tensors */
    std::string results = "results";
    std::string folder_to; /* a file that is to hold the path of the run's folder; empty: none */
    std::string only_case;
    std::optional<std::string> machine_root; /* where the /proc and /sys of another machine were recorded */
};

/* Reads the command line, and hands Google Benchmark its flags. Ends the program on --help, and with an error text on
 * anything that is not understood. */
Options parse_options(int argc, char **argv);

} // namespace bench

#endif
