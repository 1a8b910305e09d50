// Which memory a stream of accesses touched, hence what a table has to map for it: every page that was
// touched, and no other. Knows pages of 4 KiB and blocks of 2 MiB, and no table.
#pragma once

#include <cstdint>
#include <vector>

namespace pagetwin::bench {

class Footprint {
 public:
  static constexpr unsigned page_shift = 12, block_shift = 21;

  // The addresses that a stream translates, in any order.
  explicit Footprint(const std::vector<std::uint64_t>& addresses);

  // First addresses, ascending.
  [[nodiscard]] const std::vector<std::uint64_t>& pages() const { return pages_; }
  // Of the blocks with all their pages, and of the pages outside those.
  [[nodiscard]] const std::vector<std::uint64_t>& blocks() const { return blocks_; }
  [[nodiscard]] const std::vector<std::uint64_t>& loose_pages() const { return loose_pages_; }
  // Nodes that suffice for four or five levels of 512 slots, the root included.
  [[nodiscard]] std::uint64_t nodes() const;

 private:
  std::vector<std::uint64_t> pages_, blocks_, loose_pages_;
};

} // namespace pagetwin::bench
