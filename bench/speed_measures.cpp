/* SPDX-License-Identifier: MIT */
#include "bench/speed_measures.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <thread>

#include "bench/call.h"
#include "bench/check.h"
#include "bench/sgemm.h"
#include "bench/terminal.h"

namespace bench {

namespace {

/* A case with a call that has been found right. */
class Subject {
  public:
    Case task;

    Subject(const aft_probe &probe, const What &what, const aft_parallel *parallel = nullptr)
        : task(what.kernel, what.causal, what.shape, what.form) {
        expect_memory(4 * task.elements() * sizeof(float));
        aft_use_isa(probe.isa);
        task.load();
        call.emplace(task, task.all_rows(), parallel);
        call->forward();
        const Verdict verdict = check(task, task.all_rows(), call->y);
        if (!verdict.failure.empty())
            throw std::runtime_error(task.name() + ": " + verdict.failure);
    }
    Subject(const Subject &) = delete;
    Subject &operator=(const Subject &) = delete;

    double flops() const { return task.flops(task.all_rows()); }
    double bytes() const { return task.work(task.all_rows()).bytes; }
    const Buffer<float> &y() const { return call->y; }

    Pass pass(double work) const {
        return {work, [this] { call->forward(); }};
    }

  private:
    static void expect_memory(std::size_t bytes) {
        const std::size_t available = available_memory();
        if (bytes > available)
            throw Unavailable(
                format("its tensors take %zu MiB, and %zu MiB of memory are available", bytes >> 20, available >> 20));
    }

    std::optional<Call> call;
};

double speed(const Pass &subject, const Pass &yardstick, const Round &round, std::size_t index = 0) {
    return subject.work / round.subject / (yardstick.work / round.yardsticks[index]);
}

Finding share(const Setting &setting, const Pass &subject, const Pass &yardstick) {
    return {summarize(interleave(subject, {yardstick}, setting.seconds),
                      [&](const Round &round) { return speed(subject, yardstick, round); }),
            ""};
}

/* A matrix product as it stands in AFT-full: the bias by keys and values side by side. */
struct Product {
    std::size_t time, columns;
    Buffer<float> a, b, c;

    explicit Product(const Case &task)
        : time(task.shape.time), columns(2 * task.shape.channels), a(time * time), b(time * columns),
          c(time * columns) {
        for (std::size_t i = 0; i < a.size(); i++)
            a[i] = task.value()[i % task.elements()];
        for (std::size_t i = 0; i < b.size(); i++)
            b[i] = task.key()[i % task.elements()];
    }

    void multiply(const Sgemm &sgemm) const { sgemm.multiply(time, columns, time, a.data(), b.data(), c.data()); }

