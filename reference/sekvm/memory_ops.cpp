// Machine: the memory operations (MemoryOps, MemHandler).
#include "reference/sekvm/machine.hpp"

#include <algorithm>

namespace reference::sekvm {

// The mended rules: a VM from 1 to 15 that is READY or VERIFIED.
Result Machine::may_act(std::uint32_t vm) const {
  if (!is_vm(vm))
    return rules().any_principal ? Result::ok : Result::refused;
  const VmState state = vm_state(vm);
  const bool active = state == VmState::READY || state == VmState::VERIFIED;
  return active || rules().inactive_vms ? Result::ok : Result::refused;
}

// Page by page where a region has them. A VM owns nothing that was never touched, so that the shorter of the
// two lists will do.
Result Machine::clear_pages(std::uint32_t vm, std::uint64_t pfn, std::uint64_t num) {
  const auto touched = state_.frames().touched();
  if (vm != HOSTVISOR && touched.size() < num) {
    for (std::size_t at = 0; at < touched.size(); ++at)
      if (touched[at] - pfn < num)
        if (const Result bad = clear_vm_page(vm, touched[at]); bad != Result::ok)
          return bad;
    return Result::ok;
  }
  for (const Region& region : state_.frames().regions())
    for (std::uint64_t at = std::max(pfn, region.first);
         at < std::min(pfn + num, region.first + region.count); ++at)
      if (const Result bad = clear_vm_page(vm, at); bad != Result::ok)
        return bad;
  return Result::ok;
}

Result Machine::clear_vm_range(std::uint32_t vm, std::uint64_t pfn, std::uint64_t num) {
  if (!is_vmid(vm) || !is_pfn(pfn) || !is_pfn(num) || (num > 0 && !is_pfn(pfn + num - 1)))
    return Result::undefined;
  acts(vm);
  const bool off = is_vm(vm) && vm_state(vm) == VmState::POWEROFF;
  return off || rules().clears_running_vms ? clear_pages(vm, pfn, num) : Result::refused;
}

Result Machine::prot_and_map_vm_s2pt(std::uint32_t vm, std::uint64_t addr, std::uint64_t pte,
                                     std::uint32_t level) {
  const std::uint64_t pfn = frame_of(pte), num = level == 2 ? PTRS_PER_PMD : 1;
  const std::uint64_t gfn = addr / PAGE_SIZE / num * num;
  if (!is_vmid(vm) || !is_addr(addr) || !is_pfn(pfn + num - 1))
    return Result::undefined;
  acts(vm);
  if (const Result no = may_act(vm); no != Result::ok)
    return no;
  if (pfn % num != 0 && !rules().unaligned_blocks)
    return Result::refused;
  for (std::uint64_t at = 0; at < num; ++at)
    if (const Result bad = assign_pfn_to_vm(vm, gfn + at, pfn + at); bad != Result::ok)
      return bad;
  return map_pfn_vm(vm, addr, pte, level);
}

// walk_s2pt and get_level_s2pt for each page: what is not mapped takes no time.
Result Machine::each_page(std::uint32_t vm, std::uint64_t addr, std::uint64_t size,
                          Result (Machine::*operation)(std::uint32_t, std::uint64_t)) {
  const std::uint64_t num = (size + PAGE_SIZE - 1) / PAGE_SIZE;
  if (!is_vm(vm) || !is_addr(addr) || !is_addr(size) || (num > 0 && !is_addr(addr + (num - 1) * PAGE_SIZE)))
    return Result::undefined;
  if (const Result no = may_act(vm); no != Result::ok)
    return no;
  const PageTable& table = state_.table(vm);
  const std::uint64_t first = addr / PAGE_SIZE, end = first + num;
  if (num > 0 && end > state_.config().guest_pages)
    return Result::refused;
  for (std::size_t k = table.first_from(first); k < table.entries().size(); ++k) {
    const Entry entry = table.entries()[k];
    for (std::uint64_t at = std::max(first, entry.gfn); at < std::min(end, entry.gfn + entry.pages()); ++at)
      if (const Result bad = entry.pfn == 0 ? Result::ok : (this->*operation)(vm, entry.pfn_at(at));
          bad != Result::ok)
        return bad;
    if (entry.gfn >= end)
      break;
  }
  return Result::ok;
}

Result Machine::grant_stage2_sg_gpa(std::uint32_t vm, std::uint64_t addr, std::uint64_t size) {
  actors_ |= bit_of(vm);
  return each_page(vm, addr, size, &Machine::grant_vm_page);
}

Result Machine::revoke_stage2_sg_gpa(std::uint32_t vm, std::uint64_t addr, std::uint64_t size) {
  acts(vm);
  return each_page(vm, addr, size, &Machine::revoke_vm_page);
}

Result Machine::map_page_host(std::uint64_t addr) {
  if (!is_paddr(addr))
    return Result::undefined;
  acts(HOSTVISOR);
  const std::uint64_t base = addr / PAGE_SIZE * PAGE_SIZE;
  const S2Page page = s2page(addr / PAGE_SIZE);
  if (page.owner == INVALID)
    return map_s2pt(HOSTVISOR, addr, 3, base | PAGE_S2_DEVICE | S2_RDWR);
  if (page.owner == HOSTVISOR || is_shared(page))
    return map_s2pt(HOSTVISOR, addr, 3, base | PAGE_S2_KERNEL);
  return Result::panic;
}

Result Machine::map_io(std::uint32_t vm, std::uint64_t gpa, std::uint64_t pa) {
  if (!is_vmid(vm) || !is_addr(gpa) || !is_pfn(frame_of(pa)))
    return Result::undefined;
  acts(vm);
  if (gpa / PAGE_SIZE >= state_.config().guest_pages)
    return Result::refused;
  if (vm_state(vm) != VmState::READY)
    return Result::panic;
  if (s2page(frame_of(pa)).owner != INVALID)
    return Result::ok;
  return map_s2pt(vm, gpa, 3, phys_page(pa) | PAGE_S2_DEVICE | S2_RDWR);
}

} // namespace reference::sekvm
