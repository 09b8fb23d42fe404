/* SPDX-License-Identifier: MIT */
#include "bench/run_folder.h"

#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <unistd.h>

namespace bench {

namespace {

/* "Intel(R) Xeon(R) Processor" becomes "intel-xeon-processor". */
std::string slug(std::string text) {
    for (const char *mark : {"(R)", "(TM)", "(r)", "(tm)"})
        for (std::size_t at; (at = text.find(mark)) != std::string::npos;)
            text.erase(at, std::strlen(mark));
    std::string name;
    for (const char c : text)
        if (std::isalnum(static_cast<unsigned char>(c)) != 0)
            name += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        else if (!name.empty() && name.back() != '-')
            name += '-';
    while (!name.empty() && name.back() == '-')
        name.pop_back();
    return name.empty() ? "unknown-cpu" : name;
}

std::runtime_error cannot_write(const std::string &path) {
    return std::runtime_error("cannot write " + path + ": " + std::strerror(errno) +
                              "; choose another folder with --results=FOLDER");
}

/* With those it lies in. Whether it was not there. */
bool create(const std::string &folder) {
    std::error_code error;
    const bool created = std::filesystem::create_directories(folder, error);
    if (error)
        throw std::runtime_error("cannot create " + folder + ": " + error.message() +
                                 "; choose another folder with --results=FOLDER");
    return created;
}

} // namespace

RunFolder::RunFolder(const std::string &results, const std::string &cpu, std::time_t begin) {
    char time[32];
    std::tm utc{};
    std::strftime(time, sizeof time, "-%Y%m%dT%H%M%S", gmtime_r(&begin, &utc));
    name = results + "/" + slug(cpu) + time;
}

/* Of runs that begin in one second each has its own: which of them makes a folder, the system decides. */
void RunFolder::claim() {
    folder = name;
    for (int again = 2; !create(folder); again++)
        folder = name + "-" + std::to_string(again);
}

void RunFolder::write(const std::string &file_name, const std::string &text) {
    if (folder.empty())
        claim();
    const std::string path = folder + "/" + file_name, temporary = path + ".partial";
    std::ofstream file(temporary, std::ios::binary);
    file << text;
    file.close();
    if (!file || std::rename(temporary.c_str(), path.c_str()) != 0) {
        const std::runtime_error reason = cannot_write(path);
        std::remove(temporary.c_str());
        throw reason;
    }
}

void RunFolder::expect_writable() const {
    const std::filesystem::path parent = std::filesystem::path(name).parent_path();
    const bool existed = std::filesystem::exists(parent);
    const std::string trial = name + ".trial" + std::to_string(getpid());
    create(trial);
    std::filesystem::remove(trial);
    std::error_code used; /* by another run, by now */
    if (!existed)
        std::filesystem::remove(parent, used);
}

} // namespace bench
