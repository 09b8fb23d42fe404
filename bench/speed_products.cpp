/* SPDX-License-Identifier: MIT */
/* What is measured beside the products of other libraries. */
#include "bench/speed_measures.h"

#include "bench/layer.h"
#include "bench/subject.h"

namespace bench {

namespace {

/* Those to compare with. */
const std::vector<Sgemm> &sgemms_beside(const Setting &setting) {
    if (&setting.probe != setting.isas.available.back())
        throw Unavailable(std::string("sgemm takes what the CPU has, not ") + setting.probe.isa);
    return find_sgemms();
}

/* Of the libraries' values the worst for us, that is, of the fastest; behind it, all. */
template <typename Value, typename Worse>
Finding beside_the_fastest(const std::vector<Round> &rounds, const std::vector<Sgemm> &sgemms, const Value &value,
                           const Worse &worse) {
    Finding finding{};
    for (std::size_t i = 0; i < sgemms.size(); i++) {
        const Measured measured =
            summarize(rounds, [&](const Round &round) { return value(round.subject, round.yardsticks[i]); });
        if (i == 0 || worse(measured.median, finding.value.median))
            finding.value = measured;
        finding.note += format("%s%s %.2f", i > 0 ? ", " : "", sgemms[i].library.c_str(), measured.median);
    }
    return finding;
}

Finding against_sgemm(const Setting &setting, const Pass &pass, const Product &product) {
    const std::vector<Sgemm> &sgemms = sgemms_beside(setting);
    return beside_the_fastest(
        interleave(pass, product.passes(sgemms), setting.seconds), sgemms,
        [](double seconds, double of_sgemm) { return of_sgemm / seconds; }, std::less<>());
}

/* The product of AFT-full: the bias by keys and values side by side. */
Product product_of(const Case &task) {
    Product product(task.shape.time, 2 * task.shape.channels, task.shape.time);
    for (std::size_t i = 0; i < product.a.size(); i++)
        product.a[i] = task.value()[i % task.elements()];
    for (std::size_t i = 0; i < product.b.size(); i++)
        product.b[i] = task.key()[i % task.elements()];
    return product;
}

} // namespace

Measure speed_against_sgemm(What what) {
    return [what](const Setting &setting) {
        sgemms_beside(setting);
        const Subject subject(setting.probe, what);
        return against_sgemm(setting, subject.pass(1), product_of(subject.task));
    };
}

Measure layer_speed_against_sgemm(What what, LayerProduct product) {
    return [what, product](const Setting &setting) {
        sgemms_beside(setting);
        const Layer layer(setting.probe, what);
        return against_sgemm(setting, layer.pass(product), layer.map(product).product);
    };
}

Measure layer_over_parts(What what) {
    return [what](const Setting &setting) {
        const std::vector<Sgemm> &sgemms = sgemms_beside(setting);
        const Layer layer(setting.probe, what);
        std::vector<Pass> parts;
        for (const Sgemm &sgemm : sgemms)
            parts.push_back(layer.parts(sgemm));
        return beside_the_fastest(
            interleave(layer.whole(), parts, setting.seconds), sgemms,
            [](double seconds, double of_parts) { return seconds / of_parts; }, std::greater<>());
    };
}

} // namespace bench
