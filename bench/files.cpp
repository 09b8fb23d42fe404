/* SPDX-License-Identifier: MIT */
#include "bench/files.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <unistd.h>

namespace bench {

bool create_folder(const std::string &folder) {
    std::error_code error;
    const bool created = std::filesystem::create_directories(folder, error);
    if (error)
        throw std::runtime_error("cannot create " + folder + ": " + error.message() +
                                 "; choose another folder with --results=FOLDER");
    return created;
}

void expect_writable(const std::string &folder) {
    const bool existed = std::filesystem::exists(folder);
    const std::string trial = folder + "/.trial" + std::to_string(getpid());
    create_folder(trial);
    std::filesystem::remove(trial);
    std::error_code used; /* by another run, by now */
    if (!existed)
        std::filesystem::remove(folder, used);
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
