// FlatMap: edits of what is mapped, by the rows of docs/table.md and its paragraph "Splitting".
#include "reference/alignment.hpp"
#include "reference/flat_map.hpp"

#include <algorithm>

namespace reference {

// The leaf with bytes on both sides of the boundary becomes smaller ones until none has.
void FlatMap::split_at(std::size_t index, std::uint64_t boundary) {
  LeafRun rest = regions_[index];
  pieces_.clear();
  tails_.clear();
  for (;;) {
    const std::uint64_t before = round_down(boundary, rest.leaf_size) - rest.va;
    if (before > 0)
      pieces_.push_back(slice(rest, 0, before));
    const bool at_boundary = rest.va + before == boundary;
    const std::uint64_t cut = at_boundary ? 0 : rest.leaf_size;
    if (before + cut < rest.bytes)
      tails_.push_back(slice(rest, before + cut, rest.bytes - before - cut));
    if (at_boundary)
      break;
    rest = slice(rest, before, rest.leaf_size);
    rest.leaf_size = next_smaller(rest.leaf_size);
  }
  pieces_.insert(pieces_.end(), tails_.rbegin(), tails_.rend());
  regions_.replace(index, index + 1, pieces_);
}

std::uint64_t FlatMap::next_smaller(std::uint64_t size) const {
  return *(std::lower_bound(profile_->sizes.begin(), profile_->sizes.end(), size) - 1);
}

void FlatMap::split_before(std::uint64_t va) {
  const std::size_t index = regions_.first_from(va);
  if (index < regions_.size() && regions_[index].va < va)
    split_at(index, va);
}

void FlatMap::split_after(std::uint64_t last) {
  const std::size_t index = regions_.first_from(last);
  if (index < regions_.size() && regions_[index].va <= last && last < last_byte(regions_[index]))
    split_at(index, last + 1);
}

// A split leaf may join the run beside it, so the canonical form is restored over all that an edit can have
// cut.
FlatMap::Reach FlatMap::reach_of(std::uint64_t va, std::uint64_t last) const {
  const std::size_t first = regions_.first_from(va);
  const std::size_t end = regions_.first_above(last);
  if (first >= end)
    return {va, last};
  return {std::min(va, regions_[first].va), std::max(last, last_byte(regions_[end - 1]))};
}

void FlatMap::merge(const Reach& reach) {
  regions_.merge(regions_.first_from(reach.va), regions_.first_above(reach.last));
}

Counted FlatMap::unmap(std::uint64_t va, std::uint64_t length) {
  const Collected removed = unmap_collect(va, length);
  return {removed.status, removed.bytes};
}

Collected FlatMap::unmap_collect(std::uint64_t va, std::uint64_t length) {
  if (const Status status = range_status(va, length); status != Status::ok)
    return {status, 0, {}};
  const std::uint64_t last = va + (length - 1);
  const Reach reach = reach_of(va, last);
  split_before(va);
  split_after(last);
  const std::uint64_t bytes = report(va, last);
  regions_.replace(regions_.first_from(va), regions_.first_above(last), {});
  merge(reach);
  markers_.erase(va, last);
  return {Status::ok, bytes, reported_};
}

// reported_ becomes the leaves that the range touches, whole; returns their bytes.
std::uint64_t FlatMap::report(std::uint64_t va, std::uint64_t last) {
  reported_.clear();
  std::uint64_t bytes = 0;
  const std::size_t end = regions_.first_above(last);
  for (std::size_t index = regions_.first_from(va); index < end; ++index) {
    const LeafRun& run = regions_[index];
    const std::uint64_t from = round_down(std::max(va, run.va), run.leaf_size);
    const std::uint64_t to = std::min(last, last_byte(run)) | (run.leaf_size - 1);
    append(reported_, slice(run, from - run.va, to - from + 1));
    bytes += to - from + 1;
  }
  return bytes;
}

Counted FlatMap::clear() {
  const std::uint64_t bytes = mapped_bytes();
  reset();
  return {Status::ok, bytes};
}

Counted FlatMap::protect(std::uint64_t va, std::uint64_t length, const Rights& rights) {
  if (const Status status = range_status(va, length); status != Status::ok)
    return {status, 0};
  if (!allow_something(rights) || !profile_->expressible_rights(rights))
    return {Status::bad_attributes, 0};
  const std::uint64_t last = va + (length - 1);
  const Reach reach = reach_of(va, last);
  if (has_other_rights(va, rights))
    split_before(va);
  if (has_other_rights(last, rights))
    split_after(last);
  const std::uint64_t changed = set_rights(va, last, rights);
  merge(reach);
  return {Status::ok, changed};
}

bool FlatMap::has_other_rights(std::uint64_t va, const Rights& rights) const {
  const auto leaf = leaf_at(va);
  return leaf && rights_of(leaf->attributes) != rights;
}

// Runs that reach over the ends of the range have these rights already.
std::uint64_t FlatMap::set_rights(std::uint64_t va, std::uint64_t last, const Rights& rights) {
  std::uint64_t changed = 0;
  const std::size_t end = regions_.first_above(last);
  for (std::size_t index = regions_.first_from(va); index < end; ++index) {
    LeafRun& run = regions_[index];
    if (rights_of(run.attributes) == rights)
      continue;
    run.attributes = with_rights(run.attributes, rights);
    changed += run.bytes;
  }
  return changed;
}

// The place of the leaf is a whole number of the leaves that lie there.
void FlatMap::replace_with(const LeafRun& leaf) {
  const std::uint64_t last = last_byte(leaf);
  regions_.cut_before(leaf.va);
  regions_.cut_after(last);
  const std::size_t at = regions_.first_from(leaf.va);
  regions_.replace(at, regions_.first_above(last), {&leaf, 1});
  regions_.merge(at, at + 1);
}

Done FlatMap::remap(std::uint64_t va, std::uint64_t pa) {
  auto leaf = leaf_at(va);
  if (leaf && leaf->va != va)
    leaf.reset();
  const std::uint64_t smallest = profile_->sizes.front();
  const std::uint64_t size = leaf ? leaf->leaf_size : smallest;
  if (!divides(smallest, va) || !divides(size, pa))
    return {Status::misaligned};
  if (!is_virtual_range(*profile_, va, size) || !is_physical_range(*profile_, pa, size))
    return {Status::out_of_range};
  if (!leaf)
    return {Status::not_mapped};
  replace_with({va, size, pa, size, leaf->attributes, {}});
  return {};
}

Done FlatMap::promote(std::uint64_t va, std::uint64_t size) {
  if (const Status status = size_status(va, 0, size); status != Status::ok)
    return {status};
  const auto first = leaf_at(va);
  if (first && first->leaf_size >= size)
    return {};
  if (!first || !divides(size, first->pa))
    return {Status::not_uniform};
  const auto whole = as_one_leaf(*first, size);
  if (!whole)
    return {Status::not_uniform};
  replace_with(*whole);
  return {};
}

// The leaf of `size` that begins as `first` does, if everything there agrees with it.
std::optional<LeafRun> FlatMap::as_one_leaf(const LeafRun& first, std::uint64_t size) const {
  LeafRun whole{first.va, size, first.pa, size, first.attributes, {}};
  const std::size_t begin = regions_.first_from(first.va);
  const std::size_t end = regions_.first_above(last_byte(whole));
  for (std::size_t index = begin; index < end; ++index) {
    const LeafRun& run = regions_[index];
    const bool follows = index == begin || touches(regions_[index - 1], run);
    if (!follows || run.pa - run.va != first.pa - first.va || run.attributes != first.attributes)
      return std::nullopt;
    whole.flags = either(whole.flags, run.flags);
  }
  if (last_byte(regions_[end - 1]) < last_byte(whole))
    return std::nullopt;
  return whole;
}

// As an edit of that part would: whatever has bytes on both sides of one of its ends becomes smaller.
Done FlatMap::split(std::uint64_t va, std::uint64_t size) {
  if (const Status status = size_status(va, 0, size); status != Status::ok)
    return {status};
  const auto leaf = leaf_at(va);
  if (!leaf)
    return {Status::not_mapped};
  if (leaf->leaf_size < size)
    return {Status::not_uniform};
  const std::uint64_t last = va + (size - 1);
  const Reach reach = reach_of(va, last);
  split_before(va);
  split_after(last);
  merge(reach);
  return {};
}

Done FlatMap::set_attributes(std::uint64_t va, const Attributes& attributes) {
  const std::uint64_t smallest = profile_->sizes.front();
  if (const Status status = range_status(va, smallest); status != Status::ok)
    return {status};
  if (!allow_something(rights_of(attributes)) || !profile_->expressible(attributes, smallest))
    return {Status::bad_attributes};
  const auto leaf = leaf_at(va);
  if (!leaf || leaf->va != va)
    return {Status::not_mapped};
  replace_with({va, leaf->leaf_size, leaf->pa, leaf->leaf_size, attributes, leaf->flags});
  return {};
}

} // namespace reference
