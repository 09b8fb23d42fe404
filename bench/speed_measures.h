/* SPDX-License-Identifier: MIT */
/* The kinds of measurement that rows of the speed table are made of; all on tensors whose results were checked. */
#ifndef AFT_BENCH_SPEED_MEASURES_H
#define AFT_BENCH_SPEED_MEASURES_H

#include "bench/case.h"
#include "bench/speed_rows.h"

namespace bench {

struct What {
    Kernel kernel;
    Shape shape;
    bool causal = false;
    Form form = Form::plain;
};

/* The rate of the kernel's useful flops, as a share of the FMA loop's. */
Measure share_of_peak(What what);

/* The rate of its bytes, as a share of a stream of the same footprint. */
Measure share_of_stream(What what);

/* The rate of its two exps an element, as a share of that of exp alone. */
Measure share_of_exp(What what);

/* How many times as fast as the fastest sgemm of the same product, [T][T] by [T][2d]. */
Measure speed_against_sgemm(What what);

/* A layer with as many inputs as hidden units, around this aggregation with its bias prepared. */
enum class LayerProduct { qkv, project }; /* to_q, to_k and to_v are one */

/* How many times as fast as the fastest sgemm of the same product, which adds no bias. */
Measure layer_speed_against_sgemm(What what, LayerProduct product);

/* The rate of its flops, as a share of the FMA loop's. */
Measure layer_share_of_peak(What what, LayerProduct product);

/* The time of the layer over that of its parts: the fastest sgemm of both products, and the aggregation. */
Measure layer_over_parts(What what);

/* The time of one over that of another. */
Measure time_over(What what, What other);

/* The time on one thread over that on two. */
Measure speed_of_two_threads(What what);

/* Microseconds above the time that its flops take at the rate of another. */
Measure microseconds_above(What what, What other);

/* A measure on this instruction set. */
Measure on_isa(const std::string &isa, const Measure &measure);

} // namespace bench

#endif
