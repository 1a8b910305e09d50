#include "bench/footprint.hpp"

#include <algorithm>
#include <iterator>

namespace pagetwin::bench {
namespace {

constexpr std::uint64_t down(std::uint64_t va, unsigned shift) { return va >> shift << shift; }

// First addresses of what is touched in units of 2^shift bytes, ascending. Neighbours in a stream are often
// the same, so few are sorted.
std::vector<std::uint64_t> touched(const std::vector<std::uint64_t>& addresses, unsigned shift) {
  std::vector<std::uint64_t> units;
  for (const std::uint64_t va : addresses)
    if (units.empty() || units.back() != down(va, shift))
      units.push_back(down(va, shift));
  std::sort(units.begin(), units.end());
  units.erase(std::unique(units.begin(), units.end()), units.end());
  return units;
}

} // namespace

Footprint::Footprint(const std::vector<std::uint64_t>& addresses) : pages_(touched(addresses, page_shift)) {
  constexpr auto pages_of_block = std::ptrdiff_t{1} << (block_shift - page_shift);
  for (auto page = pages_.begin(); page != pages_.end();) {
    const std::uint64_t block = down(*page, block_shift);
    const auto end = std::find_if(page, pages_.end(),
                                  [block](std::uint64_t va) { return down(va, block_shift) != block; });
    if (end - page == pages_of_block)
      blocks_.push_back(block);
    else
      std::copy(page, end, std::back_inserter(loose_pages_));
    page = end;
  }
}

std::uint64_t Footprint::nodes() const {
  std::uint64_t nodes = 1;
  for (const unsigned shift : {21U, 30U, 39U, 48U})
    nodes += touched(pages_, shift).size();
  return nodes;
}

} // namespace pagetwin::bench
