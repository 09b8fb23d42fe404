/* SPDX-License-Identifier: MIT */
/* What this machine reaches at the moment: the ceilings that a kernel is held against. */
#ifndef AFT_BENCH_CEILINGS_H
#define AFT_BENCH_CEILINGS_H

#include <functional>
#include <string>
#include <vector>

#include "bench/case.h"
#include "bench/library.h"
#include "bench/team.h"

namespace bench {

/* Something to be timed: what one run of it does (flops, bytes, ...). */
struct Pass {
    double work;
    std::function<void()> run;
};

/* A loop of FMAs over registers alone, of one instruction set, on all threads of the team: flops. */
Pass fma_pass(const Team &team, const aft_probe &probe);

/* A loop that reads q, k and v of the case and writes as much to y, on one instruction set and all threads of the team:
 * bytes. */
Pass stream_pass(const Team &team, const aft_probe &probe, const Case &task, const Buffer<float> &y);

/* exp of the case's keys, as many as lie in the first cache, by the provider of this build, on all threads of the team:
 * exps. */
Pass exp_pass(const Team &team, const aft_probe &probe, const Case &task);

/* Work per second, the best of so many bursts: a ceiling is what the machine can do when nobody disturbs it. */
double best_rate(const Pass &pass, int bursts = 4);

/* One ceiling of the machine as it is now, on one instruction set and number of threads. */
struct Ceiling {
    std::string name, unit, isa;
    std::size_t threads;
    std::size_t footprint; /* of the four arrays of a stream, in bytes; else 0 */
    double rate;
};

/* FMAs, exps, and streams that lie in each cache and in memory, as far as there are such caches and memory, on each of
 * these instruction sets. */
std::vector<Ceiling> measure_ceilings(const std::vector<const aft_probe *> &probes, std::size_t threads);

} // namespace bench

#endif
