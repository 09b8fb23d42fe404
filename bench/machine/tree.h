/* SPDX-License-Identifier: MIT */
/* What /sys and /proc say: of the running machine, or of one that was recorded into a folder. */
#ifndef AFT_BENCH_MACHINE_TREE_H
#define AFT_BENCH_MACHINE_TREE_H

#include <cstdint>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

namespace bench {

/* Why a fact cannot be told. */
class Unreadable : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

using CpuList = std::set<unsigned>;

/* As Linux writes it: "0-3,8". */
std::string text_of(const CpuList &cpus);

/* Decimal, or hexadecimal behind 0x. `where` is for the reason why it is none. */
std::uint64_t parse_integer(const std::string &text, const std::string &where);

/* Finite and not negative. */
double parse_real(const std::string &text, const std::string &where);

std::vector<std::string> words_of(const std::string &text);

/* Every reading function throws Unreadable, with the path in its reason. */
class Tree {
  public:
    Tree() = default; /* of the running machine */
    explicit Tree(std::string recorded_root);

    bool is_live() const { return root.empty(); }
    /* For what instructions and system calls alone tell. */
    void expect_live() const;

    bool has(const std::string &path) const;
    /* Bytes that are no printable ASCII become '?': a garbled file must not garble the results. */
    std::string text(const std::string &path) const;
    /* The first line, which is not empty. */
    std::string line(const std::string &path) const;
    std::uint64_t integer(const std::string &path) const;
    /* "0" or "1". */
    bool flag(const std::string &path) const;
    CpuList cpus(const std::string &path) const;
    /* The lines "name : value" of a file; an empty line ends a record. */
    using Record = std::map<std::string, std::string>;
    std::vector<Record> records(const std::string &path) const;
    /* Of a file with one record. */
    std::string field(const std::string &path, const std::string &name) const;

  private:
    std::string root;
};

CpuList parse_cpus(const std::string &text, const std::string &where);

} // namespace bench

#endif
