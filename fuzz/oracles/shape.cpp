#include "fuzz/oracles/shape.hpp"

#include <algorithm>

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long; // what printf calls 64 bits

unsigned widest_group(const reference::Mmu& mmu) {
  unsigned widest = 1;
  for (const std::uint64_t size : mmu.profile().sizes)
    widest = std::max(widest, copies_of(mmu, size));
  return widest;
}

Verdict illegal(const char* oracle, const View& view, const Shape::Place& at, std::uint32_t violations) {
  const std::uint64_t va = view.slot_va(at.node_va, at.level, at.index), slot = view.slot(at.node, at.index);
  const char* name = reference::violation_name(violations & -violations);
  return finding(oracle, va, format("level %u %s", at.level, name),
                 format("the descriptor of %#llx at level %u is illegal: %s", Hex{va}, at.level, name),
                 format("slot %#llx holds %#llx", Hex{slot}, Hex{view.load(slot)}));
}

// A group is judged from its first copy and then passed over, so that whoever meets another copy has met one
// that stands alone. Asked only of groups that are not repeated word by word.
std::optional<unsigned> odd_copy(const View& view, const Shape::Place& at, const reference::Decoded& first) {
  if (at.index % first.copies != 0)
    return at.index;
  for (unsigned copy = at.index + 1; copy < at.index + first.copies; ++copy)
    if (const std::uint64_t other = view.load(view.slot(at.node, copy));
        !reference::same_leaf(first, view.mmu->decode(other, at.level, copy, view.mode)))
      return copy;
  return std::nullopt;
}

} // namespace

unsigned copies_of(const reference::Mmu& mmu, std::uint64_t size) {
  std::uint64_t span = mmu.span(0);
  for (unsigned level = 1; level < mmu.levels() && mmu.span(level) <= size; ++level)
    span = mmu.span(level);
  return static_cast<unsigned>(size / span);
}

bool passes_set(const reference::Mmu& mmu, std::uint64_t size, std::uint64_t other) {
  const std::uint64_t least = std::min(size, other), most = std::max(size, other);
  return std::ranges::any_of(mmu.profile().sizes, [&](std::uint64_t each) {
    return least <= each && each <= most && copies_of(mmu, each) > 1;
  });
}

Shape::Shape(const reference::Mmu& mmu) : widest_group_(widest_group(mmu)) {}

Verdict Shape::check(const char* oracle, const View& view, const Place& at,
                     const reference::Decoded& word) const {
  if (word.violations != 0)
    return illegal(oracle, view, at, word.violations);
  if (word.kind != reference::SlotKind::leaf || word.copies == 1)
    return std::nullopt;
  const auto odd = odd_copy(view, at, word);
  if (!odd)
    return std::nullopt;
  return finding(
      oracle, view.slot_va(at.node_va, at.level, *odd), format("level %u mixed group", at.level),
      format("the copies of the leaf at %#llx differ", Hex{view.slot_va(at.node_va, at.level, at.index)}));
}

} // namespace pagetwin::fuzz
