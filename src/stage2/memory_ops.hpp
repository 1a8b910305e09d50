// SeKVM's memory operations over real stage-2 tables: a host that nobody trusts, virtual machines that own
// their memory, and devices. The names are those of the published specification (MemoryOps, HypSec and SeKVM,
// 2021), with three rules mended: a frame of somebody else is an error and never mapped, a count that is
// INVALID is no share, and a block begins at a multiple of 512 frames. This header is what a user includes.
// On any status but ok nothing changed: not a record, not a descriptor, not a byte of a frame, also in the
// middle of a block or of a list. Refuses to know a bit of a descriptor, and threads: one operation at a
// time.
#pragma once

#include "src/stage2/smmu.hpp"
#include "src/stage2/vm_state.hpp"

namespace pagetwin {

// Base: the Memory policy that all tables share. It hears each invalidation with the VMID of the table as its
// space (Smmu::space_of for devices), and what it had to tell is done when its sync returns.
template <Format F, class Base, S2PlatformFor Platform>
class MemoryOps {
 public:
  using Table = S2Table<F, Base>;

  // principals: the host and one for each machine; devices: up to max_smmu_devices. All storage is the
  // caller's, and outlives this.
  MemoryOps(Base& memory, Platform& platform, const Ownership& owners,
            std::span<Principal<F, Base>> principals, std::span<SmmuDevice<F, Base>> devices)
      : principals_(memory, principals), pages_(platform, owners), smmu_(memory, pages_, devices) {}
  MemoryOps(const MemoryOps&) = delete;
  MemoryOps& operator=(const MemoryOps&) = delete;
  ~MemoryOps() = default;

  // Begins anew: all memory is the host's, no machine, no device is bound. What was there before is
  // forgotten, not destroyed. table_pages: the most that each table may have below its root.
  [[nodiscard]] S2Status start(std::uint64_t table_pages) {
    smmu_.start();
    const S2Status status = principals_.start(table_pages);
    if (status == S2Status::ok)
      pages_.start(principals_.table(hostvisor));
    return status;
  }
  // Gives every table page back.
  void stop() {
    smmu_.stop();
    principals_.stop();
  }

  // The life of a machine, in this order; power_off as soon as it is registered.
  [[nodiscard]] S2Status register_vm(unsigned vm) { return principals_.register_vm(vm); }
  [[nodiscard]] S2Status boot_vm(unsigned vm) { return principals_.boot_vm(vm); }
  [[nodiscard]] S2Status verify_vm(unsigned vm) { return principals_.verify_vm(vm); }
  [[nodiscard]] S2Status power_off(unsigned vm) { return principals_.power_off(vm); }

  // The host faulted at a physical address: it gets the page, as normal memory if it is the host's or shared
  // with it, as a device if it is no memory, and not at all otherwise (foreign_owner).
  [[nodiscard]] S2Status map_page_host(std::uint64_t addr) {
    if (addr >= host_addr_end)
      return S2Status::out_of_range;
    const std::uint64_t pfn = addr >> s2_page_shift;
    const auto attributes = pages_.for_host(pfn);
    return attributes ? map(principals_.table(hostvisor), {pfn, pfn, 1, S2Level::page}, *attributes)
                      : S2Status::foreign_owner;
  }
  // The machine faulted at addr: the frame of pte becomes its own, unless it is already, and is mapped there,
  // with every right. Level 2 is a block of 512 pages, around addr; any other level is a page.
  [[nodiscard]] S2Status prot_and_map_vm_s2pt(unsigned vm, std::uint64_t addr, std::uint64_t pte,
                                              unsigned level) {
    const Target t = target(addr, pfn_of(pte), level);
    S2Status status = first_of(check(vm, t), active(vm));
    if (status == S2Status::ok)
      status = pages_.can_assign(vm, t.gfn, t.pfn, t.pages);
    if (status == S2Status::ok)
      status = principals_.table(vm).prepare(t.gfn, t.level);
    if (status != S2Status::ok)
      return status;
    pages_.assign(vm, t.gfn, t.pfn, t.pages);
    principals_.table(vm).map(t.gfn, t.pfn, t.level, S2Attributes<F>::normal);
    return S2Status::ok;
  }
  // A page of a device at gpa, while the machine is ready (else bad_state). What is memory is left alone, and
  // that is ok.
  [[nodiscard]] S2Status map_io(unsigned vm, std::uint64_t gpa, std::uint64_t pa) {
    const Target t = target(gpa, pfn_of(pa), 3);
    const S2Status status = check(vm, t);
    if (status != S2Status::ok)
      return status;
    if (principals_.state(vm) != VmState::ready)
      return S2Status::bad_state;
    if (pages_.at(t.pfn).owner() != PageRecord::nobody)
      return S2Status::ok;
    return map(principals_.table(vm), t, S2Attributes<F>::device);
  }

