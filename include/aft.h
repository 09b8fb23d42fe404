/* SPDX-License-Identifier: MIT */
/*
 * libaft: the aggregation of the Attention Free Transformer (Zhai et al., "An Attention Free Transformer",
 * arXiv:2105.14103, equations 2 to 4) on CPUs, in FP32.
 *
 * For batch b, head h, query row t, channel c, over the visible keys j:
 *
 *     y[t,c] = sigmoid(q[t,c]) * sum_j exp(k[j,c] + w[t,j]) * v[j,c] / sum_j exp(k[j,c] + w[t,j])
 *
 * A key j is visible where j < kv_length[b], where j <= q_offset + t if the problem is causal, and where neither
 * w[t,j] nor k[j,c] is -inf. A row without a visible key is 0, whatever its q.
 *
 * Error. With p the exact weights (they sum to 1), n the number of visible keys and u = 2^-24, for all finite q, v and
 * for k and w within +-2^20 (larger finite logits count as +-2^20):
 *
 *     |y - exact| <= c * u * sigmoid(q) * sum_j p_j |v_j| + n * 2^-136
 *
 * c = 24 holds on every input that the tests know, random, hostile or constant, for up to 4096 keys. Inputs can be
 * built in which nearly every rounding goes the same way; there c = 80 + kv_len / 512 is the bound (see
 * kernels/README.md).
 *
 * Bits. The result is the same, to the last bit, on every instruction set, with any number of workers, any alignment,
 * any split of a batch, and whatever rounding or flush mode the caller has set (the caller's mode is restored). A
 * causal row keeps its bits when the sequence grows, but for two cases: terms below 2^-41 of a row's sum may be dropped
 * because of a key in the row's future, and can tip a tie; and terms so small that they were dropped, below the n * 2^-136
 * above, may be kept because of one, so that a +0 becomes -0 or a tiny number. None of 10^7 random outputs moved; built
 * ones do.
 *
 * Special values, in q or in a visible key:
 *
 *               q                         k or w            v
 *   -0          the bits of +0            the bits of +0    the bits of +0
 *   subnormal   the bits of +0            the bits of +0    counts in full; nor is a subnormal y flushed
 *   +inf        the gate is open: 1       y is NaN          y is +inf; NaN beside -inf, or where q is -inf
 *   -inf        the gate is closed: 0     hides the key     y is -inf; NaN beside +inf, or where q is -inf
 *   NaN         y is NaN                  y is NaN          y is NaN
 *
 * A key that k or w hides counts for nothing, whatever else it holds. A y of 0 is -0 only where a gate or rounding
 * makes it of a negative value: of zeros alone it is +0. Every NaN stored is 0x7fc00000.
 *
 * Memory. Nothing is read or written outside the tensors; nothing is allocated. Tensors need be aligned as a float,
 * lengths as a size_t, a workspace not at all. The structures of a call are read before it writes, wherever they lie.
 *
 * Statuses. Every argument is checked before a byte is written: a call that answers anything but AFT_OK has left the
 * output, the workspace, the memory to prepare in and whatever else its pointers lead to as they were. Only what a pool
 * does shows late (aft_forward).
 *
 * Threads. Every function may be called from any number of threads at once, on outputs and workspaces that do not
 * overlap.
 *
 * Sizes and strides are in elements, never in bytes (but in names that end in _bytes). The stride of a channel is 1.
 * Until version 1.0 the structures may grow from release to release.
 */
#ifndef AFT_H
#define AFT_H

#include <stdbool.h>
#include <stddef.h>

#define AFT_VERSION_MAJOR 0
#define AFT_VERSION_MINOR 1
#define AFT_VERSION_PATCH 0

