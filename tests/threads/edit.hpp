// Random edits of four areas of a table, in units of pages. An area is some nodes of pages wide; areas lie
// far apart, two of them under one slot of the root. Frames are chosen by colour, so that neighbours of one
// colour can become a larger leaf, and no two areas have a frame in common. Knows no expectation.
#pragma once

#include "fuzz/twin/rng.hpp"
#include "src/arch/geometry.hpp"

#include <algorithm>
#include <vector>

namespace pagetwin {

enum class Action : std::uint8_t { map, map_range, unmap, protect, promote, remap };

// `count` pages from `first` on, which lie in one area. bytes: the largest size of a range, or of a promote.
struct Edit {
  Action action;
  std::uint32_t first, count;
  std::uint64_t bytes;
  unsigned colour;
  bool writable;
};

// 2^span bytes each, 2^stride bytes from the beginning of one to that of the next.
struct Layout {
  unsigned span, stride;
};

template <Format F, Layout L>
struct Areas {
  static constexpr std::uint32_t count = 4, each = 1U << (L.span - F::page_shift), pages = count * each;
  static constexpr unsigned colours = 16;

  [[nodiscard]] static constexpr VirtAddr va(std::uint32_t page) {
    return VirtAddr{(std::uint64_t{page / each} << L.stride) + (std::uint64_t{page % each} << F::page_shift)};
  }
  [[nodiscard]] static constexpr PhysAddr frame(std::uint32_t page, unsigned colour) {
    const std::uint64_t place = std::uint64_t{colour} * count + page / each + 1;
    return PhysAddr{(place << 30) + (std::uint64_t{page % each} << F::page_shift)};
  }
  [[nodiscard]] static constexpr std::uint32_t pages_of(std::uint64_t bytes) {
    return static_cast<std::uint32_t>(bytes >> F::page_shift);
  }
};

template <Format F, Layout L>
class RandomEdits {
  using A = Areas<F, L>;

 public:
  explicit RandomEdits(std::uint64_t seed) : rng_(seed) {}

  [[nodiscard]] Edit next() {
    if (planned_.empty() && rng_.one_in(8))
      plan();
    if (planned_.empty())
      return any();
    const Edit edit = planned_.back();
    planned_.pop_back();
    return edit;
  }

 private:
  [[nodiscard]] Edit any() {
    constexpr Action actions[] = {Action::map,     Action::map,   Action::map_range, Action::unmap,
                                  Action::unmap,   Action::unmap, Action::protect,   Action::protect,
                                  Action::promote, Action::remap};
    const Action action = actions[rng_.below(std::size(actions))];
    if (action == Action::promote)
      return promote_at(number(A::pages));
    return some(action, number(A::pages), 1U << number(std::bit_width(A::each)));
  }
  // A whole area: away, there again in leaves of one size, larger, then cut.
  void plan() {
    const std::uint32_t first = number(A::count) * A::each;
    for (const Action cut : {Action::protect, Action::unmap, Action::protect})
      planned_.push_back(some(cut, first + number(A::each), 1U << number(4)));
    for (unsigned i = 0; i < 4; ++i)
      planned_.push_back(promote_at(first + number(A::each)));
    planned_.push_back(some(Action::map_range, first, A::each));
    planned_.push_back(some(Action::unmap, first, A::each));
  }
  // At most `count` pages, as far as the area goes.
  [[nodiscard]] Edit some(Action action, std::uint32_t first, std::uint32_t count) {
    const bool one = action == Action::map || action == Action::remap;
    return {.action = action,
            .first = first,
            .count = one ? 1 : std::min(count, A::each - first % A::each),
            .bytes = F::sizes[number(sizes())].bytes(),
            .colour = number(A::colours),
            .writable = rng_.one_in(2)};
  }
  [[nodiscard]] Edit promote_at(std::uint32_t page) {
    const std::uint64_t bytes = F::sizes[1 + number(sizes() - 1)].bytes();
    const std::uint32_t count = A::pages_of(bytes);
    return {Action::promote, page - page % count, count, bytes, 0, false};
  }
  // Those that fit into an area.
  [[nodiscard]] static unsigned sizes() {
    unsigned n = 0;
    while (n < F::sizes.size() && F::sizes[n].log2_bytes <= L.span)
      ++n;
    return n;
  }
  [[nodiscard]] std::uint32_t number(std::uint64_t below) {
    return static_cast<std::uint32_t>(rng_.below(below));
  }

  twin::Rng rng_;
  std::vector<Edit> planned_; // the last one comes first
};

} // namespace pagetwin
