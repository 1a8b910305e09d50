// FlatMap: accessed and dirty, by the row `harvest` of docs/table.md. No flag operation splits a leaf.
#include "reference/alignment.hpp"
#include "reference/flat_map.hpp"

namespace reference {

Done FlatMap::set_flags(std::uint64_t va, bool accessed, bool dirty) {
  auto leaf = leaf_at(va);
  if (!leaf)
    return {Status::not_mapped};
  const Flags flags = either(leaf->flags, {accessed, dirty && profile_->dirty});
  if (flags != leaf->flags) {
    leaf->flags = flags;
    replace_with(*leaf);
  }
  return {};
}

Done FlatMap::add_flags(std::uint64_t va, const Flags& flags) {
  const std::uint64_t smallest = profile_->sizes.front();
  if (const Status status = range_status(round_down(va, smallest), smallest); status != Status::ok)
    return {status};
  return set_flags(va, flags.accessed, flags.dirty);
}

Harvested FlatMap::harvest(std::uint64_t va, std::uint64_t length, bool clear) {
  if (const Status status = range_status(va, length); status != Status::ok)
    return {status, {}};
  const std::uint64_t last = va + (length - 1);
  report(va, last);
  if (const auto covered = whole_leaves(va, last); clear && covered)
    clear_flags(*covered);
  return {Status::ok, reported_};
}

// The range without the leaf at either end that it covers only partly.
std::optional<FlatMap::Reach> FlatMap::whole_leaves(std::uint64_t va, std::uint64_t last) const {
  Reach reach{va, last};
  if (const auto leaf = leaf_at(va); leaf && leaf->va < va) {
    if (last_byte(*leaf) >= last)
      return std::nullopt;
    reach.va = last_byte(*leaf) + 1;
  }
  if (const auto leaf = leaf_at(last); leaf && last_byte(*leaf) > last) {
    if (leaf->va <= reach.va)
      return std::nullopt;
    reach.last = leaf->va - 1;
  }
  return reach;
}

void FlatMap::clear_flags(const Reach& covered) {
  const Reach reach = reach_of(covered.va, covered.last);
  regions_.cut_before(covered.va);
  regions_.cut_after(covered.last);
  const std::size_t end = regions_.first_above(covered.last);
  for (std::size_t index = regions_.first_from(covered.va); index < end; ++index)
    regions_[index].flags = {};
  merge(reach);
}

} // namespace reference
