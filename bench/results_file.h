/* SPDX-License-Identifier: MIT */
/* A file that appears under its name only when it is whole: until then it has a temporary one, and is removed where the
 * program fails or is interrupted. One at a time. */
#ifndef AFT_BENCH_RESULTS_FILE_H
#define AFT_BENCH_RESULTS_FILE_H

#include <fstream>
#include <string>

namespace bench {

class ResultsFile {
  public:
    /* <folder>/<kind>-<time>.json; creates the folder if need be. Throws std::runtime_error where the file cannot be
     * written. */
    ResultsFile(const std::string &folder, const std::string &kind);
    ~ResultsFile();
    ResultsFile(const ResultsFile &) = delete;
    ResultsFile &operator=(const ResultsFile &) = delete;

    std::ostream &stream() { return file; }
    const std::string &path() const { return final_path; }

    /* Gives the file its name. Throws std::runtime_error where it could not be written completely. */
    void commit();

  private:
    std::string final_path;
    std::ofstream file;
};

} // namespace bench

#endif
