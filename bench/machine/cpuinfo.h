/* SPDX-License-Identifier: MIT */
#ifndef AFT_BENCH_MACHINE_CPUINFO_H
#define AFT_BENCH_MACHINE_CPUINFO_H

#include <string>
#include <vector>

#include "bench/machine/tree.h"

namespace bench {

/* /proc/cpuinfo, read once: with many CPUs that takes a while. */
class Cpuinfo {
  public:
    explicit Cpuinfo(const Tree &tree);

    bool has(const std::string &name) const;
    /* Of the first CPU that has it. These throw Unreadable. */
    std::string field(const std::string &name) const;
    std::uint64_t integer(const std::string &name) const;
    /* Sorted, each once. */
    std::vector<std::string> features() const;

    bool is_arm() const { return has("CPU implementer"); }
    /* Arm cores say numbers; the name of each kind of core, joined by " + ". */
    std::string arm_model() const;
    std::string arm_vendor() const;

  private:
    std::vector<Tree::Record> cpus;
    std::string failure;
};

} // namespace bench

#endif
