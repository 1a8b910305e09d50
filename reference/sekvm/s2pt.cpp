// Machine: stage 2 tables (NPTOps, NPTWalk).
#include "reference/sekvm/machine.hpp"

namespace reference::sekvm {

std::optional<std::uint64_t> Machine::walk_s2pt(std::uint32_t vm, std::uint64_t addr) const {
  if (!is_vmid(vm) || !is_addr(addr))
    return std::nullopt;
  const Entry* entry = state_.table(vm).find(addr / PAGE_SIZE);
  return entry == nullptr ? 0 : entry->pte;
}

std::optional<std::uint32_t> Machine::get_level_s2pt(std::uint32_t vm, std::uint64_t addr) const {
  if (!is_vmid(vm) || !is_addr(addr))
    return std::nullopt;
  const Entry* entry = state_.table(vm).find(addr / PAGE_SIZE);
  return entry == nullptr || phys_page(entry->pte) == 0 ? 0 : entry->level;
}

// The table pages from below the root down to level `lowest`: all that are missing, or none.
Result Machine::allocate(unsigned table, std::uint64_t gfn, unsigned lowest) {
  const PageTable& pages = state_.table(table);
  const Pools& pools = state_.pools_of(table);
  std::uint32_t missing = 0;
  for (unsigned level = lowest; level <= state_.config().levels; ++level)
    if (!pages.has_node(level, gfn)) {
      ++missing;
      if (pages.used(level) >= pools.of_level[level])
        return Result::panic;
    }
  if (missing > 0 && (missing > pools.together || pages.used() > pools.together - missing))
    return Result::panic;
  for (unsigned level = lowest; missing > 0 && level <= state_.config().levels; ++level)
    if (!pages.has_node(level, gfn))
      state_.take_node(table, level, gfn);
  return Result::ok;
}

// The rules of 2021: a block takes the place of a table of 4 KiB pages, which is lost with all that it maps.
void Machine::forget_table(unsigned table, std::uint64_t gfn) {
  const PageTable& pages = state_.table(table);
  const std::size_t at = pages.first_from(gfn);
  while (at < pages.entries().size() && pages.entries()[at].gfn < gfn + PTRS_PER_PMD)
    state_.erase(table, pages.entries()[at].gfn);
  state_.lose_node(table, 1, gfn);
}

// Neither does a block split, nor does a table make way for one.
Result Machine::map_into(unsigned table, const Entry& entry) {
  if (entry.gfn + entry.pages() > state_.config().guest_pages)
    return Result::refused;
  const bool block = entry.level == 2;
  const Entry* old = state_.table(table).find(entry.gfn);
  if (!block && old != nullptr && old->level == 2)
    return Result::panic;
  const bool replaces = block && state_.table(table).has_node(1, entry.gfn);
  if (replaces && !rules().block_replaces_table)
    return Result::panic;
  if (const Result none = allocate(table, entry.gfn, block ? 2 : 1); none != Result::ok)
    return none;
  if (replaces)
    forget_table(table, entry.gfn);
  state_.put(table, entry);
  return Result::ok;
}

Result Machine::map_s2pt(std::uint32_t vm, std::uint64_t addr, std::uint32_t level, std::uint64_t pte) {
  if (!is_vmid(vm) || !is_addr(addr) || !is_pfn(frame_of(pte)) || pte == 0)
    return Result::undefined;
  const std::uint64_t gfn = addr / PAGE_SIZE;
  const auto pfn = static_cast<std::uint32_t>(frame_of(pte));
  if (level == 2)
    return map_into(vm, {gfn / PTRS_PER_PMD * PTRS_PER_PMD, pte, pfn, 2});
  return map_into(vm, {gfn, pte, pfn, 3});
}

Result Machine::map_pfn_vm(std::uint32_t vm, std::uint64_t addr, std::uint64_t pte, std::uint32_t level) {
  const std::uint64_t page = phys_page(pte) | PAGE_S2_KERNEL;
  constexpr std::uint64_t table_bit = 2;
  return level == 2 ? map_s2pt(vm, addr, 2, page & ~table_bit) : map_s2pt(vm, addr, 3, page);
}

// Only entries that map something are flushed, unless the switch says that the marker is one, too.
Result Machine::clear_pfn_host(std::uint64_t pfn) {
  if (!is_pfn(pfn))
    return Result::undefined;
  const Entry* entry = state_.table(HOSTVISOR).find(pfn);
  const bool present = entry != nullptr && (rules().clears_any_entry || entry->pfn_at(pfn) != 0);
  if (!present)
    return Result::ok;
  if (const Result bad = map_s2pt(HOSTVISOR, pfn * PAGE_SIZE, 3, PAGE_GUEST); bad != Result::ok)
    return bad;
  ++state_.change().flushes;
  return Result::ok;
}

} // namespace reference::sekvm
