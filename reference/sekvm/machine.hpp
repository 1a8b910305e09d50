// SeKVM's memory operations: the rules. Operations and helpers have the specification's names, arguments and
// order. Transcribed from the published Coq development (MemoryOps, MemManager, NPTOps, SmmuOps, VMOps) with
// the differences of Variant; docs/sekvm.md says which is which, and what is not modelled.
//
// Addresses are bytes, pfn and gfn are 4 KiB frames, level 2 is a block of 2 MiB and anything else a page. A
// member function runs as the specification does: a panic in the middle leaves what was done before it.
// `apply` runs one with the undo log, so that whatever is not ok has changed nothing.
#pragma once

#include "reference/sekvm/state.hpp"

#include <optional>
#include <type_traits>

namespace reference::sekvm {

class Machine {
 public:
  explicit Machine(const Config& config) { state_.reset(config); }
  void reset(const Config& config) {
    state_.reset(config);
    actors_ = 0;
  }

  // machine.apply(&Machine::map_page_host, addr). A panic halts when the switch says so: it leaves what the
  // specification leaves, and every later operation is the identity, where no `rely` is false.
  template <typename... Wants>
  Result apply(Result (Machine::*operation)(Wants...), std::type_identity_t<Wants>... args) {
    state_.begin();
    actors_ = 0;
    return settle((this->*operation)(args...));
  }

  // Stage 2 tables. An address beyond 2^48 is nothing: undefined.
  [[nodiscard]] std::optional<std::uint64_t> walk_s2pt(std::uint32_t vm, std::uint64_t addr) const;
  [[nodiscard]] std::optional<std::uint32_t> get_level_s2pt(std::uint32_t vm, std::uint64_t addr) const;
  Result map_s2pt(std::uint32_t vm, std::uint64_t addr, std::uint32_t level, std::uint64_t pte);
  Result map_pfn_vm(std::uint32_t vm, std::uint64_t addr, std::uint64_t pte, std::uint32_t level);
  Result clear_pfn_host(std::uint64_t pfn);

  // One page.
  Result clear_vm_page(std::uint32_t vm, std::uint64_t pfn);
  Result assign_pfn_to_vm(std::uint32_t vm, std::uint64_t gfn, std::uint64_t pfn);
  Result grant_vm_page(std::uint32_t vm, std::uint64_t pfn);
  Result revoke_vm_page(std::uint32_t vm, std::uint64_t pfn);

  // Memory operations.
  Result clear_vm_range(std::uint32_t vm, std::uint64_t pfn, std::uint64_t num);
  Result prot_and_map_vm_s2pt(std::uint32_t vm, std::uint64_t addr, std::uint64_t pte, std::uint32_t level);
  Result grant_stage2_sg_gpa(std::uint32_t vm, std::uint64_t addr, std::uint64_t size);
  Result revoke_stage2_sg_gpa(std::uint32_t vm, std::uint64_t addr, std::uint64_t size);
  Result map_page_host(std::uint64_t addr);
  Result map_io(std::uint32_t vm, std::uint64_t gpa, std::uint64_t pa);

  // The SMMU: each device is nobody's, or that of the host or a VM until it powers off.
  Result alloc_smmu_pgd(std::uint32_t vm, std::uint32_t device);
  Result free_smmu_pgd(std::uint32_t device);
  Result assign_pfn_to_smmu(std::uint32_t vm, std::uint64_t gfn, std::uint64_t pfn);
  Result update_smmu_page(std::uint32_t vm, std::uint32_t device, std::uint64_t iova, std::uint64_t pte);
  Result unmap_smmu_page(std::uint32_t device, std::uint64_t iova);

  // Life of a VM: UNUSED, MAPPED, READY, VERIFIED, POWEROFF.
  Result register_kvm(std::uint32_t vm);
  Result boot_vm(std::uint32_t vm);
  Result verify_vm(std::uint32_t vm);
  Result set_vm_poweroff(std::uint32_t vm);

  // The token of the page that the principal's table has at gfn.
  [[nodiscard]] std::optional<std::uint64_t> read(std::uint32_t principal, std::uint64_t gfn) const;
  Result write(std::uint32_t principal, std::uint64_t gfn, std::uint64_t token);

  [[nodiscard]] const State& state() const { return state_; }
  // For states that no operation leads to.
  [[nodiscard]] State& state() { return state_; }
  [[nodiscard]] bool halted() const { return state_.small().halted; }
  [[nodiscard]] VmState vm_state(std::uint32_t vm) const { return state_.small().vm_states[vm]; }
  [[nodiscard]] S2Page s2page(std::uint64_t pfn) const { return state_.page(pfn); }
  [[nodiscard]] std::uint64_t contents(std::uint64_t pfn) const { return state_.frames().at(pfn).contents; }
  // On whose behalf the last operation ran, a bit each: nobody else's view may change.
  [[nodiscard]] std::uint32_t actors() const { return actors_; }

 private:
  [[nodiscard]] const Variant& rules() const { return state_.config().variant; }
  [[nodiscard]] bool is_shared(const S2Page& page) const;
  [[nodiscard]] bool is_frozen(std::uint32_t vm) const;
  [[nodiscard]] Result may_act(std::uint32_t vm) const;
  [[nodiscard]] std::uint64_t next_token(std::uint32_t vm);
  Result settle(Result result);
  void acts(std::uint32_t principal) { actors_ |= bit_of(principal) | bit_of(HOSTVISOR); }
  Result move_vm(std::uint32_t vm, VmState from, VmState to);

  [[nodiscard]] Result allocate(unsigned table, std::uint64_t gfn, unsigned lowest);
  Result map_into(unsigned table, const Entry& entry);
  void forget_table(unsigned table, std::uint64_t gfn);
  Result take_from_host(std::uint32_t vm, std::uint64_t gfn, std::uint64_t pfn, std::uint32_t count);
  Result clear_pages(std::uint32_t vm, std::uint64_t pfn, std::uint64_t num);
  Result each_page(std::uint32_t vm, std::uint64_t addr, std::uint64_t size,
                   Result (Machine::*operation)(std::uint32_t, std::uint64_t));

  State state_;
  std::uint32_t actors_ = 0;
};

// What `rely` asks.
[[nodiscard]] constexpr bool is_vm(std::uint32_t vm) { return HOSTVISOR < vm && vm < COREVISOR; }
[[nodiscard]] constexpr bool is_vmid(std::uint32_t vm) { return vm <= COREVISOR; }
[[nodiscard]] constexpr bool is_addr(std::uint64_t addr) { return addr >> 48 == 0; }
[[nodiscard]] constexpr bool is_paddr(std::uint64_t addr) { return addr >> 40 == 0; }
[[nodiscard]] constexpr bool is_gfn(std::uint64_t gfn) { return gfn >> 36 == 0; }
[[nodiscard]] constexpr bool is_pfn(std::uint64_t pfn) { return pfn >> 28 == 0; }
[[nodiscard]] constexpr bool is_device(std::uint32_t device) { return device < EL2_SMMU_CFG_SIZE; }

[[nodiscard]] constexpr std::uint64_t frame_of(std::uint64_t pte) { return phys_page(pte) / PAGE_SIZE; }

} // namespace reference::sekvm
