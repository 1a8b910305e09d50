#include "fuzz/oracles/show_walk.hpp"

#include "fuzz/oracles/finding.hpp"

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;

const char* kind_name(reference::SlotKind kind) {
  switch (kind) {
  case reference::SlotKind::hole:
    return "hole";
  case reference::SlotKind::table:
    return "table";
  case reference::SlotKind::leaf:
    return "leaf";
  }
  return "unknown";
}

std::string show_step(const View& view, const reference::Step& step, std::uint64_t va) {
  const auto index = static_cast<unsigned>(va / view.mmu->span(step.level) % view.mmu->entries(step.level));
  const auto d = view.mmu->decode(step.raw, step.level, index, view.mode);
  const auto& a = d.attributes;
  return format("  level %u index %u slot %#llx: %#llx %s %#llx %c%c%c%c%s%s\n", step.level, index,
                Hex{step.address}, Hex{step.raw}, kind_name(d.kind), Hex{d.address}, a.read ? 'r' : '-',
                a.write ? 'w' : '-', a.execute ? 'x' : '-', a.user ? 'u' : '-',
                d.flags.accessed ? " accessed" : "", d.flags.dirty ? " dirty" : "");
}

} // namespace

std::string show_walk(const View& view, std::uint64_t root, std::uint64_t va, const std::string& where) {
  const auto walk = view.mmu->walk(view.memory, root, va, {}, view.mode);
  std::string text =
      format("walk of %#llx %s: %s\n", Hex{va}, where.c_str(), reference::to_text(walk.outcome));
  for (unsigned i = 0; i < walk.steps_taken; ++i)
    text += show_step(view, walk.steps[i], va);
  return text;
}

} // namespace pagetwin::fuzz
