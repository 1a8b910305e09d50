#include "fuzz/oracles/derivation.hpp"

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;

// What is wrong between a unit and its parent; null: nothing.
const char* wrong(const SpacesUnit& child, const std::optional<SpacesUnit>& parent) {
  if (!parent || parent->area)
    return "a parent that is not mapped";
  const std::uint64_t offset = child.parent_va - parent->base;
  if (offset + child.size > parent->size)
    return "a unit larger than its parent";
  if (parent->frame + offset != child.frame)
    return "another frame than the parent's";
  return (child.rights & parent->rights) != child.rights ? "a right that the parent does not have" : nullptr;
}

} // namespace

Verdict check_derived(unsigned space, const SpacesUnit& child, const std::optional<SpacesUnit>& parent) {
  const char* what = wrong(child, parent);
  if (what == nullptr)
    return std::nullopt;
  return tell([=, &child] {
    return finding("O12 derivation", child.base, what,
                   format("%#llx in space %u has %s, %#llx in space %u", Hex{child.base}, space, what,
                          Hex{child.parent_va}, child.parent_space));
  });
}

Verdict endless_derivation(unsigned space, std::uint64_t va) {
  return finding("O12 derivation", va, "a loop",
                 format("the parents of %#llx in space %u lead to no Real page", Hex{va}, space));
}

} // namespace pagetwin::fuzz
