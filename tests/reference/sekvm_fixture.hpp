// A machine with a few frames, for the tests of reference/sekvm.
#pragma once

#include "reference/sekvm/invariants.hpp"

#include <gtest/gtest.h>
#include <ostream>

namespace reference::sekvm {

inline void PrintTo(Result result, std::ostream* out) { *out << to_text(result); }
inline void PrintTo(const S2Page& page, std::ostream* out) {
  *out << "{" << page.owner << ", " << page.count << ", " << page.gfn << "}";
}
inline void PrintTo(const Entry& entry, std::ostream* out) {
  *out << "{" << entry.gfn << " -> " << entry.pfn << ", " << entry.level << ", " << std::hex << entry.pte
       << std::dec << "}";
}

constexpr std::uint64_t first_frame = 1024, frames = 2048; // four blocks
constexpr std::uint64_t P = first_frame, Q = first_frame + 1, host_gfn = 1'000'000'000;

[[nodiscard]] constexpr std::uint64_t bytes(std::uint64_t frame) { return frame * PAGE_SIZE; }
[[nodiscard]] constexpr S2Page hosts(std::uint64_t pfn, std::uint32_t count = 0) {
  return {HOSTVISOR, count, pfn + host_gfn};
}
[[nodiscard]] constexpr Entry kernel_page(std::uint64_t gfn, std::uint64_t pfn) {
  return {gfn, bytes(pfn) | PAGE_S2_KERNEL, static_cast<std::uint32_t>(pfn), 3};
}

[[nodiscard]] inline Config small_config(const Variant& variant = {}) {
  Config config;
  config.variant = variant;
  config.regions[0] = {first_frame, frames};
  config.initial = [](std::uint64_t pfn) { return ~pfn; };
  return config;
}

// VMs 1 to 3 are READY; device 0 is the host's, 1 and 2 are those of VM 1 and 2.
inline void start(Machine& machine, const Config& config) {
  machine.reset(config);
  for (std::uint32_t vm = 1; vm <= 3; ++vm)
    if (machine.apply(&Machine::register_kvm, vm) != Result::ok
        || machine.apply(&Machine::boot_vm, vm) != Result::ok)
      ADD_FAILURE() << "VM " << vm;
  for (std::uint32_t device = 0; device < 3; ++device)
    if (machine.apply(&Machine::alloc_smmu_pgd, device, device) != Result::ok)
      ADD_FAILURE() << "device " << device;
}

// Calls by name, with the invariants asked after each.
class Sekvm : public testing::Test {
 protected:
  Sekvm() { restart(small_config()); }
  void follow(const Variant& rules) { restart(small_config(rules)); }
  void restart(const Config& config) { start(machine, config); }

  template <typename... Wants>
  Result apply(Result (Machine::*operation)(Wants...), std::type_identity_t<Wants>... args) {
    const bool was_good = broken(machine.state()) == 0;
    const Result result = machine.apply(operation, args...);
    if (was_good) {
      EXPECT_EQ(broken_by_last(machine), broken(machine.state()));
    }
    return result;
  }
  Result map(std::uint32_t vm, std::uint64_t gfn, std::uint64_t pfn, std::uint32_t level = 3) {
    return apply(&Machine::prot_and_map_vm_s2pt, vm, bytes(gfn), bytes(pfn), level);
  }
  Result fault(std::uint64_t pfn) { return apply(&Machine::map_page_host, bytes(pfn)); }
  Result grant(std::uint32_t vm, std::uint64_t gfn, std::uint64_t pages = 1) {
    return apply(&Machine::grant_stage2_sg_gpa, vm, bytes(gfn), bytes(pages));
  }
  Result revoke(std::uint32_t vm, std::uint64_t gfn, std::uint64_t pages = 1) {
    return apply(&Machine::revoke_stage2_sg_gpa, vm, bytes(gfn), bytes(pages));
  }
  Result power_off(std::uint32_t vm) { return apply(&Machine::set_vm_poweroff, vm); }
  Result clear(std::uint32_t vm, std::uint64_t pfn, std::uint64_t num = 1) {
    return apply(&Machine::clear_vm_range, vm, pfn, num);
  }

  [[nodiscard]] S2Page page(std::uint64_t pfn) const { return machine.s2page(pfn); }
  // What a principal's table says; level 0 where it has nothing.
  [[nodiscard]] Entry entry(unsigned table, std::uint64_t gfn) const {
    const Entry* found = machine.state().table(table).find(gfn);
    return found == nullptr ? Entry{} : *found;
  }
  [[nodiscard]] bool host_maps(std::uint64_t pfn) const {
    return machine.state().table(HOSTVISOR).pfn_at(pfn) == pfn;
  }

  Machine machine{small_config()};
};

} // namespace reference::sekvm
