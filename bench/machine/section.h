/* SPDX-License-Identifier: MIT */
#ifndef AFT_BENCH_MACHINE_SECTION_H
#define AFT_BENCH_MACHINE_SECTION_H

#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "bench/machine/tree.h"

namespace bench {

using nlohmann::ordered_json;

/* Some facts of the results, and why others of them are null. */
class Section {
  public:
    Section(std::string name, ordered_json &unreadable) : name(std::move(name)), unreadable(unreadable) {}

    /* `read` returns the value, or throws Unreadable: then the fact is `otherwise`. */
    template <typename Read> void add(const std::string &fact, Read read, const ordered_json &otherwise = nullptr) {
        try {
            facts[fact] = read();
        } catch (const Unreadable &reason) {
            facts[fact] = otherwise;
            unreadable[name + "." + fact] = reason.what();
        }
    }

    ordered_json facts = ordered_json::object();

  private:
    std::string name;
    ordered_json &unreadable;
};

} // namespace bench

#endif