  // Each page of a scatter list's part is shared with the host once more, or once less, as far as the machine
  // owns it. ceil(size / 4096) pages from that of addr on; holes are skipped.
  [[nodiscard]] S2Status grant_stage2_sg_gpa(unsigned vm, std::uint64_t addr, std::uint64_t size) {
    return for_frames(vm, addr, size, [&](std::uint64_t pfn, std::uint64_t n) { pages_.grant(vm, pfn, n); });
  }
  [[nodiscard]] S2Status revoke_stage2_sg_gpa(unsigned vm, std::uint64_t addr, std::uint64_t size) {
    return for_frames(vm, addr, size, [&](std::uint64_t pfn, std::uint64_t n) { pages_.revoke(vm, pfn, n); });
  }
  // Those of num frames that a machine owned that is off (else bad_state) are the host's again, and zero. The
  // machine's table stays as it is.
  [[nodiscard]] S2Status clear_vm_range(unsigned vm, std::uint64_t pfn, std::uint64_t num) {
    if (!principals_.is_vm(vm))
      return S2Status::unknown_vm;
    if (pfn >= pfn_end || num >= pfn_end || pfn + num > pfn_end)
      return S2Status::out_of_range;
    if (principals_.state(vm) != VmState::power_off)
      return S2Status::bad_state;
    pages_.clear(vm, pfn, num);
    return S2Status::ok;
  }

  // The device becomes the principal's: the host's, or that of an active machine. One that is somebody's
  // stays his, and that is ok.
  [[nodiscard]] S2Status alloc_smmu(unsigned principal, unsigned device) {
    if (principal != hostvisor && !principals_.is_vm(principal))
      return S2Status::unknown_vm;
    const S2Status status = active(principal);
    if (status != S2Status::ok || smmu_.is_bound(device))
      return status;
    return smmu_.bind(device, principal, principals_.table_pages());
  }
  // The device of a machine that is off is nobody's again, and its table is gone; before that it is
  // bad_state. One that is nobody's stays so.
  [[nodiscard]] S2Status free_smmu(unsigned device) {
    if (device >= max_smmu_devices)
      return S2Status::unknown_device;
    if (!smmu_.is_bound(device))
      return S2Status::ok;
    if (principals_.state(smmu_.principal(device)) != VmState::power_off)
      return S2Status::bad_state;
    smmu_.release(device);
    return S2Status::ok;
  }
  // The frame becomes the machine's, for its devices: known as gfn, and not counted. If it is the machine's
  // already, nothing happens.
  [[nodiscard]] S2Status assign_pfn_to_smmu(unsigned vm, std::uint64_t gfn, std::uint64_t pfn) {
    const S2Status status = first_of(check(vm, {gfn, pfn, 1, S2Level::page}), active(vm));
    return status == S2Status::ok ? pages_.assign_to_smmu(vm, gfn, pfn) : status;
  }
  // The device reaches the frame of pte at iova, which the principal owns under that number (the host's
  // frames are known as pfn + smmu_host_offset). A frame of the host is not given away meanwhile.
  [[nodiscard]] S2Status update_smmu_page(unsigned principal, unsigned device, std::uint64_t iova,
                                          std::uint64_t pte) {
    const Target t = target(iova, pfn_of(pte), 3);
    if (principal != hostvisor && !principals_.is_vm(principal))
      return S2Status::unknown_vm;
    if (!smmu_.is_bound(device, principal))
      return S2Status::unknown_device;
    const S2Status status = first_of(check(t), active(principal));
    return status == S2Status::ok ? smmu_.map(device, t.gfn, t.pfn) : status;
  }
  [[nodiscard]] S2Status unmap_smmu_page(unsigned device, std::uint64_t iova) {
    if (!smmu_.is_bound(device))
      return S2Status::unknown_device;
    if (iova >> s2_page_shift >= Table::gfn_limit)
      return S2Status::out_of_range;
    // What a device of a machine that is off still reaches may be the host's again, whose devices count.
    if (const S2Status status = active(smmu_.principal(device)); status != S2Status::ok)
      return status;
    smmu_.unmap(device, iova >> s2_page_shift);
    return S2Status::ok;
  }

