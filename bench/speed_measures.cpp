/* SPDX-License-Identifier: MIT */
#include "bench/speed_measures.h"

#include <thread>

#include "bench/layer.h"
#include "bench/subject.h"

namespace bench {

namespace {

double speed(const Pass &subject, const Pass &yardstick, const Round &round, std::size_t index = 0) {
    return subject.work / round.subject / (yardstick.work / round.yardsticks[index]);
}

Finding share(const Setting &setting, const Pass &subject, const Pass &yardstick) {
    return {summarize(interleave(subject, {yardstick}, setting.seconds),
                      [&](const Round &round) { return speed(subject, yardstick, round); }),
            ""};
}

Finding peak_share(const Setting &setting, const Pass &pass) {
    const Team one(1);
    const Pass fmas = fma_pass(one, setting.probe);
    Finding finding = share(setting, pass, fmas);
    finding.rate_behind = rate_behind(pass, fmas);
    finding.note = format("FMAs right behind it: %.2f", *finding.rate_behind);
    return finding;
}

} // namespace

Measure share_of_peak(What what) {
    return [what](const Setting &setting) {
        const Subject subject(setting.probe, what);
        return peak_share(setting, subject.pass(subject.flops()));
    };
}

Measure layer_share_of_peak(What what, LayerProduct product) {
    return [what, product](const Setting &setting) {
        const Layer layer(setting.probe, what);
        return peak_share(setting, layer.pass(product));
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
