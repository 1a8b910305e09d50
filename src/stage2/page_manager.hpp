// What happens to frames when their owner or their count changes: the record, the host's mapping, and what
// the frame holds, in this order: the translation of whoever loses the frame is gone and no cache knows it,
// then its contents are dealt with, then it is the next one's. SeKVM's MemManager (assign_pfn_to_vm,
// grant_vm_page, revoke_vm_page, clear_vm_page, clear_pfn_host) over ranges of frames. Refuses to know the
// tables of virtual machines. Checks and changes are apart: a change cannot fail.
#pragma once

#include "src/stage2/ownership.hpp"
#include "src/stage2/s2_table.hpp"

#include <concepts>

namespace pagetwin {

// Who can reach what frames hold. scrub: zeroes, because the frame becomes the host's. adopt: it becomes the
// virtual machine's, from the host or because nobody else shares it any more; afterwards it holds what the
// machine is to find there (its image, or zeroes) and nothing that the host could choose later.
template <class P>
concept S2PlatformFor = requires(P platform, unsigned vm, std::uint64_t pfn) {
  platform.scrub(pfn);
  platform.adopt(vm, pfn);
};

template <Format F, class Base, S2PlatformFor Platform>
class PageManager {
  using Records = std::span<PageRecord>;

 public:
  using Table = S2Table<F, Base>;

  PageManager(Platform& platform, const Ownership& owners) : platform_(&platform), owners_(owners) {}

  // All memory is the host's, whose table this is.
  void start(Table& host) {
    host_ = &host;
    owners_.reset();
  }
  [[nodiscard]] PageRecord at(std::uint64_t pfn) const { return owners_.at(pfn); }

  // Frames pfn, pfn + 1, ... for guest frames gfn, gfn + 1, ...; the machine is one.
  [[nodiscard]] S2Status can_assign(unsigned vm, std::uint64_t gfn, std::uint64_t pfn,
                                    std::uint64_t count) const {
    S2Status status = S2Status::ok;
    for (std::uint64_t i = 0; i < count && status == S2Status::ok; ++i)
      status = can_assign(vm, gfn + i, owners_.at(pfn + i));
    return status;
  }
  // can_assign() said ok.
  void assign(unsigned vm, std::uint64_t gfn, std::uint64_t pfn, std::uint64_t count) {
    owners_.for_memory(pfn, count, [&](std::uint64_t first, Records records) {
      take_runs(first, records, is_hosts);
      for (std::size_t i = 0; i < records.size(); ++i) {
        if (is_hosts(records[i]))
          platform_->adopt(vm, first + i);
        const unsigned shares = records[i].is_shared() ? records[i].count() : 0;
        records[i] = {vm, shares, gfn + (first - pfn) + i};
      }
    });
  }
  // For a device of the machine, before it is mapped. What the machine has already stays as it is.
  [[nodiscard]] S2Status assign_to_smmu(unsigned vm, std::uint64_t gfn, std::uint64_t pfn) {
    const PageRecord record = owners_.at(pfn);
    if (record.owner() == vm)
      return S2Status::ok;
    if (!is_hosts(record) || record.count() != 0)
      return is_hosts(record) ? S2Status::shared : S2Status::foreign_owner;
    assign(vm, gfn, pfn, 1);
    owners_.set(pfn, {vm, PageRecord::not_counted, gfn});
    return S2Status::ok;
  }

  // One more share of each frame that the machine owns, up to the most there may be.
  void grant(unsigned vm, std::uint64_t pfn, std::uint64_t count) {
    owners_.for_memory(pfn, count, [vm](std::uint64_t, Records records) {
      for (PageRecord& r : records)
        if (r.owner() == vm && r.count() < max_share_count)
          r = r.with_count(r.count() + 1);
    });
  }
  // One share less; with the last one the host loses the frame.
  void revoke(unsigned vm, std::uint64_t pfn, std::uint64_t count) {
    owners_.for_memory(pfn, count, [this, vm](std::uint64_t first, Records records) {
      take_runs(first, records, [vm](PageRecord r) { return r.owner() == vm && r.count() == 1; });
      for (std::size_t i = 0; i < records.size(); ++i)
        if (records[i].owner() == vm && records[i].is_shared())
          revoke(vm, first + i, records[i]);
    });
  }
  // What the machine owned becomes the host's again, without anything that it held.
  void clear(unsigned vm, std::uint64_t pfn, std::uint64_t count) {
    owners_.for_memory(pfn, count, [this, vm](std::uint64_t first, Records records) {
      take_runs(first, records, [vm](PageRecord r) { return r.owner() == vm; });
      for (std::size_t i = 0; i < records.size(); ++i)
        if (records[i].owner() == vm) {
          platform_->scrub(first + i);
          records[i] = PageRecord::of_host(first + i);
        }
    });
  }

  // How the host may map a frame, or nothing. What is no memory is a device.
  [[nodiscard]] std::optional<Attributes> for_host(std::uint64_t pfn) const {
    const PageRecord record = owners_.at(pfn);
    if (record.owner() == PageRecord::nobody)
      return S2Attributes<F>::device;
    return is_hosts(record) || record.is_shared() ? std::optional(S2Attributes<F>::normal) : std::nullopt;
  }
  // Devices of the host that have the frame are counted, so that nobody else gets it.
  void count_device(std::uint64_t pfn) {
    const PageRecord record = owners_.at(pfn);
    if (is_hosts(record) && record.count() < max_smmu_devices)
      owners_.set(pfn, record.with_count(record.count() + 1));
  }
  void uncount_device(std::uint64_t pfn) {
    const PageRecord record = owners_.at(pfn);
    if (is_hosts(record) && record.is_shared())
      owners_.set(pfn, record.with_count(record.count() - 1));
  }

 private:
  [[nodiscard]] static bool is_hosts(PageRecord r) { return r.owner() == hostvisor; }
  [[nodiscard]] static S2Status can_assign(unsigned vm, std::uint64_t gfn, PageRecord record) {
    if (is_hosts(record))
      return record.count() == 0 ? S2Status::ok : S2Status::shared;
    if (record.owner() != vm)
      return S2Status::foreign_owner;
    const bool fits = record.gfn() == gfn || record.gfn() == PageRecord::no_gfn;
    return fits ? S2Status::ok : S2Status::other_gfn;
  }
  void revoke(unsigned vm, std::uint64_t pfn, PageRecord& record) {
    record = record.with_count(record.count() - 1);
    if (record.count() == 0)
      platform_->adopt(vm, pfn);
  }
  // The host's mappings of those frames go, each row of them at once.
  template <class Wanted>
  void take_runs(std::uint64_t first, Records records, Wanted wanted) {
    for (std::size_t i = 0; i < records.size();) {
      std::size_t end = i;
      while (end < records.size() && wanted(records[end]))
        ++end;
      if (end != i)
        host_->take(first + i, end - i);
      i = std::max(end, i + 1);
    }
  }

  Platform* platform_;
  Ownership owners_;
  Table* host_ = nullptr;
};

} // namespace pagetwin
