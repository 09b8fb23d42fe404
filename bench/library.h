/* SPDX-License-Identifier: MIT */
/* The library as a bench may see it. Its internal headers are C alone. */
#ifndef AFT_BENCH_LIBRARY_H
#define AFT_BENCH_LIBRARY_H

#include "include/aft.h"

extern "C" {
#include "dispatch/dispatch.h"
#include "kernels/probe.h"
}

#endif
