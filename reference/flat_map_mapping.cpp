// FlatMap: map and map_range, by the rows of that name in docs/table.md.
#include "reference/alignment.hpp"
#include "reference/flat_map.hpp"

#include <algorithm>

namespace reference {

Done FlatMap::map(std::uint64_t va, std::uint64_t pa, std::uint64_t size, const Attributes& attributes) {
  if (const Status status = size_status(va, pa, size); status != Status::ok)
    return {status};
  pieces_.assign(1, {va, size, pa, size, attributes, {}});
  return map_plan(va, size);
}

Done FlatMap::map_range(std::uint64_t va, std::uint64_t pa, std::uint64_t length,
                        const Attributes& attributes, std::uint64_t max_size) {
  if (length == 0)
    return {Status::empty};
  if (!divides(profile_->sizes.front(), va | pa | length))
    return {Status::misaligned};
  if (!is_page_size(*profile_, max_size))
    return {Status::bad_size};
  if (!is_virtual_range(*profile_, va, length) || !is_physical_range(*profile_, pa, length))
    return {Status::out_of_range};
  plan(va, pa, length, attributes, max_size);
  return map_plan(va, length);
}

// The runs of equal leaves that mapping leaf by leaf, each the largest possible, would leave behind.
void FlatMap::plan(std::uint64_t va, std::uint64_t pa, std::uint64_t length, const Attributes& attributes,
                   std::uint64_t max_size) {
  pieces_.clear();
  for (std::uint64_t done = 0; done < length;) {
    const std::uint64_t size = largest_leaf(va + done, pa + done, length - done, max_size);
    const std::uint64_t bytes = run_of(va + done, pa + done, length - done, size, max_size);
    pieces_.push_back({va + done, bytes, pa + done, size, attributes, {}});
    done += bytes;
  }
}

std::uint64_t FlatMap::largest_leaf(std::uint64_t va, std::uint64_t pa, std::uint64_t rest,
                                    std::uint64_t max_size) const {
  std::uint64_t largest = profile_->sizes.front();
  for (const std::uint64_t size : profile_->sizes)
    if (size <= max_size && size <= rest && divides(size, va | pa))
      largest = size;
  return largest;
}

// How many bytes of leaves of `size` follow before a larger leaf becomes possible, or the rest is too short.
std::uint64_t FlatMap::run_of(std::uint64_t va, std::uint64_t pa, std::uint64_t rest, std::uint64_t size,
                              std::uint64_t max_size) const {
  std::uint64_t bytes = round_down(rest, size);
  for (const std::uint64_t larger : profile_->sizes) {
    const std::uint64_t ahead = up_to_multiple(va, larger);
    const bool possible = larger > size && larger <= max_size && divides(larger, va - pa);
    if (possible && ahead > 0 && ahead < rest && rest - ahead >= larger)
      bytes = std::min(bytes, ahead);
  }
  return bytes;
}

// pieces_ becomes part of the map, all or nothing.
Done FlatMap::map_plan(std::uint64_t va, std::uint64_t length) {
  for (const LeafRun& piece : pieces_) {
    const bool allowed = allow_something(rights_of(piece.attributes));
    if (!allowed || !profile_->expressible(piece.attributes, piece.leaf_size))
      return {Status::bad_attributes};
  }
  const std::uint64_t last = va + (length - 1);
  if (is_mapped(va, last))
    return {Status::overlap};
  markers_.erase(va, last);
  const std::size_t at = regions_.first_from(va);
  regions_.replace(at, at, pieces_);
  regions_.merge(at, at + pieces_.size());
  return {};
}

} // namespace reference
