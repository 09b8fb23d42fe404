/* SPDX-License-Identifier: MIT */
#include "bench/run_folder.h"

#include <cctype>
#include <cstring>

#include "bench/files.h"

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

} // namespace

RunFolder::RunFolder(const std::string &results, const std::string &cpu, std::time_t begin)
    : name(results + "/" + slug(cpu) + "-" + utc(in_a_name, begin)) {}

/* Of runs that begin in one second each has its own: which of them makes a folder, the system decides. */
void RunFolder::claim() {
    folder = name;
    for (int again = 2; !create_folder(folder); again++)
        folder = name + "-" + std::to_string(again);
}

void RunFolder::write(const std::string &file_name, const std::string &text) {
    if (folder.empty())
        claim();
    write_whole(folder + "/" + file_name, text);
}

} // namespace bench
