#include "reference/sekvm/invariants.hpp"

#include <array>
#include <span>

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

// Only few devices map anything at all: they are looked for once for all frames.
class Records {
 public:
  explicit Records(const State& state) : state_(state) {
    for (unsigned table = principals; table < tables; ++table)
      if (!state.table(table).entries().empty())
        devices_[count_++] = table;
  }

  // 2, 5
  [[nodiscard]] unsigned broken_by(std::uint64_t pfn) const {
    const S2Page page = state_.page(pfn);
    const bool hosts = page.owner == HOSTVISOR;
    if (pfn == 0 ? page != S2Page{} : hosts && page.gfn != pfn + state_.config().smmu_host_offset)
      return 2;
    if (page.count != INVALID && page.count > MAX_SHARE_COUNT)
      return 5;
    return hosts && page.count < host_device_mappings(pfn) ? 5 : 0;
  }
  // The host's devices have counted references to what they map.
  [[nodiscard]] unsigned broken_by(unsigned table, const Entry& entry) const {
    const bool counted = table >= principals && entry.pfn != 0 && state_.principal_of(table) == HOSTVISOR;
    return counted ? broken_by(entry.pfn) : 0;
  }
  // A record is another one: whoever could have had the page by the old one must not have it any more.
  [[nodiscard]] unsigned broken_by_change(std::uint64_t pfn, const S2Page& before) const {
    unsigned first = broken_by(pfn);
    if (state_.table(HOSTVISOR).pfn_at(pfn) == pfn)
      first = lower(first, mapping_breaks(state_, HOSTVISOR, pfn, pfn));
    if (is_vm(before.owner) && before.owner != state_.page(pfn).owner && !is_off(state_, before.owner))
      first = lower(first, kept_by(before.owner, pfn));
    for (const unsigned table : devices())
      if (state_.principal_of(table) == before.owner && state_.table(table).pfn_at(before.gfn) == pfn)
        first = lower(first, mapping_breaks(state_, table, before.gfn, pfn));
    return first;
  }

 private:
  [[nodiscard]] std::span<const unsigned> devices() const { return std::span(devices_).first(count_); }
  // Each of the host's devices has the page at one place, or breaks 6.
  [[nodiscard]] std::uint32_t host_device_mappings(std::uint64_t pfn) const {
    std::uint32_t mappings = 0;
    for (const unsigned table : devices())
      if (state_.principal_of(table) == HOSTVISOR
          && state_.table(table).pfn_at(pfn + state_.config().smmu_host_offset) == pfn)
        ++mappings;
    return mappings;
  }
  [[nodiscard]] unsigned kept_by(std::uint32_t vm, std::uint64_t pfn) const {
    unsigned first = 0;
    for (const Entry& entry : state_.table(vm).entries())
      if (entry.pfn != 0 && pfn - entry.pfn < entry.pages())
        first = lower(first, mapping_breaks(state_, vm, entry.gfn + (pfn - entry.pfn), pfn));
    return first;
  }

  const State& state_;
  std::array<unsigned, EL2_SMMU_CFG_SIZE> devices_{};
  std::size_t count_ = 0;
};

} // namespace

unsigned broken(const State& state) {
  const Records records(state);
  unsigned first = 0;
  for (const std::uint64_t pfn : state.frames().touched())
    first = lower(first, records.broken_by(pfn));
  for (unsigned table = 0; table < tables; ++table)
    for (const Entry& entry : state.table(table).entries()) {
      first = lower(first, entry_breaks(state, table, entry));
      first = lower(first, records.broken_by(table, entry));
    }
  return first;
}

unsigned broken_by_last(const Machine& machine) {
  const State& state = machine.state();
  const Records records(state);
  unsigned first = 0;
  for (const State::EntryChange& change : state.entry_changes())
    if (const Entry* entry = state.table(change.table).find(change.gfn); entry != nullptr) {
      first = lower(first, entry_breaks(state, change.table, *entry));
      first = lower(first, records.broken_by(change.table, *entry));
    }
  for (const State::FrameChange& change : state.frame_changes())
    if (change.before.page != state.page(change.pfn))
      first = lower(first, records.broken_by_change(change.pfn, change.before.page));
  const bool interferes = (state.changed_views() & ~machine.actors()) != 0;
  return interferes ? lower(first, 8) : first;
}

} // namespace reference::sekvm
