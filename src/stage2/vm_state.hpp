// The life of virtual machines, and the table that each has from its boot on: unused, mapped (registered),
// ready (booted: its image is loaded), verified, powered off, in this order and never back. Refuses to know
// frames: a machine that is off keeps its table, and its frames go back by clear_vm_range.
#pragma once

#include "src/stage2/s2_table.hpp"

#include <span>

namespace pagetwin {

enum class VmState : std::uint8_t { unused, mapped, ready, verified, power_off };

// Storage of one principal, the caller's. It stays where it is while its table exists.
template <Format F, class Base>
struct Principal {
  VmState state = VmState::unused;
  std::optional<S2Table<F, Base>> table{};
};

template <Format F, class Base>
class Principals {
 public:
  using Table = S2Table<F, Base>;

  // The host first, then the machines; at most corevisor of them. table_pages: the most of each table.
  Principals(Base& memory, std::span<Principal<F, Base>> all) : memory_(&memory), all_(all) {}

  // Forgets what there was. out_of_memory: not even a root for the host.
  [[nodiscard]] S2Status start(std::uint64_t table_pages) {
    table_pages_ = table_pages;
    for (Principal<F, Base>& p : all_) {
      p.state = VmState::unused;
      p.table.reset();
    }
    return make_table(hostvisor);
  }
  void stop() {
    for (Principal<F, Base>& p : all_)
      if (p.table)
        p.table->destroy();
    for (Principal<F, Base>& p : all_)
      p.table.reset();
  }

  [[nodiscard]] bool is_vm(unsigned vm) const { return vm != hostvisor && vm < all_.size(); }
  [[nodiscard]] bool has_table(unsigned p) const { return p < all_.size() && all_[p].table.has_value(); }
  // The principal has one.
  [[nodiscard]] Table& table(unsigned p) const { return *all_[p].table; }
  // What is no machine is unused.
  [[nodiscard]] VmState state(unsigned vm) const { return is_vm(vm) ? all_[vm].state : VmState::unused; }
  // Its pages may be mapped, granted and revoked. The host always is.
  [[nodiscard]] bool is_active(unsigned p) const {
    return p == hostvisor || state(p) == VmState::ready || state(p) == VmState::verified;
  }
  [[nodiscard]] std::uint64_t table_pages() const { return table_pages_; }

  [[nodiscard]] S2Status register_vm(unsigned vm) { return advance(vm, VmState::unused, VmState::mapped); }
  // The machine gets its table, unless there is no memory for a root.
  [[nodiscard]] S2Status boot_vm(unsigned vm) {
    if (!is_vm(vm) || state(vm) != VmState::mapped)
      return is_vm(vm) ? S2Status::bad_state : S2Status::unknown_vm;
    const S2Status status = make_table(vm);
    if (status == S2Status::ok)
      all_[vm].state = VmState::ready;
    return status;
  }
  [[nodiscard]] S2Status verify_vm(unsigned vm) { return advance(vm, VmState::ready, VmState::verified); }
  // Of a machine that is registered. It runs no more: nothing that caches know of it is of use.
  [[nodiscard]] S2Status power_off(unsigned vm) {
    if (!is_vm(vm) || (state(vm) != VmState::mapped && !is_active(vm)))
      return is_vm(vm) ? S2Status::bad_state : S2Status::unknown_vm;
    all_[vm].state = VmState::power_off;
    if (has_table(vm))
      table(vm).invalidate_all();
    return S2Status::ok;
  }

 private:
  [[nodiscard]] S2Status advance(unsigned vm, VmState from, VmState to) {
    if (!is_vm(vm) || state(vm) != from)
      return is_vm(vm) ? S2Status::bad_state : S2Status::unknown_vm;
    all_[vm].state = to;
    return S2Status::ok;
  }
  [[nodiscard]] S2Status make_table(unsigned p) {
    all_[p].table.emplace(*memory_, SpaceId{static_cast<std::uint16_t>(p)}, table_pages_);
    if (all_[p].table->exists())
      return S2Status::ok;
    all_[p].table.reset();
    return S2Status::out_of_memory;
  }

  Base* memory_;
  std::span<Principal<F, Base>> all_;
  std::uint64_t table_pages_ = 0;
};

} // namespace pagetwin
