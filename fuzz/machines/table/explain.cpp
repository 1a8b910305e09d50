// What a person wants to see of an address when the sides disagree: the walk, the cached lines, the
// reference's region.
#include "fuzz/machines/table/machine.hpp"

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

std::string show_region(std::span<const reference::LeafRun> regions, std::uint64_t va) {
  for (const auto& r : regions)
    if (va - r.va < r.bytes)
      return format("reference: %#llx -> %#llx, %#llx bytes in leaves of %#llx\n", Hex{r.va}, Hex{r.pa},
                    Hex{r.bytes}, Hex{r.leaf_size});
  return "reference: nothing is mapped there\n";
}

} // namespace

std::string TableMachine::explain(std::uint64_t address) const {
  if (!spaces_[space_].alive)
    return "the space does not exist\n";
  const auto walk = mmu_->walk(view_.memory, subject_->root(space_), address, {}, view_.mode);
  std::string text =
      format("walk of %#llx in space %u: %s\n", Hex{address}, space_, reference::to_text(walk.outcome));
  for (unsigned i = 0; i < walk.steps_taken; ++i)
    text += show_step(view_, walk.steps[i], address);
  const std::string lines = subject_->cache_lines(address);
  text += lines.empty() ? "TLB: no line\n" : "TLB:\n" + lines;
  return text + show_region(spaces_[space_].model.regions(), address);
}

} // namespace pagetwin::fuzz
