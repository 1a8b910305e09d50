#include "reference/sekvm/invariants.hpp"

namespace reference::sekvm {

namespace {

// Numbers of invariants; 0 is none.
unsigned lower(unsigned a, unsigned b) { return a == 0 || (b != 0 && b < a) ? b : a; }

bool is_off(const State& state, std::uint32_t principal) {
  return is_vm(principal) && state.small().vm_states[principal] == VmState::POWEROFF;
}

// 1: what an entry says is what its pte says, and the host's table is the identity.
bool agrees(unsigned table, const Entry& entry) {
  const bool identity = entry.pfn == 0 || entry.pfn == entry.gfn;
  return entry.pfn == frame_of(entry.pte) && (table != HOSTVISOR || identity);
}

// 3
bool host_may_map(const S2Page& page) {
  return page.owner == INVALID || page.owner == HOSTVISOR
         || (page.is_shared() && page.count <= MAX_SHARE_COUNT);
}

// 3, 4, 6: one page that a table maps.
unsigned mapping_breaks(const State& state, unsigned table, std::uint64_t gfn, std::uint64_t pfn) {
  const S2Page page = state.page(pfn);
  const std::uint32_t principal = state.principal_of(table);
  if (table == HOSTVISOR)
    return host_may_map(page) ? 0 : 3;
  if (is_off(state, principal))
    return 0;
  if (is_vm(table))
    return page.owner == principal || page.owner == INVALID ? 0 : 4;
  if (table >= principals)
    return page.owner == principal && page.gfn == gfn ? 0 : 6;
  return 0;
}

// 7: no other entry lies within a block, and it is aligned.
bool is_whole(const PageTable& table, const Entry& entry) {
  if (entry.level != 2)
    return table.find(entry.gfn)->level == entry.level;
  const std::size_t at = table.first_from(entry.gfn);
  const bool alone =
      at + 1 == table.entries().size() || table.entries()[at + 1].gfn >= entry.gfn + PTRS_PER_PMD;
  return alone && entry.gfn % PTRS_PER_PMD == 0 && entry.pfn % PTRS_PER_PMD == 0;
}

unsigned entry_breaks(const State& state, unsigned table, const Entry& entry) {
  if ((table == HOSTVISOR || table >= principals) && !agrees(table, entry))
    return 1;
  unsigned first = is_whole(state.table(table), entry) ? 0 : 7;
  for (std::uint64_t at = entry.gfn; entry.pfn != 0 && at < entry.gfn + entry.pages(); ++at)
    first = lower(first, mapping_breaks(state, table, at, entry.pfn_at(at)));
  return first;
}

// Entries of the host's devices; each has the page at one place, or breaks 6.
std::uint32_t host_device_mappings(const State& state, std::uint64_t pfn) {
  std::uint32_t mappings = 0;
  for (unsigned table = principals; table < tables; ++table)
    if (state.principal_of(table) == HOSTVISOR
        && state.table(table).pfn_at(pfn + state.config().smmu_host_offset) == pfn)
      ++mappings;
  return mappings;
}

// 2, 5
unsigned record_breaks(const State& state, std::uint64_t pfn) {
  const S2Page page = state.page(pfn);
  const bool hosts = page.owner == HOSTVISOR;
  if (pfn == 0 ? page != S2Page{} : hosts && page.gfn != pfn + state.config().smmu_host_offset)
    return 2;
  if (page.count != INVALID && page.count > MAX_SHARE_COUNT)
    return 5;
  return hosts && page.count < host_device_mappings(state, pfn) ? 5 : 0;
}

// The host's devices have counted references to what they map.
unsigned device_entry_breaks(const State& state, unsigned table, const Entry& entry) {
  const bool counted = table >= principals && entry.pfn != 0 && state.principal_of(table) == HOSTVISOR;
  return counted ? record_breaks(state, entry.pfn) : 0;
}

// A record is another one: whoever could have had the page by the old one must not have it any more.
unsigned change_of_record_breaks(const State& state, std::uint64_t pfn, const S2Page& before) {
  unsigned first = record_breaks(state, pfn);
  if (state.table(HOSTVISOR).pfn_at(pfn) == pfn)
    first = lower(first, mapping_breaks(state, HOSTVISOR, pfn, pfn));
  if (is_vm(before.owner) && before.owner != state.page(pfn).owner && !is_off(state, before.owner))
    for (const Entry& entry : state.table(before.owner).entries())
      if (entry.pfn != 0 && pfn - entry.pfn < entry.pages())
        first = lower(first, mapping_breaks(state, before.owner, entry.gfn + (pfn - entry.pfn), pfn));
  for (unsigned table = principals; table < tables; ++table)
    if (state.principal_of(table) == before.owner && state.table(table).pfn_at(before.gfn) == pfn)
      first = lower(first, mapping_breaks(state, table, before.gfn, pfn));
  return first;
}

} // namespace

unsigned broken(const State& state) {
  unsigned first = record_breaks(state, 0);
  for (const std::uint64_t pfn : state.frames().touched())
    first = lower(first, record_breaks(state, pfn));
  for (unsigned table = 0; table < tables; ++table)
    for (const Entry& entry : state.table(table).entries()) {
      first = lower(first, entry_breaks(state, table, entry));
      first = lower(first, device_entry_breaks(state, table, entry));
    }
  return first;
}

unsigned broken_by_last(const Machine& machine) {
  const State& state = machine.state();
  unsigned first = 0;
  for (const State::EntryChange& change : state.entry_changes())
    if (const Entry* entry = state.table(change.table).find(change.gfn); entry != nullptr) {
      first = lower(first, entry_breaks(state, change.table, *entry));
      first = lower(first, device_entry_breaks(state, change.table, *entry));
    }
  for (const State::FrameChange& change : state.frame_changes())
    if (change.before.page != state.page(change.pfn))
      first = lower(first, change_of_record_breaks(state, change.pfn, change.before.page));
  const bool interferes = (state.changed_views() & ~machine.actors()) != 0;
  return interferes ? lower(first, 8) : first;
}

} // namespace reference::sekvm
