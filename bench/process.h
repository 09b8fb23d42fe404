/* SPDX-License-Identifier: MIT */
/* This program once more, in a process of its own: with other pages, other addresses, and a crash of its own. */
#ifndef AFT_BENCH_PROCESS_H
#define AFT_BENCH_PROCESS_H

#include <csignal>
#include <string>
#include <vector>

namespace bench {

/* From now on a signal to end (Ctrl-C, SIGTERM, SIGHUP) is noted here in place of ending the program, which then has to
 * look. */
void note_interruption();
extern volatile std::sig_atomic_t interrupted_by; /* the signal, or 0 */

struct Ended {
    std::string output;
    std::string
        failure; /* empty where it ended well; else how it ended, with the last line that it wrote as an error */
};

/* Runs this program with its own arguments and this one behind them, bound to cores where the system lets it, and waits;
 * an interruption ends it. */
Ended run_self(const std::string &argument);

} // namespace bench

#endif
