// Random programs for the tests of reference/sekvm: operations and arguments that are often wrong.
#pragma once

#include "tests/reference/sekvm_fixture.hpp"

#include <random>

namespace reference::sekvm {

// What a program may do, besides mapping, granting, revoking, clearing and faults of the host.
struct Program {
  bool smmu = true, power_off = true, blocks = true, accesses = true;
  std::uint32_t first_vm = 0; // 0: the host tries what only VMs may
};

class Steps {
 public:
  explicit Steps(const Program& program, std::uint64_t seed) : program_(program), random_(seed) {}

  // One operation with random arguments, handed to `run` as machine.apply takes it.
  template <typename Run>
  auto step(const Run& run) {
    const std::uint32_t vm = program_.first_vm + below(4 - program_.first_vm);
    const std::uint64_t gfn = below(2) * block + below(3), pfn = P + below(2) * block + below(3);
    switch (below(program_.smmu ? 12 : 8)) {
    case 0:
      return run(&Machine::map_page_host, bytes(pfn));
    case 1:
      return run(&Machine::grant_stage2_sg_gpa, vm, bytes(gfn), bytes(below(3)));
    case 2:
      return run(&Machine::revoke_stage2_sg_gpa, vm, bytes(gfn), bytes(below(3)));
    case 3:
      return run(&Machine::clear_vm_range, vm, pfn, std::uint64_t{below(600)});
    case 4:
      return program_.power_off && below(16) == 0
                 ? run(&Machine::set_vm_poweroff, vm)
                 : run(&Machine::map_io, vm, bytes(gfn), bytes(pfn + below(2) * frames));
    case 5:
      if (program_.accesses)
        return run(&Machine::write, vm, vm == 0 ? pfn : gfn, std::uint64_t{below(1000)});
      [[fallthrough]];
    case 6:
    case 7:
      return run(&Machine::prot_and_map_vm_s2pt, vm, bytes(gfn), bytes(pfn),
                 program_.blocks && below(8) == 0 ? 2U : 3U);
    default:
      return device_step(run, below(4), below(3), gfn, pfn);
    }
  }

 private:
  static constexpr std::uint64_t block = PTRS_PER_PMD;
  [[nodiscard]] std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(random_() % bound);
  }

  template <typename Run>
  auto device_step(const Run& run, std::uint32_t which, std::uint32_t vm, std::uint64_t gfn,
                   std::uint64_t pfn) {
    const std::uint64_t iova = bytes(vm == 0 ? pfn + host_gfn : gfn);
    switch (which) {
    case 0:
      return run(&Machine::update_smmu_page, vm, vm, iova, bytes(pfn));
    case 1:
      return run(&Machine::unmap_smmu_page, vm, iova);
    case 2:
      return below(4) == 0 ? run(&Machine::free_smmu_pgd, vm) : run(&Machine::alloc_smmu_pgd, vm, vm);
    default:
      return run(&Machine::assign_pfn_to_smmu, vm, gfn, pfn);
    }
  }

  Program program_;
  std::mt19937_64 random_;
};

} // namespace reference::sekvm
