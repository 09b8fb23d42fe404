/* SPDX-License-Identifier: MIT */
#include "bench/terminal.h"

#include <cstdlib>

#include <unistd.h>

namespace bench {

namespace {

std::string styled(const char *code, const std::string &text) {
    static const bool terminal = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
    return terminal ? "\033[" + std::string(code) + "m" + text + "\033[0m" : text;
}

} // namespace

bool shows_progress() { return isatty(STDERR_FILENO) == 1; }

std::string bold(const std::string &text) { return styled("1", text); }
std::string faint(const std::string &text) { return styled("2", text); }
std::string alarming(const std::string &text) { return styled("1;31", text); }

void show_progress(const std::string &text) {
    if (!shows_progress())
        return;
    clear_progress();
    std::fputs(text.c_str(), stderr);
    std::fflush(stderr);
}

void clear_progress() {
    if (shows_progress())
        std::fputs("\r\033[2K", stderr);
}

} // namespace bench