/*
 * What a host may define, for aft.c (scripts/amalgamate) and for all who include this header alike:
 *
 *   AFT_PREFIX=other_     every function is named other_ in place of aft_, so that two versions can live in one program;
 *                         who includes this header goes on to write aft_
 *   AFT_API               what stands before the declaration of each function; by default it is exported
 *
 * for a file that includes aft.c itself:
 *
 *   AFT_STATIC            every function is static. Macros of the host's own are defined behind that include: some of the
 *                         names that it uses, and takes back, are plain ones.
 *
 * and for the library alone:
 *
 *   AFT_CPU_FEATURES=name    in place of detection: `unsigned name(void)`, a function of the host, says what the CPU has
 *                            and the operating system enables, as a sum of aft_cpu_features
 *   AFT_NO_AVX2, AFT_NO_AVX512, AFT_NO_NEON    leave the kernels of an instruction set out (aft.c)
 *   AFT_NO_ENVIRONMENT    AFT_ISA in the environment is not read (aft.c never reads it)
 */
#ifndef AFT_API
#if defined(AFT_STATIC)
#define AFT_API static __attribute__((unused))
#elif defined(__GNUC__)
#define AFT_API __attribute__((visibility("default")))
#else
#define AFT_API
#endif
#endif

#ifdef AFT_PREFIX
#define AFT_PREFIXED_(prefix, name) prefix##name
#define AFT_PREFIXED(prefix, name) AFT_PREFIXED_(prefix, name)
#define aft_workspace_bytes AFT_PREFIXED(AFT_PREFIX, workspace_bytes)
#define aft_forward AFT_PREFIXED(AFT_PREFIX, forward)
#define aft_phases AFT_PREFIXED(AFT_PREFIX, phases)
#define aft_tasks AFT_PREFIXED(AFT_PREFIX, tasks)
#define aft_run AFT_PREFIXED(AFT_PREFIX, run)
#define aft_prepared_bytes AFT_PREFIXED(AFT_PREFIX, prepared_bytes)
#define aft_prepare AFT_PREFIXED(AFT_PREFIX, prepare)
#define aft_layer_bytes AFT_PREFIXED(AFT_PREFIX, layer_bytes)
#define aft_layer_prepare AFT_PREFIXED(AFT_PREFIX, layer_prepare)
#define aft_layer_workspace_bytes AFT_PREFIXED(AFT_PREFIX, layer_workspace_bytes)
#define aft_layer_forward AFT_PREFIXED(AFT_PREFIX, layer_forward)
#define aft_layer_phases AFT_PREFIXED(AFT_PREFIX, layer_phases)
#define aft_layer_tasks AFT_PREFIXED(AFT_PREFIX, layer_tasks)
#define aft_layer_run AFT_PREFIXED(AFT_PREFIX, layer_run)
#define aft_status_string AFT_PREFIXED(AFT_PREFIX, status_string)
#define aft_isa_name AFT_PREFIXED(AFT_PREFIX, isa_name)
#define aft_isa_at AFT_PREFIXED(AFT_PREFIX, isa_at)
#define aft_use_isa AFT_PREFIXED(AFT_PREFIX, use_isa)
#endif

