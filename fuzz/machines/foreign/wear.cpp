#include "fuzz/machines/foreign/wear.hpp"

namespace pagetwin::fuzz {

void use(const View& view, const Survey& survey, std::uint64_t root,
         std::span<const emulators::Probe> probes) {
  reference::Mode managed = view.mode;
  managed.adue = true;
  for (const emulators::Probe& probe : probes) {
    const std::uint64_t page = probe.address / view.mmu->profile().sizes.front(),
                        dice = survey.chance(page, 0) % 8;
    if (dice >= 2 || (dice == 1 && probe.kind == emulators::Kind::read))
      (void)view.mmu->access(view.memory, root, probe.address,
                             {static_cast<reference::AccessKind>(probe.kind), probe.user}, managed);
  }
}

void damage(const View& view, const Survey& survey) {
  const unsigned word_bytes = view.mmu->descriptor_bytes();
  for (const Survey::Place& place : survey.places()) {
    const std::uint64_t dice = survey.chance(place.raw, place.level);
    if (dice % 4 != 0)
      continue;
    const std::uint64_t now = view.memory.load(place.slot, word_bytes).value_or(0);
    view.memory.store(place.slot, now ^ std::uint64_t{1} << (dice >> 8U) % (std::uint64_t{8} * word_bytes),
                      word_bytes);
  }
}

} // namespace pagetwin::fuzz