    void check(const Sgemm &sgemm) const {
        std::fill_n(c.data(), c.size(), std::nanf(""));
        multiply(sgemm);
        for (const std::size_t i : spread(c.size(), 16)) {
            double sum = 0, magnitude = 0;
            for (std::size_t j = 0; j < time; j++) {
                const double term = static_cast<double>(a[i / columns * time + j]) * b[j * columns + i % columns];
                sum += term;
                magnitude += std::abs(term);
            }
            if (!(std::abs(c[i] - sum) <= 1e-5 * magnitude))
                throw std::runtime_error(sgemm.library + "'s sgemm is wrong: " +
                                         format("element %zu is %.9g instead of %.9g", i, double{c[i]}, sum));
        }
    }
};

} // namespace

Measure share_of_peak(What what) {
    return [what](const Setting &setting) {
        const Team one(1);
        const Subject subject(setting.probe, what);
        const Pass pass = subject.pass(subject.flops()), fmas = fma_pass(one, setting.probe);
        Finding finding = share(setting, pass, fmas);
        finding.rate_behind = rate_behind(pass, fmas);
        finding.note = format("FMAs right behind it: %.2f", *finding.rate_behind);
        return finding;
    };
}

Measure share_of_stream(What what) {
    return [what](const Setting &setting) {
        const Team one(1);
        const Subject subject(setting.probe, what);
        return share(setting, subject.pass(subject.bytes()),
                     stream_pass(one, setting.probe, subject.task, subject.y()));
    };
}

Measure share_of_exp(What what) {
    return [what](const Setting &setting) {
        const Team one(1);
        const Subject subject(setting.probe, what);
        return share(setting, subject.pass(2 * static_cast<double>(subject.task.elements())),
                     exp_pass(one, setting.probe, subject.task));
    };
}

Measure speed_against_sgemm(What what) {
    return [what](const Setting &setting) {
        if (&setting.probe != setting.isas.available.back())
            throw Unavailable(std::string("sgemm takes what the CPU has, not ") + setting.probe.isa);
        const std::vector<Sgemm> &sgemms = find_sgemms();
        const Subject subject(setting.probe, what);
        const Product product(subject.task);
        std::vector<Pass> yardsticks;
        for (const Sgemm &sgemm : sgemms) {
            product.check(sgemm);
            yardsticks.push_back({1, [&product, &sgemm] { product.multiply(sgemm); }});
        }
        const Pass pass = subject.pass(1);
        const std::vector<Round> rounds = interleave(pass, yardsticks, setting.seconds);
        Finding against_fastest{{INFINITY, INFINITY, INFINITY}, ""};
        for (std::size_t i = 0; i < sgemms.size(); i++) {
            const Measured value =
                summarize(rounds, [&](const Round &round) { return speed(pass, yardsticks[i], round, i); });
            if (value.median < against_fastest.value.median)
                against_fastest.value = value;
            against_fastest.note += format("%s%s %.2f", i > 0 ? ", " : "", sgemms[i].library.c_str(), value.median);
        }
        return against_fastest;
    };
}

Measure time_over(What what, What other) {
    return [what, other](const Setting &setting) {
        const Subject subject(setting.probe, what), yardstick(setting.probe, other);
        return Finding{summarize(interleave(subject.pass(1), {yardstick.pass(1)}, setting.seconds),
                                 [](const Round &round) { return round.subject / round.yardsticks[0]; }),
                       ""};
    };
}

Measure speed_of_two_threads(What what) {
    return [what](const Setting &setting) {
        if (std::thread::hardware_concurrency() < 2)
            throw Unavailable("this process may use one CPU alone");
        const Team one(1), two(2);
        const Subject subject(setting.probe, what, two.parallel()), yardstick(setting.probe, what);
        const std::vector<Pass> yardsticks = {yardstick.pass(1), fma_pass(one, setting.probe),
                                              fma_pass(two, setting.probe)};
        const std::vector<Round> rounds = interleave(subject.pass(1), yardsticks, setting.seconds, Clock::wall);
        const Measured machine =
            summarize(rounds, [](const Round &round) { return 2 * round.yardsticks[1] / round.yardsticks[2]; });
        return Finding{summarize(rounds, [](const Round &round) { return round.yardsticks[0] / round.subject; }),
                       format("FMAs alone: %.2f", machine.median)};
    };
}

Measure microseconds_above(What what, What other) {
    return [what, other](const Setting &setting) {
        const Subject subject(setting.probe, what), yardstick(setting.probe, other);
        const double part = subject.flops() / yardstick.flops();
        return Finding{
            summarize(interleave(subject.pass(1), {yardstick.pass(1)}, setting.seconds),
                      [part](const Round &round) { return 1e6 * (round.subject - part * round.yardsticks[0]); }),
            ""};
    };
}

Measure on_isa(const std::string &isa, const Measure &measure) {
    return [isa, measure](const Setting &setting) {
        for (const aft_probe *probe : setting.isas.available)
            if (isa == probe->isa)
                return measure({setting.isas, *probe, setting.seconds});
        throw Unavailable("this CPU and build do not run " + isa);
    };
}

} // namespace bench
