/* SPDX-License-Identifier: MIT */
#include "bench/machine/tree.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <sstream>

namespace bench {

namespace {

/* A garbled list must not ask for all memory. Linux is built for 8192 CPUs at most. */
constexpr unsigned most_cpus = 1 << 16;

std::string trimmed(const std::string &text) {
    const std::size_t first = text.find_first_not_of(" \t\n"), last = text.find_last_not_of(" \t\n");
    return first == std::string::npos ? "" : text.substr(first, last - first + 1);
}

[[noreturn]] void refuse(const std::string &where, const std::string &text, const char *expected) {
    constexpr std::size_t longest = 40;
    const std::string shown = text.size() > longest ? text.substr(0, longest) + "..." : text;
    throw Unreadable(where + ": '" + shown + "' is not " + expected);
}

template <typename Number> bool parsed(const std::string &text, Number &value, std::size_t begin = 0, int base = 10) {
    const char *const end = text.data() + text.size();
    std::from_chars_result result{};
    if constexpr (std::is_floating_point_v<Number>)
        result = std::from_chars(text.data() + begin, end, value);
    else
        result = std::from_chars(text.data() + begin, end, value, base);
    return result.ec == std::errc() && result.ptr == end;
}

} // namespace

std::string text_of(const CpuList &cpus) {
    std::string text;
    for (auto first = cpus.begin(); first != cpus.end();) {
        auto last = first, next = std::next(first);
        while (next != cpus.end() && *next == *last + 1)
            last = next++;
        text += (text.empty() ? "" : ",") + std::to_string(*first);
        if (last != first)
            text += "-" + std::to_string(*last);
        first = next;
    }
    return text;
}

std::uint64_t parse_integer(const std::string &text, const std::string &where) {
    std::uint64_t value = 0;
    const bool hexadecimal = text.rfind("0x", 0) == 0;
    if (!(hexadecimal ? parsed(text, value, 2, 16) : parsed(text, value)))
        refuse(where, text, "a number");
    return value;
}

double parse_real(const std::string &text, const std::string &where) {
    double value = 0;
    if (!parsed(text, value) || !std::isfinite(value) || value < 0)
        refuse(where, text, "a number");
    return value;
}

std::vector<std::string> words_of(const std::string &text) {
    std::istringstream stream(text);
    std::vector<std::string> words;
    for (std::string word; stream >> word;)
        words.push_back(word);
    return words;
}

CpuList parse_cpus(const std::string &text, const std::string &where) {
    CpuList cpus;
    std::istringstream ranges(text);
    for (std::string range; std::getline(ranges, range, ',');) {
        const std::size_t dash = range.find('-');
        unsigned first = 0, last = 0;
        if (!parsed(range.substr(0, dash), first) ||
            !parsed(dash == std::string::npos ? range : range.substr(dash + 1), last) || last < first ||
            last >= most_cpus)
            refuse(where, text, "a list of CPUs");
        for (unsigned cpu = first; cpu <= last; cpu++)
            cpus.insert(cpu);
    }
    return cpus;
}

Tree::Tree(std::string recorded_root) : root(std::move(recorded_root)) {
    if (!std::filesystem::is_directory(root))
        throw std::invalid_argument("--machine-root is '" + root +
                                    "': there is no such folder; it must hold the proc and sys of a machine");
}

void Tree::expect_live() const {
    if (!is_live())
        throw Unreadable("recorded tree: only the running machine tells");
}

bool Tree::has(const std::string &path) const {
    std::error_code error;
    return std::filesystem::exists(root + path, error);
}

std::string Tree::text(const std::string &path) const {
    const std::unique_ptr<FILE, int (*)(FILE *)> file(std::fopen((root + path).c_str(), "rb"), std::fclose);
    std::string text;
    char chunk[4096];
    for (std::size_t got; file && (got = std::fread(chunk, 1, sizeof chunk, file.get())) > 0;)
        text.append(chunk, got);
    if (!file || std::ferror(file.get()) != 0)
        throw Unreadable(path + ": " + std::strerror(errno));
    for (char &byte : text)
        if ((byte < ' ' && byte != '\n' && byte != '\t') || byte > '~')
            byte = '?';
    return text;
}

std::string Tree::line(const std::string &path) const {
    const std::string all = text(path), first = trimmed(all.substr(0, all.find('\n')));
    if (first.empty())
        throw Unreadable(path + ": is empty");
    return first;
}

std::uint64_t Tree::integer(const std::string &path) const { return parse_integer(line(path), path); }

bool Tree::flag(const std::string &path) const {
    const std::string value = line(path);
    if (value != "0" && value != "1")
        refuse(path, value, "0 or 1");
    return value == "1";
}

CpuList Tree::cpus(const std::string &path) const { return parse_cpus(line(path), path); }

std::vector<Tree::Record> Tree::records(const std::string &path) const {
    std::vector<Record> records;
    std::istringstream lines(text(path));
    bool open = false;
    for (std::string line; std::getline(lines, line);) {
        const std::size_t colon = line.find(':');
        if (trimmed(line).empty())
            open = false;
        if (colon == std::string::npos)
            continue;
        if (!open)
            records.emplace_back();
        open = true;
        records.back().emplace(trimmed(line.substr(0, colon)), trimmed(line.substr(colon + 1)));
    }
    if (records.empty())
        throw Unreadable(path + ": has no line 'name: value'");
    return records;
}

std::string Tree::field(const std::string &path, const std::string &name) const {
    const Record record = records(path).front();
    const auto found = record.find(name);
    if (found == record.end() || found->second.empty())
        throw Unreadable(path + ": does not say '" + name + "'");
    return found->second;
}

} // namespace bench
