#include "fuzz/emulators/kvm_features.hpp"

#include <cstring>

namespace pagetwin::emulators {

namespace {

using namespace x86_entry;

constexpr std::uint64_t image_at = std::uint64_t{4} << 30U, frame = 0x1234'5000, // where there is no memory
    open = P | RW | US;
constexpr std::size_t node_bytes = 4096;
constexpr unsigned highest_pa_bits = 52, lowest_pa_bits = 36;
constexpr std::chrono::seconds patience{20};

// A table with a node for each level, of which the first slot leads to the next.
class Trial {
 public:
  Trial(KvmGuest& guest, const X86Paging& paging)
      : guest_(&guest), paging_(&paging), memory_(paging.levels * node_bytes) {
    for (unsigned level = paging.levels; --level > 0;)
      put(level, 0, link(level));
    put(0, 0, frame | open);
  }
  [[nodiscard]] std::uint64_t link(unsigned level) const { return node(level - 1) | open; }
  void put(unsigned level, unsigned index, std::uint64_t word) {
    std::memcpy(memory_.begin() + (node(level) - image_at) + std::size_t{8} * index, &word, sizeof word);
  }
  [[nodiscard]] std::uint64_t get(unsigned level, unsigned index) const {
    std::uint64_t word = 0;
    std::memcpy(&word, memory_.begin() + (node(level) - image_at) + std::size_t{8} * index, sizeof word);
    return word;
  }

  [[nodiscard]] bool load() { return guest_->load(image()); }
  void unload() { guest_->unload(image()); }
  [[nodiscard]] Answer read(std::uint64_t address, bool user) {
    return guest_->access({address, Kind::read, user}, {}, deadline_);
  }
  // Whether the first page can be read with this word in its way.
  [[nodiscard]] bool takes(unsigned level, std::uint64_t word) {
    const std::uint64_t kept = get(level, 0);
    put(level, 0, word);
    const bool taken = load() && read(0, false).outcome == Outcome::ok;
    unload();
    put(level, 0, kept);
    return taken;
  }

 private:
  [[nodiscard]] std::uint64_t node(unsigned level) const {
    return image_at + (paging_->levels - 1 - level) * node_bytes;
  }
  [[nodiscard]] Image image() { return {image_at, memory_.part(0, memory_.size()), image_at}; }

  KvmGuest* guest_;
  const X86Paging* paging_;
  HostMemory memory_;
  Deadline deadline_{patience};
};

unsigned try_pa_bits(Trial& trial) {
  unsigned bits = highest_pa_bits;
  while (bits > lowest_pa_bits && !trial.takes(0, std::uint64_t{1} << (bits - 1) | open))
    --bits;
  return bits;
}

} // namespace

KvmFeatures try_features(KvmGuest& guest, const X86Paging& paging) {
  Trial trial(guest, paging);
  if (!trial.takes(0, frame | open))
    return {false, 0, false, false, false};
  trial.put(1, 0, trial.link(1));
  static_cast<void>(trial.takes(0, 0));
  const bool marks_faults = (trial.get(1, 0) & A) != 0;
  return {true, try_pa_bits(trial), trial.takes(2, P | RW | US | PS), trial.takes(3, trial.link(3) | G),
          marks_faults};
}

RootSlots try_user_slots(KvmGuest& guest, const X86Paging& paging) {
  Trial trial(guest, paging);
  for (unsigned slot = 0; slot < 512; ++slot)
    trial.put(paging.levels - 1, slot, trial.link(paging.levels - 1));
  RootSlots found;
  if (trial.load())
    for (unsigned slot = 0; slot < 512; ++slot)
      found[slot] = slot != x86_harness_slot && trial.read(paging.base_of(slot), true).pa == frame;
  trial.unload();
  return found;
}

} // namespace pagetwin::emulators
