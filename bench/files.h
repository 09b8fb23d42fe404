/* SPDX-License-Identifier: MIT */
/* What a run leaves. All of these throw std::runtime_error, which says what to do. */
#ifndef AFT_BENCH_FILES_H
#define AFT_BENCH_FILES_H

#include <ctime>
#include <string>

namespace bench {

/* With those it lies in. Whether it was not there. */
bool create_folder(const std::string &folder);

/* Tries now whether files can be written there, before minutes are spent on what cannot be kept. */
void expect_writable(const std::string &folder);

/* A reader never finds half a file, and an older one stays until the new one is whole. */
void write_whole(const std::string &path, const std::string &text);

/* As strftime, in UTC. */
std::string utc(const char *pattern, std::time_t time);
constexpr char in_a_name[] = "%Y%m%dT%H%M%S"; /* 20261122T203159 */

} // namespace bench

#endif
