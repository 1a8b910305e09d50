// Which mapping nodes an operation changed, by comparing all that were ever in use with what they were before
// it: what the mapping database does to memory of its own no watcher of tables sees. It refuses to know what
// they say.
#pragma once

#include "fuzz/oracles/poison.hpp"
#include "src/space/mapping_node.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace pagetwin::fuzz {

class ChangedNodes {
 public:
  // now: the nodes that were ever in use, from number 0 on.
  void reset(std::span<const MappingNode> now) { before_.assign(now.begin(), now.end()); }

  // visit(number, what it was) for each that is another than when this was asked last, or new.
  template <class Visit>
  void take(std::span<const MappingNode> now, Visit&& visit) {
    before_.resize(std::max(before_.size(), now.size()));
    for (std::size_t i = 0; i < now.size(); i += block) {
      const std::size_t end = std::min(i + block, now.size());
      if (differs(now.data() + i, before_.data() + i, end - i))
        for (std::size_t at = i; at < end; ++at)
          if (differs(&now[at], &before_[at], 1)) {
            const MappingNode was = std::exchange(before_[at], now[at]);
            visit(static_cast<std::uint32_t>(at), was);
          }
    }
  }

 private:
  static constexpr std::size_t block = 64;

  // Every bit counts, and there are many.
  [[nodiscard]] PAGETWIN_UNSANITIZED static bool differs(const MappingNode* a, const MappingNode* b,
                                                         std::size_t count) {
    using Word = std::uint64_t;
    static_assert(sizeof(MappingNode) % sizeof(Word) == 0);
    const auto* const x = reinterpret_cast<const unsigned char*>(a);
    const auto* const y = reinterpret_cast<const unsigned char*>(b);
    Word other = 0;
    for (std::size_t i = 0; i < count * sizeof(MappingNode); i += sizeof(Word)) {
      Word of_a = 0, of_b = 0;
      __builtin_memcpy(&of_a, x + i, sizeof(Word));
      __builtin_memcpy(&of_b, y + i, sizeof(Word));
      other |= of_a ^ of_b;
    }
    return other != 0;
  }

  std::vector<MappingNode> before_;
};

} // namespace pagetwin::fuzz
