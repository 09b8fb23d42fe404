/* SPDX-License-Identifier: MIT */
/* Memory as a framework would hand it over: aligned to a cache line, every page touched unless said otherwise. */
#ifndef AFT_BENCH_BUFFER_H
#define AFT_BENCH_BUFFER_H

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

namespace bench {

template <typename Element> class Buffer {
  public:
    Buffer() = default;

    explicit Buffer(std::size_t count, Element fill = {}) : Buffer(untouched(count)) {
        std::fill_n(elements.get(), count, fill);
    }

    /* For whoever touches it first, on whose memory node it then lies. */
    static Buffer untouched(std::size_t count) {
        Buffer buffer;
        buffer.elements.reset(static_cast<Element *>(::operator new(count * sizeof(Element), alignment)));
        buffer.count = count;
        return buffer;
    }

    Element *data() const { return elements.get(); }
    std::size_t size() const { return count; }
    Element &operator[](std::size_t index) const { return elements.get()[index]; }

  private:
    static constexpr std::align_val_t alignment{64};

    struct Release {
        void operator()(Element *memory) const { ::operator delete(memory, alignment); }
    };

    std::unique_ptr<Element[], Release> elements;
    std::size_t count = 0;
};

} // namespace bench

#endif
