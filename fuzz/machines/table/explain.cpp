// What a person wants to see of an address when the sides disagree: the walk, the cached lines, the
// reference's region.
#include "fuzz/machines/table/machine.hpp"
#include "fuzz/oracles/show_walk.hpp"

namespace pagetwin::fuzz {

namespace {

using Hex = unsigned long long;

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
  std::string text = show_walk(view_, subject_->root(space_), address, format("in space %u", space_));
  const std::string lines = subject_->cache_lines(address);
  text += lines.empty() ? "TLB: no line\n" : "TLB:\n" + lines;
  return text + show_region(spaces_[space_].model.regions(), address);
}

} // namespace pagetwin::fuzz
