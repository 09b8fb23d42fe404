/* SPDX-License-Identifier: MIT */
/* Where a run leaves its files: results/<cpu>-<date>T<time>/. */
#ifndef AFT_BENCH_RUN_FOLDER_H
#define AFT_BENCH_RUN_FOLDER_H

#include <ctime>
#include <string>

namespace bench {

class RunFolder {
  public:
    /* It appears with its first file, and its name is settled then: another run may have begun in the same second. */
    RunFolder(const std::string &results, const std::string &cpu, std::time_t begin);

    /* A reader never finds half a file, and an older one stays until the new one is whole. Throws std::runtime_error
     * where it cannot be written. */
    void write(const std::string &file_name, const std::string &text);

    /* Tries now whether files can be written, before hours are spent on what cannot be kept. */
    void expect_writable() const;

    /* Of what was written. */
    const std::string &path() const { return folder; }

  private:
    void claim();

    std::string name; /* unless there is one of this name */
    std::string folder;
};

} // namespace bench

#endif
