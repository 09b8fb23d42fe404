/* SPDX-License-Identifier: MIT */
#ifndef AFT_BENCH_OPTIONS_H
#define AFT_BENCH_OPTIONS_H

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/* cells: every kernel, instruction set and shape. speed: each row of the speed table; exp: those of its rows that are
 * about the exp provider of this build, without the heading. */
enum class Table { cells, speed, exp };

struct Options {
    Table table = Table::cells;
    bool quick = false;
    std::string filter = ".";                /* a regular expression over the names of cells or rows */
    std::string isa;                         /* empty: all */
    bool machine = false;                    /* only say what the machine and the build are */
    std::optional<std::string> machine_root; /* of a recorded machine in place of the running one */
    std::string results = AFT_BENCH_ROOT "/results";
    std::size_t threads = 1;
};

/* Reads the command line, and hands Google Benchmark its own flags. Ends the program on --help, and with an error text
 * on anything that is not understood. */
Options parse_options(int argc, char **argv);

} // namespace bench

#endif
