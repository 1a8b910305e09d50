// Devices behind the system MMU: each is bound to the host or to one virtual machine, and has a stage-2 table
// of its own, of the same format and with the same bound. A device reaches a frame only while the principal
// owns it under that number. Refuses to know what a device is.
#pragma once

#include "src/stage2/page_manager.hpp"

namespace pagetwin {

// Storage of one device, the caller's. It stays where it is while its table exists.
template <Format F, class Base>
struct SmmuDevice {
  unsigned principal = PageRecord::nobody;
  std::optional<S2Table<F, Base>> table{};
};

template <Format F, class Base, class Platform>
class Smmu {
 public:
  using Table = S2Table<F, Base>;
  using Pages = PageManager<F, Base, Platform>;

  // At most max_smmu_devices.
  Smmu(Base& memory, Pages& pages, std::span<SmmuDevice<F, Base>> devices)
      : memory_(&memory), pages_(&pages), devices_(devices) {}

  void start() {
    for (SmmuDevice<F, Base>& d : devices_) {
      d.principal = PageRecord::nobody;
      d.table.reset();
    }
  }
  void stop() {
    for (SmmuDevice<F, Base>& d : devices_)
      if (d.table)
        d.table->destroy();
    start();
  }

  // Device d's translations are cached under this number, which is no VMID.
  [[nodiscard]] static constexpr SpaceId space_of(unsigned d) {
    return SpaceId{static_cast<std::uint16_t>(corevisor + 1 + d)};
  }
  [[nodiscard]] bool is_bound(unsigned d) const { return d < devices_.size() && devices_[d].table; }
  [[nodiscard]] bool is_bound(unsigned d, unsigned principal) const {
    return is_bound(d) && devices_[d].principal == principal;
  }
  // The device is bound.
  [[nodiscard]] unsigned principal(unsigned d) const { return devices_[d].principal; }
  [[nodiscard]] Table& table(unsigned d) const { return *devices_[d].table; }

  // The device becomes the principal's, which exists, with an empty table.
  [[nodiscard]] S2Status bind(unsigned d, unsigned principal, std::uint64_t table_pages) {
    if (d >= devices_.size() || is_bound(d))
      return is_bound(d) ? S2Status::bad_state : S2Status::unknown_device;
    devices_[d].table.emplace(*memory_, space_of(d), table_pages);
    if (!devices_[d].table->exists()) {
      devices_[d].table.reset();
      return S2Status::out_of_memory;
    }
    devices_[d].principal = principal;
    return S2Status::ok;
  }
  // The device is bound. Nobody may reach anything through it any more.
  void release(unsigned d) {
    devices_[d].table->destroy();
    devices_[d].table.reset();
    devices_[d].principal = PageRecord::nobody;
  }
  // The device is bound to the principal; iova and frame are within their limits.
  [[nodiscard]] S2Status map(unsigned d, std::uint64_t gfn, std::uint64_t pfn) {
    const PageRecord record = pages_->at(pfn);
    if (record.owner() != devices_[d].principal)
      return S2Status::foreign_owner;
    if (record.gfn() != gfn)
      return S2Status::other_gfn;
    const S2Status status = table(d).prepare(gfn, S2Level::page);
    if (status != S2Status::ok)
      return status;
    table(d).map(gfn, pfn, S2Level::page, S2Attributes<F>::normal);
    pages_->count_device(pfn);
    return S2Status::ok;
  }
  // The device is bound. Nothing happens where nothing is mapped.
  void unmap(unsigned d, std::uint64_t gfn) {
    const auto entry = table(d).lookup(gfn);
    if (!entry)
      return;
    table(d).unmap(gfn);
    pages_->uncount_device(entry->pfn);
  }

 private:
  Base* memory_;
  Pages* pages_;
  std::span<SmmuDevice<F, Base>> devices_;
};

} // namespace pagetwin
