// O6 TLB: a translation cache that keeps whatever it may until it is told otherwise. It is filled from walks
// of the raw bytes, before an operation, between its stores and after it; after the operation every line that
// it still has must follow from the tables: same address, rights not wider, nothing dirty that is clean. It
// refuses to know src/tlb. Lines of all sizes live together, tagged with their space; global ones answer
// every space.
#pragma once

#include "fuzz/oracles/finding.hpp"
#include "fuzz/oracles/replaced_hull.hpp"
#include "fuzz/oracles/view.hpp"

#include <array>

namespace pagetwin::fuzz {

class AdversarialTlb {
 public:
  struct Line {
    std::uint64_t va = 0, pa = 0, bytes = 0; // bytes 0: no line
    unsigned space = 0;
    reference::Attributes attributes;
    reference::Flags flags;
  };

  void reset() {
    for (Line& line : lines_)
      line.bytes = 0;
    next_ = 0;
  }
  // What a walk found at va. This and the next look at every line so often that they look after themselves.
  PAGETWIN_UNSANITIZED void fill(unsigned space, std::uint64_t va, const reference::Translation& t);
  // An invalidation arrived: all lines of the space, and the global ones, that meet the range.
  PAGETWIN_UNSANITIZED void invalidate(unsigned space, std::uint64_t first, std::uint64_t last);
  // A line that hardware may use for an access in this space; of several the oldest.
  [[nodiscard]] const Line* find(unsigned space, std::uint64_t va) const;
  // Lines that meet what the operation replaced, against a walk now. root(space) is its root, 0 when it does
  // not exist any more.
  template <class Root>
  [[nodiscard]] Verdict check(const View& view, const Observation& seen, Root&& root) const {
    if (seen.replaced().empty())
      return std::nullopt;
    const ReplacedHull hull = hull_of(view, seen.replaced());
    for (const Line& line : lines_)
      if (line.bytes != 0 && meets(line, hull.first, hull.last))
        if (Verdict v = check_against(view, line, seen.replaced(), root(line.space)))
          return v;
    return std::nullopt;
  }
  // No line may be tagged with a space that is gone.
  [[nodiscard]] Verdict check_gone(unsigned space) const;

 private:
  static constexpr std::size_t capacity = 32;

  [[nodiscard]] PAGETWIN_UNSANITIZED_INLINE static bool meets(const Line& line, std::uint64_t first,
                                                              std::uint64_t last) {
    return line.va <= last && first <= line.va + (line.bytes - 1);
  }
  [[nodiscard]] static Verdict check_against(const View& view, const Line& line,
                                             std::span<const Replaced> replaced, std::uint64_t root);
  [[nodiscard]] static Verdict check_line(const View& view, const Line& line, std::uint64_t first,
                                          std::uint64_t last, std::uint64_t root);
  [[nodiscard]] static Verdict check_byte(const View& view, const Line& line, std::uint64_t va,
                                          std::uint64_t root);

  std::array<Line, capacity> lines_{};
  std::size_t next_ = 0;
};

} // namespace pagetwin::fuzz
