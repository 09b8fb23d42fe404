/* SPDX-License-Identifier: MIT */
#include "bench/machine.h"

#include <limits>

#include "bench/machine/build.h"
#include "bench/machine/describe.h"

namespace bench {

namespace {

std::string caches() {
    const ordered_json &all = this_machine().topology.at("caches");
    std::string text;
    for (const ordered_json &cache : all) {
        const auto bytes = cache.at("bytes").get<std::size_t>();
        const bool whole_mib = bytes >= 1 << 20 && bytes % (1 << 20) == 0;
        const std::string type = cache.at("type");
        text += (text.empty() ? "L" : ", L") + cache.at("level").dump() + (type == "unified" ? "" : type.substr(0, 1)) +
                " " + (whole_mib ? std::to_string(bytes >> 20) + " MiB" : std::to_string(bytes >> 10) + " KiB");
        if (cache.at("shared_by").is_number() && cache.at("shared_by") > 1)
            text += " (shared by " + cache.at("shared_by").dump() + ")";
    }
    return text.empty() ? "not readable" : text;
}

std::string text_of_fact(const ordered_json &section, const char *name) {
    const ordered_json &fact = section.at(name);
    return fact.is_null() ? "not readable" : fact.is_string() ? fact.get<std::string>() : fact.dump();
}

std::string commit() {
    const ordered_json libaft = libaft_facts();
    if (libaft.at("commit").is_null())
        return "unknown";
    return libaft.at("commit").get<std::string>() + (libaft.at("dirty") == true ? "-dirty" : "");
}

} // namespace

IsaLevels find_isas() {
    IsaLevels levels;
    for (std::size_t i = 0; aft_isa_at(i) != nullptr; i++) {
        const aft_probe *probe = aft_probe_find(aft_isa_at(i));
        if (probe != nullptr && aft_use_isa(aft_isa_at(i)) == AFT_OK)
            levels.available.push_back(probe);
        else
            levels.skipped.push_back(aft_isa_at(i));
    }
    return levels;
}

std::size_t cache_bytes(int level, std::size_t otherwise) {
    for (const ordered_json &cache : this_machine().topology.at("caches"))
        if (cache.at("level") == level && cache.at("type") != "instruction")
            return cache.at("bytes");
    return otherwise;
}

std::size_t available_memory() {
    try {
        return memory_bytes(Tree(), "MemAvailable");
    } catch (const Unreadable &) {
        return std::numeric_limits<std::size_t>::max();
    }
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
        skipped += std::string(": ") + skipped_reason;

    const auto &[cpu, topology, clock, system, unreadable] = this_machine();
    const ordered_json build = build_facts();
    Facts facts = {
        {"cpu", text_of_fact(cpu, "model")},
        {"cores", "sockets " + text_of_fact(topology, "sockets") + ", cores " + text_of_fact(topology, "cores") +
                      ", threads per core " + text_of_fact(topology, "threads_per_core")},
        {"caches", caches()},
        {"governor", text_of_fact(clock, "governor")},
        {"load", text_of_fact(system, "load")},
        {"huge pages", text_of_fact(system, "huge_pages")},
        {"isas", available},
    };
    if (!skipped.empty())
        facts.push_back({"isas skipped", skipped});
    facts.push_back({"exp", exp});
    facts.push_back({"compiler", text_of_fact(build, "compiler") + ", " + text_of_fact(build, "type")});
    facts.push_back({"commit", commit()});
    return facts;
}

} // namespace bench
