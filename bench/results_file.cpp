/* SPDX-License-Identifier: MIT */
#include "bench/results_file.h"

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <stdexcept>
#include <system_error>

#include <unistd.h>

namespace bench {

namespace {

/* Empty when there is no temporary file. A plain array, because a signal handler reads it. */
char temporary_path[PATH_MAX];

void remove_temporary() {
    if (temporary_path[0] != '\0')
        unlink(temporary_path);
}

extern "C" void interrupted(int signal) {
    remove_temporary();
    constexpr char text[] = "\naft_bench: interrupted; no results are kept\n";
    const ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
    static_cast<void>(written);
    _exit(128 + signal);
}

std::runtime_error cannot_write(const std::string &path) {
    return std::runtime_error("cannot write " + path + ": " + std::strerror(errno) +
                              "; choose another folder with --results=FOLDER");
}

} // namespace

ResultsFile::ResultsFile(const std::string &folder, const std::string &kind) {
    char name[64];
    const std::time_t now = std::time(nullptr);
    std::tm local{};
    std::strftime(name, sizeof name, "-%Y%m%dT%H%M%S.json", localtime_r(&now, &local));
    final_path = folder + "/" + kind + name;
    const std::string temporary = final_path + ".partial";

    std::error_code error;
    std::filesystem::create_directories(folder, error);
    if (error)
        throw std::runtime_error("cannot create " + folder + ": " + error.message() +
                                 "; choose another folder with --results=FOLDER");
    if (temporary.size() >= sizeof temporary_path) {
        errno = ENAMETOOLONG;
        throw cannot_write(temporary);
    }
    file.open(temporary);
    if (!file)
        throw cannot_write(temporary);
    std::strcpy(temporary_path, temporary.c_str());
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        std::signal(signal, interrupted);
}

ResultsFile::~ResultsFile() { remove_temporary(); }

void ResultsFile::commit() {
    file.close();
    if (!file || std::rename(temporary_path, final_path.c_str()) != 0)
        throw cannot_write(final_path);
    temporary_path[0] = '\0';
}

} // namespace bench
