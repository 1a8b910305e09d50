// Machine: what devices reach (SmmuOps, SmmuAux). One table for each device, of 4 KiB pages only.
#include "reference/sekvm/machine.hpp"

namespace reference::sekvm {

// Once its image is verified, the published wrappers leave a VM's devices alone.
bool Machine::is_frozen(std::uint32_t vm) const {
  return rules().frozen_when_verified && is_vm(vm) && vm_state(vm) == VmState::VERIFIED;
}

Result Machine::alloc_smmu_pgd(std::uint32_t vm, std::uint32_t device) {
  if (!is_vmid(vm) || !is_device(device))
    return Result::undefined;
  acts(vm);
  if (device >= state_.config().devices)
    return Result::refused;
  if (const Result no = vm == HOSTVISOR ? Result::ok : may_act(vm); no != Result::ok)
    return no;
  if (state_.small().bound[device] != INVALID)
    return Result::ok;
  if (is_frozen(vm))
    return Result::panic;
  state_.change().bound[device] = vm;
  return Result::ok;
}

Result Machine::free_smmu_pgd(std::uint32_t device) {
  if (!is_device(device))
    return Result::undefined;
  const std::uint32_t vm = state_.small().bound[device];
  if (vm == INVALID)
    return Result::ok;
  acts(vm);
  if (vm_state(vm) != VmState::POWEROFF)
    return Result::panic;
  state_.empty(table_of_device(device));
  state_.change().bound[device] = INVALID;
  return Result::ok;
}

Result Machine::assign_pfn_to_smmu(std::uint32_t vm, std::uint64_t gfn, std::uint64_t pfn) {
  if (!is_vmid(vm) || !is_gfn(gfn) || !is_pfn(pfn))
    return Result::undefined;
  acts(vm);
  if (const Result no = may_act(vm); no != Result::ok)
    return no;
  if (gfn >= state_.config().guest_pages)
    return Result::refused;
  if (is_frozen(vm))
    return Result::panic;
  const std::uint32_t owner = s2page(pfn).owner;
  if (owner == HOSTVISOR)
    return take_from_host(vm, gfn, pfn, INVALID);
  return owner == vm ? Result::ok : Result::panic;
}

Result Machine::update_smmu_page(std::uint32_t vm, std::uint32_t device, std::uint64_t iova,
                                 std::uint64_t pte) {
  const std::uint64_t pfn = frame_of(pte), gfn = iova / PAGE_SIZE;
  if (!is_vmid(vm) || !is_device(device) || !is_addr(iova) || !is_pfn(pfn))
    return Result::undefined;
  acts(vm);
  if (state_.small().bound[device] != vm)
    return Result::refused;
  if (const Result no = vm == HOSTVISOR ? Result::ok : may_act(vm); no != Result::ok)
    return no;
  S2Page page = s2page(pfn);
  if (is_frozen(vm) || page.owner != vm || page.gfn != gfn)
    return Result::panic;
  const Entry entry{gfn, pte, static_cast<std::uint32_t>(pfn), 3};
  if (const Result bad = map_into(table_of_device(device), entry); bad != Result::ok)
    return bad;
  if (vm == HOSTVISOR && page.count < EL2_SMMU_CFG_SIZE) {
    ++page.count;
    state_.set_page(pfn, page);
  }
  return Result::ok;
}

Result Machine::unmap_smmu_page(std::uint32_t device, std::uint64_t iova) {
  if (!is_device(device) || !is_addr(iova))
    return Result::undefined;
  const std::uint32_t vm = state_.small().bound[device];
  if (vm == INVALID || iova / PAGE_SIZE >= state_.config().guest_pages)
    return Result::refused;
  acts(vm);
  if (const Result no = vm == HOSTVISOR ? Result::ok : may_act(vm); no != Result::ok)
    return no;
  if (is_frozen(vm))
    return Result::panic;
  const std::uint64_t pfn = state_.table(table_of_device(device)).pfn_at(iova / PAGE_SIZE);
  state_.erase(table_of_device(device), iova / PAGE_SIZE);
  S2Page page = s2page(pfn);
  if (pfn != 0 && page.owner == HOSTVISOR && is_shared(page)) {
    --page.count;
    state_.set_page(pfn, page);
  }
  return Result::ok;
}

} // namespace reference::sekvm
