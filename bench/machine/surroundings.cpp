/* SPDX-License-Identifier: MIT */
#include "bench/machine/surroundings.h"

#include <algorithm>

#include "bench/machine/live.h"

namespace bench {

namespace {

/* Empty where it cannot be read: many systems have no such file. */
std::string line_or_nothing(const Tree &tree, const std::string &path) {
    try {
        return tree.line(path);
    } catch (const Unreadable &) {
        return "";
    }
}

/* The firmware's name for the machine: DMI, or the device tree. */
std::string hardware(const Tree &tree) {
    const std::string vendor = line_or_nothing(tree, "/sys/class/dmi/id/sys_vendor"),
                      product = line_or_nothing(tree, "/sys/class/dmi/id/product_name");
    const std::string text = vendor + (vendor.empty() || product.empty() ? "" : " ") + product;
    const std::string device_tree = "linux,dummy-virt";
    const bool virtual_board = line_or_nothing(tree, "/proc/device-tree/compatible").rfind(device_tree, 0) == 0;
    return text.empty() && virtual_board ? device_tree : text;
}

/* Arm has no flag for it, but few firmwares are made of software. */
bool is_virtual(const std::string &hardware) {
    static constexpr const char *known[] = {
        "Amazon EC2",
        "Apple Virtualization",
        "Google Compute Engine",
        "KVM",
        "KubeVirt",
        "Microsoft Corporation Virtual Machine",
        "OpenStack",
        "Parallels",
        "QEMU",
        "VMware",
        "VirtualBox",
        "linux,dummy-virt",
    };
    const bool bare_metal = hardware.find(".metal") != std::string::npos; /* Amazon EC2 m7g.metal */
    return !bare_metal && std::any_of(std::begin(known), std::end(known),
                                      [&](const char *name) { return hardware.find(name) != std::string::npos; });
}

bool has_hypervisor_flag(const Cpuinfo &info) {
    const std::vector<std::string> features = info.features();
    return std::binary_search(features.begin(), features.end(), "hypervisor");
}

} // namespace

std::optional<std::string> find_hypervisor(const Tree &tree, const Cpuinfo &info) {
    std::string kind = line_or_nothing(tree, "/sys/hypervisor/type");
    const std::string machine = hardware(tree);
    const bool seen = !kind.empty() || (info.is_arm() ? is_virtual(machine) : has_hypervisor_flag(info));
    if (!seen)
        return std::nullopt;
    if (kind.empty() && tree.is_live())
        kind = live_hypervisor();
    const std::string text = kind + (kind.empty() || machine.empty() ? "" : ", ") + machine;
    return text.empty() ? "of unknown kind" : text;
}

std::optional<std::string> find_container(const Tree &tree) {
    if (tree.has("/run/.containerenv"))
        return "podman";
    const std::string named = line_or_nothing(tree, "/run/systemd/container");
    if (!named.empty())
        return named;
    std::string groups;
    try {
        groups = tree.text("/proc/1/cgroup");
    } catch (const Unreadable &) { /* hidden, as hidepid does */
    }
    for (const char *name : {"kubepods", "docker", "lxc", "containerd"})
        if (groups.find(name) != std::string::npos)
            return name == std::string("kubepods") ? "kubernetes" : name;
    if (tree.has("/run/secrets/kubernetes.io"))
        return "kubernetes";
    if (tree.has("/.dockerenv"))
        return "docker";
    return std::nullopt;
}

} // namespace bench
