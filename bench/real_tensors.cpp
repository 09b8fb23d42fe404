/* SPDX-License-Identifier: MIT */
#include "bench/real_tensors.h"

#include <cstring>
#include <stdexcept>

namespace bench {

namespace {

std::string tensor_folder;

} // namespace

void read_tensors_from(const std::string &folder) { tensor_folder = folder; }

RealMatrix::RealMatrix(const std::string &name) {
    const std::string path = tensor_folder + "/" + name + ".npy";
    char error[512];
    if (!npy_read(path.c_str(), &array, error, sizeof error))
        throw std::runtime_error(error);
    if (array.type != NPY_F4 || array.dimensions < 1 || array.dimensions > 2 || array.count == 0) {
        npy_free(&array);
        throw std::runtime_error(path + ": not a matrix or a vector of float32; restore the file from the repository");
    }
}

Buffer<float> RealMatrix::extended(std::size_t batch, std::size_t time, std::size_t channels) const {
    Buffer<float> tensor(batch * time * channels);
    float *element = tensor.data();
    for (std::size_t b = 0; b < batch; b++)
        for (std::size_t t = 0; t < time; t++)
            for (std::size_t c = 0; c < channels; c++)
                *element++ = (*this)(b + t, c);
    return tensor;
}

Buffer<float> RealMatrix::band(std::size_t time, std::size_t window) const {
    const std::size_t columns = 2 * window - 1;
    Buffer<float> tensor(time * columns);
    for (std::size_t t = 0; t < time; t++)
        for (std::size_t i = 0; i < columns; i++) {
            const std::size_t key = t + i + 1 - window; /* wraps to a huge one before the first */
            tensor[t * columns + i] = key < time ? (*this)(t, key) : 0;
        }
    return tensor;
}

std::uint64_t tensors_hash() {
    constexpr std::uint64_t basis = 0xcbf29ce484222325, prime = 0x100000001b3;
    std::uint64_t hash = basis;
    for (const char *mask : {"causal/", "masked/"})
        for (const char *tensor : {"simple_q", "simple_k", "simple_v", "full_q", "full_k", "full_v", "full_w",
                                   "local_q", "local_k", "local_v", "local_w"})
            for (const float value : RealMatrix(std::string(mask) + tensor)) {
                std::uint32_t bits = 0;
                std::memcpy(&bits, &value, sizeof bits);
                for (int shift = 0; shift < 32; shift += 8)
                    hash = (hash ^ (bits >> shift & 0xff)) * prime;
            }
    return hash;
}

} // namespace bench
