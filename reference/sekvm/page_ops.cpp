// Machine: what happens to one page (MemManager, MemAux).
#include "reference/sekvm/machine.hpp"

namespace reference::sekvm {

bool Machine::is_shared(const S2Page& page) const {
  return rules().invalid_is_a_count ? page.count > 0 : page.is_shared();
}

// Logs differ in every token, and a log of secret 0 has only zeros.
std::uint64_t Machine::next_token(std::uint32_t vm) {
  const std::uint64_t secret = state_.config().secrets[vm];
  const std::uint64_t place = ++state_.change().data_log[vm];
  if (secret == 0)
    return 0;
  std::uint64_t mixed = (secret ^ (place << 32)) * 0x9E37'79B9'7F4A'7C15;
  mixed = (mixed ^ (mixed >> 29)) * 0xBF58'476D'1CE4'E5B9;
  return (mixed ^ (mixed >> 32)) | 1; // never 0: that is what scrubbed pages have
}

Result Machine::clear_vm_page(std::uint32_t vm, std::uint64_t pfn) {
  if (!is_vmid(vm) || !is_pfn(pfn))
    return Result::undefined;
  if (s2page(pfn).owner != vm)
    return Result::ok;
  if (const Result bad = rules().clear_keeps_host ? Result::ok : clear_pfn_host(pfn); bad != Result::ok)
    return bad;
  state_.set(pfn, {{HOSTVISOR, 0, pfn + state_.config().smmu_host_offset}, 0});
  return Result::ok;
}

// A page of the host that nobody shares becomes the VM's, with new contents.
Result Machine::take_from_host(std::uint32_t vm, std::uint64_t gfn, std::uint64_t pfn, std::uint32_t count) {
  if (s2page(pfn).count != 0)
    return Result::panic;
  if (const Result bad = clear_pfn_host(pfn); bad != Result::ok)
    return bad;
  state_.set(pfn, {{vm, count, gfn}, next_token(vm)});
  return Result::ok;
}

Result Machine::assign_pfn_to_vm(std::uint32_t vm, std::uint64_t gfn, std::uint64_t pfn) {
  if (!is_vmid(vm) || !is_gfn(gfn) || !is_pfn(pfn))
    return Result::undefined;
  S2Page page = s2page(pfn);
  if (page.owner == HOSTVISOR)
    return take_from_host(vm, gfn, pfn, 0);
  if (page.owner != vm)
    return rules().foreign_owner_returns ? Result::ok : Result::panic;
  if (page.gfn != INVALID64 && page.gfn != gfn)
    return Result::panic;
  if (rules().keeps_invalid_count)
    return Result::ok;
  page.gfn = gfn;
  page.count = page.count == INVALID ? 0 : page.count;
  state_.set_page(pfn, page);
  return Result::ok;
}

Result Machine::grant_vm_page(std::uint32_t vm, std::uint64_t pfn) {
  if (!is_vmid(vm) || !is_pfn(pfn))
    return Result::undefined;
  S2Page page = s2page(pfn);
  if (page.owner != vm || page.count >= MAX_SHARE_COUNT)
    return Result::ok;
  ++page.count;
  state_.set_page(pfn, page);
  return Result::ok;
}

Result Machine::revoke_vm_page(std::uint32_t vm, std::uint64_t pfn) {
  if (!is_vmid(vm) || !is_pfn(pfn))
    return Result::undefined;
  S2Page page = s2page(pfn);
  if (page.owner != vm || !is_shared(page))
    return Result::ok;
  --page.count;
  state_.set_page(pfn, page);
  if (page.count != 0)
    return Result::ok;
  if (const Result bad = clear_pfn_host(pfn); bad != Result::ok)
    return bad;
  const std::uint64_t token = next_token(vm);
  if (!rules().keeps_unshared_contents)
    state_.set_contents(pfn, token);
  return Result::ok;
}

} // namespace reference::sekvm
