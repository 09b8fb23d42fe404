/* SPDX-License-Identifier: MIT */
#include "bench/sgemm.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include <dlfcn.h>
#include <omp.h>

#include "bench/machine.h"
#include "bench/machine/describe.h"

namespace bench {

namespace {

using Multiply = decltype(Sgemm::multiply);

/* cblas.h and dnnl.h, as far as needed here; dimensions are 32 bits wide in Debian's builds of BLAS. */
using cblas_sgemm = void(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a,
                         int stride_a, const float *b, int stride_b, float beta, float *c, int stride_c);
using dnnl_sgemm = int(char transpose_a, char transpose_b, std::int64_t m, std::int64_t n, std::int64_t k, float alpha,
                       const float *a, std::int64_t stride_a, const float *b, std::int64_t stride_b, float beta,
                       float *c, std::int64_t stride_c);
enum { cblas_row_major = 101, cblas_no_transpose = 111 };

Multiply of_cblas(void *symbol) {
    return [sgemm = reinterpret_cast<cblas_sgemm *>(symbol)](std::size_t rows, std::size_t columns, std::size_t depth,
                                                             const float *a, const float *b, float *c) {
        const int m = static_cast<int>(rows), n = static_cast<int>(columns), k = static_cast<int>(depth);
        sgemm(cblas_row_major, cblas_no_transpose, cblas_no_transpose, m, n, k, 1, a, k, b, n, 0, c, n);
    };
}

Multiply of_dnnl(void *symbol) {
    return [sgemm = reinterpret_cast<dnnl_sgemm *>(symbol)](std::size_t rows, std::size_t columns, std::size_t depth,
                                                            const float *a, const float *b, float *c) {
        const auto m = static_cast<std::int64_t>(rows), n = static_cast<std::int64_t>(columns),
                   k = static_cast<std::int64_t>(depth);
        sgemm('N', 'N', m, n, k, 1, a, k, b, n, 0, c, n);
    };
}

struct Known {
    const char *library, *file, *symbol;
    Multiply (*adapt)(void *symbol);
};

std::vector<Sgemm> load() {
    static constexpr Known all_known[] = {
        {"OpenBLAS", "libopenblas.so.0", "cblas_sgemm", of_cblas},
        {"BLIS", "libblis.so.4", "cblas_sgemm", of_cblas},
        {"oneDNN", "libdnnl.so.3", "dnnl_sgemm", of_dnnl},
        {"oneDNN", "libdnnl.so.2", "dnnl_sgemm", of_dnnl},
    };
    for (const char *variable : {"OPENBLAS_NUM_THREADS", "BLIS_NUM_THREADS"})
        setenv(variable, "1", 1);
    omp_set_num_threads(1); /* OpenMP, which oneDNN uses, has read its environment already */
    /* BLIS asks Intel CPUs for their marketing name, and takes AVX2 where it does not know it, as in virtual machines. */
    const auto &cpu = this_machine().cpu;
    const auto &features = cpu.at("features");
    if (cpu.at("vendor") == "GenuineIntel" && std::find(features.begin(), features.end(), "avx512vl") != features.end())
        setenv("BLIS_ARCH_TYPE", "skx", 0);
    std::vector<Sgemm> found;
    for (const Known &known : all_known) {
        void *const library = dlopen(known.file, RTLD_NOW | RTLD_LOCAL);
        void *const symbol = library != nullptr ? dlsym(library, known.symbol) : nullptr;
        if (symbol != nullptr && (found.empty() || found.back().library != known.library))
            found.push_back({known.library, known.adapt(symbol)});
    }
    return found;
}

} // namespace

const std::vector<Sgemm> &find_sgemms() {
    static const std::vector<Sgemm> found = load();
    if (found.empty())
        throw Unavailable("no OpenBLAS, BLIS or oneDNN: scripts/setup table installs them");
    return found;
}

} // namespace bench