#ifdef __cplusplus
extern "C" {
#endif

typedef enum aft_status {
    AFT_OK = 0,
    AFT_NULL,       /* a pointer that is needed is NULL */
    AFT_SIZE,       /* a size, stride or product is not possible; a kv_length above kv_len, if there are outputs */
    AFT_OVERLAP,    /* an output overlaps an input, the workspace or itself */
    AFT_WORKSPACE,  /* the workspace, or the memory for a prepared bias, is too small */
    AFT_STALE,      /* a prepared bias was made for another shape, or is none; phases of several instruction sets */
    AFT_UNSUPPORTED /* a kind, an instruction set or a feature that this build does not have */
} aft_status;

typedef enum aft_cpu_features {
    AFT_CPU_AVX2 = 1,   /* AVX2 and FMA */
    AFT_CPU_AVX512 = 2, /* AVX-512 F, VL, DQ and BW, and AVX2 and FMA */
    AFT_CPU_NEON = 4    /* Advanced SIMD of AArch64 */
} aft_cpu_features;

#ifdef AFT_CPU_FEATURES
unsigned AFT_CPU_FEATURES(void);
#endif

typedef struct aft_shape {
    size_t batch, heads, q_len, kv_len, channels; /* channels of one head; any of them may be 0 */
    size_t q_offset;                              /* absolute position of query row 0 */
    bool causal;                                  /* row t sees the keys j <= q_offset + t */
    const size_t *kv_lengths;                     /* visible keys of each batch, <= kv_len; NULL: all of them */
} aft_shape;

/* Element (b, h, t, c) lies at data[b * batch_stride + h * head_stride + t * time_stride + c]. So [B,T,H*D] has strides
 * (T*H*D, D, H*D), and [B,H,T,D] has (H*T*D, T*D, D). A stride of 0 repeats an input. */
typedef struct aft_tensor {
    float *data;
    size_t batch_stride, head_stride, time_stride;
} aft_tensor;

typedef struct aft_tensor_in {
    const float *data;
    size_t batch_stride, head_stride, time_stride;
} aft_tensor_in;

typedef enum aft_bias_kind {
    AFT_BIAS_NONE,    /* AFT-simple: w = 0 */
    AFT_BIAS_FULL,    /* AFT-full: w[first_row + t][j], dense */
    AFT_BIAS_LOCAL,   /* AFT-local: w[first_row + t][j] where |q_offset + t - j| < window, else 0; dense storage */
    AFT_BIAS_BAND,    /* AFT-local with 2 * window - 1 columns: column i is key q_offset + t - (window - 1) + i */
    AFT_BIAS_PREPARED /* made by aft_prepare */
} aft_bias_kind;

/* Row r of head h and batch b begins at data[b * batch_stride + h * head_stride + r * row_stride]; a stride of 0 shares
 * the bias between batches or heads. Entries outside the window of LOCAL, or of BAND outside 0 .. kv_len - 1, are not
 * read. */
typedef struct aft_bias {
    aft_bias_kind kind;
    const void *data; /* const float * for FULL, LOCAL and BAND; not read for NONE; what aft_prepare wrote */
    size_t batch_stride, head_stride, row_stride;
    size_t first_row; /* the bias row of query row 0 */
    size_t window;    /* s: LOCAL (0 is AFT-simple) and BAND (at least 1) */
} aft_bias;

/* y may be exactly q, with equal strides. Any other overlap of y's address range, from its first element to its last,
 * with that of an input (of a bias: from its row 0) is refused, and so is a y whose dimensions interleave. */
typedef struct aft_problem {
    aft_shape shape;
    aft_bias bias;
    aft_tensor_in q, k, v; /* q[batch][heads][q_len][channels]; k and v[batch][heads][kv_len][channels] */
    aft_tensor y;          /* y[batch][heads][q_len][channels] */
} aft_problem;

/* The caller's thread pool. run() calls task(argument, index, worker) once for each index < tasks, in any order and at
 * once, and returns when all are done; worker < width, and no two tasks run at once under one worker. aft_openmp.h has
 * one made of OpenMP's threads. */
typedef struct aft_parallel {
    void (*run)(void *context, size_t tasks, void (*task)(void *argument, size_t index, size_t worker), void *argument);
    void *context;
    size_t width;
} aft_parallel;

/* Bytes of workspace that aft_forward needs for this problem and pool (NULL: the calling thread alone) on the active
 * instruction set. Of the pool only the width is read: {.width = n} sizes it for aft_run with workers below n. Tensors
 * and biases that have no address yet may be NULL, here and in aft_phases, aft_tasks and aft_prepared_bytes (but not a
 * PREPARED bias). AFT_NULL, AFT_SIZE, AFT_OVERLAP and AFT_UNSUPPORTED otherwise as aft_forward. */
AFT_API aft_status aft_workspace_bytes(const aft_problem *problem, const aft_parallel *parallel, size_t *bytes);

/* Computes y. If a pool names a task or a worker that does not exist, that task is left out and the answer is AFT_SIZE.
 * Cost: O(T d) for NONE, O(T^2 d) for FULL, O(T window d) for LOCAL and BAND. */
AFT_API aft_status aft_forward(const aft_problem *problem, void *workspace, size_t bytes, const aft_parallel *parallel);

/* The same by index, for callers with a scheduler of their own: for each phase in ascending order, run every task of
 * the phase, in any order and at once, and wait for all of them. Worker numbers the scratch that a task may use: two
 * tasks that run at once need different workers, all below the width that the workspace was sized for. A phase, task or
 * worker out of range is AFT_SIZE, or AFT_WORKSPACE where the workspace has no room for that worker. The instruction set
 * stays the same from the first task to the last: a phase that runs on another one than the first did is AFT_STALE. */
AFT_API aft_status aft_phases(const aft_problem *problem, size_t *phases);
AFT_API aft_status aft_tasks(const aft_problem *problem, size_t phase, size_t *tasks);
AFT_API aft_status aft_run(const aft_problem *problem, void *workspace, size_t bytes, size_t phase, size_t task,
                           size_t worker);

/* A bias that does not change between calls, exponentiated and packed ahead of time into the caller's memory. A forward
 * with it has the same bits and takes less time: the exponentials of w, 1 / channels of the arithmetic, and the reading
 * of w twice are left out.
 *
 * Of the shape, channels and kv_lengths are not read. aft_prepare fills *prepared, which may be *bias: kind, data
 * (the memory) and the bias's first_row, which may be changed to use other rows, are what counts of it; strides and window
 * are not read.
 * A prepared bias serves every problem
 *   - whose bias rows, first_row .. first_row + q_len - 1, are among the rows that were prepared,
 *   - whose kv_len is at most that prepared, whatever its kv_lengths,
 *   - that is causal if and only if the one prepared was, with the same q_offset - first_row (of FULL without a mask any),
 *   - whose batch is that prepared, if that was not 1 and the bias has a batch_stride other than 0; likewise its heads;
 * any other gets AFT_STALE. So one bias, prepared for the longest sequence, serves all shorter ones, and its rows one by
 * one. Where kv_len or a kv_length is less than what was prepared, terms below 2^-41 of a row's sum may be dropped, as
 * under "Bits" above, and a row whose largest bias by far lies beyond it takes longer.
 *
 * The memory, aligned as a float, holds all that is needed: the bias itself may go. It is about twice as large as the
 * part of the bias that is read, the same on every instruction set, read-only once written (share it between threads),
 * and may be copied elsewhere or kept in a file for this version of the library: set data to its place. It is trusted:
 * AFT_STALE tells a foreign, unfinished or damaged header, but damage behind the header goes unnoticed.
 *
 * Without a bias (NONE, LOCAL with a window of 0) there is nothing to prepare: 0 bytes, memory may be NULL, and *prepared
 * is of kind NONE. AFT_NULL, AFT_SIZE and AFT_UNSUPPORTED (PREPARED cannot be prepared again) as aft_forward;
 * AFT_WORKSPACE where the memory is smaller than aft_prepared_bytes says or not aligned, AFT_OVERLAP where it overlaps the
 * bias or *prepared. */
AFT_API aft_status aft_prepared_bytes(const aft_shape *shape, const aft_bias *bias, size_t *bytes);
AFT_API aft_status aft_prepare(const aft_shape *shape, const aft_bias *bias, void *memory, size_t bytes,
                               aft_bias *prepared);

/* A linear map as PyTorch's Linear stores it: out[o] = bias[o] + sum_i weight[o * inner + i] * in[i]. */
typedef struct aft_linear {
    const float *weight; /* [out][in] */
    const float *bias;   /* [out]; NULL: zeros */
} aft_linear;

/* A layer of the paper (figure 2): q, k and v are linear maps of x, and y is one of the aggregation,
 *
 *     y[b,t] = project(aggregation(to_q(x[b]), to_k(x[b]), to_v(x[b]), bias)[t])
 *
 * with hidden = heads * channels units between them, of which head h has those from h * channels on. */
typedef struct aft_layer {
    size_t dim, heads, channels;
    size_t max_length; /* positions that the bias has, as rows and as keys */
    bool causal;
    aft_bias bias; /* NONE, FULL, LOCAL or BAND, of position 0 on; batch_stride and first_row are not read */
    aft_linear to_q, to_k, to_v; /* dim -> hidden */
    aft_linear project;          /* hidden -> dim */
} aft_layer;

/* Sequences that go through a layer; y may be x. */
typedef struct aft_sequences {
    size_t batch, length;  /* length <= max_length */
    const size_t *lengths; /* keys of each batch, <= length; NULL: all of them */
    const float *x;        /* x[b * x_batch_stride + t * x_time_stride + c], c < dim */
    size_t x_batch_stride, x_time_stride;
    float *y;
    size_t y_batch_stride, y_time_stride;
} aft_sequences;

/* Packs a layer into the caller's memory, once for all calls, as aft_prepare does for a bias; weights and bias may go. The
 * memory is the same on every instruction set and may be copied, shared between threads, or kept in a file for this version
 * of the library. AFT_NULL, AFT_SIZE, AFT_UNSUPPORTED, AFT_WORKSPACE and AFT_OVERLAP as aft_prepare. */
AFT_API aft_status aft_layer_bytes(const aft_layer *layer, size_t *bytes);
AFT_API aft_status aft_layer_prepare(const aft_layer *layer, void *memory, size_t bytes);

/* y of a prepared layer. Workspace, pool, phases, tasks and workers as for aft_forward and its kin; AFT_STALE where the
 * memory is no prepared layer, AFT_SIZE where a length is above max_length.
 *
 * Error: with `in` inputs each linear map is within (140 + in / 128) * u * (|bias| + sum_i |weight[i] * in[i]|) + in * 2^-150
 * of its exact result for the inputs that it gets; the aggregation as above. Bits: the same on every instruction set, with
 * any number of workers, any split of the batch and any mode of the caller. Every NaN stored is 0x7fc00000.
 *
 * Special values: the maps compute as IEEE 754 says, with subnormals (0 * inf and inf - inf are NaN, what is too large
 * is an infinity); what they give as q, k and v is then as above. */
AFT_API aft_status aft_layer_workspace_bytes(const void *layer, const aft_sequences *sequences,
                                             const aft_parallel *parallel, size_t *bytes);
AFT_API aft_status aft_layer_forward(const void *layer, const aft_sequences *sequences, void *workspace, size_t bytes,
                                     const aft_parallel *parallel);
AFT_API aft_status aft_layer_phases(const void *layer, const aft_sequences *sequences, size_t *phases);
AFT_API aft_status aft_layer_tasks(const void *layer, const aft_sequences *sequences, size_t phase, size_t *tasks);
AFT_API aft_status aft_layer_run(const void *layer, const aft_sequences *sequences, void *workspace, size_t bytes,
                                 size_t phase, size_t task, size_t worker);

/* A short English text for a status; never NULL. */
AFT_API const char *aft_status_string(aft_status status);

/* The active instruction set: "scalar", "avx2", "avx512" or "neon". The first call of any function chooses the highest
 * that the CPU has and the operating system enables, but none above the one that AFT_ISA in the environment names: that
 * call, and each of aft_use_isa, reads it by getenv, so no other thread may change the environment meanwhile. */
AFT_API const char *aft_isa_name(void);

/* The instruction sets that this build holds, ascending: 0 is "scalar"; NULL from the first on that is not there. Whether
 * this CPU runs one is what aft_use_isa answers. */
AFT_API const char *aft_isa_at(size_t index);

/* Chooses another one for the whole process. AFT_UNSUPPORTED, and nothing changes, for one that this CPU or this build
 * lacks or that lies above AFT_ISA. A forward that is under way on another thread ends on the one it began with; one by
 * index must not be under way. Meant for start-up: a first call on another thread, at the same time, may still choose the
 * highest after it. */
AFT_API aft_status aft_use_isa(const char *name);

#ifdef __cplusplus
}
#endif

#endif
