/* SPDX-License-Identifier: MIT */
#include "bench/machine/describe.h"

#include "bench/machine/build.h"
#include "bench/machine/sections.h"

namespace bench {

Machine describe_machine(const Tree &tree) {
    const Cpuinfo info(tree);
    Machine machine;
    ordered_json unreadable = ordered_json::object();
    machine.cpu = describe_cpu(tree, info, unreadable);
    machine.topology = describe_topology(tree, unreadable);
    machine.clock = describe_clock(tree, unreadable);
    machine.system = describe_system(tree, info, unreadable);
    machine.unreadable = unreadable;
    return machine;
}

const Machine &this_machine() {
    static const Machine machine = describe_machine(Tree());
    return machine;
}

std::string machine_text(const Machine &machine) {
    const ordered_json facts = {
        {"libaft", libaft_facts()},         {"build", build_facts()}, {"cpu", machine.cpu},
        {"topology", machine.topology},     {"clock", machine.clock}, {"system", machine.system},
        {"unreadable", machine.unreadable},
    };
    return facts.dump(2);
}

} // namespace bench
