/* SPDX-License-Identifier: MIT */
/* Text for a reader: styled where a terminal shows it, and a line of progress that leaves no trace. */
#ifndef AFT_BENCH_TERMINAL_H
#define AFT_BENCH_TERMINAL_H

#include <cstdio>
#include <string>

namespace bench {

template <typename... Arguments> std::string format(const char *pattern, Arguments... arguments) {
    char text[512];
    std::snprintf(text, sizeof text, pattern, arguments...);
    return text;
}

/* Plain where nobody would see the style. */
std::string bold(const std::string &text);
std::string faint(const std::string &text);
std::string alarming(const std::string &text);

/* On standard error, and only if that is a terminal. */
bool shows_progress();
void show_progress(const std::string &text);
void clear_progress();

} // namespace bench

#endif
