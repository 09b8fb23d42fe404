// SPDX-License-Identifier: MIT
// The header and the library from C++17: AFT-simple with equal keys and an open gate is the mean of the values.
#include <aft.h>

#include <cstdio>
#include <limits>
#include <vector>

int main() {
    constexpr std::size_t rows = 4, channels = 3;
    const std::vector<float> q(rows * channels, std::numeric_limits<float>::infinity()), k(rows * channels);
    std::vector<float> v, y(rows * channels, -1);
    for (std::size_t row = 0; row < rows; row++)
        for (std::size_t channel = 0; channel < channels; channel++)
            v.push_back(static_cast<float>(row * row + channel));
    aft_problem problem{};
    problem.shape.batch = problem.shape.heads = 1;
    problem.shape.q_len = problem.shape.kv_len = rows;
    problem.shape.channels = channels;
    problem.q = {q.data(), 0, 0, channels};
    problem.k = {k.data(), 0, 0, channels};
    problem.v = {v.data(), 0, 0, channels};
    problem.y = {y.data(), 0, 0, channels};
    std::size_t bytes = 0;
    aft_status status = aft_workspace_bytes(&problem, nullptr, &bytes);
    if (status == AFT_OK) {
        std::vector<char> workspace(bytes);
        status = aft_forward(&problem, workspace.data(), workspace.size(), nullptr);
    }
    if (status != AFT_OK) {
        std::printf("%s\n", aft_status_string(status));
        return 1;
    }
    for (std::size_t i = 0; i < y.size(); i++)
        if (y[i] != 3.5f + static_cast<float>(i % channels)) { // the mean of 0, 1, 4, 9
            std::printf("y[%zu] is %.9g\n", i, static_cast<double>(y[i]));
            return 1;
        }
    std::printf("isa %s\n", aft_isa_name());
    return 0;
}
