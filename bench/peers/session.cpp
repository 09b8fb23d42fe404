/* SPDX-License-Identifier: MIT */
/*
 * One problem on dense [batch][time][channels] tensors and one [time][time] bias, as scripts/peers calls it through
 * ctypes: flat arguments, so that only the compiler needs to know the structures of aft.h.
 */
#include <cstddef>
#include <memory>

#include "bench/buffer.h"
#include "bench/team.h"

namespace {

struct Session {
    explicit Session(std::size_t threads) : team(threads) {}

    aft_problem problem{};
    bench::Team team;
    bench::Buffer<std::byte> workspace, prepared_bias;
};

aft_status prepare_bias(Session &session) {
    aft_problem &problem = session.problem;
    std::size_t bytes = 0;
    const aft_status status = aft_prepared_bytes(&problem.shape, &problem.bias, &bytes);
    if (status != AFT_OK)
        return status;
    session.prepared_bias = bench::Buffer<std::byte>(bytes);
    const aft_bias given = problem.bias;
    return aft_prepare(&problem.shape, &given, session.prepared_bias.data(), bytes, &problem.bias);
}

aft_status allocate_workspace(Session &session) {
    std::size_t bytes = 0;
    const aft_status status = aft_workspace_bytes(&session.problem, session.team.parallel(), &bytes);
    if (status == AFT_OK)
        session.workspace = bench::Buffer<std::byte>(bytes);
    return status;
}

} // namespace

extern "C" {

/* AFT-simple where window is 0, AFT-full where it is `time`, else AFT-local. The tensors must outlive the session. */
AFT_API aft_status aft_peers_open(std::size_t batch, std::size_t time, std::size_t channels, std::size_t window,
                                  const float *q, const float *k, const float *v, const float *w, float *y,
                                  bool prepared, std::size_t threads, Session **opened) {
    auto session = std::make_unique<Session>(threads);
    aft_problem &problem = session->problem;
    const std::size_t batch_stride = time * channels;
    problem.shape.batch = batch;
    problem.shape.heads = 1;
    problem.shape.q_len = problem.shape.kv_len = time;
    problem.shape.channels = channels;
    problem.bias.kind = window == 0 ? AFT_BIAS_NONE : window == time ? AFT_BIAS_FULL : AFT_BIAS_LOCAL;
    problem.bias.data = w;
    problem.bias.row_stride = time;
    problem.bias.window = window;
    problem.q = {q, batch_stride, 0, channels};
    problem.k = {k, batch_stride, 0, channels};
    problem.v = {v, batch_stride, 0, channels};
    problem.y = {y, batch_stride, 0, channels};

    aft_status status = prepared ? prepare_bias(*session) : AFT_OK;
    if (status == AFT_OK)
        status = allocate_workspace(*session);
    if (status == AFT_OK)
        *opened = session.release();
    return status;
}

AFT_API aft_status aft_peers_forward(Session *session) {
    return aft_forward(&session->problem, session->workspace.data(), session->workspace.size(),
                       session->team.parallel());
}

AFT_API void aft_peers_close(Session *session) { delete session; }

} /* extern "C" */
