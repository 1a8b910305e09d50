// FlatMap: what the arguments alone decide, and every answer that changes nothing but flags and markers.
// The tests of arguments come first and in the order of docs/table.md, so that what follows them cannot fail.
#include "reference/flat_map.hpp"

#include "reference/alignment.hpp"

#include <algorithm>
#include <bit>

namespace reference {

Status FlatMap::range_status(std::uint64_t va, std::uint64_t length) const {
  if (length == 0)
    return Status::empty;
  if (!divides(profile_->sizes.front(), va | length))
    return Status::misaligned;
  return is_virtual_range(*profile_, va, length) ? Status::ok : Status::out_of_range;
}

Status FlatMap::size_status(std::uint64_t va, std::uint64_t pa, std::uint64_t size) const {
  if (size == 0)
    return Status::empty;
  if (!divides(std::has_single_bit(size) ? size : profile_->sizes.front(), va | pa))
    return Status::misaligned;
  if (!is_page_size(*profile_, size))
    return Status::bad_size;
  const bool in_range = is_virtual_range(*profile_, va, size) && is_physical_range(*profile_, pa, size);
  return in_range ? Status::ok : Status::out_of_range;
}

bool FlatMap::is_mapped(std::uint64_t va, std::uint64_t last) const { return regions_.touches_any(va, last); }

std::optional<LeafRun> FlatMap::leaf_at(std::uint64_t va) const {
  const std::size_t index = regions_.first_from(va);
  if (index == regions_.size() || regions_[index].va > va)
    return std::nullopt;
  const LeafRun& run = regions_[index];
  return slice(run, round_down(va, run.leaf_size) - run.va, run.leaf_size);
}

std::optional<Translation> FlatMap::lookup(std::uint64_t va) const {
  const auto leaf = leaf_at(va);
  if (!leaf)
    return std::nullopt;
  return Translation{leaf->pa + (va - leaf->va), leaf->leaf_size, leaf->attributes, leaf->flags};
}

std::uint64_t FlatMap::mapped_bytes() const {
  std::uint64_t bytes = 0;
  for (const LeafRun& run : regions())
    bytes += run.bytes;
  return bytes;
}

void FlatMap::reset() {
  regions_.clear();
  markers_.clear();
}

Listed FlatMap::for_each(std::uint64_t va, std::uint64_t length) {
  if (const Status status = range_status(va, length); status != Status::ok)
    return {status, {}};
  const std::uint64_t last = va + (length - 1);
  extents_.clear();
  const std::size_t end = regions_.first_above(last);
  for (std::size_t index = regions_.first_from(va); index < end; ++index) {
    const LeafRun& run = regions_[index];
    const std::uint64_t from = std::max(va, run.va);
    const std::uint64_t to = std::min(last, last_byte(run));
    append(extents_, {from, to - from + 1, run.pa + (from - run.va), run.attributes});
  }
  return {Status::ok, extents_};
}

Done FlatMap::mark(std::uint64_t va, std::uint64_t size, std::uint64_t word) {
  if (const Status status = size_status(va, 0, size); status != Status::ok)
    return {status};
  if (!is_marker_word(*profile_, word))
    return {Status::bad_attributes};
  const std::uint64_t last = va + (size - 1);
  if (is_mapped(va, last))
    return {Status::overlap};
  markers_.erase(va, last);
  if (word != 0)
    markers_.insert({va, size, word});
  return {};
}

Marked FlatMap::marker(std::uint64_t va, std::uint64_t size) const {
  if (const Status status = size_status(va, 0, size); status != Status::ok)
    return {status, 0};
  const std::uint64_t last = va + (size - 1);
  if (is_mapped(va, last))
    return {Status::overlap, 0};
  if (!markers_.touches_any(va, last))
    return {Status::ok, 0};
  const Marker& first = markers_[markers_.first_from(va)];
  const bool covers_all = first.va <= va && last_byte(first) >= last;
  return covers_all ? Marked{Status::ok, first.word} : Marked{Status::not_uniform, 0};
}

} // namespace reference