  // What there is.
  [[nodiscard]] PageRecord record(std::uint64_t pfn) const { return pages_.at(pfn); }
  [[nodiscard]] const Principals<F, Base>& principals() const { return principals_; }
  [[nodiscard]] const Smmu<F, Base, Platform>& smmu() const { return smmu_; }

 private:
  struct Target {
    std::uint64_t gfn, pfn, pages;
    S2Level level;
  };
  [[nodiscard]] static constexpr Target target(std::uint64_t addr, std::uint64_t pfn, unsigned level) {
    const std::uint64_t gfn = addr >> s2_page_shift;
    return level == 2 ? Target{align_down(gfn, 9), pfn, block_pages, S2Level::block}
                      : Target{gfn, pfn, 1, S2Level::page};
  }
  [[nodiscard]] static constexpr S2Status check(const Target& t) {
    if (t.gfn >= Table::gfn_limit || t.pfn >= pfn_end)
      return S2Status::out_of_range;
    return t.pfn % t.pages == 0 ? S2Status::ok : S2Status::misaligned;
  }
  [[nodiscard]] S2Status check(unsigned vm, const Target& t) const {
    return principals_.is_vm(vm) ? check(t) : S2Status::unknown_vm;
  }
  [[nodiscard]] S2Status active(unsigned p) const {
    return principals_.is_active(p) ? S2Status::ok : S2Status::bad_state;
  }
  [[nodiscard]] static S2Status map(Table& table, const Target& t, const Attributes& attributes) {
    const S2Status status = table.prepare(t.gfn, t.level);
    if (status == S2Status::ok)
      table.map(t.gfn, t.pfn, t.level, attributes);
    return status;
  }
  // visit(first frame, how many) for what the pages of the range lead to.
  template <class Visit>
  [[nodiscard]] S2Status for_frames(unsigned vm, std::uint64_t addr, std::uint64_t size, Visit visit) {
    const std::uint64_t gfn = addr >> s2_page_shift, pages = (size + (s2_page_bytes - 1)) >> s2_page_shift;
    if (!principals_.is_vm(vm))
      return S2Status::unknown_vm;
    if (addr >= addr_end || size >= addr_end || (pages != 0 && gfn + pages > Table::gfn_limit))
      return S2Status::out_of_range;
    if (!principals_.is_active(vm))
      return S2Status::bad_state;
    if (pages != 0)
      principals_.table(vm).for_frames(gfn, pages, visit);
    return S2Status::ok;
  }

  Principals<F, Base> principals_;
  PageManager<F, Base, Platform> pages_;
  Smmu<F, Base, Platform> smmu_;
};

} // namespace pagetwin
