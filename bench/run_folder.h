/* SPDX-License-Identifier: MIT */
/* Where a run leaves its files: results/<cpu>-<date>T<time>/. */
#ifndef AFT_BENCH_RUN_FOLDER_H
#define AFT_BENCH_RUN_FOLDER_H

#include <ctime>
#include <string>

namespace bench {

class RunFolder {
  public:
    /* Its name is settled here; it appears with its first file. */
    RunFolder(const std::string &results, const std::string &cpu, std::time_t begin);

    /* A reader never finds half a file, and an older one stays until the new one is whole. Throws std::runtime_error
     * where it cannot be written. */
    void write(const std::string &name, const std::string &text) const;

    /* Tries now whether files can be written, before hours are spent on what cannot be kept. */
    void expect_writable() const;

    const std::string &path() const { return folder; }

  private:
    std::string folder;
};

} // namespace bench

#endif
