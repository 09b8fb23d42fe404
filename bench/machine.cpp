/* SPDX-License-Identifier: MIT */
#include "bench/machine.h"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <sstream>

#include <benchmark/benchmark.h>

namespace bench {

namespace {

/* What a command prints; nothing where it is missing or fails. */
std::string output_of(const std::string &command) {
    const std::unique_ptr<FILE, int (*)(FILE *)> pipe(popen((command + " 2>/dev/null").c_str(), "r"), pclose);
    std::string text;
    char chunk[4096];
    for (std::size_t got; pipe && (got = std::fread(chunk, 1, sizeof chunk, pipe.get())) > 0;)
        text.append(chunk, got);
    return text;
}

/* lscpu knows the names of Arm cores too, which /proc/cpuinfo gives as numbers only. */
std::map<std::string, std::string> cpu_description() {
    std::map<std::string, std::string> fields;
    std::istringstream lines(output_of("LC_ALL=C lscpu"));
    for (std::string line; std::getline(lines, line);) {
        const std::size_t colon = line.find(':'), value = line.find_first_not_of(" \t", colon + 1);
        const std::size_t key = line.find_first_not_of(" \t");
        if (colon != std::string::npos && value != std::string::npos)
            fields.emplace(line.substr(key, colon - key), line.substr(value));
    }
    return fields;
}

std::string caches() {
    std::string text;
    for (const auto &cache : benchmark::CPUInfo::Get().caches) {
        const char *kind = cache.type == "Data" ? "d" : cache.type == "Instruction" ? "i" : "";
        const bool whole_mib = cache.size >= 1 << 20 && cache.size % (1 << 20) == 0;
        text += (text.empty() ? "L" : ", L") + std::to_string(cache.level) + kind + " " +
                (whole_mib ? std::to_string(cache.size >> 20) + " MiB" : std::to_string(cache.size >> 10) + " KiB");
        if (cache.num_sharing > 1)
            text += " (shared by " + std::to_string(cache.num_sharing) + ")";
    }
    return text.empty() ? "unknown" : text;
}

std::string first_line(const char *path, const std::string &otherwise) {
    std::ifstream file(path);
    std::string line;
    return std::getline(file, line) && !line.empty() ? line : otherwise;
}

std::string commit() {
    if (!std::filesystem::exists(AFT_BENCH_ROOT "/.git"))
        return "unknown";
    const std::string git = "git -C '" AFT_BENCH_ROOT "' ";
    std::istringstream text(output_of(git + "describe --always --abbrev=12"));
    std::string name;
    if (!std::getline(text, name) || name.empty())
        return "none yet";
    /* A document, as the page of figures, changes none of them. */
    return output_of(git + "diff --name-only HEAD -- ':!*.md'").empty() ? name : name + "-dirty";
}

} // namespace

std::string cpu_field(const std::string &name) {
    static const std::map<std::string, std::string> cpu = cpu_description();
    const auto field = cpu.find(name);
    return field == cpu.end() ? "?" : field->second;
}

IsaLevels find_isas() {
    IsaLevels levels;
    for (const char *const *name = aft_isa_names; *name != nullptr; name++) {
        const aft_probe *probe = aft_probe_find(*name);
        if (probe != nullptr && aft_use_isa(*name) == AFT_OK)
            levels.available.push_back(probe);
        else
            levels.skipped.push_back(*name);
    }
    return levels;
}

std::size_t cache_bytes(int level, std::size_t otherwise) {
    for (const auto &cache : benchmark::CPUInfo::Get().caches)
        if (cache.level == level && cache.type != "Instruction")
            return static_cast<std::size_t>(cache.size);
    return otherwise;
}

std::size_t available_memory() {
    std::ifstream file("/proc/meminfo");
    for (std::string line; std::getline(file, line);)
        if (line.rfind("MemAvailable:", 0) == 0)
            return std::stoul(line.substr(line.find(':') + 1)) << 10;
    return std::numeric_limits<std::size_t>::max();
}

Facts machine_facts(const IsaLevels &isas) {
    std::string available, skipped, exp;
    for (const aft_probe *probe : isas.available) {
        available += (available.empty() ? "" : ", ") + std::string(probe->isa) + " (" + std::to_string(probe->lanes) +
                     (probe->lanes > 1 ? " lanes)" : " lane)");
        exp += (exp.empty() ? "" : ", ") + std::string(probe->isa) + " " + probe->exp_provider;
    }
    for (const std::string &isa : isas.skipped)
        skipped += (skipped.empty() ? "" : ", ") + isa;
    if (!skipped.empty())
        skipped += ": not on this CPU, not enabled by its system, or above AFT_ISA";

    Facts facts = {
        {"cpu", cpu_field("Model name")},
        {"cores", "sockets " + cpu_field("Socket(s)") + ", cores per socket " + cpu_field("Core(s) per socket") +
                      ", threads per core " + cpu_field("Thread(s) per core")},
        {"caches", caches()},
        {"governor", first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", "not readable")},
        {"load", first_line("/proc/loadavg", "not readable")},
        {"huge pages", first_line("/sys/kernel/mm/transparent_hugepage/enabled", "not readable")},
        {"isas", available},
    };
    if (!skipped.empty())
        facts.push_back({"isas skipped", skipped});
    facts.push_back({"exp", exp});
    facts.push_back({"compiler", AFT_BENCH_COMPILER ", " AFT_BENCH_BUILD_TYPE});
    facts.push_back({"commit", commit()});
    return facts;
}

} // namespace bench
