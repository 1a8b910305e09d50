// What the KVM of this host has to offer to a guest, found by trying, on tables whose answers nobody
// disputes: what CPUID says of a guest is not always what it gets. It refuses to know the table under test.
#pragma once

#include "fuzz/emulators/kvm_guest.hpp"

#include <bitset>

namespace pagetwin::emulators {

struct KvmFeatures {
  bool levels;       // paging with so many
  unsigned pa_bits;  // of an entry; those above are reserved (MAXPHYADDR)
  bool pages_1g;     // else PS of a PDPTE is reserved
  bool top_g;        // G of a PML4E or PML5E is ignored; else reserved
  bool marks_faults; // a walk that ends in a fault has set A on its way
};
[[nodiscard]] KvmFeatures try_features(KvmGuest& guest, const X86Paging& paging);

// The slots of the root where the user's accesses reach the table. A host that runs its guests beside itself
// (KVM-PVM) keeps some for itself.
using RootSlots = std::bitset<512>;
[[nodiscard]] RootSlots try_user_slots(KvmGuest& guest, const X86Paging& paging);

} // namespace pagetwin::emulators
