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

    /* As write_whole (files.h). */
    void write(const std::string &file_name, const std::string &text);

    /* Of what was written. */
    const std::string &path() const { return folder; }

  private:
    void claim();

    const std::string name; /* unless there is one of this name */
    std::string folder;
};

} // namespace bench

#endif
