/* SPDX-License-Identifier: MIT */
#include "bench/files.h"

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <unistd.h>

namespace bench {

namespace {

constexpr std::size_t size_of_trial = 1 << 20; /* that of a run's files, or more */

} // namespace

bool create_folder(const std::string &folder) {
    std::error_code error;
    const bool created = std::filesystem::create_directories(folder, error);
    if (error)
        throw std::runtime_error("cannot create " + folder + ": " + error.message() +
                                 "; choose another folder with --results=FOLDER");
    return created;
}

void expect_writable(const std::string &folder) {
    const bool created = create_folder(folder);
    const std::string trial = folder + "/.trial" + std::to_string(getpid());
    std::string refused;
    try {
        write_whole(trial, std::string(size_of_trial, '\n'));
    } catch (const std::runtime_error &error) {
        refused = error.what();
    }
    std::error_code used; /* by another run, by now */
    std::filesystem::remove(trial, used);
    if (created)
        std::filesystem::remove(folder, used);
    if (!refused.empty())
        throw std::runtime_error(refused);
}

void write_whole(const std::string &path, const std::string &text) {
    const std::string temporary = path + ".partial";
    std::ofstream file(temporary, std::ios::binary);
    file << text;
    file.close();
    if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) {
        const std::string reason = std::strerror(errno);
        std::remove(temporary.c_str());
        throw std::runtime_error("cannot write " + path + ": " + reason +
                                 "; choose another folder with --results=FOLDER");
    }
}

std::string utc(const char *pattern, std::time_t time) {
    char text[32];
    std::tm fields{};
    std::strftime(text, sizeof text, pattern, gmtime_r(&time, &fields));
    return text;
}

} // namespace bench
