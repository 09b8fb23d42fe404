/* SPDX-License-Identifier: MIT */
/* One kernel on one shape, with its tensors: what every instruction set has to compute. */
#ifndef AFT_BENCH_CASE_H
#define AFT_BENCH_CASE_H

#include <cstddef>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bench/buffer.h"
#include "bench/library.h"
#include "bench/reference.h"

namespace bench {

enum class Kernel { simple, full, local };

const char *kernel_name(Kernel kernel);

/* What is special about a case with a bias.
 * prepared: the kernel is given the bias as aft_prepare makes it.
 * opposed: keys and biases push apart, by turns, and cancel in the sum: each key counts, and every denominator of the
 * kernels' factored form, exp(k) * exp(w), underflows. The worst inputs there are. */
enum class Form { plain, prepared, opposed };

struct Shape {
    std::size_t batch, time, channels, window;
};

/* The query rows that are computed, of every batch; the keys are always all of them. */
struct Rows {
    std::size_t first, count;
};

/* What these rows need at least, in whatever way they are computed. Of local it is that of the window alone: the keys
 * outside cost next to nothing. */
struct Work {
    double elements; /* outputs */
    double flops;    /* 4 an output and visible key; simple: 4 a key and channel, since all rows share their sums */
    double exps;
    double bytes; /* q, k, v and the bias in, y out */
};

class Case {
  public:
    const Kernel kernel;
    const bool causal;
    const Shape shape;
    const Form form;

    Case(Kernel kernel, bool causal, Shape shape, Form form = Form::plain)
        : kernel(kernel), causal(causal), shape(shape), form(form) {}

    std::string kernel_text() const; /* "full prepared causal" */
    std::string trained() const;     /* "causal/full": what the names of its tensors begin with (real_tensors.h) */
    std::string shape_text() const;  /* "T=1024 d=512" */
    std::string name() const;        /* the same as one path of a benchmark's name */

    /* Makes the tensors of real ones (real_tensors.h), unless that is done; release() gives the memory back. Throws
     * std::runtime_error where a file is missing or damaged. */
    void load();
    void release();

    Rows all_rows() const { return {0, shape.time}; }
    Rows middle_rows(std::size_t count) const { return {(shape.time - count) / 2, count}; }
    /* All rows, or as many as take no more flops than this: from the middle of the sequence, where a causal row sees the
     * average number of keys. */
    Rows rows_within(double flops) const;

    /* The problem, on loaded tensors; y has the strides of q. */
    aft_problem problem(Rows rows, float *y) const;
    /* The bias as it is before anything is prepared. */
    aft_bias stored_bias() const;
    std::size_t elements() const { return shape.batch * shape.time * shape.channels; }

    Work work(Rows rows) const;
    double flops(Rows rows) const { return work(rows).flops; }

    const Buffer<float> &query() const { return q; }
    const Buffer<float> &key() const { return k; }
    const Buffer<float> &value() const { return v; }

    /* The reference at one query row and the channels that are sampled; computed once, whatever asks for it. */
    const ReferenceRow &reference(std::size_t batch, std::size_t row);

  private:
    bool stores_band() const;
    void oppose();
    void prepare();
    std::size_t visible_keys(std::size_t row) const { return causal ? row + 1 : shape.time; }
    double biased_pairs(Rows rows) const;
    float bias_at(std::size_t row, std::size_t key) const;

    Buffer<float> q, k, v, w;
    Buffer<unsigned char> prepared_memory;
    aft_bias bias{}; /* of all rows */
    std::map<std::pair<std::size_t, std::size_t>, ReferenceRow> references;
};

/* The cases of the benchmark; quick: those that fit into a minute. */
std::vector<Case> all_cases(bool quick);

} // namespace bench

#endif
